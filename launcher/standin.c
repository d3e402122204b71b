/* SPDX-License-Identifier: MIT */
/* Started in an interpreter's place -> pypy-isolate, which starts the interpreter.
 *
 * A program of its own, and so small that it cannot go wrong: Python of a whole system
 * may hang on it. Whatever stops pypy-isolate, the interpreter starts. */
#include "launcher/standin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* volatile: what the compiler sees here is not what will be in the file. */
static volatile struct standin written = { .mark = STANDIN_MARK };

/* A copy of this, as `venv --copies` makes, outlives `disable`: then the interpreter is
 * where it was. Never this itself once more. */
static int start_without(char **argv, int why)
{
	const char *original = (const char *)written.original;
	const char *file = (const char *)written.file;
	char self[PATH_MAX];
	ssize_t length;

	fprintf(stderr, "pypy-isolate: %s: %s; %s runs without isolation; ",
		(const char *)written.program, strerror(why), file);
	if (why == E2BIG)
		fprintf(stderr, "give it fewer or shorter arguments\n");
	else
		fprintf(stderr, "install pypy-isolate again, and `pypy-isolate disable %s`\n", file);
	execv(original, argv);
	length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length > 0) {
		self[length] = '\0';
		if (strcmp(self, file) != 0)
			execv(file, argv);
	}
	fprintf(stderr, "pypy-isolate: %s: %s\n", original, strerror(errno));
	return 127;
}

int main(int argc, char **argv)
{
	char name[16] = "";	/* TASK_COMM_LEN */
	static char **words;	/* until the end, which is near */
	int count = 0;

	prctl(PR_GET_NAME, name);
	words = calloc((size_t)argc + 7, sizeof *words);
	if (!words)
		return start_without(argv, ENOMEM);
	words[count++] = (char *)written.program;
	words[count++] = (char *)STANDIN_VERB;
	words[count++] = name;
	words[count++] = (char *)written.original;
	words[count++] = (char *)written.file;
	/* Linux before 5.18 lets a program have no argv[0]. */
	words[count] = (char *)written.file;
	if (argc)
		memcpy(words + count, argv, (size_t)argc * sizeof *words);
	execv((const char *)written.program, words);
	return start_without(argv, errno);
}
