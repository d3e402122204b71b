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

static bool holds(const struct claim *claim)
{
	return !__atomic_load_n(&claim->is_void, __ATOMIC_ACQUIRE);
}

static bool is_claimed(const struct namespace *namespace)
{
	for (const struct claim *claim = claim_newest(); claim; claim = claim->before)
		if (claim->namespace == namespace && holds(claim))
			return true;
	return false;
}

void claim_withdraw(struct claim *list, const struct claim *seen)
{
	struct namespace *namespace = list != seen ? list->namespace : NULL;

	for (; list != seen; list = list->before)
		__atomic_store_n(&list->is_void, true, __ATOMIC_RELEASE);
	if (namespace && !is_claimed(namespace))
		namespace_return(namespace);
}

struct namespace *claim_home(const struct claim *newest, const struct object *interpreter,
			     const char *package)
{
	struct namespace *home = NULL;

	for (; newest; newest = newest->before)
		if (!newest->is_library && holds(newest) &&
		    newest->namespace->interpreter == interpreter &&
		    strcmp(newest->package, package) == 0)
			home = newest->namespace;
	return home;
}

const char *claim_package(const struct claim *newest, const struct namespace *namespace,
			  size_t n)
{
	for (; newest; newest = newest->before)
		if (!newest->is_library && newest->namespace == namespace && holds(newest) &&
		    n-- == 0)
			return newest->package;
	return NULL;
}

const struct claim *claim_of_library(const struct claim *newest,
				     const struct namespace *namespace,
				     const struct placement_library *library)
{
	for (; newest; newest = newest->before)
		if (newest->is_library && newest->namespace == namespace && holds(newest) &&
		    newest->library.inode == library->inode &&
		    newest->library.device == library->device)
			break;
	return newest;
}

static const char *keep(const char *text)
{
	return text ? arena_text(&process.arena, text, strlen(text)) : NULL;
}

static struct claim *make(struct namespace *namespace, const char *package)
{
	struct claim *claim = arena_take(&process.arena, sizeof *claim);

	if (!claim || !(claim->package = keep(package)))
		return NULL;
	claim->namespace = namespace;
	return claim;
}

static void add(struct claim **list, struct claim *claim)
{
	claim->before = *list;
	*list = claim;
}

void claim_for_package(struct claim **list, struct namespace *namespace, const char *package)
{
	struct claim *claim = make(namespace, package);

	if (claim)
		add(list, claim);
}

void claim_for_library(struct claim **list, struct namespace *namespace, const char *package,
		       const struct placement_library *library)
{
	struct claim *claim = make(namespace, package);

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
