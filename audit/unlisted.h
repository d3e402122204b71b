/* SPDX-License-Identifier: MIT */
/* A load that failed for a symbol -> who of base has that symbol, and a way to
 * let the module have it all the same.
 *
 * Under plain loading any library of the interpreter answers for a symbol that a
 * module neither defines nor gets from its own libraries. In a namespace none
 * does. Such a symbol is unlisted. */
#ifndef PYPY_ISOLATE_UNLISTED_H
#define PYPY_ISOLATE_UNLISTED_H

#include "audit/mirror.h"
#include "audit/object.h"

#define UNLISTED_MAX	8	/* libraries of base that one load may be given symbols of */

struct unlisted_name {
	const struct unlisted_name *before;
	const char *name;
};

struct unlisted_giver {
	const struct object *object;
	const struct unlisted_name *names;	/* that it is to give */
	struct mirror mirror;			/* with these and no others */
};

/* What one load has been given so far. */
struct unlisted_gifts {
	struct unlisted_giver giver[UNLISTED_MAX];
	size_t count;
	struct arena memory;			/* of the names, once there are any */
	const char *path[UNLISTED_MAX];		/* of the mirrors, for the scope object */
};

/* The symbol that a text of dlerror() misses: name gets it. False: it is about
 * something else. ld.so never translates these words (elf/dl-lookup.c). */
bool unlisted_symbol(const char *error, char *name, size_t size);

/* The first object of base that defines the name, pinned, or NULL. */
const struct object *unlisted_definer(const char *name);

/* Adds a symbol of object. False, with a reason, if that cannot be done. */
bool unlisted_give(struct unlisted_gifts *unlisted, const struct object *object,
		   const char *name, struct diag *diag);

/* Closes what a load no longer needs. */
void unlisted_end(struct unlisted_gifts *unlisted);

#endif
