/* SPDX-License-Identifier: MIT */
/* A command -> the same command, started with the audit module. */
#ifndef PYPY_ISOLATE_RUN_H
#define PYPY_ISOLATE_RUN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit/settings.h"
#include "policy/diag.h"

/* As env(1): our own failure, found but not executable, not found. */
enum { EXIT_OURS = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127 };

/* Replaces this process by argv[0], looked up on PATH, with its arguments
 * (NULL-terminated, at least one). Returns only on failure: an exit status, and
 * the reason is on standard error. */
int run_main(char **argv);

/* The same for a stand-in, whose words they are (standin.h); but what is wrong with us, a
 * policy that is broken, say, does not keep the interpreter from starting. */
int run_start(char **words);

/* The rules in force where this process is; as settings_read(). */
bool run_settings(struct settings *settings, struct arena *arena);

/* The rule that says `mode off`, or NULL if PYPY_ISOLATE does. Only for that mode. */
const struct rule *run_rule_of_off(const struct settings *settings);

/* Can the log be written, if it is to go to a file? False, with a reason, if not. */
bool run_can_log(const struct settings *settings, struct diag *diag);

/* Where the audit module is. False, with a reason, if it is in none of its places, or
 * if LD_AUDIT cannot hold that path. */
bool run_find_module(char path[PATH_MAX], struct diag *diag);
bool run_can_name(const char *module, struct diag *diag);

/* For LD_AUDIT: with $LIB in that path, where the module for 32-bit programs is installed, too.
 * Then each ld.so takes the one for its own programs; of the other it would complain. Else the
 * path stays, which an ld.so of any system can follow. */
void run_name_for_all(char module[PATH_MAX]);

/* The items of a list with colons, one after the other; false after the last. */
bool run_next_item(const char **list, const char **item, size_t *length);

/* Is that item of LD_AUDIT a module of ours, of whatever version? */
bool run_is_ours(const char *item, size_t length);

#endif
