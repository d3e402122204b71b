/* SPDX-License-Identifier: MIT */
/* What went wrong, in words, in memory of the caller.
 *
 * The function that fails writes the fact and returns false; its caller knows
 * whether that is important. Nothing is allocated and nothing is printed. */
#ifndef PYPY_ISOLATE_DIAG_H
#define PYPY_ISOLATE_DIAG_H

#include <stdbool.h>

struct diag {
	char text[4608];	/* "where: what is wrong"; "" if nothing was; a whole path fits */
};

/* Formats the text, like printf. Returns false, so that a caller can say
 * `return diag_set(...)`. diag may be NULL: then nothing is written. */
bool diag_set(struct diag *diag, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "where: " before what the text says. Returns false. */
bool diag_locate(struct diag *diag, const char *where);

/* Adds more to what the text says. Returns false. */
bool diag_add(struct diag *diag, const char *more);

#endif
