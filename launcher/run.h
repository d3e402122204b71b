/* SPDX-License-Identifier: MIT */
/* A command -> the same command, started with the audit module. */
#ifndef PYPY_ISOLATE_RUN_H
#define PYPY_ISOLATE_RUN_H

/* As env(1): our own failure, found but not executable, not found. */
enum { EXIT_OURS = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127 };

/* Replaces this process by argv[0], looked up on PATH, with its arguments
 * (NULL-terminated, at least one). Returns only on failure: an exit status, and
 * the reason is on standard error. */
int run_main(char **argv);

#endif
