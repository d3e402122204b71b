/* SPDX-License-Identifier: MIT */
/* A module -> the namespace that it goes to.
 *
 * placement.h decides by the facts; here a namespace is made when it says so, and
 * what a person should know of the decision is logged. */
#include "audit/place.h"

#include "audit/facts.h"
#include "audit/process.h"

struct place {
	struct facts facts;
	const char *package;
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

	if (placement->clashes)
		process_log(LOG_LEVEL_WARNING, "%s: gets %s instead of its own %s: namespace "
			    "%ld, where it goes (%s), has that name already",
			    place->facts.path, placement->instead->path, placement->clash->path,
			    (long)namespace->lmid, place->diag->text);
}

static void log_doubled(const struct place *place, const struct namespace *namespace)
{
	const struct placement *placement = &place->placement;
	const struct namespace *other;
	const char *neighbour;

	if (!placement->doubled)
		return;
	other = place->facts.space[placement->doubled_in];
	neighbour = namespace_package(other, 0);
	process_log(LOG_LEVEL_WARNING, "%s: gets a second copy of %s in namespace %ld; the "
		    "first is in namespace %ld. If packages pass objects of it to each other, "
		    "put this line into %s: group NAME \"%s\" \"%s\"; if not: duplicate %s",
		    place->facts.path, placement->doubled->path, (long)namespace->lmid,
		    (long)other->lmid, conf_file(), place->package,
		    neighbour ? neighbour : "", placement->doubled->name);
}

static void log_full(const struct place *place, const struct namespace *namespace)
{
	if (place->placement.reason == PLACEMENT_FULL)
		process_log(LOG_LEVEL_INFO, "package %s joins namespace %ld, with %zu others: "
			    "%s", place->package, (long)namespace->lmid,
			    place->facts.known.space[place->placement.space].package_count,
			    place->diag->text);
}

/* Packages that the module needs libraries of come to live there, too. */
static void settle_neighbours(struct place *place, struct namespace *namespace)
{
	for (size_t i = 0; i < place->facts.known.need_count; i++) {
		const char *package = place->facts.known.need[i].package;

		if (package && !namespace_home(place->facts.interpreter, package))
			namespace_settle(namespace, package, NULL);
	}
}

/* A namespace of its own, or where there is none left the one that suits it most. */
static struct namespace *make_or_join(struct place *place)
{
	struct namespace *home = namespace_home(place->facts.interpreter, place->package);
	struct namespace *made = namespace_make(place->facts.interpreter, place->diag);
	struct namespace *settled;

	if (!made) {
		if (place->facts.known.space_count == 0)
			return NULL;
		process_log(LOG_LEVEL_DEBUG, "%s: %s", place->facts.path, place->diag->text);
		place->facts.known.is_full = true;
		placement_decide(&place->placement, &place->facts.known);
		made = place->facts.space[place->placement.space];
	}
	placement_explain(&place->placement, place->diag);
	settled = namespace_settle(made, place->package, home);
	if (!settled)
		diag_set(place->diag, "no memory for the package %s", place->package);
	if (settled != made && !place->facts.known.is_full)
		namespace_return(made);
	return settled;
}

static struct namespace *decide(struct place *place)
{
	struct namespace *namespace;

	placement_decide(&place->placement, &place->facts.known);
	if (place->placement.reason == PLACEMENT_NEW)
		return make_or_join(place);
	namespace = place->facts.space[place->placement.space];
	placement_explain(&place->placement, place->diag);
	if (!namespace_home(place->facts.interpreter, place->package))
		namespace_settle(namespace, place->package, NULL);
	return namespace;
}

#define ATTEMPTS_MAX 100	/* more threads than that do not decide at once */

/* Decides by facts that still hold when others can see the decision. */
static struct namespace *decide_with_others(struct place *place)
{
	struct namespace *namespace = NULL;

	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		if (!facts_of_spaces(&place->facts))
			break;
		namespace = decide(place);
		if (!namespace || facts_reserve(&place->facts, namespace))
			break;
	}
	return namespace;
}

/* Most modules need nothing but libc: they cost no look at any file. */
static bool has_needs(const struct elf *elf)
{
	const char *name;

	for (size_t n = 0; (name = elf_needed(elf, n)); n++)
		if (!namespace_shares(name))
			return true;
	return false;
}

static struct namespace *look_and_decide(struct place *place, bool is_alone)
{
	struct namespace *namespace;

	if (!is_alone)
		facts_of_module(&place->facts);
	diag_set(place->diag, "no memory for what namespaces have");
	namespace = decide_with_others(place);
	if (!namespace)
		return NULL;
	settle_neighbours(place, namespace);
	log_full(place, namespace);
	log_clash(place, namespace);
	log_doubled(place, namespace);
	return namespace;
}

struct namespace *place_module(const struct object *interpreter, const char *path,
			       const struct elf *elf, char *package, size_t size,
			       struct diag *diag)
{
	struct place place = {
		.facts = {
			.interpreter = interpreter,
			.path = path,
			.known = { .package = package },
		},
		.package = package,
		.diag = diag,
	};
	bool is_alone = !has_needs(elf) ||
			rules_per(&process.settings.rules, NULL) == PER_PROCESS;
	struct namespace *namespace;

	facts_package(path, package, size);
	namespace = is_alone ? namespace_home(interpreter, package) : NULL;
	if (namespace) {
		diag_set(diag, "its package is there");
		return namespace;
	}
	if (!facts_begin(&place.facts)) {
		diag_set(diag, "no memory to find out where it belongs");
		return NULL;
	}
	namespace = look_and_decide(&place, is_alone);
	facts_end(&place.facts);
	return namespace;
}
