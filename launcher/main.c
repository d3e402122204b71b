/* SPDX-License-Identifier: MIT */
/* The words of a command line -> the verb that they are for. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "launcher/check.h"
#include "launcher/conf.h"
#include "launcher/doctor.h"
#include "launcher/enable.h"
#include "launcher/explain.h"
#include "launcher/run.h"
#include "launcher/say.h"
#include "launcher/standin.h"
#include "policy/version.h"

static const char usage[] =
	"usage: pypy-isolate [run] [--] INTERPRETER [ARG...]\n"
	"       pypy-isolate check [-i INTERPRETER] [OPTION...] [PATH...]\n"
	"       pypy-isolate conf [FILE]\n"
	"       pypy-isolate doctor [--timeout SECONDS] [INTERPRETER]\n"
	"       pypy-isolate explain [OPTION...] [--] INTERPRETER [ARG...]\n"
	"       pypy-isolate enable | disable | status [OPTION...] [INTERPRETER]\n"
	"       pypy-isolate --help | --module | --version\n";

/* With the usage, and a prompt after it, it fits a screen of 24 lines. */
static const char help[] =
	"\n"
	"Gives each package of C extension modules its own libraries, not INTERPRETER's.\n"
	"\n"
	"  run      start INTERPRETER; the word itself may be left out\n"
	"  check    show which modules would be hijacked in INTERPRETER, running none\n"
	"  conf     show the rules in force and where each comes from, or check FILE\n"
	"  doctor   find out whether it works here with INTERPRETER, and what mends it\n"
	"  explain  run INTERPRETER, then show what each module got, and from where\n"
	"  enable   isolate each start of INTERPRETER from now on; disable, status\n"
	"\n"
	"  PYPY_ISOLATE=off|permissive|enforce   instead of the mode of the rules\n"
	"  PYPY_ISOLATE_CONF=FILE                instead of /etc/pypy-isolate.conf\n"
	"  PYPY_ISOLATE_LOG=LEVEL[:FILE]         error, warning, info or debug\n"
	"pypy-isolate(1) says more; pypy-isolate-messages(7) what to do about a message.\n";

static int print(const char *first, const char *second)
{
	if (fputs(first, stdout) >= 0 && fputs(second, stdout) >= 0 && !fflush(stdout))
		return 0;
	perror("pypy-isolate: standard output");
	return EXIT_OURS;
}

/* Where the module is, as LD_AUDIT takes it. */
static int print_module(void)
{
	struct diag diag = { 0 };
	char module[PATH_MAX];

	if (run_find_module(module, &diag) && run_can_name(module, &diag))
		return print(module, "\n");
	say("pypy-isolate: %s", diag.text);
	return EXIT_OURS;
}

/* what may be NULL: then word is only not enough. */
static int misuse(const char *what, const char *word)
{
	if (what)
		say("pypy-isolate: %s '%s'", what, word);
	fputs(usage, stderr);
	return EXIT_OURS;
}

static bool is(const char *word, const char *text)
{
	return word && !strcmp(word, text);
}

/* words: what follows the verb, up to NULL. */
static int run(char **words)
{
	if (is(words[0], "--help"))
		return print(usage, help);
	if (is(words[0], "--"))
		++words;
	else if (words[0] && words[0][0] == '-')
		return misuse("unknown option", words[0]);
	return words[0] ? run_main(words) : misuse("no INTERPRETER after", words[-1]);
}

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);	/* argv[0]: the name */
} verbs[] = {
	{ "check", check_main },
	{ "conf", conf_main },
	{ "disable", disable_main },
	{ "doctor", doctor_main },
	{ "enable", enable_main },
	{ "explain", explain_main },
	{ "status", status_main },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return misuse(NULL, NULL);
	if (is(argv[1], "--version"))
		return print("pypy-isolate " PYPY_ISOLATE_VERSION, "\n");
	if (is(argv[1], "--module"))
		return print_module();
	if (is(argv[1], "run"))
		return run(argv + 2);
	for (i = 0; i < sizeof verbs / sizeof *verbs; ++i)
		if (is(argv[1], verbs[i].name))
			return is(argv[2], "--help") ? print(usage, help) :
						       verbs[i].main(argc - 1, argv + 1);
	if (is(argv[1], STANDIN_VERB))
		return run_start(argv + 2);
	return run(argv + 1);
}
