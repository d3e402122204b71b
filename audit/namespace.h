/* SPDX-License-Identifier: MIT */
/* The link-map namespaces that we have made.
 *
 * A namespace of ours begins with a root: the mirror of the interpreter's C API,
 * which needs the mirrors of the glibc family. What stands first in a namespace
 * is, with what it needs, the global scope of all that follows. It is never
 * closed: glibc up to 2.31 crashes when an audited namespace becomes empty. */
#ifndef PYPY_ISOLATE_NAMESPACE_H
#define PYPY_ISOLATE_NAMESPACE_H

#include <link.h>
#include <stdbool.h>

#include "audit/mirror.h"
#include "audit/object.h"
#include "policy/diag.h"

#define NAMESPACE_MAX 16	/* DL_NNS (sysdeps/generic/ldsodefs.h) */

struct promoted;	/* scope.c */

struct adopted {		/* a library of base that the namespace has, too */
	const struct adopted *before;
	const char *name;	/* by which it is asked for */
	const struct object *object;
	struct mirror mirror;
};

struct namespace {
	Lmid_t lmid;
	const struct object *interpreter;
	struct link_map *head;		/* the root's map: what came first */
	bool made;			/* it is there to stay */
	uint64_t life;			/* upper half: which life of it this is; lower half: how
					 * many loads have gone there. 0: it is spare */
	bool is_common;			/* for modules that bring no library of their own */
	const char *root_path;		/* what it was opened by; for RTLD_NOLOAD */
	const struct promoted *promoted;	/* newest first */
	const struct adopted *adopted;		/* newest first */
};

/* A namespace that nobody is in, entered by the caller. NULL, with a reason, if none can
 * be made. */
struct namespace *namespace_make(const struct object *interpreter, struct diag *diag);

/* Has it failed because there are no more? ld.so takes the lowest that is free. */
bool namespace_all_taken(void);

/* Which life of the namespace is it? When the last one leaves, it ends, and with it all
 * that was claimed (claim.h). */
uint32_t namespace_generation(const struct namespace *namespace);

/* Is anybody in it? */
bool namespace_is_used(const struct namespace *namespace);

/* One more load goes there. False if that life of it is over. */
bool namespace_enter(struct namespace *namespace, uint32_t generation);

/* A load that has entered failed, or goes elsewhere. */
void namespace_leave(struct namespace *namespace);

/* The namespace of ours with that link-map id, or NULL. */
struct namespace *namespace_of(Lmid_t lmid);

/* The n-th namespace (from 0), or NULL after the last. */
struct namespace *namespace_number(unsigned n);

/* la_objopen: an object has come into lmid. Tells ours from those that the
 * program makes, by their first object. */
void namespace_arrival(const struct object *object);

/* la_objclose: one goes. When it is the head, making the namespace has failed. */
void namespace_departure(const struct object *object);

/* la_objsearch: what to open when an object of lmid asks for name. NULL: it is a
 * host library without a mirror so far; scope_open() makes that and tries again. */
const char *namespace_search(Lmid_t lmid, const char *name);

/* Lets the namespace have a library that is loaded elsewhere by that name, if it has none
 * so far, and what came with the library. False, with a reason, if it cannot. */
bool namespace_adopt(struct namespace *namespace, const struct object *object,
		     const char *name, struct diag *diag);

/* Does every namespace answer that DT_NEEDED name with the same: a mirror, the C
 * API? A mirror that is missing is noted, and is then made before the load, not
 * after ld.so has failed for want of it. */
bool namespace_shares(const char *name);

#endif
