/* SPDX-License-Identifier: MIT */
/* Verdicts -> lines for a person. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/check_parts.h"
#include "launcher/say.h"
#include "policy/visible.h"

/* Names come from anywhere. */
static void put(const char *text)
{
	char line[2 * PATH_MAX];

	snprintf(line, sizeof line, "%s", text);
	visible(line);
	fputs(line, stdout);
}

static void put_path(const struct check *check, const struct file *file)
{
	char shown[PATH_MAX];

	put(check_shown(check, file_shown(file), shown));
}

static void put_subject(const struct check *check, const struct file *module)
{
	fputs(check->bold, stdout);
	put_path(check, module);
	printf("%s: ", check->plain);
}

static const char *s(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- a module ---- */

static void print_symbols(const struct check *check, const struct group *group,
			  const struct file *module)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct binding *binding = group->binding[i];
		const char *version = binding_version(binding);

		fputs("    ", stdout);
		put(binding_symbol(binding));
		if (version) {
			putchar('@');
			put(version);
		}
		if (binding->from != module) {
			fputs("  of ", stdout);
			put_path(check, binding->from);
		}
		putchar('\n');
	}
}

static void print_hijacked(const struct check *check, const struct group *group,
			   const struct file *module)
{
	put_subject(check, module);
	printf("%s%zu%s of its references to ", check->red, group->count, check->plain);
	if (group->own == module) {
		fputs("what it has itself", stdout);
	} else {
		fputs("its own ", stdout);
		put(group->own->name);
	}
	fputs(" would go to ", stdout);
	put_path(check, group->plain);
	puts(" of the interpreter");
}

static void print_harmless(const struct check *check, const struct group *group,
			   const struct file *module)
{
	put_subject(check, module);
	printf("%zu of its references go to ", group->count);
	put_path(check, group->plain);
	if (group->kind == BINDING_SAME) {
		puts(" of the interpreter, which is the file that it needs: harmless");
		return;
	}
	fputs(", which all share, and not to its own ", stdout);
	put(group->own->name);
	puts(": harmless");
}

static void print_unlisted(const struct check *check, const struct group *group,
			   const struct file *module)
{
	put_subject(check, module);
	printf("%zu symbol%s that only ", group->count, s(group->count));
	put_path(check, group->plain);
	printf(" of the interpreter has: ");
	put(binding_symbol(group->binding[0]));
	puts(group->count > 1 ? " and others" : "");
}

static void print_group(const struct check *check, const struct group *group,
			const struct file *module)
{
	bool harmless = group->kind == BINDING_SAME || group->kind == BINDING_HOST;

	if (harmless && !check->options.all)
		return;
	if (group->kind == BINDING_HIJACKED)
		print_hijacked(check, group, module);
	else if (harmless)
		print_harmless(check, group, module);
	else
		print_unlisted(check, group, module);
	if (check->options.symbols)
		print_symbols(check, group, module);
}

static void print_clash(const struct check *check, const struct clash *clash,
			const struct file *module)
{
	put_subject(check, module);
	printf("its own %s", check->red);
	put(clash->own->name);
	printf("%s would never be loaded: the interpreter has ", check->plain);
	put_path(check, clash->taken);
	fputs(" by the name ", stdout);
	put(clash->name);
	putchar('\n');
}

void print_module(struct check *check, const struct file *module)
{
	const struct verdicts *verdicts = &check->verdicts;
	bool nothing = !verdicts->clash_count && !check->sorted_count && !verdicts->reason[0];
	struct group group;
	size_t at = 0;

	print_progress(check, false);
	for (size_t i = 0; i < verdicts->clash_count; i++)
		print_clash(check, &verdicts->clash[i], module);
	while (check_group(check, &at, &group))
		print_group(check, &group, module);
	if (verdicts->reason[0] || (nothing && check->options.all)) {
		put_subject(check, module);
		fputs(verdicts->reason[0] ? "it would not load: " : "nothing is hijacked", stdout);
		put(verdicts->reason);
		putchar('\n');
	}
}

/* ---- all bindings ---- */

static const char *path_of(const struct file *file)
{
	return file ? file_shown(file) : "-";
}

/* For programs. A line `module PATH`, and `fails REASON` if it does; then one each with FROM,
 * SYMBOL, VERSION or -, target plainly and isolated or -, and kind, tabs between them. */
void print_bindings(const struct check *check, const struct file *module)
{
	static const char *const kinds[] = {
		[BINDING_PLAIN] = "plain",
		[BINDING_HIJACKED] = "hijacked",
		[BINDING_SAME] = "same",
		[BINDING_HOST] = "host",
		[BINDING_UNLISTED] = "unlisted",
	};
	const struct verdicts *verdicts = &check->verdicts;

	printf("module\t%s\n", file_shown(module));
	if (verdicts->reason[0])
		printf("fails\t%s\n", verdicts->reason);
	for (size_t i = 0; i < verdicts->binding_count; i++) {
		const struct binding *binding = &verdicts->binding[i];
		const char *version = binding_version(binding);

		printf("%s\t%s\t%s\t%s\t%s\t%s\n", file_shown(binding->from), binding_symbol(binding),
		       version ? version : "-", path_of(binding->plain), path_of(binding->own),
		       kinds[binding->kind]);
	}
}

/* ---- why ---- */

/* Tells each step of one lookup until there is an answer. */
static void print_lookup(const struct check *check, const struct file *from,
			 const struct lookup_reference *reference, bool isolated)
{
	struct lookup_scope scope[3];
	size_t count = verdicts_scopes(&check->verdicts, from, isolated, scope);

	printf("  %s:\n", isolated ? "isolated" : "plainly");
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < scope[i].count; j++) {
			const struct lookup_object *object = scope[i].object[j];
			const char *why = lookup_why_not(object, reference);

			fputs("    ", stdout);
			put_path(check, interpreter_file(&check->interpreter, object));
			if (object->shows)
				fputs(" (its C API)", stdout);
			if (!why) {
				printf(": %staken%s\n", check->bold, check->plain);
				return;
			}
			printf("%s%s\n", why[0] ? ": " : "", why);
		}
	puts("    nobody has it");
}

static void print_reference(const struct check *check, const struct file *module,
			    const struct file *from, const struct file_reference *kept)
{
	struct lookup_reference reference = lookup_reference(&from->object, kept->symbol,
							     kept->class, kept->hash);

	put_subject(check, module);
	if (from != module) {
		put(from->name);
		putchar(' ');
	}
	fputs(kept->class == LOOKUP_PLT ? "calls " : "has the address of ", stdout);
	put(reference.name);
	fputs(reference.version ? ", version " : ", any version", stdout);
	put(reference.version ? reference.version->name : "");
	putchar('\n');
	print_lookup(check, from, &reference, false);
	print_lookup(check, from, &reference, true);
}

void print_why(struct check *check, const struct file *module)
{
	const struct verdicts *verdicts = &check->verdicts;

	print_progress(check, false);
	for (size_t i = 0; i < verdicts->plain_count; i++) {
		const struct file *from = file_of(verdicts->plain[i]);

		for (size_t j = 0; !from->is_base && j < from->reference_count; j++) {
			const struct file_reference *kept = &from->reference[j];
			const struct symbols *symbols = &from->elf.symbols;

			if (!strcmp(symbols->str + symbols->sym[kept->symbol].st_name,
				    check->options.why))
				print_reference(check, module, from, kept);
		}
	}
}

/* ---- the sum ---- */

static void print_more(const char *format, size_t count, const char *plural)
{
	if (count)
		printf(format, count, count == 1 ? "" : plural);
}

/* What was nowhere was not looked at, and that is no good news. */
static void print_site(const struct check *check)
{
	const char **site = check->interpreter.site;

	for (; site && *site; site++)
		say("pypy-isolate: no module in %s, where that interpreter looks; name another "
		    "with -i, or a directory", *site);
}

void print_sum(struct check *check)
{
	const struct sum *sum = &check->sum;
	const size_t *references = sum->references;

	printf("%s%zu of %zu module%s%s: ", check->bold, sum->hijacked_modules, sum->modules,
	       s(sum->modules), check->plain);
	printf("%zu reference%s hijacked", references[BINDING_HIJACKED],
	       s(references[BINDING_HIJACKED]));
	print_more(sum->clashes == 1 ? ", %zu own library%s never loaded"
				      : ", %zu own librar%s never loaded", sum->clashes, "ies");
	print_more(", %zu harmless%s", references[BINDING_SAME] + references[BINDING_HOST], "");
	print_more(", %zu symbol%s unlisted", references[BINDING_UNLISTED], "s");
	print_more(", %zu module%s would not load", sum->unloadable, "s");
	print_more(", %zu module%s of other interpreters", sum->foreign, "s");
	print_more(", %zu file%s not read", sum->troubles, "s");
	putchar('\n');
	fflush(stdout);
	if (!sum->modules && check->searches_site)
		print_site(check);
	else if (sum->hijacked_modules && isatty(STDOUT_FILENO))
		puts("None is when it is started so: pypy-isolate INTERPRETER ...");
}

void print_progress(struct check *check, bool more)
{
	static bool is_there;

	if (!check->shows_progress)
		return;
	if (more && check->done % 16 == 1) {
		fprintf(stderr, "\r%zu of %zu files\033[K", check->done, check->total);
		is_there = true;
	} else if (!more && is_there) {
		fputs("\r\033[K", stderr);
		is_there = false;
	}
}
