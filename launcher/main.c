/* SPDX-License-Identifier: MIT */
/* The words of a command line -> the verb that they are for. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "launcher/check.h"
#include "launcher/conf.h"
#include "launcher/doctor.h"
#include "launcher/explain.h"
#include "launcher/run.h"
#include "launcher/say.h"
#include "policy/version.h"

static const char usage[] =
	"usage: pypy-isolate [run] [--] INTERPRETER [ARG...]\n"
	"       pypy-isolate check [-i INTERPRETER] [OPTION...] [PATH...]\n"
	"       pypy-isolate conf [FILE]\n"
	"       pypy-isolate doctor [--timeout SECONDS] [INTERPRETER]\n"
	"       pypy-isolate explain [--follow] [--json FILE] [--] INTERPRETER [ARG...]\n"
	"       pypy-isolate --help | --version\n";

static const char help[] =
	"\n"
	"Runs a Python interpreter so that each package of C extension modules uses its\n"
	"own libraries, and not those that the interpreter happens to be linked to.\n"
	"\n"
	"  run        start INTERPRETER; the word itself may be left out\n"
	"  check      show which references of which modules are hijacked when INTERPRETER\n"
	"             loads them plainly, without running any of them\n"
	"  conf       show the rules in force and where each comes from, or check FILE\n"
	"  doctor     find out whether it works here with INTERPRETER, and what mends it\n"
	"  explain    run INTERPRETER, then show what each of its modules got, and from where\n"
	"  --help     this text\n"
	"  --version  the version\n"
	"\n"
	"Environment:\n"
	"  PYPY_ISOLATE=off|permissive|enforce   instead of the mode of the rules\n"
	"  PYPY_ISOLATE_CONF=FILE                instead of /etc/pypy-isolate.conf\n"
	"  PYPY_ISOLATE_LOG=LEVEL[:FILE]         error, warning, info or debug\n"
	"\n"
	"Exit status: that of INTERPRETER; 125 if pypy-isolate itself fails, 126 if\n"
	"INTERPRETER cannot be executed, 127 if it is not found.\n"
	"\n"
	"pypy-isolate(1) says more, pypy-isolate.conf(5) what the rules are, and\n"
	"pypy-isolate-messages(7) what to do about a message.\n";

static int print(const char *first, const char *second)
{
	if (fputs(first, stdout) >= 0 && fputs(second, stdout) >= 0 && !fflush(stdout))
		return 0;
	perror("pypy-isolate: standard output");
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

int main(int argc, char **argv)
{
	if (argc < 2)
		return misuse(NULL, NULL);
	if (is(argv[1], "--version"))
		return print("pypy-isolate " PYPY_ISOLATE_VERSION, "\n");
	if (is(argv[1], "run"))
		return run(argv + 2);
	if (is(argv[1], "check"))
		return check_main(argc - 1, argv + 1);
	if (is(argv[1], "conf"))
		return conf_main(argc - 1, argv + 1);
	if (is(argv[1], "doctor"))
		return doctor_main(argc - 1, argv + 1);
	if (is(argv[1], "explain"))
		return explain_main(argc - 1, argv + 1);
	return run(argv + 1);
}
