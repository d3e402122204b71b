/* SPDX-License-Identifier: MIT */
/* A module, what it needs, and what the namespaces have -> which of them it goes
 * to, and why.
 *
 * The rules are a table, rules[], and read from top to bottom. Each gives every
 * namespace points; the first rule that gives any decides. */
#include "policy/placement.h"

#include <string.h>

/* ld.so's way to tell whether a loaded library is the one that is asked for
 * (glibc, elf/dl-load.c, _dl_map_object). */
static bool answers_to(const struct placement_library *loaded, const char *name)
{
	return strcmp(loaded->name, name) == 0 ||
	       (loaded->soname && strcmp(loaded->soname, name) == 0);
}

static bool is_same_file(const struct placement_library *a, const struct placement_library *b)
{
	return a->path && b->path && a->inode == b->inode && a->device == b->device;
}

static bool is_of(const struct placement_library *library, const char *package)
{
	return library->package && strcmp(library->package, package) == 0;
}

static bool lives_in(const char *package, const struct placement_space *space)
{
	for (size_t i = 0; i < space->package_count; i++)
		if (strcmp(space->package[i], package) == 0)
			return true;
	return false;
}

static const struct placement_library *find_name(const struct placement_space *space,
						 const char *name)
{
	for (size_t i = 0; i < space->library_count; i++)
		if (answers_to(&space->library[i], name))
			return &space->library[i];
	return NULL;
}

static bool has_file(const struct placement_space *space,
		     const struct placement_library *need)
{
	for (size_t i = 0; i < space->library_count; i++)
		if (is_same_file(&space->library[i], need))
			return true;
	return false;
}

/* What ld.so would take there instead of the file that the module brings, or NULL.
 * Inside one package that is how plain loading has it, and what it was tested with. */
static const struct placement_library *clash_with(const struct placement_space *space,
						  const struct placement_library *need,
						  const char *package)
{
	const struct placement_library *found = NULL;

	if (need->path)
		found = find_name(space, need->name);
	if (!found || is_same_file(found, need) || is_of(found, package))
		return NULL;
	return found;
}

static unsigned count_clashes(const struct placement_facts *facts,
			      const struct placement_space *space)
{
	unsigned count = 0;

	for (size_t i = 0; i < facts->need_count; i++)
		count += clash_with(space, &facts->need[i], facts->package) != NULL;
	return count;
}

/* ---- does a need give the namespace a point? ---- */

static bool by_name(const struct placement_space *space, const struct placement_library *need)
{
	return !need->path && find_name(space, need->name);
}

static bool by_package_file(const struct placement_space *space,
			    const struct placement_library *need)
{
	return need->package && !need->may_double && has_file(space, need);
}

static bool by_system_file(const struct placement_space *space,
			   const struct placement_library *need)
{
	return !need->package && !need->may_double && has_file(space, need);
}

static bool by_neighbour(const struct placement_space *space,
			 const struct placement_library *need)
{
	return need->package && lives_in(need->package, space);
}

static const struct rule {
	enum placement_reason reason;
	/* NULL: where the package lives */
	bool (*gives_point)(const struct placement_space *space,
			    const struct placement_library *need);
	bool even_with_clashes;
} rules[] = {
	{ PLACEMENT_NAME, by_name, true },
	{ PLACEMENT_PACKAGE_FILE, by_package_file, true },
	{ PLACEMENT_SYSTEM_FILE, by_system_file, false },
	{ PLACEMENT_HOME, NULL, false },
	{ PLACEMENT_NEIGHBOUR, by_neighbour, false },
};

static unsigned points(const struct rule *rule, const struct placement_facts *facts,
		       const struct placement_space *space,
		       const struct placement_library **first)
{
	unsigned count = 0;

	*first = NULL;
	if (!rule->gives_point)
		return lives_in(facts->package, space);
	for (size_t i = 0; i < facts->need_count; i++) {
		const struct placement_library *need = &facts->need[i];

		if (!rule->gives_point(space, need))
			continue;
		if (count++ == 0)
			*first = need;
	}
	return count;
}

/* Twice the points, and one more where the package lives: that breaks a tie. */
static unsigned weight(const struct rule *rule, const struct placement_facts *facts,
		       const struct placement_space *space,
		       const struct placement_library **first)
{
	unsigned count = points(rule, facts, space, first);

	if (count == 0 || (!rule->even_with_clashes && count_clashes(facts, space)))
		return 0;
	return 2 * count + lives_in(facts->package, space);
}

static bool apply(const struct rule *rule, struct placement *placement,
		  const struct placement_facts *facts)
{
	unsigned most = 0;

	for (size_t i = 0; i < facts->space_count; i++) {
		const struct placement_library *first;
		unsigned found = weight(rule, facts, &facts->space[i], &first);

		if (found <= most)
			continue;
		most = found;
		placement->reason = rule->reason;
		placement->space = i;
		placement->need = first;
	}
	return most > 0;
}

static void go_where_least_is(struct placement *placement, const struct placement_facts *facts)
{
	unsigned least = 0;

	placement->reason = PLACEMENT_FULL;
	for (size_t i = 0; i < facts->space_count; i++) {
		const struct placement_space *space = &facts->space[i];
		unsigned found = count_clashes(facts, space);

		if (i > 0 && (found > least ||
			      (found == least && space->package_count >=
			       facts->space[placement->space].package_count)))
			continue;
		least = found;
		placement->space = i;
	}
}

static void note_clashes(struct placement *placement, const struct placement_facts *facts)
{
	const struct placement_space *space = &facts->space[placement->space];

	for (size_t i = 0; i < facts->need_count; i++) {
		const struct placement_library *need = &facts->need[i];
		const struct placement_library *found = clash_with(space, need, facts->package);

		if (found && placement->clashes++ == 0) {
			placement->clash = need;
			placement->instead = found;
		}
	}
}

static bool is_loaded_elsewhere(struct placement *placement,
				const struct placement_facts *facts,
				const struct placement_library *need)
{
	for (size_t i = 0; i < facts->space_count; i++) {
		bool is_here = placement->reason != PLACEMENT_NEW && i == placement->space;

		if (is_here || !has_file(&facts->space[i], need))
			continue;
		placement->doubled = need;
		placement->doubled_in = i;
		return true;
	}
	return false;
}

static void note_doubled(struct placement *placement, const struct placement_facts *facts)
{
	for (size_t i = 0; i < facts->need_count; i++) {
		const struct placement_library *need = &facts->need[i];
		bool is_here = placement->reason != PLACEMENT_NEW &&
			       find_name(&facts->space[placement->space], need->name);

		if (!need->may_double && !is_here &&
		    is_loaded_elsewhere(placement, facts, need))
			return;
	}
}

void placement_decide(struct placement *placement, const struct placement_facts *facts)
{
	bool decided = false;

	memset(placement, 0, sizeof *placement);
	for (size_t i = 0; i < sizeof rules / sizeof *rules && !decided; i++)
		decided = apply(&rules[i], placement, facts);
	if (!decided && facts->is_full)
		go_where_least_is(placement, facts);
	else if (!decided)
		placement->reason = PLACEMENT_NEW;
	if (placement->reason != PLACEMENT_NEW)
		note_clashes(placement, facts);
	note_doubled(placement, facts);
}

void placement_explain(const struct placement *placement, struct diag *out)
{
	const struct placement_library *need = placement->need;

	switch (placement->reason) {
	case PLACEMENT_NAME:
		diag_set(out, "it needs %s, which only that one has", need->name);
		break;
	case PLACEMENT_PACKAGE_FILE:
	case PLACEMENT_SYSTEM_FILE:
		diag_set(out, "it shares %s", need->path);
		break;
	case PLACEMENT_HOME:
		diag_set(out, "its package is there");
		break;
	case PLACEMENT_NEIGHBOUR:
		diag_set(out, "it needs %s of the package %s, which is there", need->path,
			 need->package);
		break;
	case PLACEMENT_NEW:
		diag_set(out, "a new one");
		break;
	case PLACEMENT_FULL:
		if (placement->clashes)
			diag_set(out, "all are taken, and it gets %s instead of its own %s",
				 placement->instead->path, placement->clash->path);
		else
			diag_set(out, "all are taken, and there it meets no library of the "
				 "same name");
		break;
	}
}
