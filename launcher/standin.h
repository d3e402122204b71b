/* SPDX-License-Identifier: MIT */
/* What stands in an interpreter's place, and how the program starts from it.
 *
 * A stand-in is an ELF program and no script. By measurement: `#!` throws argv[0] away, and a
 * shell drops each variable of the environment whose name it could not have itself
 * (`npm_config_a.b`), adds PWD, and takes longer. It knows no policy and does not age: it
 * hands over to the pypy-isolate that enabled it, and if that is gone, to the interpreter. */
#ifndef PYPY_ISOLATE_STANDIN_H
#define PYPY_ISOLATE_STANDIN_H

#include <limits.h>
#include <stdbool.h>

#define STANDIN_MARK "\1pypy-isolate: stand-in\n"
#define STANDIN_SUFFIX ".distrib"	/* of the original: as dpkg-divert(1) has it */

/* In the file as these bytes: written by `pypy-isolate enable`. Paths are absolute. */
struct standin {
	char mark[32];
	char program[PATH_MAX];		/* pypy-isolate */
	char original[PATH_MAX];	/* where the interpreter is now */
	char file[PATH_MAX];		/* where it was, and where this is */
};

/* The words of the stand-in's command: PROGRAM --start NAME ORIGINAL FILE ARGV0 [ARG...].
 * NAME is what the kernel calls the process (/proc/PID/comm). */
#define STANDIN_VERB "--start"

enum { START_NAME, START_ORIGINAL, START_FILE, START_ARGV };

/* Is that file a stand-in? Then where is what it stands for? Does it stand for itself, since it
 * was copied over its original? */
bool standin_is(const char *path);
bool standin_original(const char *path, char original[PATH_MAX]);
bool standin_is_own_original(const char *path);

#endif
