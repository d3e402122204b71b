/* SPDX-License-Identifier: MIT */
/* A message of the launcher -> a line on standard error. */
#ifndef PYPY_ISOLATE_SAY_H
#define PYPY_ISOLATE_SAY_H

/* One line, formatted like printf, with what is not fit to be shown made '?':
 * names come from anywhere. No newline in format. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
