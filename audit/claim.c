/* SPDX-License-Identifier: MIT */
/* Who lives where. */
#include "audit/claim.h"

#include <string.h>

#include "audit/process.h"

static struct claim *newest_claim;

struct claim *claim_newest(void)
{
	return __atomic_load_n(&newest_claim, __ATOMIC_ACQUIRE);
}

bool claim_publish(struct claim *list, struct claim *seen)
{
	if (list == seen)
		return claim_newest() == seen;
	return __atomic_compare_exchange_n(&newest_claim, &seen, list, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

bool claim_holds(const struct claim *claim)
{
	return __atomic_load_n(&claim->generation, __ATOMIC_ACQUIRE) ==
	       namespace_generation(claim->namespace);
}

struct namespace *claim_home(const struct claim *newest, const struct object *interpreter,
			     const char *package)
{
	struct namespace *home = NULL;

	for (; newest; newest = newest->before)
		if (!newest->is_library && claim_holds(newest) &&
		    newest->namespace->interpreter == interpreter &&
		    strcmp(newest->package, package) == 0)
			home = newest->namespace;
	return home;
}

const struct claim *claim_of_package(const struct claim *newest,
				     const struct namespace *namespace)
{
	while (newest && (newest->is_library || newest->namespace != namespace ||
			  !claim_holds(newest)))
		newest = newest->before;
	return newest;
}

static bool is_of_file(const struct claim *claim, const struct namespace *namespace,
		       const struct placement_library *library)
{
	return claim->is_library && claim->namespace == namespace &&
	       claim->library.inode == library->inode &&
	       claim->library.device == library->device;
}

const struct claim *claim_of_library(const struct claim *newest,
				     const struct namespace *namespace,
				     const struct placement_library *library)
{
	while (newest && !(is_of_file(newest, namespace, library) && claim_holds(newest)))
		newest = newest->before;
	return newest;
}

static const char *keep(const char *text)
{
	return text ? arena_text(&process.arena, text, strlen(text)) : NULL;
}

/* In a namespace that we have entered: its life does not end meanwhile. */
static void renew(struct claim *claim)
{
	__atomic_store_n(&claim->generation, namespace_generation(claim->namespace),
			 __ATOMIC_RELEASE);
}

static struct claim *make(struct namespace *namespace, const char *package)
{
	struct claim *claim = arena_take(&process.arena, sizeof *claim);

	if (!claim || !(claim->package = keep(package)))
		return NULL;
	claim->namespace = namespace;
	claim->generation = namespace_generation(namespace);
	return claim;
}

static void add(struct claim **list, struct claim *claim)
{
	claim->before = *list;
	*list = claim;
}

void claim_for_package(struct claim **list, struct namespace *namespace, const char *package)
{
	struct claim *claim = *list;

	while (claim && (claim->is_library || claim->namespace != namespace ||
			 strcmp(claim->package, package) != 0))
		claim = claim->before;
	if (claim)
		renew(claim);
	else if ((claim = make(namespace, package)))
		add(list, claim);
}

void claim_for_library(struct claim **list, struct namespace *namespace, const char *package,
		       const struct placement_library *library)
{
	struct claim *claim = *list;

	while (claim && !is_of_file(claim, namespace, library))
		claim = claim->before;
	if (claim) {
		renew(claim);
		return;
	}
	claim = make(namespace, package);
	if (!claim)
		return;
	claim->is_library = true;
	claim->library = *library;
	claim->library.name = keep(library->name);
	claim->library.path = keep(library->path);
	claim->library.soname = keep(library->soname);
	claim->library.package = keep(library->package);
	if (claim->library.name && claim->library.path)
		add(list, claim);
}
