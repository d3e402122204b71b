/* SPDX-License-Identifier: MIT */
/* package -> link-map namespace: join one, or make one.
 *
 * A namespace of ours begins with a root: the mirror of the interpreter's C API,
 * which needs the mirrors of the glibc family. What stands first in a namespace
 * is, with what it needs, the global scope of all that follows. It is never
 * closed: glibc up to 2.31 crashes when an audited namespace becomes empty. */
#ifndef PYPY_ISOLATE_NAMESPACE_H
#define PYPY_ISOLATE_NAMESPACE_H

#include <link.h>
#include <stdbool.h>

#include "audit/object.h"
#include "policy/diag.h"

#define NAMESPACE_MAX 16	/* DL_NNS (sysdeps/generic/ldsodefs.h) */

struct promoted {
	const struct promoted *before;
	const char *path;	/* what was opened RTLD_GLOBAL */
};

struct namespace {
	Lmid_t lmid;
	const struct object *interpreter;
	struct link_map *head;		/* the root's map: what came first */
	bool made;			/* it is there to stay */
	const char *root_path;		/* what it was opened by; for RTLD_NOLOAD */
	const struct promoted *promoted;	/* newest first */
	unsigned packages;		/* that live here */
};

/* The namespace of a package of modules of that interpreter. Makes it when there
 * is none, or when all are taken joins one, for the module in elf: one that has
 * loaded none of the names that it needs, while there is a choice, or else as few
 * as possible. NULL, with a reason, if not one namespace can be made. */
struct namespace *namespace_join(const struct object *interpreter, const char *package,
				 const struct elf *elf, struct diag *diag);

/* The namespace of ours with that link-map id, or NULL. */
struct namespace *namespace_of(Lmid_t lmid);

/* The n-th namespace (from 0), or NULL after the last. */
struct namespace *namespace_number(unsigned n);

/* Opens path in the namespace with base's dlmopen, never RTLD_GLOBAL. Through a
 * scope object when something has been promoted there, or when objects at
 * extra_count extra paths are to be in scope. NULL: base's dlerror() has the
 * reason. */
void *namespace_open(struct namespace *namespace, const char *path, int mode,
		     const char *const *extra, size_t extra_count);

/* Remembers that path has been opened RTLD_GLOBAL. */
void namespace_promote(struct namespace *namespace, const char *path);

/* The object in another namespace than here that was opened RTLD_GLOBAL, or came
 * with one that was, and defines the symbol: under plain loading it would be in
 * reach. NULL if there is none. */
const struct object *namespace_promoter(const struct namespace *here, const char *symbol);

/* la_objopen: an object has come into lmid. Tells ours from those that the
 * program makes, by their first object. */
void namespace_arrival(const struct object *object);

/* la_objclose: one goes. When it is the head, making the namespace has failed. */
void namespace_departure(const struct object *object);

/* la_objsearch: what to open when an object of lmid asks for name. NULL: it is a
 * host library without a mirror so far; namespace_open() makes that and tries
 * again. */
const char *namespace_search(Lmid_t lmid, const char *name);

#endif
