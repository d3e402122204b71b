/* SPDX-License-Identifier: MIT */
/* The link-map namespaces that we have made.
 *
 * The hard thing is that threads come here at once and none may wait for
 * another: one that imports can hold ld.so's lock while it runs a constructor
 * that waits for the interpreter's. So each makes what it needs, and one that
 * turns out not to be needed is the next thread's. */
#include "audit/namespace.h"

#include <stdio.h>
#include <string.h>

#include "audit/base.h"
#include "audit/host.h"
#include "audit/mirror.h"
#include "audit/process.h"
#include "policy/package.h"
#include "policy/version.h"

#define ROOT_NEEDED_MAX	16

/* The C-API mirror of an interpreter; one serves all its namespaces. */
struct root {
	struct root *before;
	const struct object *interpreter;
	struct mirror mirror;
	bool gone;			/* there is no way to its file any more */
};

static struct {
	struct root *roots;		/* newest first */
	struct namespace *by_lmid[NAMESPACE_MAX];
} state;

static bool is_c_api(const void *capi, const char *name)
{
	return capi_allows(capi, name, NULL);
}

/* Of those from newest on, one that can be opened, by us alone if it is temporary; or NULL. */
static struct root *root_claim(struct root *newest, const struct object *interpreter)
{
	while (newest && !(newest->interpreter == interpreter &&
			   !__atomic_load_n(&newest->gone, __ATOMIC_RELAXED) &&
			   memfile_claim(&newest->mirror.file)))
		newest = newest->before;
	return newest;
}

static struct root *newest_root(void)
{
	return __atomic_load_n(&state.roots, __ATOMIC_ACQUIRE);
}

/* Of threads that make one at once, the first has it, and others close theirs. */
static struct root *root_publish(struct root *root)
{
	struct root *other;

	memfile_claim(&root->mirror.file);
	root->before = newest_root();
	do
		if ((other = root_claim(root->before, root->interpreter))) {
			memfile_close(&root->mirror.file);
			return other;
		}
	while (!__atomic_compare_exchange_n(&state.roots, &root->before, root, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return root;
}

static struct root *root_make(const struct object *interpreter, struct diag *diag)
{
	const struct mirror_filter filter = { is_c_api, interpreter->profile->exports };
	const char *needed[ROOT_NEEDED_MAX];
	size_t count = host_begin(needed, ROOT_NEEDED_MAX, diag);
	struct mirror mirror;
	struct root *root;

	if (!count || !mirror_make(&mirror, interpreter, "python-c-api", &filter, needed, count,
				   diag))
		return NULL;
	root = arena_take(&process.arena, sizeof *root);
	if (!root) {
		memfile_close(&mirror.file);
		diag_set(diag, "no memory for the interpreter's mirror");
		return NULL;
	}
	root->interpreter = interpreter;
	root->mirror = mirror;
	return root_publish(root);
}

static struct root *root_ready(const struct object *interpreter, struct diag *diag)
{
	struct root *root = root_claim(newest_root(), interpreter);

	return root ? root : root_make(interpreter, diag);
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
	namespace->life = 1;
	__atomic_store_n(&namespace->made, true, __ATOMIC_RELEASE);
}

/* ld.so's reason without the path of a mirror, which says nothing to a person. */
static const char *after_path(const char *error)
{
	const char *end = error && memfile_is_path(error) ? strstr(error, ": ") : NULL;

	return end ? end + 2 : error ? error : "no reason given";
}

/* The handle of a root in a new namespace, or NULL with the reason in diag. */
static void *open_root(const struct root *root, struct diag *diag)
{
	void *handle;

	memfile_show_claimed(root->mirror.file.path);
	handle = base_new_namespace(root->mirror.file.path, RTLD_NOW);
	memfile_hide_rest();
	if (!handle)
		diag_set(diag, "no namespace: %s", after_path(process.base.dlerror()));
	return handle;
}

#define ATTEMPTS_MAX 4	/* as long as mirrors turn out to be gone, and are made again */

static struct namespace *make(const struct object *interpreter, struct diag *diag)
{
	struct namespace *namespace;
	const struct object *object;
	struct root *root;
	void *handle = NULL;

	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		unsigned before;

		root = root_ready(interpreter, diag);
		if (!root)
			return NULL;
		host_prepare();
		before = host_generation();
		handle = open_root(root, diag);
		if (handle)
			break;
		if (!memfile_lives(&root->mirror.file))
			__atomic_store_n(&root->gone, true, __ATOMIC_RELAXED);
		host_renew();
		if (host_generation() == before)
			return NULL;
	}
	object = handle ? object_of_map(handle) : NULL;
	namespace = object ? namespace_of(object->lmid) : NULL;
	if (namespace)
		pin(namespace);
	else if (handle)
		diag_set(diag, "no memory for a namespace");
	return namespace;
}

#define USERS(life)	((uint32_t)(life))
#define GENERATION(life) ((uint32_t)((life) >> 32))

static uint64_t life_of(const struct namespace *namespace)
{
	return __atomic_load_n(&namespace->life, __ATOMIC_ACQUIRE);
}

static bool change_life(struct namespace *namespace, uint64_t *from, uint64_t to)
{
	return __atomic_compare_exchange_n(&namespace->life, from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

uint32_t namespace_generation(const struct namespace *namespace)
{
	return GENERATION(life_of(namespace));
}

bool namespace_is_used(const struct namespace *namespace)
{
	return __atomic_load_n(&namespace->made, __ATOMIC_ACQUIRE) && USERS(life_of(namespace));
}

bool namespace_enter(struct namespace *namespace, uint32_t generation)
{
	uint64_t life = life_of(namespace);

	do
		if (USERS(life) == 0 || GENERATION(life) != generation)
			return false;
	while (!change_life(namespace, &life, life + 1));
	return true;
}

void namespace_leave(struct namespace *namespace)
{
	uint64_t life = life_of(namespace), next;

	do
		next = USERS(life) == 1 ? (uint64_t)(GENERATION(life) + 1) << 32 : life - 1;
	while (!change_life(namespace, &life, next));
}

/* One that a thread made and left again. */
static struct namespace *take_spare(const struct object *interpreter)
{
	struct namespace *each;

	for (unsigned n = 0; (each = namespace_number(n)); n++) {
		uint64_t life = life_of(each);

		if (each->interpreter != interpreter || USERS(life) ||
		    !__atomic_load_n(&each->made, __ATOMIC_ACQUIRE) ||
		    !change_life(each, &life, life + 1))
			continue;
		__atomic_store_n(&each->is_common, false, __ATOMIC_RELEASE);
		return each;
	}
	return NULL;
}

bool namespace_all_taken(void)
{
	return object_any_in(NAMESPACE_MAX - 1);
}

/* `pypy-isolate doctor` reads it. */
static void log_made(const struct namespace *namespace)
{
	process_log(LOG_LEVEL_DEBUG, "namespace %ld: made by " NAME_AND_VERSION ", with audit "
		    "interface %u of glibc %s", (long)namespace->lmid, process.lav,
		    process.base.libc_version());
}

struct namespace *namespace_make(const struct object *interpreter, struct diag *diag)
{
	struct namespace *spare = take_spare(interpreter), *made;

	if (spare)
		return spare;
	made = make(interpreter, diag);
	if (made)
		log_made(made);
	return made;
}

static const struct adopted *newest_adopted(const struct namespace *namespace)
{
	return __atomic_load_n(&namespace->adopted, __ATOMIC_ACQUIRE);
}

/* Of those from newest on, the path of its mirror, or NULL. */
static const char *find_adopted(const struct adopted *newest, const char *name)
{
	for (; newest; newest = newest->before)
		if (strcmp(newest->name, name) == 0 &&
		    memfile_lives(&newest->mirror.file))
			return newest->mirror.file.path;
	return NULL;
}

#define ADOPTED_DEPTH	4	/* steps of DT_NEEDED */
#define ADOPTED_NEEDED	32	/* that one mirror lists; more are left out */

static bool adopt(struct namespace *namespace, const struct object *object, const char *name,
		  int depth, struct diag *diag);

/* What the library needs is behind it under plain loading, too: what all share, and what
 * came with it. What base has from its start is the interpreter's. */
static size_t adopt_needed(struct namespace *namespace, const struct object *object,
			   const char **needed, int depth, struct diag *diag)
{
	const struct object *other;
	const char *name;
	size_t count = 0;

	for (size_t n = 0; count < ADOPTED_NEEDED && (name = object_needed(object, n)); n++) {
		if (rules_shared(&process.settings.rules, name, NULL) ||
		    (depth > 0 && (other = object_late(object->lmid, name)) &&
		     mirror_is_possible(other) &&
		     adopt(namespace, other, name, depth - 1, diag)))
			needed[count++] = name;
	}
	return count;
}

/* The mirror is the namespace's from now on; or it is closed, for another thread has been
 * faster. False: no memory. */
static bool keep_adopted(struct namespace *namespace, struct mirror *mirror,
			 const struct object *object, const char *name)
{
	const struct adopted *newest = newest_adopted(namespace);
	struct adopted *adopted = arena_take(&process.arena, sizeof *adopted);

	if (!adopted || !(adopted->name = arena_text(&process.arena, name, strlen(name))))
		return false;
	adopted->object = object;
	adopted->mirror = *mirror;
	do {
		if (find_adopted(newest, name)) {
			memfile_close(&mirror->file);
			break;
		}
		adopted->before = newest;
	} while (!__atomic_compare_exchange_n(&namespace->adopted, &newest, adopted, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return true;
}

static bool adopt(struct namespace *namespace, const struct object *object, const char *name,
		  int depth, struct diag *diag)
{
	const struct mirror_filter all = { 0 };
	const char *needed[ADOPTED_NEEDED];
	struct mirror mirror;
	size_t count;

	if (find_adopted(newest_adopted(namespace), name))
		return true;
	count = adopt_needed(namespace, object, needed, depth, diag);
	if (!mirror_make(&mirror, object, name, &all, needed, count, diag))
		return false;
	if (keep_adopted(namespace, &mirror, object, name))
		return true;
	memfile_close(&mirror.file);
	return diag_set(diag, "no memory for the mirror of %s", name);
}

bool namespace_adopt(struct namespace *namespace, const struct object *object,
		     const char *name, struct diag *diag)
{
	return adopt(namespace, object, name, ADOPTED_DEPTH, diag);
}

const char *namespace_search(Lmid_t lmid, const char *name)
{
	const struct namespace *namespace = namespace_of(lmid);
	const char *soname = package_file_name(name), *path;

	if (!namespace)
		return name;
	/* A module that lists the interpreter as needed gets what all others get. */
	if (rules_interpreter(&process.settings.rules, soname))
		return namespace->root_path;
	if ((path = find_adopted(newest_adopted(namespace), name)))
		return path;
	switch (host_find(soname, &path)) {
	case HOST_READY:
		return path;
	case HOST_WANTED:
		return NULL;
	default:
		return name;
	}
}

bool namespace_shares(const char *name)
{
	const char *soname = package_file_name(name);

	return rules_interpreter(&process.settings.rules, soname) ||
	       host_shares(soname);
}
