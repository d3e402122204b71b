/* SPDX-License-Identifier: MIT */
/* `pypy-isolate doctor [INTERPRETER]`: can it work here, and if not, what mends it?
 *
 * First what can be read, then a trial: the interpreter is started as `run` would start
 * it, and opens modules that were made for it. What is read explains why a trial failed;
 * the trial shows whether what was read is the truth. */
#include "launcher/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "launcher/doctor_parts.h"
#include "launcher/say.h"

#define EXIT_WRONG	1
#define EXIT_TROUBLE	2

#define TIMEOUT_DEFAULT	60	/* seconds: a disk can be slow */

static int misuse(const char *what, const char *word)
{
	say("pypy-isolate: %s '%s'", what, word);
	say("usage: pypy-isolate doctor [--timeout SECONDS] [INTERPRETER]");
	return EXIT_TROUBLE;
}

static bool read_timeout(struct doctor *doctor, const char *text)
{
	unsigned seconds = 0;

	while (text && *text >= '0' && *text <= '9' && seconds < 1000000)
		seconds = seconds * 10 + (*text++ - '0');
	doctor->timeout = seconds;
	return text && !*text && seconds;
}

/* Is it there at all? */
static bool find(struct doctor *doctor)
{
	if (!doctor->word)
		doctor->word = program_default();
	return program_find(&doctor->file, doctor->word);
}

static bool take_memory(struct arena *arena)
{
	arena->size = 2 * SETTINGS_ARENA;
	arena->base = mmap(NULL, arena->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return arena->base != MAP_FAILED;
}

static int verdict(const struct doctor *doctor)
{
	unsigned wrong = report_wrong();

	if (!wrong)
		printf("nothing is wrong: pypy-isolate %s ...\n", doctor->word);
	else
		printf("%u of these are wrong; mend the first, and ask again\n", wrong);
	return wrong ? EXIT_WRONG : 0;
}

static int look(struct doctor *doctor)
{
	if (!find(doctor)) {
		say("pypy-isolate: %s: not found, or no executable file; name the interpreter: "
		    "pypy-isolate doctor /PATH/TO/INTERPRETER", doctor->word);
		return EXIT_TROUBLE;
	}
	if (!take_memory(&doctor->arena)) {
		say("pypy-isolate: %s", strerror(errno));
		return EXIT_TROUBLE;
	}
	doctor_read_policy(doctor);
	if (doctor_program(doctor))
		doctor_scope(doctor);
	else
		doctor->hindrance = "this program cannot be isolated";
	doctor_policy(doctor);
	doctor_module(doctor);
	doctor_auditors(doctor);
	doctor_kernel();
	doctor_start(doctor);
	return verdict(doctor);
}

int doctor_main(int argc, char **argv)
{
	struct doctor doctor = { .timeout = TIMEOUT_DEFAULT };
	int at = 1;

	if (argc > at && !strcmp(argv[at], "--timeout")) {
		if (!read_timeout(&doctor, argc > at + 1 ? argv[at + 1] : NULL))
			return misuse("no number of seconds after", argv[at]);
		at += 2;
	}
	if (argc > at && !strcmp(argv[at], "--"))
		++at;
	else if (argc > at && argv[at][0] == '-')
		return misuse("unknown option", argv[at]);
	if (argc > at + 1)
		return misuse("unexpected", argv[at + 1]);
	doctor.word = argv[at];
	return look(&doctor);
}
