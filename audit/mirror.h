/* SPDX-License-Identifier: MIT */
/* A loaded object + a filter -> an image that stands for it in a namespace.
 *
 * A mirror has the original's symbols at the addresses that base would bind
 * them to, as SHN_ABS: ld.so takes those as they are (glibc >= 2.28). */
#ifndef PYPY_ISOLATE_MIRROR_H
#define PYPY_ISOLATE_MIRROR_H

#include "audit/memfile.h"
#include "audit/object.h"

struct mirror {
	struct memfile file;	/* file.path is what ld.so gets to open */
};

/* Which symbols of the original does the mirror have? */
struct mirror_filter {
	bool (*passes)(const void *context, const char *name);	/* NULL: all */
	const void *context;
};

/* Makes the mirror of object. label is shown in /proc/PID/maps; needed are its
 * DT_NEEDED. False, with a reason, if there is no memory for it, or if a symbol
 * that passes is thread-local: such a symbol has no address that threads share
 * (glibc's own are private to glibc, and left out instead). */
bool mirror_make(struct mirror *mirror, const struct object *object, const char *label,
		 const struct mirror_filter *filter, const char *const *needed,
		 size_t needed_count, struct diag *diag);

/* Can it be mirrored? Not if a symbol of it is thread-local, see above. */
bool mirror_is_possible(const struct object *object);

/* Makes a scope object: no symbols, only DT_NEEDED. */
bool mirror_make_scope(struct mirror *mirror, const char *label, const char *const *needed,
		       size_t needed_count, struct diag *diag);

#endif
