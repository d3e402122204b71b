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

/* What its package has opened RTLD_GLOBAL is in reach at home only. */
static bool is_bound_to_home(const struct placement_facts *facts)
{
	for (size_t i = 0; i < facts->space_count; i++)
		if (facts->space[i].has_promoted && lives_in(facts->package, &facts->space[i]))
			return true;
	return false;
}

/* Are all its libraries the system's, and is there one that counts? */
static bool is_common(const struct placement_facts *facts)
{
	bool any = false;

	for (size_t i = 0; i < facts->need_count; i++) {
		const struct placement_library *need = &facts->need[i];

		if (!need->path || need->package)
			return false;
		any |= !need->may_double;
	}
	return any && !is_bound_to_home(facts);
}

/* ---- how many points does a namespace get? ---- */

typedef unsigned points(const struct placement_facts *facts,
			const struct placement_space *space,
			const struct placement_library **first);

typedef bool test(const struct placement_space *space, const struct placement_library *need);

static unsigned count_needs(test *passes, const struct placement_facts *facts,
			    const struct placement_space *space,
			    const struct placement_library **first)
{
	unsigned count = 0;

	for (size_t i = 0; i < facts->need_count; i++)
		if (passes(space, &facts->need[i]) && count++ == 0)
			*first = &facts->need[i];
	return count;
}

static bool has_name(const struct placement_space *space, const struct placement_library *need)
{
	return !need->path && find_name(space, need->name);
}

static bool has_package_file(const struct placement_space *space,
			     const struct placement_library *need)
{
	return need->package && !need->may_double && has_file(space, need);
}

static bool has_system_file(const struct placement_space *space,
			    const struct placement_library *need)
{
	return !need->package && !need->may_double && has_file(space, need);
}

static bool has_neighbour(const struct placement_space *space,
			  const struct placement_library *need)
{
	return need->package && lives_in(need->package, space);
}

static unsigned by_group(const struct placement_facts *facts,
			 const struct placement_space *space,
			 const struct placement_library **first)
{
	(void)first;
	return facts->is_group && lives_in(facts->package, space);
}

static unsigned by_name(const struct placement_facts *facts,
			const struct placement_space *space,
			const struct placement_library **first)
{
	return count_needs(has_name, facts, space, first);
}

static unsigned by_package_file(const struct placement_facts *facts,
				const struct placement_space *space,
				const struct placement_library **first)
{
	return count_needs(has_package_file, facts, space, first);
}

static unsigned by_system_file(const struct placement_facts *facts,
			       const struct placement_space *space,
			       const struct placement_library **first)
{
	return count_needs(has_system_file, facts, space, first);
}

static unsigned by_common(const struct placement_facts *facts,
			  const struct placement_space *space,
			  const struct placement_library **first)
{
	(void)first;
	return space->is_common && is_common(facts);
}

static unsigned by_home(const struct placement_facts *facts,
			const struct placement_space *space,
			const struct placement_library **first)
{
	(void)first;
	return lives_in(facts->package, space);
}

static unsigned by_neighbour(const struct placement_facts *facts,
			     const struct placement_space *space,
			     const struct placement_library **first)
{
	return count_needs(has_neighbour, facts, space, first);
}

static const struct rule {
	enum placement_reason reason;
	points *points;
	bool even_with_clashes;
} rules[] = {
	{ PLACEMENT_GROUP, by_group, true },
	{ PLACEMENT_NAME, by_name, true },
	{ PLACEMENT_PACKAGE_FILE, by_package_file, true },
	{ PLACEMENT_SYSTEM_FILE, by_system_file, false },
	{ PLACEMENT_COMMON, by_common, false },
	{ PLACEMENT_HOME, by_home, false },
	{ PLACEMENT_NEIGHBOUR, by_neighbour, false },
};

/* Twice the points, and one more where the package lives: that breaks a tie. */
static unsigned weight(const struct rule *rule, const struct placement_facts *facts,
		       const struct placement_space *space,
		       const struct placement_library **first)
{
	unsigned count;

	*first = NULL;
	count = rule->points(facts, space, first);
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

static bool is_at(const struct placement *placement, size_t space)
{
	return placement->reason != PLACEMENT_NEW && space == placement->space;
}

static void note_double(struct placement *placement, const struct placement_facts *facts,
			const struct placement_library *need)
{
	for (size_t i = 0; i < facts->space_count; i++) {
		if (is_at(placement, i) || !has_file(&facts->space[i], need))
			continue;
		if (placement->doubles++ == 0) {
			placement->doubled = need;
			placement->doubled_in = i;
		}
		return;
	}
}

static void note_doubles(struct placement *placement, const struct placement_facts *facts)
{
	for (size_t i = 0; i < facts->need_count; i++) {
		const struct placement_library *need = &facts->need[i];
		bool is_here = placement->reason != PLACEMENT_NEW &&
			       find_name(&facts->space[placement->space], need->name);

		if (!need->may_double && !is_here)
			note_double(placement, facts, need);
	}
}

/* Should a common namespace be made? */
static bool lacks_common(const struct placement_facts *facts)
{
	for (size_t i = 0; i < facts->space_count; i++)
		if (facts->space[i].is_common)
			return false;
	return !facts->is_full && is_common(facts);
}

static bool apply_all(struct placement *placement, const struct placement_facts *facts)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (apply(&rules[i], placement, facts))
			return true;
		if (rules[i].reason == PLACEMENT_COMMON && lacks_common(facts)) {
			placement->is_common = true;
			return false;
		}
	}
	return false;
}

void placement_decide(struct placement *placement, const struct placement_facts *facts)
{
	memset(placement, 0, sizeof *placement);
	if (!apply_all(placement, facts)) {
		if (facts->is_full)
			go_where_least_is(placement, facts);
		else
			placement->reason = PLACEMENT_NEW;
	}
	if (placement->reason != PLACEMENT_NEW)
		note_clashes(placement, facts);
	note_doubles(placement, facts);
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
	case PLACEMENT_GROUP:
		diag_set(out, "its group is there");
		break;
	case PLACEMENT_COMMON:
		diag_set(out, "it brings no library, like the others there");
		break;
	case PLACEMENT_HOME:
		diag_set(out, "its package is there");
		break;
	case PLACEMENT_NEIGHBOUR:
		diag_set(out, "it needs %s of the package %s, which is there", need->path,
			 need->package);
		break;
	case PLACEMENT_NEW:
		diag_set(out, placement->is_common ? "a new one, for what brings no library"
						   : "a new one");
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
