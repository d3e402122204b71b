/* SPDX-License-Identifier: MIT */
/* Verdicts -> JSON, as man/pypy-isolate-check.schema.json describes it.
 *
 * Written as it comes, so that ten thousand modules need no memory. */
#include <stdio.h>

#include "launcher/check_parts.h"
#include "launcher/json.h"
#include "policy/package.h"
#include "policy/version.h"

#define JSON_VERSION 1

static void put(const char *text)
{
	json_text(stdout, text);
}

static void put_path(const struct check *check, const struct file *file)
{
	char shown[PATH_MAX];

	if (!file)
		fputs("null", stdout);
	else if (check->unpacked[0])
		put(check_shown(check, file_shown(file), shown));
	else
		put(file_shown(file));
}

static void key(const char *name)
{
	printf("\"%s\": ", name);
}

void json_begin(const struct check *check)
{
	const struct interpreter *interpreter = &check->interpreter;

	printf("{\"version\": %d, \"program\": \"pypy-isolate " PYPY_ISOLATE_VERSION "\",\n",
	       JSON_VERSION);
	key("interpreter");
	fputs("{\"path\": ", stdout);
	put(interpreter->program);
	fputs(", \"api\": ", stdout);
	put_path(check, interpreter->api);
	fputs(", \"scope\": [", stdout);
	for (size_t i = 0; i < interpreter->count; i++) {
		fputs(i ? ", " : "", stdout);
		put_path(check, file_of(interpreter->scope[i]));
	}
	fputs("]},\n\"modules\": [", stdout);
}

static void put_symbols(const struct check *check, const struct group *group)
{
	fputs(", \"symbols\": [", stdout);
	for (size_t i = 0; i < group->count; i++) {
		const struct binding *binding = group->binding[i];
		const char *version = binding_version(binding);

		fputs(i ? ", {\"name\": " : "{\"name\": ", stdout);
		put(binding_symbol(binding));
		fputs(", \"version\": ", stdout);
		version ? put(version) : (void)fputs("null", stdout);
		fputs(", \"from\": ", stdout);
		put_path(check, binding->from);
		putchar('}');
	}
	putchar(']');
}

static void put_groups(const struct check *check, enum verdict_kind kind)
{
	const char *before = "";
	struct group group;
	size_t at = 0;

	while (check_group(check, &at, &group)) {
		if (group.kind != kind)
			continue;
		printf("%s\n   {\"count\": %zu, \"own\": ", before, group.count);
		put_path(check, group.own);
		fputs(", \"by\": ", stdout);
		put_path(check, group.plain);
		put_symbols(check, &group);
		putchar('}');
		before = ",";
	}
}

static void put_clashes(const struct check *check)
{
	for (size_t i = 0; i < check->verdicts.clash_count; i++) {
		const struct clash *clash = &check->verdicts.clash[i];

		fputs(i ? ", {\"name\": " : "{\"name\": ", stdout);
		put(clash->name);
		fputs(", \"own\": ", stdout);
		put_path(check, clash->own);
		fputs(", \"by\": ", stdout);
		put_path(check, clash->taken);
		putchar('}');
	}
}

static void put_rule(const struct check *check, const struct file *module)
{
	char where[PATH_MAX], package[256];
	enum verdict verdict;

	check_rule(check, module->path, &verdict, where, sizeof where);
	printf(", \"isolated\": %s, \"rule\": ", verdict == VERDICT_ISOLATE ? "true" : "false");
	put(where);
	fputs(", \"package\": ", stdout);
	if (package_in_site(&check->settings.rules, module->path, package, sizeof package, NULL))
		put(package);
	else
		fputs("null", stdout);
}

void json_module(struct check *check, const struct file *module)
{
	static const struct {
		const char *name;
		enum verdict_kind kind;
	} lists[] = {
		{ "hijacked", BINDING_HIJACKED },
		{ "same", BINDING_SAME },
		{ "host", BINDING_HOST },
		{ "unlisted", BINDING_UNLISTED },
	};

	fputs(check->said_module ? ",\n {\"path\": " : "\n {\"path\": ", stdout);
	check->said_module = true;
	put_path(check, module);
	put_rule(check, module);
	fputs(",\n  \"fails\": ", stdout);
	check->verdicts.reason[0] ? put(check->verdicts.reason) : (void)fputs("null", stdout);
	fputs(", \"clashes\": [", stdout);
	put_clashes(check);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		printf("],\n  \"%s\": [", lists[i].name);
		put_groups(check, lists[i].kind);
	}
	fputs("]}", stdout);
}

void json_trouble(struct check *check, const char *text)
{
	fputs(check->said_module ? ",\n {\"trouble\": " : "\n {\"trouble\": ", stdout);
	check->said_module = true;
	put(text);
	putchar('}');
}

void json_end(const struct check *check)
{
	const struct sum *sum = &check->sum;
	const size_t *references = sum->references;

	printf("],\n\"sum\": {\"modules\": %zu, \"hijacked_modules\": %zu, \"hijacked\": %zu, "
	       "\"clashes\": %zu, \"same\": %zu, \"host\": %zu, \"unlisted\": %zu, "
	       "\"unloadable\": %zu, \"foreign\": %zu, \"troubles\": %zu}}\n",
	       sum->modules, sum->hijacked_modules, references[BINDING_HIJACKED], sum->clashes,
	       references[BINDING_SAME], references[BINDING_HOST], references[BINDING_UNLISTED],
	       sum->unloadable, sum->foreign, sum->troubles);
}
