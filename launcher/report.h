/* SPDX-License-Identifier: MIT */
/* Findings of `pypy-isolate doctor` -> lines on standard output. */
#ifndef PYPY_ISOLATE_REPORT_H
#define PYPY_ISOLATE_REPORT_H

#include <stdbool.h>

enum finding {
	FINDING_OK,
	FINDING_NOTE,		/* works, but a person should know */
	FINDING_WRONG,		/* does not work; the line says what mends it */
};

/* A line `ok what: ...`, formatted like printf; what is not fit to be shown becomes '?'.
 * Coloured on a terminal only, and not if $NO_COLOR is set. Returns whether it is no
 * FINDING_WRONG. */
bool report(enum finding finding, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many lines were FINDING_WRONG. */
unsigned report_wrong(void);

#endif
