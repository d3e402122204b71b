/* SPDX-License-Identifier: MIT */
/* A command -> the same command, started with the audit module.
 *
 * The policy is checked first: a module that meets a broken one stays out of the
 * way, and nobody would see that. Then three variables are extended, never
 * replaced, and the command takes our place. Nothing of ours is left open. */
#include "launcher/run.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "audit/started.h"
#include "launcher/program.h"
#include "launcher/say.h"
#include "launcher/standin.h"
#include "launcher/static_tls.h"
#include "policy/version.h"

#define TUNABLE "glibc.rtld.optional_static_tls="

/* ---- the policy ---- */

static size_t print_errors(const struct conf_error *error)
{
	size_t count = 0;

	for (; error; error = error->next, ++count)
		say("%s", error->text);
	return count;
}

bool run_settings(struct settings *settings, struct arena *arena)
{
	struct settings_input input = {
		.mode = getenv("PYPY_ISOLATE"),
		.conf = getenv("PYPY_ISOLATE_CONF"),
		.log = getenv("PYPY_ISOLATE_LOG"),
		.secure = getauxval(AT_SECURE),
	};

	return settings_read(settings, &input, arena);
}

const struct rule *run_rule_of_off(const struct settings *settings)
{
	const char *mode = getenv("PYPY_ISOLATE");
	const struct rule *why;

	rules_mode(&settings->rules, &why);
	return mode && mode[0] ? NULL : why;
}

bool run_can_log(const struct settings *settings, struct diag *diag)
{
	const char *file = settings->log_file;
	char directory[PATH_MAX];
	char *slash;

	if (!file || access(file, W_OK) == 0)
		return true;
	snprintf(directory, sizeof directory, "%s", file);
	slash = strrchr(directory, '/');
	strcpy(slash ? slash + (slash == directory) : directory, slash ? "" : ".");
	if (slash == directory)
		strcpy(directory, "/");
	return (errno == ENOENT && access(directory, W_OK | X_OK) == 0) ||
	       diag_set(diag, "%s of PYPY_ISOLATE_LOG cannot be written: %s; name a file that can",
			file, strerror(errno));
}

static bool read_settings(struct settings *settings, struct arena *arena)
{
	struct diag diag;

	if (!run_settings(settings, arena))
		return settings->mode == MODE_OFF;
	if (settings->mode != MODE_OFF && !run_can_log(settings, &diag))
		say("pypy-isolate: %s", diag.text);
	return true;
}

/* ---- the module ---- */

static bool is_module(const char *directory, const char *below, char path[PATH_MAX])
{
	char name[2 * PATH_MAX];

	snprintf(name, sizeof name, "%s%s/" MODULE_FILE, directory, below);
	return realpath(name, path) && !access(path, R_OK);
}

/* The directory that this program is in. */
static void own_directory(char directory[PATH_MAX])
{
	const char *started_as = (const char *)getauxval(AT_EXECFN);
	char *slash;

	/* Without /proc, what the kernel was asked to start says it too. Never the current
	 * directory, where anybody's module may lie. */
	if (!realpath("/proc/self/exe", directory) &&
	    (!started_as || !realpath(started_as, directory)))
		strcpy(directory, "/");
	slash = strrchr(directory, '/');
	*slash = '\0';
}

bool run_find_module(char path[PATH_MAX], struct diag *diag)
{
	/* LIBDIR is the Makefile's: below its PREFIX and then relative, or absolute. */
	const char *below = LIBDIR[0] == '/' ? LIBDIR : "/../" LIBDIR;
	char own[PATH_MAX];
	const char *from = LIBDIR[0] == '/' ? "" : own;

	own_directory(own);
	if (is_module(own, "", path) || is_module(from, below, path))
		return true;
	return diag_set(diag, MODULE_FILE " is neither in %s nor in %s%s; run `make` there, or "
			"install pypy-isolate again", own, from, below);
}

/* ld.so splits at ':' and replaces $ORIGIN, $LIB and $PLATFORM. */
bool run_can_name(const char *module, struct diag *diag)
{
	return !strpbrk(module, ":$") ||
	       diag_set(diag, "%s: a path with ':' or '$' cannot be in LD_AUDIT; "
			"put pypy-isolate into another directory", module);
}

void run_name_for_all(char module[PATH_MAX])
{
	char name[PATH_MAX + 8];
	const char *at = strstr(module, "/" LIB "/");
	const char *rest;

	if (!at || !LIB_32[0])
		return;
	rest = at + strlen("/" LIB);
	snprintf(name, sizeof name, "%.*s/" LIB_32 "%s", (int)(at - module), module, rest);
	if (access(name, R_OK))
		return;
	if (snprintf(name, sizeof name, "%.*s/$LIB%s", (int)(at - module), module, rest) < PATH_MAX)
		strcpy(module, name);
}

/* ---- the environment ---- */

static bool set(const char *name, const char *value)
{
	if (value && !setenv(name, value, 1))
		return true;
	say("pypy-isolate: %s: %s", name, strerror(errno));
	return false;
}

bool run_next_item(const char **list, const char **item, size_t *length)
{
	*list += strspn(*list, ":");
	*item = *list;
	*length = strcspn(*list, ":");
	*list += *length;
	return *length > 0;
}

bool run_is_ours(const char *item, size_t length)
{
	const char *slash = memrchr(item, '/', length);
	const char *name = slash ? slash + 1 : item;

	return (size_t)(item + length - name) == strlen(MODULE_FILE) &&
	       !memcmp(name, MODULE_FILE, strlen(MODULE_FILE));
}

/* Ours before the user's auditors, and once: a launcher may start a launcher. */
static bool extend_audit(const char *module)
{
	const char *list = getenv("LD_AUDIT"), *item;
	char *value = NULL;
	size_t size, length;
	FILE *out;
	bool good;

	out = open_memstream(&value, &size);
	if (!out)
		return set("LD_AUDIT", NULL);
	fputs(module, out);
	while (list && run_next_item(&list, &item, &length))
		if (!run_is_ours(item, length))
			fprintf(out, ":%.*s", (int)length, item);
	good = !fclose(out) && set("LD_AUDIT", value);
	free(value);
	return good;
}

/* The header of glibc 2.38 and later gives another by this name, that of C23. */
unsigned long strtoul_of_old(const char *, char **, int) __asm__("strtoul");

/* The user's other tunables stay, and so does a larger value of this one. Never
 * glibc.rtld.nns: 16 with an auditor is fatal ("0 are supported"). */
static bool extend_tunables(unsigned long bytes)
{
	const char *list = getenv("GLIBC_TUNABLES"), *item;
	char *value = NULL;
	size_t size, length;
	unsigned long theirs;
	FILE *out = open_memstream(&value, &size);
	bool good;

	if (!out)
		return set("GLIBC_TUNABLES", NULL);
	while (list && run_next_item(&list, &item, &length)) {
		if (strncmp(item, TUNABLE, strlen(TUNABLE)) != 0) {
			fprintf(out, "%.*s:", (int)length, item);
			continue;
		}
		theirs = strtoul_of_old(item + strlen(TUNABLE), NULL, 0);
		bytes = theirs > bytes ? theirs : bytes;
	}
	fprintf(out, TUNABLE "%lu", bytes);
	good = !fclose(out) && set("GLIBC_TUNABLES", value);
	free(value);
	return good;
}

static bool extend_environment(const char *interpreter, struct arena *arena)
{
	char module[PATH_MAX];
	struct start_up start_up;
	const char *now = getenv("LD_BIND_NOW");
	struct diag diag;

	if (!run_find_module(module, &diag) || !run_can_name(module, &diag)) {
		say("pypy-isolate: %s", diag.text);
		return false;
	}
	run_name_for_all(module);
	if (!extend_audit(module))
		return false;
	start_up_read(&start_up, interpreter, arena);
	if (!extend_tunables(start_up.static_tls))
		return false;
	if (start_up.libc_is_old && !(now && now[0]))
		return set("LD_BIND_NOW", "1");
	return true;
}

/* ---- the command ---- */

static int explain_failure(const char *word, int error)
{
	struct program program;

	if (error == EACCES && strchr(word, '/') && !access(word, R_OK) && access(word, X_OK)) {
		say("pypy-isolate: %s: is no program, as nobody may execute it; of a script, name "
		    "the interpreter before it: pypy-isolate INTERPRETER %s", word, word);
		return EXIT_CANNOT_EXECUTE;
	}
	if (error != ENOENT) {
		say("pypy-isolate: %s: cannot be executed: %s", word, strerror(error));
		return EXIT_CANNOT_EXECUTE;
	}
	if (program_find(&program, word))
		say("pypy-isolate: %s: is there, but not what runs it: see its #! line, or "
		    "its ld.so with `file`", program.path);
	else if (strchr(word, '/'))
		say("pypy-isolate: %s: not found; is the path right?", word);
	else
		say("pypy-isolate: %s: not found; is it installed, and its directory in "
		    "PATH?", word);
	return EXIT_NOT_FOUND;
}

static int run(char **argv, struct arena *arena)
{
	struct settings settings;
	size_t errors;

	if (!read_settings(&settings, arena)) {
		errors = print_errors(settings.errors);
		say("pypy-isolate: %zu error%s, so nothing was started; PYPY_ISOLATE=off runs "
		    "the program without isolation", errors, errors == 1 ? "" : "s");
		return EXIT_OURS;
	}
	if (settings.mode != MODE_OFF && !extend_environment(argv[0], arena))
		return EXIT_OURS;
	execvp(argv[0], argv);
	return explain_failure(argv[0], errno);
}

/* calloc: the kernel's zeroes, of which only what is used gets memory. */
static int with_arena(int (*use)(char **, struct arena *), char **argv)
{
	struct arena arena = { .base = calloc(1, SETTINGS_ARENA), .size = SETTINGS_ARENA };
	int status = EXIT_OURS;

	if (arena.base)
		status = use(argv, &arena);
	else
		say("pypy-isolate: %s", strerror(ENOMEM));
	free(arena.base);
	return status;
}

int run_main(char **argv)
{
	return with_arena(run, argv);
}

/* ---- the command of a stand-in ---- */

static bool has_ours(const char *list)
{
	const char *item;
	size_t length;

	while (list && run_next_item(&list, &item, &length))
		if (run_is_ours(item, length))
			return true;
	return false;
}

static const char *value_in(char **environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment; environment++)
		if (!strncmp(*environment, name, length) && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

/* before, with what extend_environment() has changed behind it, as STARTED says. LD_AUDIT is
 * last: in place of GLIBC_TUNABLES some ld.so have a copy in the array. */
static char **extended(char **before, const char *name)
{
	static const char *const behind[] = { "GLIBC_TUNABLES=", "LD_BIND_NOW=" };
	const char *module = getenv("LD_AUDIT");
	size_t count = 0, at;
	char **all, *audit, *started;

	while (before[count])
		count++;
	if (!module ||
	    asprintf(&audit, "LD_AUDIT=%.*s", (int)strcspn(module, ":"), module) < 0 ||
	    asprintf(&started, STARTED "%s", name) < 0 ||
	    !(all = calloc(count + 5, sizeof *all)))
		return NULL;
	memcpy(all, before, count * sizeof *all);
	at = count;
	all[at++] = started;
	for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
		for (char **each = environ; *each; each++)
			if (!strncmp(*each, behind[i], strlen(behind[i])))
				all[at++] = *each;
	/* The user's auditors come with his own variable. If we are among them, that is enough:
	 * ld.so would load us twice. */
	if (!has_ours(value_in(before, "LD_AUDIT")))
		all[at] = audit;
	return all;
}

/* A whole system may hang on it: what is wrong with us is said, and the interpreter starts.
 * NULL: it does so as if we were not there. */
static char **choose_environment(char **words, char **before, struct arena *arena)
{
	struct settings settings;
	char **all = NULL;

	if (!read_settings(&settings, arena)) {
		print_errors(settings.errors);
	} else if (settings.mode == MODE_OFF || getauxval(AT_SECURE)) {
		/* With privileges of its file, or of who started it, ld.so takes no auditor
		 * from us, and then nobody would take out what else we add. */
		return NULL;
	} else if (extend_environment(words[START_ORIGINAL], arena)) {
		all = extended(before, words[START_NAME]);
	}
	if (!all)
		say("pypy-isolate: so %s runs without isolation", words[START_FILE]);
	return all;
}

static char **copy_environment(void)
{
	size_t count = 0;
	char **copy;

	while (environ[count])
		count++;
	copy = calloc(count + 1, sizeof *copy);
	return copy ? memcpy(copy, environ, count * sizeof *copy) : NULL;
}

static int start(char **words, struct arena *arena)
{
	static char **before, **all;	/* until the end, which is near */
	const char *original = words[START_ORIGINAL], *file = words[START_FILE];
	int error;

	/* It would start us, and we it, for ever. */
	if (standin_is_own_original(original)) {
		say("pypy-isolate: %s: is a stand-in, and so is %s: the interpreter is gone; put "
		    "it there again, and `pypy-isolate status %s`", original, file, file);
		return EXIT_CANNOT_EXECUTE;
	}
	before = copy_environment();
	if (!before)
		before = environ;
	all = choose_environment(words, before, arena);
	execve(original, words + START_ARGV, all ? all : before);
	error = errno;
	if (all && error == E2BIG) {
		say("pypy-isolate: no room for three more variables, so %s runs without "
		    "isolation; give it fewer or shorter arguments", file);
		execve(original, words + START_ARGV, before);
		error = errno;
	}
	/* A copy of the stand-in, in a virtual environment, is still there after `disable`. */
	if (error == ENOENT && !standin_is(file))
		execve(file, words + START_ARGV, before);
	say("pypy-isolate: %s: %s; `pypy-isolate status %s` says what to do", original,
	    strerror(error), file);
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

int run_start(char **words)
{
	for (size_t i = 0; i <= START_ARGV; i++)
		if (!words[i])
			return EXIT_OURS;
	return with_arena(start, words);
}
