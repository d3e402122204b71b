/* SPDX-License-Identifier: MIT */
/* A module -> the namespace that it goes to, by the facts (facts.h) and what
 * policy/placement.h decides on them. */
#ifndef PYPY_ISOLATE_PLACE_H
#define PYPY_ISOLATE_PLACE_H

#include "audit/elf_read.h"
#include "audit/namespace.h"
#include "audit/object.h"
#include "policy/diag.h"

/* Finds the namespace for a module of the interpreter, that elf is of, at an absolute path,
 * and enters it (namespace_enter()). package is the name of what the rules isolate as one
 * (facts_package()). NULL, with a reason in diag, if none can be had; else diag says why
 * that one. */
struct namespace *place_module(const struct object *interpreter, const char *path,
			       const char *package, const struct elf *elf,
			       struct diag *diag);

#endif
