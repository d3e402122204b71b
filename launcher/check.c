/* SPDX-License-Identifier: MIT */
/* `check`: paths -> verdicts of the modules there, one after the other.
 *
 * Each module is judged as if it were the first that is loaded: what others have brought
 * into the process before is not known. Files that are no modules come second: of them those
 * are judged that no module needs, for something may open them itself. */
#include "launcher/check.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "launcher/check_parts.h"
#include "launcher/program.h"
#include "launcher/say.h"

static volatile sig_atomic_t stopped;	/* by that signal */

static void stop(int signal)
{
	stopped = signal;
}

/* ---- what is wrong ---- */

static void trouble(struct check *check, const char *text)
{
	check->sum.troubles++;
	print_progress(check, false);
	if (check->options.json)
		json_trouble(check, text);
	else
		say("pypy-isolate: %s", text);
}

static void trouble_with(struct check *check, const char *path, const char *what)
{
	struct diag diag;

	diag_set(&diag, "%s: %s", path, what);
	trouble(check, diag.text);
}

/* ---- what the printing asks ---- */

const char *check_shown(const struct check *check, const char *path, char out[PATH_MAX])
{
	size_t length = strlen(check->unpacked);

	if (length && !strncmp(path, check->unpacked, length)) {
		snprintf(out, PATH_MAX, "%s%s", check->wheel, path + length);
		return out;
	}
	length = strlen(check->home);
	return length > 1 && !strncmp(path, check->home, length) ? path + length : path;
}

const char *binding_symbol(const struct binding *binding)
{
	const struct symbols *symbols = &binding->from->elf.symbols;

	return symbols->str + symbols->sym[binding->reference->symbol].st_name;
}

const char *binding_version(const struct binding *binding)
{
	const struct file_reference *kept = binding->reference;
	struct lookup_reference reference = lookup_reference(&binding->from->object, kept->symbol,
							     kept->class, kept->hash);

	return reference.version ? reference.version->name : NULL;
}

void check_rule(const struct check *check, const char *path, enum verdict *verdict, char *where,
		size_t size)
{
	const struct rule *rule;

	*verdict = rules_verdict(&check->settings.rules, path, &rule);
	if (rule)
		snprintf(where, size, "%s:%u", rule->file, rule->line);
	else
		snprintf(where, size, "no rule");
}

static int compare_files(const struct file *a, const struct file *b)
{
	if (a == b || !a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a->path, b->path);
}

static int compare(const void *one, const void *other)
{
	const struct binding *a = *(const struct binding *const *)one;
	const struct binding *b = *(const struct binding *const *)other;
	int order = (int)a->kind - (int)b->kind;

	order = order ? order : compare_files(a->own, b->own);
	order = order ? order : compare_files(a->plain, b->plain);
	order = order ? order : compare_files(a->from, b->from);
	order = order ? order : strcmp(binding_symbol(a), binding_symbol(b));
	return order ? order : (a > b) - (a < b);
}

/* Of the same symbol of the same file: a call and an address, say. */
static bool is_same(const struct binding *a, const struct binding *b)
{
	return a->kind == b->kind && a->own == b->own && a->plain == b->plain &&
	       a->from == b->from && a->reference->symbol == b->reference->symbol;
}

static bool sort(struct check *check)
{
	const struct verdicts *verdicts = &check->verdicts;
	size_t count = 0, unique = 0;

	if (check->sorted_room < verdicts->binding_count) {
		free(check->sorted);
		check->sorted_room = verdicts->binding_room;
		check->sorted = calloc(check->sorted_room, sizeof(void *));
		if (!check->sorted) {
			check->sorted_room = 0;
			return false;
		}
	}
	for (size_t i = 0; i < verdicts->binding_count; i++)
		if (verdicts->binding[i].kind != BINDING_PLAIN)
			check->sorted[count++] = &verdicts->binding[i];
	if (count)
		qsort(check->sorted, count, sizeof(void *), compare);
	for (size_t i = 0; i < count; i++)
		if (!unique || !is_same(check->sorted[unique - 1], check->sorted[i]))
			check->sorted[unique++] = check->sorted[i];
	check->sorted_count = unique;
	return true;
}

bool check_group(const struct check *check, size_t *at, struct group *group)
{
	const struct binding *const *first = check->sorted + *at;
	size_t count = 0, left = check->sorted_count - *at;

	if (!left)
		return false;
	while (count < left && first[count]->kind == (*first)->kind &&
	       first[count]->own == (*first)->own && first[count]->plain == (*first)->plain)
		count++;
	*group = (struct group){ (*first)->kind, (*first)->own, (*first)->plain, first, count };
	*at += count;
	return true;
}

/* ---- a module ---- */

static void add_up(struct check *check)
{
	bool hijacked = check->verdicts.clash_count;

	for (size_t i = 0; i < check->sorted_count; i++) {
		const struct binding *binding = check->sorted[i];
		unsigned bit = 1U << binding->kind;

		hijacked |= binding->kind == BINDING_HIJACKED;
		if (!(binding->reference->counted & bit))
			check->sum.references[binding->kind]++;
		binding->reference->counted |= bit;
	}
	check->sum.modules++;
	check->sum.hijacked_modules += hijacked;
	check->sum.clashes += check->verdicts.clash_count;
	check->sum.unloadable += check->verdicts.reason[0] != '\0';
}

static void judge(struct check *check, struct file *module)
{
	struct diag diag;

	if (!verdicts_of(&check->verdicts, module, &diag)) {
		trouble(check, diag.text);
		return;
	}
	/* Nothing is bound of a module that does not load. */
	if (check->verdicts.reason[0])
		check->verdicts.binding_count = 0;
	if (!sort(check)) {
		trouble_with(check, module->path, strerror(ENOMEM));
		return;
	}
	add_up(check);
	if (check->options.bindings)
		print_bindings(check, module);
	else if (check->options.why)
		print_why(check, module);
	else if (check->options.json)
		json_module(check, module);
	else
		print_module(check, module);
}

/* It has what makes it a module, but under a name that this interpreter does not import. */
static bool is_foreign(const struct check *check, const struct file *file)
{
	const char *slash = strrchr(file->path, '/');

	return !walk_is_module_name(file->path, check->interpreter.suffix) && !file->wrong &&
	       symbols_is_module(&file->elf.symbols, slash + 1);
}

/* named: by the user, and not found in a directory. */
static void look_at(struct check *check, const char *path, bool named, bool modules)
{
	bool is_module = named || walk_is_module_name(path, check->interpreter.suffix);
	struct file *file;

	if (is_module != modules)
		return;
	check->done++;
	print_progress(check, true);
	file = files_read(&check->interpreter.files, path, false);
	if (!file) {
		/* libfoo.so can be a text for the linker. */
		if (is_module)
			trouble_with(check, path, access(path, R_OK) ? strerror(errno) :
				     "no ELF file for this machine");
		return;
	}
	if (!is_module && (file->is_reached || file->is_base))
		return;
	if (!named && is_foreign(check, file))
		check->sum.foreign++;
	else
		judge(check, file);
	if (!file->is_reached && !file->is_base && !file->is_host)
		files_drop(&check->interpreter.files, file);
}

static void look_at_all(struct check *check, const struct walk *walk)
{
	const struct walk_entry *entry;

	check->total += walk->count;
	for (entry = walk->first; entry && !stopped; entry = entry->next)
		if (entry->error)
			trouble_with(check, entry->path, strerror(entry->error));
	for (int modules = 1; modules >= 0; modules--)
		for (entry = walk->first; entry && !stopped; entry = entry->next)
			if (!entry->error)
				look_at(check, entry->path, false, modules);
}

static void look_at_directory(struct check *check, const char *path)
{
	struct walk walk = { 0 };

	if (walk_directory(&walk, path))
		look_at_all(check, &walk);
	else
		trouble_with(check, path, strerror(errno));
	walk_end(&walk);
}

static void look_at_wheel(struct check *check, const char *path, const char *interpreter)
{
	char directory[PATH_MAX];
	struct diag diag;

	if (wheel_unpack(path, interpreter, directory, &diag)) {
		snprintf(check->unpacked, sizeof check->unpacked, "%.*s/site-packages",
			 PATH_MAX - 32, directory);
		snprintf(check->wheel, sizeof check->wheel, "%s", path);
		look_at_directory(check, check->unpacked);
		check->unpacked[0] = '\0';
	} else {
		trouble(check, diag.text);
	}
	if (directory[0])
		directory_remove(directory);
}

static bool is_wheel(const char *path)
{
	size_t length = strlen(path);

	return length > 4 && strcmp(path + length - 4, ".whl") == 0;
}

static void look_at_path(struct check *check, const char *path, const char *interpreter)
{
	struct status status;
	char real[PATH_MAX];

	/* Somebody may mean a package of that name. */
	if (!status_of_path(path, &status) || !realpath(path, real))
		trouble_with(check, path, errno != ENOENT || strchr(path, '/') ? strerror(errno) :
			     "is not in this directory; a file, a directory or a wheel is checked");
	else if (status.is_directory)
		look_at_directory(check, real);
	else if (is_wheel(path))
		look_at_wheel(check, path, interpreter);
	else
		look_at(check, real, true, true);
}

/* ---- the verb ---- */

static const char usage[] =
	"usage: pypy-isolate check [-i INTERPRETER] [--embedder PROGRAM[,PLUGIN...]]\n"
	"                          [--all] [--symbols] [--json | --bindings | --why SYMBOL]\n"
	"                          [PATH...]\n";

static bool read_options(struct options *options, int argc, char **argv)
{
	enum { EMBEDDER = 256, WHY, JSON, SYMBOLS, ALL, BINDINGS };
	static const struct option known[] = {
		{ "interpreter", required_argument, NULL, 'i' },
		{ "embedder", required_argument, NULL, EMBEDDER },
		{ "why", required_argument, NULL, WHY },
		{ "json", no_argument, NULL, JSON },
		{ "symbols", no_argument, NULL, SYMBOLS },
		{ "all", no_argument, NULL, ALL },
		{ "bindings", no_argument, NULL, BINDINGS },
		{ 0 },
	};
	int option;

	argv[0] = (char *)"pypy-isolate check";
	while ((option = getopt_long(argc, argv, "i:", known, NULL)) != -1)
		switch (option) {
		case 'i': options->interpreter = optarg; break;
		case EMBEDDER: options->embedder = optarg; break;
		case WHY: options->why = optarg; break;
		case JSON: options->json = true; break;
		case SYMBOLS: options->symbols = true; break;
		case ALL: options->all = true; break;
		case BINDINGS: options->bindings = true; break;
		default: return false;
		}
	return options->json + options->bindings + (options->why != NULL) <= 1;
}

static bool read_settings(struct check *check, struct arena *arena)
{
	struct settings_input input = {
		.conf = getenv("PYPY_ISOLATE_CONF"),
		.secure = getauxval(AT_SECURE),
	};

	arena->size = SETTINGS_ARENA;
	arena->base = calloc(1, arena->size);
	if (!arena->base) {
		say("pypy-isolate: %s", strerror(ENOMEM));
		return false;
	}
	if (settings_read(&check->settings, &input, arena))
		return true;
	for (const struct conf_error *error = check->settings.errors; error; error = error->next)
		say("%s", error->text);
	return false;
}

static void look_at_screen(struct check *check)
{
	const char *no_color = getenv("NO_COLOR");
	bool colors = isatty(STDOUT_FILENO) && !(no_color && no_color[0]);

	check->shows_progress = isatty(STDERR_FILENO) && !check->options.json;
	check->bold = colors ? "\033[1m" : "";
	check->red = colors ? "\033[31m" : "";
	check->plain = colors ? "\033[0m" : "";
}

/* A wheel that is unpacked must not stay when somebody presses ^C. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int finish(struct check *check)
{
	print_progress(check, false);
	if (check->options.json)
		json_end(check);
	else if (!check->options.bindings && !check->options.why)
		print_sum(check);
	if (fflush(stdout) || ferror(stdout)) {
		say("pypy-isolate: standard output: %s", strerror(errno));
		return CHECK_TROUBLE;
	}
	if (stopped)
		raise(stopped);
	if (check->sum.troubles)
		return CHECK_TROUBLE;
	return check->sum.hijacked_modules ? CHECK_SOME : CHECK_NONE;
}

static int run(struct check *check, char **paths)
{
	const char *word = check->options.interpreter ? check->options.interpreter
						      : program_default();
	const char **site;
	struct diag diag;

	if (!interpreter_find(&check->interpreter, word, check->options.embedder,
			      &check->settings.rules, &diag) ||
	    (!verdicts_begin(&check->verdicts, &check->interpreter) &&
	     !diag_set(&diag, "%s", strerror(ENOMEM)))) {
		say("pypy-isolate: %s", diag.text);
		return CHECK_TROUBLE;
	}
	look_at_screen(check);
	catch_signals();
	if (getcwd(check->home, sizeof check->home - 1))
		strcat(check->home, "/");
	if (check->options.json)
		json_begin(check);
	else if (!check->options.interpreter)
		say("pypy-isolate: checked for %s; -i INTERPRETER names another", word);
	check->searches_site = !*paths;
	for (site = check->interpreter.site; !*paths && site && *site && !stopped; site++)
		look_at_path(check, *site, word);
	for (; *paths && !stopped; paths++)
		look_at_path(check, *paths, word);
	return finish(check);
}

int check_main(int argc, char **argv)
{
	struct check *check = calloc(1, sizeof *check);
	struct arena arena = { 0 };
	int status = CHECK_TROUBLE;

	if (!check)
		say("pypy-isolate: %s", strerror(ENOMEM));
	else if (!read_options(&check->options, argc, argv))
		fputs(usage, stderr);
	else if (read_settings(check, &arena))
		status = run(check, argv + optind);
	free(arena.base);
	free(check);
	return status;
}
