/* SPDX-License-Identifier: MIT */
/* What placement.h wants to know: of a module's files, and of the namespaces.
 *
 * The facts of one decision live in memory of their own, which goes with them. */
#ifndef PYPY_ISOLATE_FACTS_H
#define PYPY_ISOLATE_FACTS_H

#include <limits.h>

#include "audit/claim.h"
#include "policy/arena.h"
#include "policy/placement.h"

struct facts {
	const struct object *interpreter;
	const char *path;			/* of the module; absolute */
	struct arena scratch;
	char *path_room, *package_room;		/* PATH_MAX and PACKAGE_MAX bytes */
	struct facts_adopted {
		const char *name;		/* as DT_NEEDED has it */
		const struct object *object;	/* of base; the program has opened it; pinned */
	} *adopted;
	size_t adopted_count;
	bool fully;				/* what loaded libraries need was read, too */
	struct placement_facts known;		/* all that it points to is in scratch */
	struct namespace *space[NAMESPACE_MAX];	/* known.space, the namespaces themselves */
	uint32_t generation[NAMESPACE_MAX];	/* the lives of them that the facts are of */
	struct claim *claims;			/* all there were when they were gathered */
};

#define PACKAGE_MAX (NAME_MAX + 1)	/* bytes of a package's name */
#define GROUP_PREFIX "group "		/* stands before the name of a group */

/* The name of what the rules isolate as one: the package of the module at path, "group
 * NAME", the path itself or "process". In room if it is not there already. */
const char *facts_package(const char *path, char room[PACKAGE_MAX]);

/* Memory for facts that are zero but for interpreter, path and known.package; only with
 * has_needs for facts_of_module(). False if there is none; else end with facts_end(). */
bool facts_begin(struct facts *facts, bool has_needs);
void facts_end(struct facts *facts);

/* Looks up what the module needs in the files; as far as memory goes. elf is the
 * module's, and must outlive facts. What a namespace has loaded is not read, and what
 * that needs is left out, unless fully: it is loaded there, too. */
void facts_of_module(struct facts *facts, const struct elf *elf, bool fully);

/* Is all that was left out in that namespace? NULL: a new one. */
bool facts_are_full_for(const struct facts *facts, const struct namespace *namespace);

/* Notes what the namespaces of the interpreter have, now. False when memory is out. */
bool facts_of_spaces(struct facts *facts);

/* Claims the namespace, which has been entered, for what the module will bring: its
 * libraries, packages of those that live nowhere so far, and its own package if is_home.
 * False if another thread has claimed something since facts_of_spaces(): then the facts
 * are old. */
bool facts_claim(const struct facts *facts, struct namespace *namespace, bool is_home);

#endif
