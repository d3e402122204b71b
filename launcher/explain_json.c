/* SPDX-License-Identifier: MIT */
/* What has been worked out of a run -> JSON, as man/pypy-isolate-explain.schema.json
 * describes it. */
#include <link.h>
#include <sys/wait.h>

#include "launcher/explain_parts.h"
#include "launcher/json.h"
#include "policy/version.h"

#define JSON_VERSION 1

static const char *comma(bool *is_first)
{
	bool was = *is_first;

	*is_first = false;
	return was ? "" : ",";
}

static void put_or_null(FILE *out, const char *text)
{
	if (text && text[0])
		json_text(out, text);
	else
		fputs("null", out);
}

static void put_id(FILE *out, const struct seen_object *object)
{
	if (object && object->id)
		fprintf(out, "%u", object->id);
	else
		fputs("null", out);
}

static void put_words(FILE *out, const char *const *word, size_t count)
{
	putc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		json_text(out, word[i]);
	}
	putc(']', out);
}

/* ---- a process ---- */

static void put_packages(FILE *out, const struct seen_process *process, long lmid)
{
	const struct seen_load *load = NULL;
	bool first = true;

	fputs(", \"packages\": [", out);
	while ((load = seen_package(process, lmid, load))) {
		fputs(comma(&first), out);
		json_text(out, load->package);
	}
	fputs("]}", out);
}

static void put_namespaces(FILE *out, const struct seen_process *process)
{
	bool first = true;

	fputs(",\n  \"namespaces\": [", out);
	for (long lmid = 0; lmid < NAMESPACES; lmid++) {
		if (!seen_next(process, lmid, NULL))
			continue;
		fprintf(out, "%s\n   {\"number\": %ld, \"kind\": \"%s\"", comma(&first), lmid,
			seen_namespace(process, lmid));
		put_packages(out, process, lmid);
	}
	putc(']', out);
}

static void put_needed(FILE *out, const struct seen_object *object)
{
	bool first = true;

	fputs(", \"needed\": [", out);
	for (size_t i = 0; i < object->needed.count; i++)
		if (object->need[i] && object->need[i]->id)
			fprintf(out, "%s%u", comma(&first), object->need[i]->id);
	putc(']', out);
}

static void put_object(FILE *out, const struct seen_process *process,
		       const struct seen_object *object)
{
	static const char *const kinds[] = {
		[SEEN_PROGRAM] = "program", [SEEN_INTERPRETER] = "interpreter",
		[SEEN_HOST] = "host", [SEEN_MODULE] = "module", [SEEN_LIBRARY] = "library",
		[SEEN_MIRROR] = "mirror", [SEEN_SCOPE] = "scope", [SEEN_LINKER] = "linker",
		[SEEN_VDSO] = "vdso",
	};

	fprintf(out, "{\"id\": %u, \"namespace\": %ld, \"name\": ", object->id, object->lmid);
	json_text(out, seen_name(process, object));
	fputs(", \"soname\": ", out);
	put_or_null(out, object->soname);
	fprintf(out, ", \"kind\": \"%s\", \"mirror_of\": ", kinds[object->kind]);
	put_id(out, object->mirror_of);
	put_needed(out, object);
	fputs(", \"from\": ", out);
	put_or_null(out, seen_from(object));
	putc('}', out);
}

static void put_objects(FILE *out, const struct seen_process *process)
{
	const struct seen_object *object = process->first;
	bool first = true;

	fputs(",\n  \"objects\": [", out);
	for (; object; object = object->next) {
		if (!object->id)
			continue;
		fprintf(out, "%s\n   ", comma(&first));
		put_object(out, process, object);
	}
	putc(']', out);
}

static void put_modules(FILE *out, const struct seen_process *process)
{
	const struct seen_load *load = process->first_load;
	bool first = true;

	fputs(",\n  \"modules\": [", out);
	for (; load; load = load->next) {
		if (!seen_is_module(process, load))
			continue;
		fprintf(out, "%s\n   {\"object\": ", comma(&first));
		put_id(out, load->object);
		fputs(", \"path\": ", out);
		json_text(out, load->path);
		fputs(", \"package\": ", out);
		put_or_null(out, load->package);
		fprintf(out, ", \"namespace\": %ld, \"reason\": ", load->lmid);
		put_or_null(out, load->reason);
		fputs(", \"rule\": ", out);
		put_or_null(out, load->rule);
		fprintf(out, ", \"nanoseconds\": %llu, \"inherited\": %s, \"refused\": ",
			load->nanoseconds, load->is_inherited ? "true" : "false");
		put_or_null(out, load->refused);
		putc('}', out);
	}
	putc(']', out);
}

static void put_bindings(FILE *out, const struct seen_process *process)
{
	const struct seen_binding *binding = process->first_binding;
	bool first = true;

	fputs(",\n  \"bindings\": [", out);
	for (; binding; binding = binding->next) {
		size_t shown = binding->hijacked < SYMBOLS_MAX ? binding->hijacked : SYMBOLS_MAX;

		fprintf(out, "%s\n   {\"from\": %u, \"to\": %u, \"target\": \"%s\", \"count\": %zu, "
			"\"hijacked\": %zu, \"plain\": ", comma(&first), binding->from->id,
			binding->to->id, binding->target, binding->count, binding->hijacked);
		put_id(out, binding->plain);
		fputs(", \"symbols\": ", out);
		put_words(out, binding->symbol, shown);
		putc('}', out);
	}
	putc(']', out);
}

static void put_process(FILE *out, const struct explain *explain,
			const struct seen_process *process)
{
	fprintf(out, " {\"pid\": %ld, \"parent\": ", process->pid);
	if (seen_parent(explain, process))
		fprintf(out, "%ld", process->parent);
	else
		fputs("null", out);
	fputs(", \"command\": ", out);
	put_words(out, (const char *const *)process->command.word, process->command.count);
	fputs(", \"interpreter\": ", out);
	put_or_null(out, seen_interpreter(process));
	fputs(",\n  \"glibc\": ", out);
	json_text(out, process->glibc);
	fprintf(out, ", \"audit_interface\": %u, \"mode\": ", process->audit_interface);
	json_text(out, process->mode);
	fprintf(out, ", \"forked\": %s, \"cost\": {\"nanoseconds\": %llu, "
		"\"private_bytes\": %llu}", process->parent_seen ? "true" : "false",
		process->nanoseconds, process->bytes);
	put_namespaces(out, process);
	put_objects(out, process);
	put_modules(out, process);
	put_bindings(out, process);
	putc('}', out);
}

/* As a shell has it: 128 and the number of the signal. */
static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void explain_json(const struct explain *explain, FILE *out)
{
	const struct seen_process *process = explain->first;
	bool first = true;

	fprintf(out, "{\"format\": \"pypy-isolate explain\", \"version\": %d, "
		"\"program\": \"pypy-isolate " PYPY_ISOLATE_VERSION "\",\n\"command\": ",
		JSON_VERSION);
	put_words(out, (const char *const *)explain->command.word, explain->command.count);
	fprintf(out, ", \"status\": %d,\n\"processes\": [", status_of(explain->status));
	for (; process; process = process->next) {
		fprintf(out, "%s\n", comma(&first));
		put_process(out, explain, process);
	}
	fputs("]}\n", out);
}
