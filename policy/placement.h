/* SPDX-License-Identifier: MIT */
/* A module, what it needs, and what the namespaces have -> which of them it goes
 * to, and why. Pure.
 *
 * Two wishes meet here. What plain loading would share must stay shared: a library
 * is loaded once among the namespaces. And what clashes must stop clashing: a
 * module gets its own libraries, not another's of the same name. */
#ifndef PYPY_ISOLATE_PLACEMENT_H
#define PYPY_ISOLATE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/diag.h"

/* A library: one of the closure of the module, or one that is loaded. Texts are
 * NUL-terminated; none is owned. */
struct placement_library {
	const char *name;	/* the last part of what it is asked for by, or of its path */
	const char *soname;	/* or NULL */
	const char *path;	/* NULL: no file is found for the name; the rest is 0 then */
	uint64_t device, inode;	/* which file it is */
	const char *package;	/* that the file belongs to; NULL: it is the system's */
	bool may_double;	/* the policy has it on `duplicate` */
};

struct placement_space {	/* a namespace */
	const struct placement_library *library;
	size_t library_count;
	const char *const *package;	/* those that live there */
	size_t package_count;
	bool is_common;			/* for modules that bring no library of their own */
	bool has_promoted;		/* something there has been opened RTLD_GLOBAL */
};

struct placement_facts {
	const char *package;	/* of the module, or the group of that */
	bool is_group;
	const struct placement_library *need;	/* its closure, without what all share */
	size_t need_count;
	const struct placement_space *space;
	size_t space_count;
	bool is_full;		/* no further namespace can be made */
};

enum placement_reason {
	PLACEMENT_GROUP,	/* its group lives there */
	PLACEMENT_NAME,		/* a library that it needs is found by its name only there */
	PLACEMENT_PACKAGE_FILE,	/* it needs a package's library that is loaded there */
	PLACEMENT_SYSTEM_FILE,	/* it needs a library of the system that is loaded there */
	PLACEMENT_COMMON,	/* its libraries are the system's, like all others' there */
	PLACEMENT_HOME,		/* its package lives there */
	PLACEMENT_NEIGHBOUR,	/* it needs a library of a package that lives there */
	PLACEMENT_NEW,		/* none of these: a namespace of its own */
	PLACEMENT_FULL,		/* the same, but there is none left */
};

struct placement {
	enum placement_reason reason;
	size_t space;		/* which, of facts->space; not for PLACEMENT_NEW */
	bool is_common;		/* PLACEMENT_NEW: it is to be the common one */
	const struct placement_library *need;	/* what decided, or NULL */
	/* Libraries that it brings, but gets another file of the same name instead. */
	unsigned clashes;
	const struct placement_library *clash, *instead;	/* the first, or NULL */
	/* Libraries that another namespace has, too; plain loading would share them. */
	unsigned doubles;
	const struct placement_library *doubled;	/* the first, or NULL */
	size_t doubled_in;
};

/* Decides, in the order of enum placement_reason; of several namespaces that have a
 * reason the one with most such libraries, then the first. A mere system library
 * does not draw a module to where it would lose a library of its own, and nor does
 * its own package if that library there is another package's. Modules that bring none
 * cannot clash, so they have one namespace in common: then no library of the system is
 * loaded twice. PLACEMENT_FULL goes where clashes are fewest, then packages. facts must
 * outlive placement; when they are full, there must be a namespace. */
void placement_decide(struct placement *placement, const struct placement_facts *facts);

/* The reason as a person reads it: "it shares /usr/lib/libxml2.so.2 there". */
void placement_explain(const struct placement *placement, struct diag *out);

#endif
