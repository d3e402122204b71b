/* SPDX-License-Identifier: MIT */
/* A C API whitelist: the names of the interpreter that modules may bind to.
 *
 * The text is policy/capi/pypy.list or one like it: a name a line, sorted by
 * byte value (LC_ALL=C), after lines of `# comment`, `probe NAME`, `never PATTERN` and
 * `newer PATTERN`. A name is allowed if no `never` pattern matches it and it is
 * listed or a `newer` pattern matches it: interpreters newer than the list add
 * names, and those patterns say what a C API name looks like. */
#ifndef PYPY_ISOLATE_CAPI_H
#define PYPY_ISOLATE_CAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/diag.h"

struct capi {
	const char *file;		/* for messages */
	const char *probe;		/* a name that every interpreter of this C API exports */
	const char *const *never;	/* patterns, NULL-terminated */
	uint64_t never_leads;		/* how they begin: most names begin otherwise */
	const char *const *newer;	/* patterns, NULL-terminated */
	const char *names;		/* the sorted names, newline after each; not owned */
	size_t names_length;		/* bytes */
};

/* Reads a list. text (length bytes) must outlive capi; patterns and probe come
 * from arena. False, with `file:line: what`, for a list that is not sorted, has
 * a name that C could not have, an unknown word or no probe. */
bool capi_read(struct capi *capi, const char *file, const char *text, size_t length,
	       struct arena *arena, struct diag *diag);

/* The same without the checks of the names, which take most of the time: for the
 * compiled-in lists, which a test has read with capi_read(). */
bool capi_trust(struct capi *capi, const char *file, const char *text, size_t length,
		struct arena *arena, struct diag *diag);

/* May a module bind to this name of the interpreter? Why, when not NULL, gets
 * "listed", "newer" or "never", or NULL for a name that nothing mentions. */
bool capi_allows(const struct capi *capi, const char *name, const char **why);

#endif
