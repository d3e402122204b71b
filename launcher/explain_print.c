/* SPDX-License-Identifier: MIT */
/* What has been worked out of a run -> text for a person, on standard error. */
#include <stdarg.h>
#include <string.h>

#include "launcher/explain_parts.h"
#include "policy/package.h"
#include "policy/visible.h"

/* Of one module with what came with it, of a process, or of all. */
struct sum {
	size_t own, capi, host, unlisted, hijacked;
	size_t modules, namespaces, refused;
};

static void __attribute__((format(printf, 1, 2))) line(const char *format, ...)
{
	char text[2 * sizeof(struct diag)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* Colours are ours, names of files are not: those are shown by shown(). */
	fprintf(stderr, "%s\n", text);
}

/* One of four texts, each until its next turn. */
static const char *shown(const char *text)
{
	static char kept[4][PATH_MAX];
	static unsigned turn;
	char *copy = kept[turn++ % 4];

	snprintf(copy, PATH_MAX, "%s", text);
	visible(copy);
	return copy;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static double milliseconds(unsigned long long nanoseconds)
{
	return (double)nanoseconds / 1e6;
}

static double megabytes(unsigned long long bytes)
{
	return (double)bytes / 1e6;
}

/* ---- sums ---- */

/* load: of what came with it; NULL: of all. */
static struct sum add_up(const struct seen_process *process, const struct seen_load *load)
{
	const struct seen_binding *binding = process->first_binding;
	struct sum sum = { 0 };

	for (; binding; binding = binding->next) {
		if (load && binding->from->bound_by != load)
			continue;
		sum.hijacked += binding->hijacked;
		if (!strcmp(binding->target, "capi"))
			sum.capi += binding->count;
		else if (!strcmp(binding->target, "host"))
			sum.host += binding->count;
		else if (!strcmp(binding->target, "unlisted"))
			sum.unlisted += binding->count;
		else
			sum.own += binding->count;
	}
	return sum;
}

static void add_to(struct sum *all, const struct sum *sum)
{
	all->own += sum->own;
	all->capi += sum->capi;
	all->host += sum->host;
	all->unlisted += sum->unlisted;
	all->hijacked += sum->hijacked;
}

static size_t references(const struct sum *sum)
{
	return sum->own + sum->capi + sum->host + sum->unlisted;
}

/* ---- a module ---- */

/* Has an earlier binding of that load the same pair? */
static bool is_told(const struct seen_process *process, const struct seen_binding *binding)
{
	const struct seen_binding *before = process->first_binding;

	while (before != binding &&
	       !(before->from->bound_by == binding->from->bound_by && before->hijacked &&
		 before->to == binding->to && before->plain == binding->plain))
		before = before->next;
	return before != binding;
}

static size_t hijacked_of_pair(const struct seen_binding *binding)
{
	const struct seen_binding *each = binding;
	size_t count = 0;

	for (; each; each = each->next)
		if (each->from->bound_by == binding->from->bound_by && each->hijacked &&
		    each->to == binding->to && each->plain == binding->plain)
			count += each->hijacked;
	return count;
}

static void print_hijacks(const struct explain *explain, const struct seen_process *process,
			  const struct seen_load *load)
{
	const struct seen_binding *binding = process->first_binding;

	for (; binding; binding = binding->next) {
		if (binding->from->bound_by != load || !binding->hijacked ||
		    is_told(process, binding))
			continue;
		line("        %s%zu of %s%s, by %s", explain->red, hijacked_of_pair(binding),
		     shown(package_file_name(binding->to->path)), explain->plain,
		     shown(seen_name(process, binding->plain)));
	}
}

static void print_libraries(const struct seen_process *process, const struct seen_load *load)
{
	const struct seen_object *object = process->first;

	for (; object; object = object->next)
		if (object->id && object->bound_by == load && object != load->object)
			line("      with %s (%s)", shown(object->path), seen_from(object));
}

static void print_module(const struct explain *explain, const struct seen_process *process,
			 const struct seen_load *load)
{
	struct sum sum = add_up(process, load);

	line("    %s", shown(load->path));
	if (load->inside)
		line("      opened by a module of the namespace");
	else
		line("      %s (%s); %.2f ms%s", shown(load->reason),
		     load->rule[0] ? shown(load->rule) : "no rule",
		     milliseconds(load->nanoseconds),
		     load->is_inherited ? ", before the fork" : "");
	print_libraries(process, load);
	line("      %zu reference%s: %zu to its own, %zu to the C API, %zu to what all share",
	     references(&sum), plural(references(&sum)), sum.own, sum.capi, sum.host);
	if (sum.unlisted)
		line("      %zu to what only base has, as a rule or LD_PRELOAD allows", sum.unlisted);
	if (!sum.hijacked)
		return;
	line("      without isolation %zu would be hijacked:", sum.hijacked);
	print_hijacks(explain, process, load);
}

/* Something came of the load that was not there before. */
static bool is_new(const struct seen_load *load)
{
	return load->object && load->object->bound_by == load;
}

/* ---- a process ---- */

static void print_namespace(const struct explain *explain, const struct seen_process *process,
			    long lmid)
{
	const struct seen_load *load = NULL;
	bool first = true;

	fprintf(stderr, "  %snamespace %ld%s", explain->bold, lmid, explain->plain);
	while ((load = seen_package(process, lmid, load))) {
		fprintf(stderr, "%s%s", first ? ": " : ", ", shown(load->package));
		first = false;
	}
	line("%s", "");
	for (load = process->first_load; load; load = load->next)
		if (load->lmid == lmid && is_new(load))
			print_module(explain, process, load);
}

static void print_rest(const struct explain *explain, const struct seen_process *process,
		       struct sum *sum)
{
	const struct seen_load *load = process->first_load;
	size_t left = 0;

	for (; load; load = load->next) {
		bool is_module = seen_is_module(process, load);

		left += is_module && !load->refused[0] && !load->lmid;
		sum->modules += is_module && load->lmid;
		if (!is_module || !load->refused[0])
			continue;
		sum->refused++;
		line("  %srefused%s: %s", explain->red, explain->plain, shown(load->refused));
	}
	if (left)
		line("  left in base: %zu module%s", left, plural(left));
}

static void print_process(const struct explain *explain, const struct seen_process *process,
			  struct sum *all)
{
	struct sum sum = add_up(process, NULL);

	fprintf(stderr, "%sprocess %ld%s:", explain->bold, process->pid, explain->plain);
	for (size_t i = 0; i < process->command.count; i++)
		fprintf(stderr, " %s", shown(process->command.word[i]));
	line("%s", "");
	line("  %s, glibc %s, mode %s; %.2f ms and %.2f MB of it are ours",
	     shown(seen_interpreter(process)), shown(process->glibc), shown(process->mode),
	     milliseconds(process->nanoseconds), megabytes(process->bytes));
	if (process->parent_seen && !process->has_copy)
		line("  forked from %ld: it has what that has, and has loaded nothing since",
		     process->parent);
	for (long lmid = 1; lmid < NAMESPACES; lmid++)
		if (seen_next(process, lmid, NULL)) {
			print_namespace(explain, process, lmid);
			sum.namespaces++;
		}
	print_rest(explain, process, &sum);
	add_to(all, &sum);
	all->modules += sum.modules;
	all->namespaces += sum.namespaces;
	all->refused += sum.refused;
}

void explain_print(const struct explain *explain)
{
	const struct seen_process *process = explain->first;
	size_t processes = 0;
	struct sum all = { 0 };

	for (; process; process = process->next)
		if (process->is_interpreter) {
			processes++;
			print_process(explain, process, &all);
		}
	line("%zu process%s with an interpreter, %zu module%s isolated in %zu namespace%s, "
	     "%zu refused; %zu reference%s bound, %zu of which would be hijacked",
	     processes, processes == 1 ? "" : "es", all.modules, plural(all.modules),
	     all.namespaces, plural(all.namespaces), all.refused, references(&all),
	     plural(references(&all)), all.hijacked);
}

void explain_tell(const struct seen_process *process, const struct seen_load *load)
{
	if (load->inside || !(load->map || load->refused[0]))
		return;
	if (load->refused[0])
		line("[%ld] refused: %s", process->pid, shown(load->refused));
	else
		line("[%ld] namespace %ld%s%s: %s: %s (%s), %.2f ms", process->pid, load->lmid,
		     load->package[0] ? ", " : "", shown(load->package), shown(load->path),
		     shown(load->reason), load->rule[0] ? shown(load->rule) : "no rule",
		     milliseconds(load->nanoseconds));
}
