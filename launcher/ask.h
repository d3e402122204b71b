/* SPDX-License-Identifier: MIT */
/* A command -> what it prints. */
#ifndef PYPY_ISOLATE_LAUNCHER_ASK_H
#define PYPY_ISOLATE_LAUNCHER_ASK_H

/* Runs argv (NULL-terminated, argv[0] looked up on PATH), with /dev/null for its standard
 * input and error and without us or another auditor in it. Returns its standard output, NUL-terminated and to be
 * freed, and its exit status, 128 and the signal if one ended it; or NULL, with errno, if it
 * could not be run. */
char *ask(char *const *argv, int *status);

#endif
