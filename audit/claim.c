/* SPDX-License-Identifier: MIT */
/* Who lives where. */
#include "audit/claim.h"

#include <string.h>

#include "audit/process.h"

static const struct claim *newest_claim;

const struct claim *claim_newest(void)
{
	return __atomic_load_n(&newest_claim, __ATOMIC_ACQUIRE);
}

bool claim_publish(const struct claim *list, const struct claim *seen)
{
	if (list == seen)
		return claim_newest() == seen;
	return __atomic_compare_exchange_n(&newest_claim, &seen, list, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

struct namespace *claim_home(const struct claim *newest, const struct object *interpreter,
			     const char *package)
{
	struct namespace *home = NULL;

	for (; newest; newest = newest->before)
		if (newest->package && newest->namespace->interpreter == interpreter &&
		    strcmp(newest->package, package) == 0)
			home = newest->namespace;
	return home;
}

const char *claim_package(const struct claim *newest, const struct namespace *namespace,
			  size_t n)
{
	for (; newest; newest = newest->before)
		if (newest->package && newest->namespace == namespace && n-- == 0)
			return newest->package;
	return NULL;
}

static const char *keep(const char *text)
{
	return text ? arena_text(&process.arena, text, strlen(text)) : NULL;
}

static void add(const struct claim **list, struct namespace *namespace, struct claim *claim)
{
	claim->namespace = namespace;
	claim->before = *list;
	*list = claim;
}

void claim_for_package(const struct claim **list, struct namespace *namespace,
		       const char *package)
{
	struct claim *claim = arena_take(&process.arena, sizeof *claim);

	if (claim && (claim->package = keep(package)))
		add(list, namespace, claim);
}

void claim_for_library(const struct claim **list, struct namespace *namespace,
		       const struct placement_library *library)
{
	struct claim *claim = arena_take(&process.arena, sizeof *claim);

	if (!claim)
		return;
	claim->library = *library;
	claim->library.name = keep(library->name);
	claim->library.path = keep(library->path);
	claim->library.soname = keep(library->soname);
	claim->library.package = keep(library->package);
	if (claim->library.name && claim->library.path)
		add(list, namespace, claim);
}
