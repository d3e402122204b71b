/* SPDX-License-Identifier: MIT */
/* package -> link-map namespace.
 *
 * The hard thing is that threads come here at once and none may wait for
 * another: one that imports can hold ld.so's lock while it runs a constructor
 * that waits for the interpreter's. So each makes what it needs, and of two
 * namespaces made for one package the second becomes the next package's. */
#include "audit/namespace.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "audit/host.h"
#include "audit/mirror.h"
#include "audit/process.h"

#define ROOT_NEEDED_MAX	16
#define RETRIES_MAX	64	/* more than host libraries there can be */

/* Up to glibc 2.34 dlmopen(LM_ID_NEWLM) under an auditor looks at the first
 * object of a namespace that has none yet (bug 28062), but not in a mode with
 * __RTLD_AUDIT (include/dlfcn.h). On no other dlmopen: what comes with that mode
 * escapes RELRO checks. */
#define MODE_AUDIT	0x08000000

/* The C-API mirror of an interpreter; one serves all its namespaces. */
struct root {
	struct root *before;
	const struct object *interpreter;
	struct mirror mirror;
};

struct package {
	struct package *before;
	const struct object *interpreter;
	const char *name;
	struct namespace *namespace;
};

static struct {
	struct root *roots;		/* newest first */
	struct package *packages;	/* newest first */
	struct namespace *by_lmid[NAMESPACE_MAX];
	struct namespace *spare;	/* made, but no package lives there */
} state;

static bool is_c_api(const void *capi, const char *name)
{
	return capi_allows(capi, name, NULL);
}

/* ld.so is not mirrored: glibc puts a proxy of it into each namespace. */
static const char *loader_soname(void)
{
	uintptr_t base = getauxval(AT_BASE);

	for (struct object *object = object_next(NULL); object; object = object_next(object))
		if (object->at_start && object->map->l_addr == base)
			return object_soname(object);
	return NULL;
}

static struct root *root_make(const struct object *interpreter, struct diag *diag)
{
	const struct mirror_filter filter = { is_c_api, interpreter->profile->exports };
	struct root *root = arena_take(&process.arena, sizeof *root);
	const char *needed[ROOT_NEEDED_MAX];
	const char *loader = loader_soname();
	size_t count = host_begin(needed, ROOT_NEEDED_MAX - 1, diag);

	if (!root)
		diag_set(diag, "no memory for the interpreter's mirror");
	if (!root || !count)
		return NULL;
	if (loader)
		needed[count++] = loader;
	root->interpreter = interpreter;
	if (!mirror_make(&root->mirror, interpreter, "python-c-api", &filter, needed, count,
			 diag))
		return NULL;
	root->before = state.roots;
	while (!__atomic_compare_exchange_n(&state.roots, &root->before, root, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	return root;
}

static struct root *root_of(const struct object *interpreter)
{
	struct root *root = __atomic_load_n(&state.roots, __ATOMIC_ACQUIRE);

	while (root && root->interpreter != interpreter)
		root = root->before;
	return root;
}

static struct root *root_ready(const struct object *interpreter, struct diag *diag)
{
	struct root *root = root_of(interpreter);

	if (root && process_memfile_lives(&root->mirror.file))
		return root;
	return root_make(interpreter, diag);
}

struct namespace *namespace_of(Lmid_t lmid)
{
	if (lmid <= LM_ID_BASE || lmid >= NAMESPACE_MAX)
		return NULL;
	return __atomic_load_n(&state.by_lmid[lmid], __ATOMIC_ACQUIRE);
}

struct namespace *namespace_number(unsigned n)
{
	for (Lmid_t lmid = 0; lmid < NAMESPACE_MAX; lmid++)
		if (namespace_of(lmid) && n-- == 0)
			return namespace_of(lmid);
	return NULL;
}

/* Was the object opened by the path of a root? Then its namespace is ours. */
void namespace_arrival(const struct object *object)
{
	struct root *root = __atomic_load_n(&state.roots, __ATOMIC_ACQUIRE);
	struct namespace *namespace;

	if (object->lmid < 0 || object->lmid >= NAMESPACE_MAX || namespace_of(object->lmid))
		return;
	while (root && strcmp(root->mirror.file.path, object->map->l_name) != 0)
		root = root->before;
	if (!root || !(namespace = arena_take(&process.arena, sizeof *namespace)))
		return;
	namespace->lmid = object->lmid;
	namespace->interpreter = root->interpreter;
	namespace->head = object->map;
	namespace->root_path = root->mirror.file.path;
	__atomic_store_n(&state.by_lmid[object->lmid], namespace, __ATOMIC_RELEASE);
}

void namespace_departure(const struct object *object)
{
	struct namespace *namespace = namespace_of(object->lmid);

	if (namespace && namespace->head == object->map && !namespace->made)
		__atomic_store_n(&state.by_lmid[object->lmid], NULL, __ATOMIC_RELEASE);
}

/* A module that closes dlopen(NULL) too often must not close the root. Not when it
 * is made: before 2.31 a load that fails keeps what is RTLD_NODELETE. */
static void pin(struct namespace *namespace)
{
	process.base.dlmopen(namespace->lmid, namespace->root_path,
			     RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
	namespace->made = true;
}

/* ld.so's reason without the path of a mirror, which says nothing to a person. */
static const char *after_path(const char *error)
{
	const char *end = error && process_is_memfile(error) ? strstr(error, ": ") : NULL;

	return end ? end + 2 : error ? error : "no reason given";
}

/* A new namespace, or NULL, with a reason. */
static struct namespace *namespace_make(const struct object *interpreter, struct diag *diag)
{
	struct root *root = root_ready(interpreter, diag);
	int mode = RTLD_NOW | (process.lav < 2 ? MODE_AUDIT : 0);
	struct namespace *namespace;
	const struct object *object;
	void *handle;

	if (!root)
		return NULL;
	host_prepare();
	handle = process.base.dlmopen(LM_ID_NEWLM, root->mirror.file.path, mode);
	object = handle ? object_of_map(handle) : NULL;
	namespace = object ? namespace_of(object->lmid) : NULL;
	if (namespace) {
		pin(namespace);
		return namespace;
	}
	if (handle)
		diag_set(diag, "no memory for a namespace");
	else
		diag_set(diag, "no namespace: %s", after_path(process.base.dlerror()));
	return NULL;
}

static struct namespace *take_spare(const struct object *interpreter)
{
	struct namespace *spare = __atomic_exchange_n(&state.spare, NULL, __ATOMIC_ACQ_REL);

	if (spare && spare->interpreter != interpreter) {
		__atomic_store_n(&state.spare, spare, __ATOMIC_RELEASE);
		return NULL;
	}
	return spare;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* How many of the libraries that elf needs would be another's? Mirrors, which have
 * no name, are everybody's. */
static unsigned clashes(const struct namespace *namespace, const struct elf *elf)
{
	unsigned count = 0;

	for (struct object *object = object_next(NULL); object; object = object_next(object)) {
		const char *needed;

		if (object->lmid != namespace->lmid || !object->name[0])
			continue;
		for (size_t n = 0; (needed = elf_needed(elf, n)); n++)
			count += strcmp(object->name, last_part(needed)) == 0;
	}
	return count;
}

/* All are taken: the one with the fewest clashes, and of those with the fewest
 * packages. */
static struct namespace *emptiest(const struct object *interpreter, const struct elf *elf)
{
	unsigned least = 0, n = 0;
	struct namespace *best = NULL, *each;

	for (; (each = namespace_number(n)); n++) {
		unsigned found;

		if (each->interpreter != interpreter)
			continue;
		found = clashes(each, elf);
		if (best && (found > least ||
			     (found == least && each->packages >= best->packages)))
			continue;
		best = each;
		least = found;
	}
	return best;
}

static struct package *package_of(struct package *from, const struct object *interpreter,
				  const char *name)
{
	while (from && (from->interpreter != interpreter || strcmp(from->name, name) != 0))
		from = from->before;
	return from;
}

/* Records that a package lives in a namespace. Returns where it really does:
 * another thread may have recorded it first. */
static struct namespace *settle(const struct object *interpreter, const char *name,
				struct namespace *namespace, struct diag *diag)
{
	struct package *package = arena_take(&process.arena, sizeof *package);
	struct package *earlier;

	if (!package || !(package->name = arena_text(&process.arena, name, strlen(name)))) {
		diag_set(diag, "no memory for the package %s", name);
		return NULL;
	}
	package->interpreter = interpreter;
	package->namespace = namespace;
	package->before = __atomic_load_n(&state.packages, __ATOMIC_ACQUIRE);
	do {
		earlier = package_of(package->before, interpreter, name);
		if (earlier)
			return earlier->namespace;
	} while (!__atomic_compare_exchange_n(&state.packages, &package->before, package, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	__atomic_fetch_add(&namespace->packages, 1, __ATOMIC_RELAXED);
	return namespace;
}

static struct namespace *join_another(const struct object *interpreter, const char *name,
				      const struct elf *elf, const struct diag *why)
{
	struct namespace *best = emptiest(interpreter, elf);
	unsigned same = best ? clashes(best, elf) : 0;

	if (best)
		process_log(same ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "package %s joins "
			    "namespace %ld, with %u others there and %u libraries of the same "
			    "name%s: %s",
			    name, (long)best->lmid, best->packages, same,
			    same ? ", which it gets instead of its own" : "", why->text);
	return best;
}

struct namespace *namespace_join(const struct object *interpreter, const char *name,
				 const struct elf *elf, struct diag *diag)
{
	struct package *package = package_of(__atomic_load_n(&state.packages, __ATOMIC_ACQUIRE),
					     interpreter, name);
	struct namespace *mine, *settled;

	if (package)
		return package->namespace;
	mine = take_spare(interpreter);
	if (!mine)
		mine = namespace_make(interpreter, diag);
	if (!mine)
		mine = join_another(interpreter, name, elf, diag);
	if (!mine)
		return NULL;
	settled = settle(interpreter, name, mine, diag);
	if (settled != mine && mine->packages == 0)
		__atomic_store_n(&state.spare, mine, __ATOMIC_RELEASE);
	return settled;
}

const char *namespace_search(Lmid_t lmid, const char *name)
{
	const struct namespace *namespace = namespace_of(lmid);
	const char *soname = last_part(name), *path;

	if (!namespace)
		return name;
	/* A module that lists the interpreter as needed gets what all others get. */
	if (rules_interpreter(&process.settings.rules, soname))
		return namespace->root_path;
	switch (host_find(soname, &path)) {
	case HOST_READY:
		return path;
	case HOST_WANTED:
		return NULL;
	default:
		return name;
	}
}

/* dlmopen, until no host library is wanting any more. */
static void *open_prepared(Lmid_t lmid, const char *path, int mode)
{
	void *handle = NULL;

	for (int i = 0; i < RETRIES_MAX && !handle; i++) {
		unsigned before = host_generation();

		handle = process.base.dlmopen(lmid, path, mode);
		if (handle)
			break;
		host_prepare();
		if (host_generation() == before)
			break;
	}
	return handle;
}

/* It may have been closed since. */
static bool is_loaded(const struct namespace *namespace, const char *path)
{
	void *handle = process.base.dlmopen(namespace->lmid, path, RTLD_LAZY | RTLD_NOLOAD);

	if (handle)
		process.base.dlclose(handle);
	return handle != NULL;
}

#define COMPANIONS_MAX 128

/* Opens path as the first dependency of a scope object, so that all that comes
 * with it is searched beside its own libraries. The scope object stays. */
static bool open_scope(struct namespace *namespace, const char *path,
		       const char *const *extra, size_t extra_count)
{
	const struct promoted *promoted = __atomic_load_n(&namespace->promoted,
							  __ATOMIC_ACQUIRE);
	const char *needed[COMPANIONS_MAX] = { path };
	struct diag diag = { "" };
	struct mirror scope;
	size_t count = 1;
	void *handle;

	for (size_t i = 0; i < extra_count; i++)
		needed[count++] = extra[i];
	for (; promoted && count < COMPANIONS_MAX; promoted = promoted->before)
		if (is_loaded(namespace, promoted->path))
			needed[count++] = promoted->path;
	if (!mirror_make_scope(&scope, "scope", needed, count, &diag)) {
		process_log(LOG_LEVEL_ERROR, "%s: %s", path, diag.text);
		return true;
	}
	handle = open_prepared(namespace->lmid, scope.file.path, RTLD_NOW);
	process_memfile_close(&scope.file);
	return handle != NULL;
}

static bool has_companions(const struct namespace *namespace, size_t extra_count)
{
	return extra_count || __atomic_load_n(&namespace->promoted, __ATOMIC_ACQUIRE);
}

void *namespace_open(struct namespace *namespace, const char *path, int mode,
		     const char *const *extra, size_t extra_count)
{
	void *loaded = NULL;

	mode &= ~RTLD_GLOBAL;
	host_prepare();
	if (has_companions(namespace, extra_count)) {
		loaded = process.base.dlmopen(namespace->lmid, path, mode | RTLD_NOLOAD);
		if (loaded || (mode & RTLD_NOLOAD))
			return loaded;
		if (!open_scope(namespace, path, extra, extra_count))
			return NULL;
	}
	return open_prepared(namespace->lmid, path, mode);
}

void namespace_promote(struct namespace *namespace, const char *path)
{
	const struct promoted *each = namespace->promoted;
	struct promoted *promoted;

	while (each && strcmp(each->path, path) != 0)
		each = each->before;
	if (each || !(promoted = arena_take(&process.arena, sizeof *promoted)) ||
	    !(promoted->path = arena_text(&process.arena, path, strlen(path))))
		return;
	promoted->before = namespace->promoted;
	while (!__atomic_compare_exchange_n(&namespace->promoted, &promoted->before, promoted,
					    false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
}

/* Does the object need the other, by DT_NEEDED? */
static bool needs(const struct object *object, const struct object *other)
{
	const char *soname = object_soname(other), *name;

	for (size_t n = 0; (name = object_needed(object, n)); n++)
		if ((soname && strcmp(name, soname) == 0) ||
		    strcmp(last_part(name), other->name) == 0)
			return true;
	return false;
}

static bool is_promoted(const struct namespace *namespace, const struct object *object,
			int depth)
{
	const struct promoted *each = __atomic_load_n(&namespace->promoted, __ATOMIC_ACQUIRE);

	for (; each; each = each->before)
		if (strcmp(each->path, object->map->l_name) == 0)
			return true;
	if (depth == 0)
		return false;
	for (struct object *user = object_next(NULL); user; user = object_next(user))
		if (user != object && user->lmid == object->lmid && needs(user, object) &&
		    is_promoted(namespace, user, depth - 1))
			return true;
	return false;
}

#define PROMOTED_DEPTH 4	/* steps of DT_NEEDED from what was opened RTLD_GLOBAL */

struct search {
	const struct namespace *here;
	const char *symbol;
	const struct object *found;
};

static void find_promoter(void *context)
{
	struct search *search = context;

	for (struct object *object = object_next(NULL); object; object = object_next(object)) {
		struct namespace *there = namespace_of(object->lmid);
		struct symbols symbols;

		/* Mirrors have no name: what they give every namespace has. */
		if (search->found || !there || there == search->here || !there->promoted ||
		    !object->name[0])
			continue;
		object_symbols(object, &symbols);
		if (symbols_find(&symbols, search->symbol) &&
		    is_promoted(there, object, PROMOTED_DEPTH))
			search->found = object;
	}
}

const struct object *namespace_promoter(const struct namespace *here, const char *symbol)
{
	struct search search = { .here = here, .symbol = symbol };

	object_freeze(find_promoter, &search);
	return search.found;
}
