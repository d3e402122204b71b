/* SPDX-License-Identifier: MIT */
/* Opening a file in a namespace, beside what has been opened RTLD_GLOBAL. */
#include "audit/scope.h"

#include <string.h>

#include "audit/host.h"
#include "audit/mirror.h"
#include "audit/process.h"
#include "audit/record.h"
#include "policy/package.h"

#define RETRIES_MAX	64	/* more than host libraries there can be */
#define PROMOTED_DEPTH	4	/* steps of DT_NEEDED from what was opened RTLD_GLOBAL */

struct promoted {
	const struct promoted *before;
	const char *path;		/* it was opened by */
	struct identity file;
	bool is_global;			/* always, but for what is opened in base */
};

static const struct promoted *opened_in_base;		/* newest first */

static const struct promoted **list_of(struct namespace *namespace)
{
	return namespace ? &namespace->promoted : &opened_in_base;
}

static const struct promoted *promoted_in(const struct namespace *namespace)
{
	return __atomic_load_n(list_of((struct namespace *)namespace), __ATOMIC_ACQUIRE);
}

/* ---- opening ---- */

/* dlmopen, until no host library is wanting any more. */
static void *open_prepared(Lmid_t lmid, const char *path, int mode, struct diag *diag)
{
	for (int i = 0; i < RETRIES_MAX; i++) {
		unsigned before = host_generation();
		struct record_away away;
		const char *error, *missing;
		void *handle;

		host_missing();
		memfile_show_claimed(path);
		away = record_away_begin();
		handle = process.base.dlmopen(lmid, path, mode);
		record_away_end(&away);
		memfile_hide_rest();
		if (handle || (mode & RTLD_NOLOAD))
			return handle;
		error = process.base.dlerror();
		diag_set(diag, "%s", error ? error : "no reason given");
		host_renew();
		missing = host_missing();
		if (missing)
			diag_set(diag, "%s", missing);
		if (host_generation() == before)
			break;
	}
	return NULL;
}

/* What is loaded by that path, or NULL: it may have been closed since. Give it back
 * with dlclose(). */
static void *handle_at(const struct namespace *namespace, const char *path)
{
	return process.base.dlmopen(namespace->lmid, path, RTLD_LAZY | RTLD_NOLOAD);
}

static bool is_loaded(const struct namespace *namespace, const char *path)
{
	void *handle = handle_at(namespace, path);

	if (handle)
		process.base.dlclose(handle);
	return handle != NULL;
}

static size_t length_of(const struct promoted *list)
{
	size_t length = 0;

	for (; list; list = list->before)
		length++;
	return length;
}

/* What a scope object for path needs: path first, then the extra ones, then what is
 * promoted and still loaded, what was first promoted first. Returns their number. */
static size_t fill_needed(const struct namespace *namespace, const char **needed,
			  const char *path, const char *const *extra, size_t extra_count,
			  const struct promoted *promoted)
{
	size_t count = 0, all = 1 + extra_count + length_of(promoted), last = all;

	needed[count++] = path;
	for (size_t i = 0; i < extra_count; i++)
		needed[count++] = extra[i];
	/* The list is newest first: from the end of the room, and then moved up. */
	for (; promoted; promoted = promoted->before)
		if (is_loaded(namespace, promoted->path))
			needed[--last] = promoted->path;
	memmove(needed + count, needed + last, (all - last) * sizeof *needed);
	return count + all - last;
}

/* Makes a scope object, and opens it; its handle, or NULL with the reason in diag. */
static void *open_scope_in(struct arena *scratch, struct namespace *namespace,
			   const char *path, int mode, const char *const *extra,
			   size_t extra_count, struct diag *diag)
{
	const struct promoted *promoted = promoted_in(namespace);
	const char **needed;
	struct mirror scope;
	size_t count;
	void *handle;

	needed = arena_take(scratch, (1 + extra_count + length_of(promoted)) * sizeof *needed);
	if (!needed) {
		diag_set(diag, "%s: no memory for what is opened RTLD_GLOBAL", path);
		return NULL;
	}
	count = fill_needed(namespace, needed, path, extra, extra_count, promoted);
	if (!mirror_make_scope(&scope, "scope", needed, count, diag))
		return NULL;
	memfile_claim(&scope.file);
	handle = open_prepared(namespace->lmid, scope.file.path, mode, diag);
	memfile_close(&scope.file);
	return handle;
}

static void *open_scope(struct namespace *namespace, const char *path, int mode,
			const char *const *extra, size_t extra_count, struct diag *diag)
{
	struct arena scratch;
	void *handle;

	if (!process_scratch(&scratch)) {
		diag_set(diag, "%s: no memory for what is opened RTLD_GLOBAL", path);
		return NULL;
	}
	handle = open_scope_in(&scratch, namespace, path, mode & (RTLD_LAZY | RTLD_NOW), extra,
			       extra_count, diag);
	process_scratch_end(&scratch);
	return handle;
}

/* Through a scope object, all that comes with path is searched beside its own libraries.
 * When all is bound, the scope object has done its work, and ld.so remembers who is
 * bound to whom; bound lazily, symbols are searched in it later. */
static void *open_beside(struct namespace *namespace, const char *path, int mode,
			 const char *const *extra, size_t extra_count, struct diag *diag)
{
	void *scope = open_scope(namespace, path, mode, extra, extra_count, diag);
	void *handle;

	if (!scope)
		return NULL;
	handle = open_prepared(namespace->lmid, path, mode, diag);
	if (!(mode & RTLD_LAZY))
		process.base.dlclose(scope);
	return handle;
}

void *scope_open(struct namespace *namespace, const char *path, int mode,
		 const char *const *extra, size_t extra_count, struct diag *diag)
{
	void *loaded;

	mode &= ~RTLD_GLOBAL;
	host_prepare();
	memfile_rest();
	if (!extra_count && !promoted_in(namespace) && !memfile_is_common(path))
		return open_prepared(namespace->lmid, path, mode, diag);
	loaded = process.base.dlmopen(namespace->lmid, path, mode | RTLD_NOLOAD);
	if (loaded || (mode & RTLD_NOLOAD))
		return loaded;
	return open_beside(namespace, path, mode, extra, extra_count, diag);
}

/* ---- promoting ---- */

static bool note(struct namespace *namespace, const char *path, struct identity file,
		 bool is_global)
{
	const struct promoted **list = list_of(namespace);
	const struct promoted *each = promoted_in(namespace);
	struct promoted *promoted;

	while (each && !(identity_equal(each->file, file) && each->is_global >= is_global))
		each = each->before;
	if (each)
		return true;
	promoted = arena_take(&process.arena, sizeof *promoted);
	if (!promoted || !(promoted->path = arena_text(&process.arena, path, strlen(path))))
		return false;
	promoted->file = file;
	promoted->is_global = is_global;
	promoted->before = promoted_in(namespace);
	while (!__atomic_compare_exchange_n(list, &promoted->before, promoted, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	return true;
}

bool scope_promote(struct namespace *namespace, const char *path, struct identity file)
{
	return note(namespace, path, file, true);
}

bool scope_note_base(const char *path, struct identity file, bool is_global)
{
	return note(NULL, path, file, is_global);
}

/* Does the object need the other, by DT_NEEDED? */
static bool needs(const struct object *object, const struct object *other)
{
	const char *soname = object_soname(other), *name;

	for (size_t n = 0; (name = object_needed(object, n)); n++)
		if ((soname && strcmp(name, soname) == 0) ||
		    strcmp(package_file_name(name), other->name) == 0)
			return true;
	return false;
}

static bool is_listed(const struct promoted *list, const struct object *object, bool is_global)
{
	for (; list; list = list->before)
		if (list->is_global >= is_global && identity_equal(list->file, object->file))
			return true;
	return false;
}

/* Is the object in the list, or needed by one that is? */
static bool came_with(const struct promoted *list, const struct object *object, bool is_global,
		      int depth)
{
	if (object->kind != OBJECT_STDLIB && is_listed(list, object, is_global))
		return true;
	if (depth == 0)
		return false;
	for (struct object *user = object_next(NULL); user; user = object_next(user))
		if (user != object && user->lmid == object->lmid && needs(user, object) &&
		    came_with(list, user, is_global, depth - 1))
			return true;
	return false;
}

/* What is promoted where the object is, seen from here; NULL if nothing is, or it
 * is here, or the object has always been there. Mirrors have no name: what they
 * give every namespace has. */
static const struct promoted *promoted_around(const struct object *object,
					      const struct namespace *here)
{
	const struct namespace *there = namespace_of(object->lmid);

	if (object->at_start || !object->name[0] || there == here ||
	    (!there && object->lmid != LM_ID_BASE))
		return NULL;
	return promoted_in(there);
}

/* Does it stand before the first library that the program needs, in the order in which base
 * is searched? What constructors have opened stands behind. */
static bool is_before_needed(const struct object *object)
{
	bool is_before = false;

	for (const struct link_map *map = process.main; map; map = map->l_next) {
		const struct object *other = object_of_map(map);

		if (other && object_is_first_needed(other))
			return is_before;
		is_before = is_before || other == object;
		if (map == process.last)
			break;
	}
	return false;
}

/* Is it one that LD_PRELOAD brought, and nothing that was to come does need it? */
static bool is_preloaded(const struct object *object)
{
	if (!object->at_start || object->lmid != LM_ID_BASE || object->map == process.main ||
	    object->kind == OBJECT_INTERPRETER || object == object_loader() ||
	    object_is_vdso(object) || !is_before_needed(object))
		return false;
	for (struct object *user = object_next(NULL); user; user = object_next(user))
		if (user->at_start && user != object && needs(user, object) &&
		    (user->map == process.main || !is_before_needed(user)))
			return false;
	return true;
}

bool scope_has_preloaded(void)
{
	static enum { UNKNOWN, NONE, SOME } known;
	int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
	struct object *object;

	if (answer == UNKNOWN) {
		for (object = object_next(NULL); object && !is_preloaded(object);)
			object = object_next(object);
		answer = object ? SOME : NONE;
		__atomic_store_n(&known, answer, __ATOMIC_RELAXED);
	}
	return answer == SOME;
}

/* Pinned, or NULL. */
static const struct object *preloaded_definer(const char *symbol)
{
	const struct object *object = scope_has_preloaded() ? object_next(NULL) : NULL;

	for (; object; object = object_next(object)) {
		if (!object->at_start || !object_pin_definer(object, symbol))
			continue;
		if (is_preloaded(object))
			break;
		object_unpin(object);
	}
	return object;
}

void *scope_preloaded_symbol(const char *symbol)
{
	const struct object *object = preloaded_definer(symbol);

	if (!object)
		return NULL;
	object_unpin(object);
	return process.base.dlsym(process.main, symbol);
}

const struct object *scope_promoter(const struct namespace *here, const char *symbol)
{
	const struct object *preloaded = preloaded_definer(symbol);
	struct object *object;

	if (preloaded)
		return preloaded;
	for (object = object_next(NULL); object; object = object_next(object)) {
		const struct promoted *list = promoted_around(object, here);

		if (list && came_with(list, object, true, PROMOTED_DEPTH) &&
		    object_pin_definer(object, symbol))
			break;
	}
	return object;
}

/* Is it one of base's that the program has opened, or came with one that it has? Modules of
 * the standard library do not count: what they bring is the interpreter's. */
static bool is_program_s(const struct object *object)
{
	return object->lmid == LM_ID_BASE && !object->at_start && promoted_in(NULL) &&
	       came_with(promoted_in(NULL), object, false, PROMOTED_DEPTH);
}

struct object *scope_object_of(struct identity file, Lmid_t lmid, bool base_counts)
{
	struct object *object = object_of_file(file, lmid, true);
	bool is_base_s = object && object->lmid == LM_ID_BASE && lmid != LM_ID_BASE;

	if (is_base_s && !base_counts && !is_program_s(object))
		return object_of_file(file, lmid, false);
	return object;
}

bool scope_knows(const struct namespace *namespace, const struct object *caller,
		 const char *symbol)
{
	void *handle = process.base.dlmopen(namespace->lmid, caller->path,
					    RTLD_LAZY | RTLD_NOLOAD);
	bool found = handle && process.base.dlsym(handle, symbol);

	/* Whatever dlerror() would say is nobody's business. */
	if (!found)
		process.base.dlerror();
	if (handle)
		process.base.dlclose(handle);
	return found;
}

/* The one promoted first is the last of the list, and goes first. */
static void *first_symbol(const struct namespace *namespace, const struct promoted *list,
			  const char *symbol)
{
	void *address = list->before ? first_symbol(namespace, list->before, symbol) : NULL;
	void *handle = address ? NULL : handle_at(namespace, list->path);

	if (!handle)
		return address;
	address = process.base.dlsym(handle, symbol);
	process.base.dlclose(handle);
	return address;
}

/* The first namespace from the n-th on with anything promoted, or NULL. */
static const struct namespace *next_used(unsigned *n)
{
	const struct namespace *namespace;

	while ((namespace = namespace_number((*n)++)))
		if (promoted_in(namespace))
			break;
	return namespace;
}

bool scope_is_used(const struct namespace *namespace)
{
	unsigned n = 0;

	return namespace ? promoted_in(namespace) != NULL : next_used(&n) != NULL;
}

void *scope_symbol(const struct namespace *namespace, const char *symbol)
{
	void *address = NULL;
	unsigned n = 0;

	if (namespace)
		return promoted_in(namespace) ? first_symbol(namespace, promoted_in(namespace),
							     symbol) : NULL;
	while (!address && (namespace = next_used(&n)))
		address = first_symbol(namespace, promoted_in(namespace), symbol);
	return address;
}
