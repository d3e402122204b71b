/* SPDX-License-Identifier: MIT */
/* Who lives where: the packages of each namespace, and the libraries that are loaded
 * there or are about to be.
 *
 * Threads decide at once, and may not wait for each other. So what one decides by is
 * the list of all claims as it was when it looked, and what it then claims is added in
 * one step, which fails if the list has changed since. A claim holds for one life of its
 * namespace; the same claim for a later life is the old one, renewed. */
#ifndef PYPY_ISOLATE_CLAIM_H
#define PYPY_ISOLATE_CLAIM_H

#include "audit/namespace.h"
#include "policy/placement.h"

struct claim {
	struct claim *before;		/* made before this one, or NULL */
	struct namespace *namespace;
	const char *package;		/* lives there; or for a library: what brought it */
	bool is_library;
	struct placement_library library;	/* is, was or will be loaded there */
	uint32_t generation;		/* the life of the namespace that it holds for */
};

/* The newest claim, which leads to all. */
struct claim *claim_newest(void);

/* Of the claims from newest on: the namespace that the package of modules of that
 * interpreter lives in first, or NULL. */
struct namespace *claim_home(const struct claim *newest, const struct object *interpreter,
			     const char *package);

/* The newest claim of a package that lives in the namespace, or NULL; what was made before
 * it leads to the next. */
const struct claim *claim_of_package(const struct claim *newest,
				     const struct namespace *namespace);

/* The claim of the namespace for that file, or NULL. */
const struct claim *claim_of_library(const struct claim *newest,
				     const struct namespace *namespace,
				     const struct placement_library *library);

/* Does the claim hold? */
bool claim_holds(const struct claim *claim);

/* Puts one more claim before *list, which is private so far, or renews one that is there.
 * Texts are copied. When memory is out there is none: then another thread may decide
 * otherwise. */
void claim_for_package(struct claim **list, struct namespace *namespace, const char *package);
void claim_for_library(struct claim **list, struct namespace *namespace, const char *package,
		       const struct placement_library *library);

/* Publishes list, which goes on with seen. False if that is not the newest any more. */
bool claim_publish(struct claim *list, struct claim *seen);

#endif
