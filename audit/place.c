/* SPDX-License-Identifier: MIT */
/* A module -> the namespace that it goes to.
 *
 * The hard thing is memory: a closure can be large, and what is taken from the
 * process's arena never comes back. So facts are gathered in memory of their own,
 * which goes when the decision has been made. */
#include "audit/place.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/elf_machine.h"
#include "audit/libraries.h"
#include "audit/process.h"
#include "policy/package.h"
#include "policy/placement.h"

#define SCRATCH_SIZE	((size_t)16 << 20)	/* bytes; of a closure of 300 a MB is used */

struct place {
	const struct object *interpreter;
	const char *path;
	const char *package;
	struct arena scratch;
	struct placement_facts facts;
	struct namespace *space[NAMESPACE_MAX];	/* facts.space, the namespaces themselves */
	struct placement placement;
	struct diag *diag;
};

/* ---- which package? ---- */

/* The length of the first directory, going up from the file, without __init__.py. */
static size_t top_of(const char *path)
{
	char file[PATH_MAX + sizeof "/__init__.py"];
	const char *end = strrchr(path, '/');
	size_t length = end ? (size_t)(end - path) : 0;

	while (length > 0) {
		snprintf(file, sizeof file, "%.*s/__init__.py", (int)length, path);
		if (access(file, F_OK) != 0)
			break;
		while (length > 0 && path[--length] != '/')
			;
	}
	return length;
}

/* The group that a package belongs to is isolated as one, under its name. */
static void use_group(char *package, size_t size)
{
	const char *group = rules_group(&process.settings.rules, package, NULL);

	if (group)
		snprintf(package, size, "group %s", group);
}

static void package_of_module(const char *path, char *package, size_t size)
{
	const struct rules *rules = &process.settings.rules;

	switch (rules_per(rules, NULL)) {
	case PER_PROCESS:
		snprintf(package, size, "process");
		return;
	case PER_MODULE:
		snprintf(package, size, "%s", path);
		return;
	case PER_PACKAGE:
		if (!package_in_site(rules, path, package, size, NULL))
			package_elsewhere(path, top_of(path), package, size);
		use_group(package, size);
	}
}

/* The package that a library belongs to; "" if to none, so to the system. */
static void package_of_library(const char *path, char *package, size_t size)
{
	const char *name = object_last_part(path);
	size_t top;

	package[0] = '\0';
	if (!package_in_site(&process.settings.rules, path, package, size, NULL)) {
		top = top_of(path);
		if (path + top + 1 >= name)
			return;
		package_elsewhere(path, top, package, size);
	}
	use_group(package, size);
}

/* ---- the facts ---- */

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

static const char *package_of_loaded(struct object *object)
{
	char package[PATH_MAX];

	if (!object->package) {
		package_of_library(object->path, package, sizeof package);
		object->package = keep_name(package);
	}
	return object->package[0] ? object->package : NULL;
}

static struct placement_library describe_loaded(struct object *object)
{
	return (struct placement_library){
		.name = object->name,
		.soname = object->soname[0] ? object->soname : NULL,
		.path = object->path,
		.device = object->file.device,
		.inode = object->file.inode,
		.package = package_of_loaded(object),
	};
}

/* What is loaded there; mirrors, which have no name, are everybody's. */
static bool gather_loaded(struct place *place, const struct namespace *namespace,
			  struct placement_space *space)
{
	struct placement_library *library;
	size_t count = 0, i = 0;

	for (struct object *object = object_next(NULL); object; object = object_next(object))
		count += object->lmid == namespace->lmid && object->name[0];
	library = arena_take(&place->scratch, (count + 1) * sizeof *library);
	if (!library)
		return false;
	for (struct object *object = object_next(NULL); object; object = object_next(object))
		if (object->lmid == namespace->lmid && object->name[0] && i < count)
			library[i++] = describe_loaded(object);
	space->library = library;
	space->library_count = i;
	return true;
}

static bool gather_packages(struct place *place, const struct namespace *namespace,
			    struct placement_space *space)
{
	const char **package;
	size_t count = 0, i;

	while (namespace_package(namespace, count))
		count++;
	package = arena_take(&place->scratch, (count + 1) * sizeof *package);
	if (!package)
		return false;
	for (i = 0; i < count; i++)
		package[i] = namespace_package(namespace, i);
	space->package = package;
	space->package_count = count;
	return true;
}

static bool gather_spaces(struct place *place)
{
	struct placement_space *space;
	struct namespace *namespace;
	size_t count = 0;

	space = arena_take(&place->scratch, NAMESPACE_MAX * sizeof *space);
	if (!space)
		return false;
	for (unsigned n = 0; (namespace = namespace_number(n)); n++) {
		if (namespace->interpreter != place->interpreter || count == NAMESPACE_MAX)
			continue;
		if (!gather_loaded(place, namespace, &space[count]) ||
		    !gather_packages(place, namespace, &space[count]))
			return false;
		place->space[count++] = namespace;
	}
	place->facts.space = space;
	place->facts.space_count = count;
	return true;
}

static bool describe_need(struct place *place, const struct closure_object *object,
			  struct placement_library *need)
{
	const struct rules *rules = &process.settings.rules;
	char package[PATH_MAX];
	char *path = arena_take(&place->scratch, PATH_MAX);

	if (!path)
		return false;
	*need = (struct placement_library){ .name = object_last_part(object->name) };
	if (!object->path)
		return true;
	need->soname = object->soname;
	need->device = object->device;
	need->inode = object->inode;
	need->may_double = rules_duplicate(rules, need->name, NULL) ||
			   (object->soname && rules_duplicate(rules, object->soname, NULL));
	need->path = process_absolute(object->path, path, PATH_MAX) ? path : object->path;
	package_of_library(need->path, package, sizeof package);
	if (package[0])
		need->package = arena_text(&place->scratch, package, strlen(package));
	return true;
}

/* The closure without the module itself. One that is not complete, for want of
 * memory, is better than none. */
static bool gather_needs(struct place *place, const struct closure *closure)
{
	struct placement_library *need;
	const struct closure_object *object;

	need = arena_take(&place->scratch, closure->count * sizeof *need);
	if (!need)
		return false;
	place->facts.need = need;
	for (object = closure->first->next; object; object = object->next)
		if (!describe_need(place, object, &need[place->facts.need_count++]))
			return false;
	return true;
}

/* The search of this process's ld.so; found out once. */
static const struct closure_search *process_search(void)
{
	static struct libraries libraries;
	static struct closure_object program;
	static char path[PATH_MAX];
	static bool found;
	const struct object *main = object_of_map(process.main);
	ssize_t length;

	if (__atomic_load_n(&found, __ATOMIC_ACQUIRE) || !main)
		return &libraries.search;
	/* Two threads that are here at once write the same. */
	length = readlink("/proc/self/exe", path, sizeof path - 1);
	path[length > 0 ? length : 0] = '\0';
	program = (struct closure_object){
		.path = path,
		.rpath = object_dynamic(main, DT_RUNPATH) ? NULL : object_string(main, DT_RPATH),
	};
	libraries_find(&libraries, process.library_path);
	libraries.search.program = &program;
	libraries.search.machine = MACHINE;
	libraries.search.passes_over = namespace_shares;
	__atomic_store_n(&found, true, __ATOMIC_RELEASE);
	return &libraries.search;
}

static bool gather_closure(struct place *place)
{
	struct library_source files;
	struct closure closure;
	bool good = true;

	library_source_begin(&files);
	closure_start(&closure, process_search(), &files.source, &place->scratch);
	if (closure_open(&closure, place->path)) {
		closure_complete(&closure);
		good = gather_needs(place, &closure);
	}
	library_source_end(&files);
	return good;
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

static bool scratch_begin(struct arena *scratch)
{
	void *base = mmap(NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return false;
	*scratch = (struct arena){ .base = base, .size = SCRATCH_SIZE };
	return true;
}

/* ---- the decision ---- */

static const char *conf_file(void)
{
	return process.settings.conf_name ? process.settings.conf_name : SETTINGS_CONF_FILE;
}

static void log_clash(const struct place *place, const struct namespace *namespace)
{
	const struct placement *placement = &place->placement;

	if (placement->clashes)
		process_log(LOG_LEVEL_WARNING, "%s: gets %s instead of its own %s: namespace %ld, "
			    "where it goes (%s), has that name already",
			    place->path, placement->instead->path, placement->clash->path,
			    (long)namespace->lmid, place->diag->text);
}

static void log_doubled(const struct place *place, const struct namespace *namespace)
{
	const struct placement *placement = &place->placement;
	const struct namespace *other;
	const char *neighbour;

	if (!placement->doubled)
		return;
	other = place->space[placement->doubled_in];
	neighbour = namespace_package(other, 0);
	process_log(LOG_LEVEL_WARNING, "%s: gets a second copy of %s in namespace %ld; the first "
		    "is in namespace %ld. If packages pass objects of it to each other, put "
		    "this line into %s: group NAME \"%s\" \"%s\"; if not: duplicate %s",
		    place->path, placement->doubled->path, (long)namespace->lmid,
		    (long)other->lmid, conf_file(), place->package,
		    neighbour ? neighbour : "", placement->doubled->name);
}

static void log_full(const struct place *place, const struct namespace *namespace)
{
	if (place->placement.reason == PLACEMENT_FULL)
		process_log(LOG_LEVEL_INFO, "package %s joins namespace %ld, with %zu others: %s",
			    place->package, (long)namespace->lmid,
			    place->facts.space[place->placement.space].package_count,
			    place->diag->text);
}

/* Packages that the module needs libraries of come to live there, too. */
static void settle_neighbours(struct place *place, struct namespace *namespace)
{
	for (size_t i = 0; i < place->facts.need_count; i++) {
		const char *package = place->facts.need[i].package;

		if (package && !namespace_home(place->interpreter, package))
			namespace_settle(namespace, package, NULL);
	}
}

/* A namespace of its own, or where there is none left the one that suits it most. */
static struct namespace *make_or_join(struct place *place)
{
	struct namespace *home = namespace_home(place->interpreter, place->package);
	struct namespace *made = namespace_make(place->interpreter, place->diag);
	struct namespace *settled;

	if (!made) {
		if (place->facts.space_count == 0)
			return NULL;
		process_log(LOG_LEVEL_DEBUG, "%s: %s", place->path, place->diag->text);
		place->facts.is_full = true;
		placement_decide(&place->placement, &place->facts);
		made = place->space[place->placement.space];
	}
	placement_explain(&place->placement, place->diag);
	settled = namespace_settle(made, place->package, home);
	if (!settled)
		diag_set(place->diag, "no memory for the package %s", place->package);
	if (settled != made && !place->facts.is_full)
		namespace_return(made);
	return settled;
}

static struct namespace *decide(struct place *place)
{
	struct namespace *namespace;

	placement_decide(&place->placement, &place->facts);
	if (place->placement.reason == PLACEMENT_NEW) {
		namespace = make_or_join(place);
	} else {
		namespace = place->space[place->placement.space];
		placement_explain(&place->placement, place->diag);
		if (!namespace_home(place->interpreter, place->package))
			namespace_settle(namespace, place->package, NULL);
	}
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
		.interpreter = interpreter,
		.path = path,
		.package = package,
		.facts = { .package = package },
		.diag = diag,
	};
	bool is_alone = !has_needs(elf) || rules_per(&process.settings.rules, NULL) == PER_PROCESS;
	struct namespace *namespace;

	package_of_module(path, package, size);
	namespace = is_alone ? namespace_home(interpreter, package) : NULL;
	if (namespace) {
		diag_set(diag, "its package is there");
		return namespace;
	}
	if (!scratch_begin(&place.scratch)) {
		diag_set(diag, "no memory to find out where it belongs");
		return NULL;
	}
	if ((is_alone || gather_closure(&place)) && gather_spaces(&place))
		namespace = decide(&place);
	else
		diag_set(diag, "no memory to find out where it belongs");
	munmap(place.scratch.base, place.scratch.size);
	return namespace;
}

bool place_find(const char *name, char *path, size_t size)
{
	static const struct closure_object nobody = { .path = "" };
	struct library_source files;
	struct closure closure;
	struct arena scratch;
	const char *found;

	if (!scratch_begin(&scratch))
		return false;
	library_source_begin(&files);
	closure_start(&closure, process_search(), &files.source, &scratch);
	found = closure_find(&closure, &nobody, name);
	if (!found || !process_absolute(found, path, size))
		found = NULL;
	library_source_end(&files);
	munmap(scratch.base, scratch.size);
	return found != NULL;
}
