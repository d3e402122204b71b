/* SPDX-License-Identifier: MIT */
/* A module -> the namespace that it goes to.
 *
 * placement.h decides by the facts; here a namespace is made when it says so, and
 * what a person should know of the decision is logged. */
#include "audit/place.h"

#include <string.h>

#include "audit/facts.h"
#include "audit/process.h"

struct place {
	struct facts facts;
	const struct elf *elf;		/* the module's; NULL: it needs nothing of its own */
	struct placement placement;
	struct diag *diag;
};

static const char *conf_file(void)
{
	return process.settings.conf_name ? process.settings.conf_name : SETTINGS_CONF_FILE;
}

static void log_clash(const struct place *place, const struct namespace *namespace)
{
	const struct placement *placement = &place->placement;

	if (placement->clashes && placement->reason != PLACEMENT_FULL)
		process_log(LOG_LEVEL_WARNING, "%s: gets %s instead of its own %s: namespace "
			    "%ld, where it goes (%s), has that name already",
			    place->facts.path, placement->instead->path, placement->clash->path,
			    (long)namespace->lmid, place->diag->text);
}

static bool is_group(const char *package)
{
	return strncmp(package, GROUP_PREFIX, strlen(GROUP_PREFIX)) == 0;
}

/* Whom it should have been together with: the package that has the first copy; or if that is
 * its own, the one whose library drew it away from there. NULL: nobody. */
static const char *separated_from(const struct place *place, const struct claim *first)
{
	const struct placement_library *need = place->placement.need;

	if (first && strcmp(first->package, place->facts.known.package) != 0)
		return first->package;
	return first && need ? need->package : NULL;
}

/* The line that would have kept packages together, or "" if there is no such line. */
static void write_group_line(const struct place *place, const char *other, struct diag *line)
{
	line->text[0] = '\0';
	if (!other || rules_per(&process.settings.rules, NULL) != PER_PACKAGE ||
	    is_group(place->facts.known.package) || is_group(other) ||
	    strcmp(other, place->facts.known.package) == 0)
		return;
	diag_set(line, " (if they pass objects of it to each other, put this line into %s: "
		 "group NAME \"%s\" \"%s\")", conf_file(), place->facts.known.package, other);
}

static void log_doubled(const struct place *place, const struct namespace *namespace)
{
	const struct placement *placement = &place->placement;
	const struct claim *first;
	const struct namespace *other;
	struct diag *line;

	if (!placement->doubled)
		return;
	other = place->facts.space[placement->doubled_in];
	first = claim_of_library(place->facts.claims, other, placement->doubled);
	line = arena_take((struct arena *)&place->facts.scratch, sizeof *line);
	if (!line)
		return;
	write_group_line(place, separated_from(place, first), line);
	process_log(LOG_LEVEL_WARNING, "%s: gets a second copy of %s%s in namespace %ld; the "
		    "first is in namespace %ld%s%s%s; `duplicate %s` in the policy says "
		    "that this is well", place->facts.path, placement->doubled->path,
		    placement->doubles > 1 ? " and others" : "", (long)namespace->lmid,
		    (long)other->lmid, first ? ", for " : "", first ? first->package : "",
		    line->text,
		    placement->doubled->name);
}

static void log_full(const struct place *place, const struct namespace *namespace)
{
	const struct placement *placement = &place->placement;

	if (placement->reason == PLACEMENT_FULL)
		process_log(placement->clashes ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
			    "package %s joins namespace %ld, with %zu others: %s",
			    place->facts.known.package, (long)namespace->lmid,
			    place->facts.known.space[placement->space].package_count,
			    place->diag->text);
}

/* There is none left: the one that suits it most. Others may have been made since the
 * facts were gathered. False if one cannot be made for another reason: that can go, and a
 * package lives where it lives for good. */
static bool join(struct place *place)
{
	if (!namespace_all_taken())
		return false;
	process_log(LOG_LEVEL_DEBUG, "%s: %s", place->facts.path, place->diag->text);
	if (!facts_of_spaces(&place->facts) || place->facts.known.space_count == 0)
		return false;
	place->facts.known.is_full = true;
	placement_decide(&place->placement, &place->facts.known);
	return true;
}

static const struct namespace *where(const struct place *place)
{
	return place->placement.reason == PLACEMENT_NEW
		       ? NULL : place->facts.space[place->placement.space];
}

/* The namespace that the facts speak for, entered. NULL: none can be had, and diag says
 * why; or *is_old: the facts are. */
static struct namespace *decide(struct place *place, bool *is_old)
{
	struct namespace *made, *joined;

	place->facts.known.is_full = false;
	placement_decide(&place->placement, &place->facts.known);
	if (!facts_are_full_for(&place->facts, where(place))) {
		facts_of_module(&place->facts, place->elf, true);
		placement_decide(&place->placement, &place->facts.known);
	}
	if (place->placement.reason == PLACEMENT_NEW) {
		made = namespace_make(place->facts.interpreter, place->diag);
		if (made)
			__atomic_store_n(&made->is_common, place->placement.is_common,
					 __ATOMIC_RELEASE);
		if (made || !join(place))
			return made;
	}
	joined = place->facts.space[place->placement.space];
	*is_old = !namespace_enter(joined, place->facts.generation[place->placement.space]);
	return *is_old ? NULL : joined;
}

/* Is it where the package lives from now on? */
static bool is_home(const struct place *place)
{
	enum placement_reason reason = place->placement.reason;

	return reason == PLACEMENT_NEW || reason == PLACEMENT_FULL ||
	       !claim_home(place->facts.claims, place->facts.interpreter,
			   place->facts.known.package);
}

#define ATTEMPTS_MAX 1000	/* each that fails is one in which another thread was done */

/* Decides, by facts that still hold when others can see the decision. */
static struct namespace *decide_with_others(struct place *place)
{
	for (int i = 0; i < ATTEMPTS_MAX && facts_of_spaces(&place->facts); i++) {
		bool is_old = false;
		struct namespace *namespace = decide(place, &is_old);

		if (!namespace && !is_old)
			return NULL;
		if (namespace && facts_claim(&place->facts, namespace, is_home(place)))
			return namespace;
		if (namespace)
			namespace_leave(namespace);
	}
	diag_set(place->diag, "no memory for what namespaces have");
	return NULL;
}

/* What the program has opened in base is the module's, too, as under plain loading. If it
 * cannot be, for want of memory say, the module gets its own, as of any library. */
static void adopt(struct place *place, struct namespace *namespace)
{
	for (size_t i = 0; i < place->facts.adopted_count; i++) {
		const struct facts_adopted *adopted = &place->facts.adopted[i];

		if (!namespace_adopt(namespace, adopted->object, adopted->name, place->diag))
			process_log(LOG_LEVEL_INFO, "%s: gets a copy of %s of its own: %s",
				    place->facts.path, adopted->object->path,
				    place->diag->text);
	}
}

/* Most modules need nothing but libc: they cost no look at any file. */
static bool has_needs(const struct elf *elf)
{
	const char *name;
	size_t at = 0;

	while ((name = elf_needed(elf, &at)))
		if (!namespace_shares(name))
			return true;
	return false;
}

static struct namespace *look_and_decide(struct place *place)
{
	struct namespace *namespace;

	if (place->elf)
		facts_of_module(&place->facts, place->elf, false);
	namespace = decide_with_others(place);
	if (!namespace)
		return NULL;
	adopt(place, namespace);
	placement_explain(&place->placement, place->diag);
	log_full(place, namespace);
	log_clash(place, namespace);
	log_doubled(place, namespace);
	return namespace;
}

/* Where the package lives, for a module that needs nothing: that costs no look. */
static struct namespace *enter_home(const struct object *interpreter, const char *package)
{
	struct namespace *home = claim_home(claim_newest(), interpreter, package);

	return home && namespace_enter(home, namespace_generation(home)) ? home : NULL;
}

struct namespace *place_module(const struct object *interpreter, const char *path,
			       const char *package, const struct elf *elf,
			       struct diag *diag)
{
	struct place place = {
		.facts = {
			.interpreter = interpreter,
			.path = path,
			.known = { .package = package, .is_group = is_group(package) },
		},
		.diag = diag,
	};
	bool is_alone = !has_needs(elf) ||
			rules_per(&process.settings.rules, NULL) == PER_PROCESS;
	struct namespace *namespace = is_alone ? enter_home(interpreter, package) : NULL;

	if (namespace) {
		diag_set(diag, "its package is there");
		return namespace;
	}
	place.elf = is_alone ? NULL : elf;
	if (!facts_begin(&place.facts, place.elf != NULL)) {
		diag_set(diag, "no memory to find out where it belongs");
		return NULL;
	}
	namespace = look_and_decide(&place);
	facts_end(&place.facts);
	return namespace;
}
