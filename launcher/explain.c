/* SPDX-License-Identifier: MIT */
/* `explain`: a command -> its run, and then a report of what its modules got.
 *
 * The audit module in each process of it writes down what happens (audit/record.h), in a
 * file that is there for that time only. The run is what it would be without us: whatever
 * fails here is said, and changes nothing of it. */
#include "launcher/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/status.h"
#include "launcher/explain_parts.h"
#include "launcher/program.h"
#include "launcher/run.h"
#include "launcher/say.h"

/* Bytes of address space, of which 32 bits have less; what is used gets memory. */
#define EXPLAIN_ARENA ((size_t)(sizeof(size_t) > 4 ? 4 : 1) << 30)

/* A file that was asked for on the command line. */
struct report {
	const char *option;
	const char *beginning;		/* of what is written, and of nothing else */
	void (*write)(const struct explain *explain, FILE *out);
	const char *path;		/* or NULL: not asked for */
	FILE *out;			/* or NULL: it cannot be opened, which has been said */
};

static struct report reports[] = {
	{ .option = "json", .write = explain_json,
	  .beginning = "{\"format\": \"pypy-isolate explain\"," },
	{ .option = "html", .write = explain_html,
	  .beginning = "<!DOCTYPE html>\n<!-- A report of pypy-isolate explain." },
};

#define REPORTS (sizeof reports / sizeof *reports)

/* ---- memory ---- */

static bool begin_memory(struct explain *explain)
{
	explain->arena.size = EXPLAIN_ARENA;
	explain->arena.base = mmap(NULL, EXPLAIN_ARENA, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return explain->arena.base != MAP_FAILED;
}

static void *taken(void *memory)
{
	if (memory)
		return memory;
	say("pypy-isolate: %s", strerror(ENOMEM));
	exit(EXIT_OURS);
}

void *explain_take(struct explain *explain, size_t size)
{
	return taken(arena_take(&explain->arena, size));
}

char *explain_text(struct explain *explain, const char *text, size_t length)
{
	return taken(arena_text(&explain->arena, text, length));
}

/* ---- the record ---- */

static bool no_record(const char *path)
{
	say("pypy-isolate: %s: nothing can be recorded there: %s; the program runs without "
	    "being explained", path, strerror(errno));
	return false;
}

/* In a directory of its own, which nobody else can list: root's programs may go on as
 * another user, who has to write there, too. */
static bool begin_record(struct explain *explain, char *directory, char *path, size_t size)
{
	const char *temporary = getenv("TMPDIR");
	bool is_root = geteuid() == 0;

	if (!temporary || temporary[0] != '/')
		temporary = "/tmp";
	snprintf(directory, size, "%s/pypy-isolate-XXXXXX", temporary);
	explain->record = -1;
	if (!mkdtemp(directory)) {
		directory[0] = '\0';
		return no_record(temporary);
	}
	snprintf(path, size, "%s/record", directory);
	explain->record = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (explain->record < 0 || (is_root && (chmod(directory, 0711) || chmod(path, 0622))))
		return no_record(path);
	return true;
}

static void end_record(struct explain *explain, const char *directory, const char *path)
{
	if (explain->record >= 0)
		close(explain->record);
	if (directory[0]) {
		unlink(path);
		rmdir(directory);
	}
}

/* ---- while it runs ---- */

static void tell_new(const struct seen_process *process)
{
	struct seen_load *load = process->first_load;

	for (; load; load = load->next)
		if (!load->is_told && !load->is_inherited) {
			load->is_told = true;
			explain_tell(process, load);
		}
}

static void tell(const struct explain *explain)
{
	const struct seen_process *process;

	for (process = explain->first; process; process = process->next)
		tell_new(process);
}

static void tick(void *context)
{
	explain_read(context);
	tell(context);
}

/* ---- the reports ---- */

static bool is_report(const char *path)
{
	char bytes[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found = false;

	if (fd < 0 || read(fd, bytes, sizeof bytes - 1) < 0)
		bytes[0] = '\0';
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < REPORTS; i++)
		found |= !strncmp(bytes, reports[i].beginning, strlen(reports[i].beginning));
	return found;
}

/* Where the option's FILE was forgotten the next word is taken for it: a program of theirs. */
static bool may_write(const char *path)
{
	struct status status;

	if (!status_of_path(path, &status) || !status.is_regular || !status.size ||
	    is_report(path))
		return true;
	say("pypy-isolate: %s: is there, and no report of explain; name another file", path);
	return false;
}

static bool may_write_reports(void)
{
	for (size_t i = 0; i < REPORTS; i++)
		if (reports[i].path && !may_write(reports[i].path))
			return false;
	return true;
}

static void open_reports(void)
{
	for (size_t i = 0; i < REPORTS; i++) {
		struct report *report = &reports[i];

		report->out = report->path ? fopen(report->path, "we") : NULL;
		if (report->path && !report->out)
			say("pypy-isolate: %s: cannot be written: %s; the program runs all the same",
			    report->path, strerror(errno));
	}
}

static void write_reports(const struct explain *explain)
{
	for (size_t i = 0; i < REPORTS; i++) {
		FILE *out = reports[i].out;
		bool failed;

		if (!out)
			continue;
		reports[i].write(explain, out);
		failed = ferror(out);
		if (fclose(out) || failed)
			say("pypy-isolate: %s: the report is not complete: %s", reports[i].path,
			    strerror(errno));
	}
}

static bool wants_text(void)
{
	for (size_t i = 0; i < REPORTS; i++)
		if (reports[i].out)
			return false;
	return true;
}

static void look_at_screen(struct explain *explain)
{
	const char *no_color = getenv("NO_COLOR");
	bool colors = isatty(STDERR_FILENO) && !(no_color && no_color[0]);

	explain->bold = colors ? "\033[1m" : "";
	explain->red = colors ? "\033[31m" : "";
	explain->plain = colors ? "\033[0m" : "";
}

/* The rules that the program has read, too; it has said what is wrong with them. */
static bool read_settings(struct explain *explain)
{
	struct settings_input input = {
		.mode = getenv("PYPY_ISOLATE"),
		.conf = getenv("PYPY_ISOLATE_CONF"),
		.secure = getauxval(AT_SECURE),
	};

	return settings_read(&explain->settings, &input, &explain->arena);
}

/* It was not started, and that has been said. */
static bool is_ours(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) >= EXIT_OURS &&
	       WEXITSTATUS(status) <= EXIT_NOT_FOUND;
}

static void report(struct explain *explain)
{
	explain_read(explain);
	explain_settle(explain);
	if (explain->unread)
		say("pypy-isolate: %zu lines of the record make no sense; is the disk full?",
		    explain->unread);
	if (!explain->first && (is_ours(explain->status)))
		return;
	if (!explain->first) {
		say("pypy-isolate: %s: nothing has been recorded: is it a program of this system's "
		    "glibc, and not setuid?", explain->command.word[0]);
		return;
	}
	explain_bind(explain);
	write_reports(explain);
	if (explain->follows)
		tell(explain);
	else if (wants_text())
		explain_print(explain);
}

static void say_off(struct explain *explain)
{
	const struct rule *why = run_rule_of_off(&explain->settings);

	if (why)
		say("pypy-isolate: the mode is off (%s:%u): there is nothing to explain",
		    why->file, why->line);
	else
		say("pypy-isolate: PYPY_ISOLATE=off: there is nothing to explain");
}

static int run(struct explain *explain)
{
	char directory[PATH_MAX] = "", path[PATH_MAX] = "";
	bool is_well = read_settings(explain), is_off = explain->settings.mode == MODE_OFF, recorded;
	struct program program;

	if (!may_write_reports())
		return EXIT_OURS;
	look_at_screen(explain);
	if (is_well && !is_off && program_find(&program, explain->command.word[0]))
		open_reports();
	recorded = begin_record(explain, directory, path, sizeof path);
	explain->status = explain_run(explain->command.word, recorded ? path : NULL,
				      recorded && explain->follows ? tick : NULL, explain);
	if (explain->status < 0)
		say("pypy-isolate: %s: %s", explain->command.word[0], strerror(errno));
	else if (is_off)
		say_off(explain);
	else if (is_well && recorded)
		report(explain);
	end_record(explain, directory, path);
	return explain->status < 0 ? EXIT_OURS : explain_end(explain->status);
}

/* ---- the verb ---- */

static const char usage[] =
	"usage: pypy-isolate explain [--follow] [--json FILE] [--html FILE] [--] INTERPRETER [ARG...]\n";

static bool take_path(struct report *report, const char *path)
{
	report->path = path;
	if (path[0] != '-')
		return true;
	say("pypy-isolate: --%s needs a FILE, not '%s'; ./%s if that is its name", report->option,
	    path, path);
	return false;
}

static bool read_options(struct explain *explain, int argc, char **argv)
{
	enum { FOLLOW = 256, REPORT };
	struct option known[REPORTS + 2] = { { "follow", no_argument, NULL, FOLLOW } };
	int option;

	for (size_t i = 0; i < REPORTS; i++)
		known[i + 1] = (struct option){ reports[i].option, required_argument, NULL,
						REPORT + (int)i };
	argv[0] = (char *)"pypy-isolate explain";
	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		if (option == FOLLOW)
			explain->follows = true;
		else if (option < REPORT || !take_path(&reports[option - REPORT], optarg))
			return false;
	}
	explain->command = (struct words){ argv + optind, (size_t)(argc - optind) };
	return optind < argc;
}

int explain_main(int argc, char **argv)
{
	static struct explain explain;

	if (!begin_memory(&explain)) {
		say("pypy-isolate: %s", strerror(ENOMEM));
		return EXIT_OURS;
	}
	if (read_options(&explain, argc, argv))
		return run(&explain);
	fputs(usage, stderr);
	return EXIT_OURS;
}
