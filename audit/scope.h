/* SPDX-License-Identifier: MIT */
/* Opening a file in a namespace, beside what has been opened RTLD_GLOBAL.
 *
 * In a namespace RTLD_GLOBAL crashes every glibc (2.28 to 2.43: its
 * _ns_main_searchlist is NULL), so the flag never gets there. What was opened with
 * it is remembered as promoted, and found again in two ways: what is loaded later
 * into the same namespace comes through a scope object that needs both; and when a
 * symbol is missing all the same, a promoter can be asked for. */
#ifndef PYPY_ISOLATE_SCOPE_H
#define PYPY_ISOLATE_SCOPE_H

#include "audit/namespace.h"

/* Opens path in the namespace with base's dlmopen, never RTLD_GLOBAL. Through a
 * scope object when something has been promoted there, or when objects at
 * extra_count extra paths are to be in scope. NULL: diag has the reason, but for
 * RTLD_NOLOAD. */
void *scope_open(struct namespace *namespace, const char *path, int mode,
		 const char *const *extra, size_t extra_count, struct diag *diag);

/* Remembers that the file has been opened RTLD_GLOBAL by this path in the namespace. */
bool scope_promote(struct namespace *namespace, const char *path, struct identity file);

/* Remembers that the program has opened the file in base by this path, and whether
 * RTLD_GLOBAL. */
bool scope_note_base(const char *path, struct identity file, bool is_global);

/* The object outside of here that was preloaded (LD_PRELOAD) or opened RTLD_GLOBAL, or came
 * with one that was opened so, and defines the symbol: under plain loading it would be in
 * reach. No other that base has from its start. Pinned; NULL if there is none. */
const struct object *scope_promoter(const struct namespace *here, const char *symbol);

/* The object that a load of the file into lmid has to do with: what is loaded there, else in
 * base, if base counts or the program has opened it there, else in any other namespace.
 * NULL if it may as well be loaded anew. */
struct object *scope_object_of(struct identity file, Lmid_t lmid, bool base_counts);

/* Is anything promoted in the namespace, or in any if that is NULL? */
bool scope_is_used(const struct namespace *namespace);

/* Has anything been preloaded? */
bool scope_has_preloaded(void);

/* The address of a symbol that something preloaded defines, or NULL. For dlsym(). */
void *scope_preloaded_symbol(const char *symbol);

/* Does the caller, an object of the namespace, or what it needs define the symbol? */
bool scope_knows(const struct namespace *namespace, const struct object *caller,
		 const char *symbol);

/* The address of a symbol of what is promoted in the namespace, or in any if that
 * is NULL; the first promoted goes first. NULL if none has it. For dlsym(). */
void *scope_symbol(const struct namespace *namespace, const char *symbol);

#endif
