/* SPDX-License-Identifier: MIT */
/* A module's files, and what is loaded -> what placement.h wants to know.
 *
 * The hard thing is to be cheap: every import comes by here. A module without libraries
 * costs nothing, and of a library a few KB are read. */
#include "audit/facts.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/elf_machine.h"
#include "audit/libraries.h"
#include "audit/process.h"
#include "audit/scope.h"
#include "audit/search.h"
#include "policy/package.h"

/* ---- which package? ---- */

static bool has_init(const char *path, size_t length)
{
	static const char init[] = "/__init__.py";
	struct arena scratch;
	bool found;
	char *file;

	if (!process_scratch(&scratch))
		return false;
	file = arena_take(&scratch, length + sizeof init);
	found = file && strcpy(mempcpy(file, path, length), init) && access(file, F_OK) == 0;
	process_scratch_end(&scratch);
	return found;
}

/* The length of the first directory, going up from the file, without __init__.py. */
static size_t top_of(const char *path)
{
	const char *end = strrchr(path, '/');
	size_t length = end ? (size_t)(end - path) : 0;

	while (length > 0 && has_init(path, length))
		while (length > 0 && path[--length] != '/')
			;
	return length;
}

/* The group that a package belongs to is isolated as one, under its name. */
static void use_group(char room[PACKAGE_MAX])
{
	const char *group = rules_group(&process.settings.rules, room, NULL);

	if (group)
		snprintf(room, PACKAGE_MAX, GROUP_PREFIX "%s", group);
}

const char *facts_package(const char *path, char room[PACKAGE_MAX])
{
	const struct rules *rules = &process.settings.rules;

	switch (rules_per(rules, NULL)) {
	case PER_PROCESS:
		return "process";
	case PER_MODULE:
		return path;
	case PER_PACKAGE:
		break;
	}
	if (!package_in_site(rules, path, room, PACKAGE_MAX, NULL))
		package_below(path, top_of(path), room, PACKAGE_MAX);
	use_group(room);
	return room;
}

/* The package that a library belongs to; "" if to none, so to the system. */
static void package_of_library(const char *path, char room[PACKAGE_MAX])
{
	const char *name = package_file_name(path);
	size_t top;

	room[0] = '\0';
	if (!package_in_site(&process.settings.rules, path, room, PACKAGE_MAX, NULL)) {
		top = top_of(path);
		if (path + top + 1 >= name)
			return;
		package_below(path, top, room, PACKAGE_MAX);
	}
	use_group(room);
}

/* ---- what is loaded ---- */

/* Names that stay: objects point to them. There are as many as packages. */
static const char *keep_name(const char *name)
{
	struct kept {
		struct kept *before;
		char *name;
	};
	static struct kept *all;
	struct kept *kept = __atomic_load_n(&all, __ATOMIC_ACQUIRE);

	for (; kept; kept = kept->before)
		if (strcmp(kept->name, name) == 0)
			return kept->name;
	kept = arena_take(&process.arena, sizeof *kept);
	if (!kept || !(kept->name = arena_text(&process.arena, name, strlen(name))))
		return "";
	kept->before = __atomic_load_n(&all, __ATOMIC_ACQUIRE);
	while (!__atomic_compare_exchange_n(&all, &kept->before, kept, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE))
		;
	return kept->name;
}

/* Found out once for each object. Its path can have ".." parts: RUNPATHs have. */
static const char *package_of_loaded(struct facts *facts, struct object *object)
{
	if (!object->package) {
		if (!process_absolute(object->path, facts->path_room, PATH_MAX))
			return NULL;
		package_of_library(facts->path_room, facts->package_room);
		object->package = keep_name(facts->package_room);
	}
	return object->package[0] ? object->package : NULL;
}

static struct placement_library describe_loaded(struct facts *facts, struct object *object)
{
	return (struct placement_library){
		.name = object->name,
		.soname = object->soname[0] ? object->soname : NULL,
		.path = object->path,
		.device = object->file.device,
		.inode = object->file.inode,
		.package = package_of_loaded(facts, object),
	};
}

/* What is loaded there or is about to be, and what it has of base. Other mirrors, which
 * have no name, are everybody's. */
static bool gather_libraries(struct facts *facts, const struct namespace *namespace,
			     struct placement_space *space)
{
	const struct adopted *first = __atomic_load_n(&namespace->adopted, __ATOMIC_ACQUIRE);
	const struct adopted *adopted;
	const struct claim *claim;
	struct placement_library *library;
	size_t count = 0, i = 0;

	for (struct object *object = object_next(NULL); object; object = object_next(object))
		count += object->lmid == namespace->lmid && object->name[0];
	for (adopted = first; adopted; adopted = adopted->before)
		count++;
	for (claim = facts->claims; claim; claim = claim->before)
		count += claim->is_library && claim->namespace == namespace;
	library = arena_take(&facts->scratch, (count + 1) * sizeof *library);
	if (!library)
		return false;
	for (claim = facts->claims; claim; claim = claim->before)
		if (claim->is_library && claim->namespace == namespace &&
		    claim_holds(claim) && i < count)
			library[i++] = claim->library;
	for (adopted = first; adopted; adopted = adopted->before)
		library[i++] = (struct placement_library){
			.name = adopted->name, .path = adopted->object->path,
			.device = adopted->object->file.device,
			.inode = adopted->object->file.inode,
		};
	for (struct object *object = object_next(NULL); object; object = object_next(object))
		if (object->lmid == namespace->lmid && object->name[0] && i < count)
			library[i++] = describe_loaded(facts, object);
	space->library = library;
	space->library_count = i;
	return true;
}

static bool gather_packages(struct facts *facts, const struct namespace *namespace,
			    struct placement_space *space)
{
	const struct claim *first = claim_of_package(facts->claims, namespace), *claim;
	const char **package;
	size_t count = 0, i = 0;

	for (claim = first; claim; claim = claim_of_package(claim->before, namespace))
		count++;
	package = arena_take(&facts->scratch, (count + 1) * sizeof *package);
	if (!package)
		return false;
	/* A claim can end meanwhile, and an ended one be renewed. */
	for (claim = first; claim && i < count;
	     claim = claim_of_package(claim->before, namespace))
		package[i++] = claim->package;
	space->package = package;
	space->package_count = i;
	space->is_common = __atomic_load_n(&namespace->is_common, __ATOMIC_ACQUIRE);
	space->has_promoted = scope_is_used(namespace);
	return true;
}

bool facts_of_spaces(struct facts *facts)
{
	struct placement_space *space;
	struct namespace *namespace;
	size_t count = 0;

	facts->claims = claim_newest();
	space = arena_take(&facts->scratch, NAMESPACE_MAX * sizeof *space);
	if (!space)
		return false;
	for (unsigned n = 0; (namespace = namespace_number(n)); n++) {
		if (namespace->interpreter != facts->interpreter || count == NAMESPACE_MAX ||
		    !namespace_is_used(namespace))
			continue;
		facts->generation[count] = namespace_generation(namespace);
		/* A module that needs none meets none. */
		if (facts->known.need_count > 0 &&
		    !gather_libraries(facts, namespace, &space[count]))
			return false;
		if (!gather_packages(facts, namespace, &space[count]))
			return false;
		facts->space[count++] = namespace;
	}
	facts->known.space = space;
	facts->known.space_count = count;
	return true;
}

/* ---- what the module needs ---- */

static const char *note(struct facts *facts, const char *text)
{
	return arena_text(&facts->scratch, text, strlen(text));
}

/* file is what was asked for: the object may have gone, and its entry be another's. */
static void describe_known(struct closure_object *found, struct object *object,
			   struct identity file)
{
	found->path = object->path;
	found->soname = object->soname[0] ? object->soname : NULL;
	found->device = file.device;
	found->inode = file.inode;
	found->known = object;
}

static bool know(const char *path, bool in_namespaces, struct closure_object *found)
{
	struct object *object;
	struct status status;

	object = status_of_path(path, &status)
			 ? scope_object_of(status.identity, LM_ID_NEWLM, false) : NULL;
	if (!object ||
	    !(object->lmid == LM_ID_BASE ? mirror_is_possible(object) : in_namespaces))
		return false;
	describe_known(found, object, status.identity);
	return true;
}

/* What the program has opened in base is not loaded again, if it can be mirrored. */
static bool knows_opened(void *context, const char *path, struct closure_object *found)
{
	(void)context;
	return know(path, false, found);
}

/* What a namespace has loaded need not be read again, nor what that needs, for it is
 * there, too: of 50 modules with 38 libraries each, reading took longer than loading. */
static bool knows_loaded(void *context, const char *path, struct closure_object *found)
{
	(void)context;
	return know(path, true, found);
}

static const char *package_of_need(struct facts *facts, const struct closure_object *object)
{
	if (object->known)
		return package_of_loaded(facts, object->known);
	package_of_library(facts->path_room, facts->package_room);
	return facts->package_room[0] ? note(facts, facts->package_room) : NULL;
}

/* On `duplicate`; or on `share`, but it could not be: an old libgcc_s. */
static bool may_double(const char *soname)
{
	const struct rules *rules = &process.settings.rules;

	return rules_duplicate(rules, soname, NULL) || rules_shared(rules, soname, NULL);
}

static bool describe_need(struct facts *facts, const struct closure_object *object,
			  struct placement_library *need)
{
	*need = (struct placement_library){ .name = package_file_name(object->name) };
	if (!object->path)
		return true;
	need->soname = object->soname;
	need->device = object->device;
	need->inode = object->inode;
	need->may_double = may_double(need->name) ||
			   (object->soname && may_double(object->soname));
	if (object->known)
		need->path = object->path;
	else if (process_absolute(object->path, facts->path_room, PATH_MAX))
		need->path = note(facts, facts->path_room);
	need->package = package_of_need(facts, object);
	return need->path;
}

/* Only what the program has opened in base is known there; the policy may say that each
 * has its own all the same. */
static bool is_adopted(const struct closure_object *object)
{
	const struct object *known = object->known;

	return known && known->lmid == LM_ID_BASE &&
	       !may_double(package_file_name(object->name)) && !may_double(known->soname);
}

/* It is, but by now it may have been closed, and its entry be another's. */
static void adopt(struct facts *facts, const struct closure_object *found)
{
	const struct identity file = { found->device, found->inode };
	const struct object *object = found->known;

	if (!object_pin(object))
		return;
	if (identity_equal(object->file, file))
		facts->adopted[facts->adopted_count++] = (struct facts_adopted){
			package_file_name(found->name), object,
		};
	else
		object_unpin(object);
}

static void drop_adopted(struct facts *facts)
{
	while (facts->adopted_count > 0)
		object_unpin(facts->adopted[--facts->adopted_count].object);
}

/* The closure without the module itself. */
static void gather_needs(struct facts *facts, const struct closure *closure)
{
	struct placement_library *need;
	const struct closure_object *object;

	need = arena_take(&facts->scratch, closure->count * sizeof *need);
	facts->adopted = arena_take(&facts->scratch, closure->count * sizeof *facts->adopted);
	if (!need || !facts->adopted)
		return;
	facts->known.need = need;
	for (object = closure->first->next; object; object = object->next)
		if (is_adopted(object))
			adopt(facts, object);
		else if (describe_need(facts, object, &need[facts->known.need_count]))
			facts->known.need_count++;
}

bool facts_are_full_for(const struct facts *facts, const struct namespace *namespace)
{
	for (size_t i = 0; !facts->fully && i < facts->known.need_count; i++) {
		const struct placement_library *need = &facts->known.need[i];
		const struct identity file = { need->device, need->inode };
		const struct object *loaded = object_of_file(file, LM_ID_BASE, false);

		if (need->path && loaded && loaded->lmid != LM_ID_BASE &&
		    (!namespace || loaded->lmid != namespace->lmid))
			return false;
	}
	return true;
}

/* The module itself has been read already. */
static bool add_module(struct facts *facts, struct closure *closure, const struct elf *elf)
{
	struct closure_object module = {
		.name = facts->path, .path = facts->path, .machine = MACHINE,
		.rpath = elf->runpath ? NULL : elf->rpath, .runpath = elf->runpath,
	};
	const char **needed;
	size_t at = 0;

	needed = arena_take(&facts->scratch, (elf->dyn_count + 1) * sizeof *needed);
	if (!needed)
		return false;
	for (size_t i = 0; (needed[i] = elf_needed(elf, &at)); i++)
		;
	module.needed = needed;
	return closure_add(closure, &module);
}

void facts_of_module(struct facts *facts, const struct elf *elf, bool fully)
{
	const struct closure_search *search = search_rules();
	struct library_source files;
	struct closure closure;

	facts->fully = fully;
	facts->known.need_count = 0;
	drop_adopted(facts);
	if (!search)
		return;
	library_source_begin(&files);
	files.source.knows = fully ? knows_opened : knows_loaded;
	closure_start(&closure, search, &files.source, &facts->scratch);
	if (add_module(facts, &closure, elf)) {
		closure_complete(&closure);
		gather_needs(facts, &closure);
	}
	library_source_end(&files);
}

bool facts_begin(struct facts *facts, bool has_needs)
{
	if (!process_scratch(&facts->scratch))
		return false;
	if (!has_needs)
		return true;
	facts->path_room = arena_take(&facts->scratch, PATH_MAX);
	facts->package_room = arena_take(&facts->scratch, PACKAGE_MAX);
	if (facts->path_room && facts->package_room)
		return true;
	process_scratch_end(&facts->scratch);
	return false;
}

void facts_end(struct facts *facts)
{
	drop_adopted(facts);
	process_scratch_end(&facts->scratch);
}

/* ---- what it claims ---- */

bool facts_claim(const struct facts *facts, struct namespace *namespace, bool is_home)
{
	const char *package = facts->known.package;
	/* Otherwise a library is its module's, and lives with that. */
	bool per_package = rules_per(&process.settings.rules, NULL) == PER_PACKAGE;
	struct claim *list = facts->claims;

	if (is_home)
		claim_for_package(&list, namespace, package);
	for (size_t i = 0; i < facts->known.need_count; i++) {
		const struct placement_library *need = &facts->known.need[i];

		if (per_package && need->package &&
		    !claim_home(list, facts->interpreter, need->package))
			claim_for_package(&list, namespace, need->package);
		if (need->path && !need->may_double)
			claim_for_library(&list, namespace, package, need);
	}
	return claim_publish(list, facts->claims);
}
