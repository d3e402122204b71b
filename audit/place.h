/* SPDX-License-Identifier: MIT */
/* A module -> the namespace that it goes to, by the facts (facts.h) and what
 * policy/placement.h decides on them. */
#ifndef PYPY_ISOLATE_PLACE_H
#define PYPY_ISOLATE_PLACE_H

#include "audit/claim.h"
#include "audit/elf_read.h"
#include "audit/object.h"
#include "policy/diag.h"

struct placed {
	struct namespace *namespace;
	struct claim *claims;		/* of this module, up to before; or none */
	const struct claim *before;
};

/* Finds the namespace for a module of the interpreter, that elf is of, at an absolute path.
 * package is the name of what the rules isolate as one (facts_package()). False, with a
 * reason in diag, if none can be had; else diag says why that one. */
bool place_module(struct placed *placed, const struct object *interpreter, const char *path,
		  const char *package, const struct elf *elf, struct diag *diag);

/* The load has failed: what was claimed for it is not. */
void place_withdraw(const struct placed *placed);

#endif
