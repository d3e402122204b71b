/* SPDX-License-Identifier: MIT */
/* What placement.h wants to know: of a module's files, and of the namespaces.
 *
 * The facts of one decision live in memory of their own, which goes with them. */
#ifndef PYPY_ISOLATE_FACTS_H
#define PYPY_ISOLATE_FACTS_H

#include "audit/claim.h"
#include "policy/arena.h"
#include "policy/placement.h"

struct facts {
	const struct object *interpreter;
	const char *path;			/* of the module; absolute */
	struct arena scratch;
	char *path_room, *package_room;		/* PATH_MAX bytes each, for a while */
	struct placement_facts known;		/* all that it points to is in scratch */
	struct namespace *space[NAMESPACE_MAX];	/* known.space, the namespaces themselves */
	const struct claim *claims;		/* all there were when they were gathered */
};

/* The name of what the rules isolate as one: the package of the module at path, "group
 * NAME", the path itself or "process". */
void facts_package(const char *path, char *package, size_t size);

/* Memory for facts that are zero but for interpreter, path and known.package. False if
 * there is none; else end with facts_end(). */
bool facts_begin(struct facts *facts);
void facts_end(struct facts *facts);

/* Looks up what the module needs in the files; as far as memory goes. elf is the
 * module's, and must outlive facts. */
void facts_of_module(struct facts *facts, const struct elf *elf);

/* Notes what the namespaces of the interpreter have, now. False when memory is out. */
bool facts_of_spaces(struct facts *facts);

/* Claims the namespace for what the module will bring: its libraries, packages of those
 * that live nowhere so far, and its own package if is_home. False if another thread has
 * claimed something since facts_of_spaces(): then the facts are old, and nothing is
 * claimed. */
bool facts_claim(const struct facts *facts, struct namespace *namespace, bool is_home);

/* Where ld.so would find a bare name for a caller with these directories (':' between
 * them) in its RPATH. False if it would not. */
bool facts_find(const char *directories, const char *name, char *path, size_t size);

#endif
