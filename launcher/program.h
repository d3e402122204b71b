/* SPDX-License-Identifier: MIT */
/* The word that a person typed -> the ELF file that the kernel will start. */
#ifndef PYPY_ISOLATE_PROGRAM_H
#define PYPY_ISOLATE_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

struct program {
	char path[PATH_MAX];
};

/* Looks the word up like execvp(): on PATH, unless it has a '/'. False if no
 * executable file is there. */
bool program_find(struct program *program, const char *word);

/* The interpreter that a person means who names none: that of the virtual environment that is
 * active, pypy3, or python3. Valid until the next call. */
const char *program_default(void);

/* Does the file begin with `#!`? */
bool program_is_script(const char *path);

/* Follows `#!` lines, also those with env in them, to what is no script, and
 * symbolic links to its real path. False, and program is what the chain broke
 * at, if that cannot be done. */
bool program_follow(struct program *program);

/* The path of the libc.so.6 that we run with ourselves, or "". */
const char *program_own_libc(void);

#endif
