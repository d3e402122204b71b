/* SPDX-License-Identifier: MIT */
/* Every route to dlopen leads here: caller and arguments -> load, then a handle or
 * a word that the real function shall have the call.
 *
 * The hard thing is dlerror(): base's libc keeps the texts, and a refusal of ours
 * has none there. So we leave one, marked, and dlerror is steered, too, to show
 * what follows the mark. */
#include "audit/steer.h"

#include <stddef.h>
#include <string.h>

#include "audit/base.h"
#include "audit/load.h"
#include "audit/process.h"
#include "audit/route.h"
#include "audit/scope.h"

/* What stands before our text in what base remembers. */
#define MARK '\001'

/* A reason, right behind its mark: it is long, and a thread's stack may be small. */
struct marked {
	char mark;
	struct diag reason;
};

_Static_assert(offsetof(struct marked, reason.text) == 1, "the mark and the text are one");

/* Lets base's dlerror() say it: as the name of a symbol that nobody has. So the
 * text is a thread's own, and goes when ld.so's texts go. */
static void set_error(const struct marked *marked)
{
	process.base.dlsym(process.main, &marked->mark);
}

struct steered steer_dlerror(void)
{
	char *text = process.base.dlerror();
	char *ours = text ? strchr(text, MARK) : NULL;

	return (struct steered){ .result = ours ? ours + 1 : text };
}

/* real is the function that was called. */
static struct steered answer(enum load_outcome outcome, void *handle,
			     const struct marked *why, uintptr_t real)
{
	switch (outcome) {
	case LOAD_DONE:
		return (struct steered){ .result = handle };
	case LOAD_FAILED:
		set_error(why);
		return (struct steered){ .result = NULL };
	case LOAD_PASS:
		break;
	}
	return (struct steered){ .pass = real };
}

/* Whose call is it? Generated code lies in no object: the oldest interpreter. */
static struct object *interpreter_at(const void *caller)
{
	struct object *oldest = NULL;

	for (struct object *object = object_next(NULL); object; object = object_next(object)) {
		if (object->kind != OBJECT_INTERPRETER)
			continue;
		if (object_has(object, (uintptr_t)caller))
			return object;
		if (!oldest)
			oldest = object;
	}
	return oldest;
}

struct steered steer_dlopen(const char *file, int mode, const void *caller)
{
	struct object *interpreter = interpreter_at(caller);
	struct marked why = { .mark = MARK };
	void *handle = NULL;
	int error = *process.base.errno_location();
	enum load_outcome outcome = LOAD_PASS;

	if (file && interpreter && process.lav)
		outcome = load_module(interpreter, file, mode, &handle, &why.reason);
	*process.base.errno_location() = error;
	return answer(outcome, handle, &why, (uintptr_t)process.base.dlopen);
}

/* A namespace of the program's own: it is as without us, but where that would crash. */
struct steered steer_dlmopen(Lmid_t lmid, const char *file, int mode)
{
	if (lmid != LM_ID_NEWLM || process.lav != 1)
		return (struct steered){ .pass = (uintptr_t)process.base.dlmopen };
	return (struct steered){ .result = base_new_namespace(file, mode) };
}

/* The object that holds an address, or NULL. */
static struct object *object_at(const void *address)
{
	struct link_map *map;
	Dl_info info;

	if (!process.base.dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP))
		return NULL;
	return object_of_map(map);
}

static struct namespace *namespace_with(const struct object *object)
{
	return object ? namespace_of(object->lmid) : NULL;
}

struct steered steer_dlopen_inside(const char *file, int mode, const void *caller)
{
	int error = *process.base.errno_location();
	const struct object *object = object_at(caller);
	struct namespace *namespace = namespace_with(object);
	enum load_outcome outcome = LOAD_PASS;
	struct marked why = { .mark = MARK };
	void *handle = NULL;

	if (namespace)
		outcome = load_inside(namespace, object->map, file, mode, &handle, &why.reason);
	*process.base.errno_location() = error;
	return answer(outcome, handle, &why, (uintptr_t)process.base.dlopen);
}

/* For a caller in a namespace: the real dlopen would load there what is left in base. */
static struct steered open_as_interpreter(const char *file, int mode, const void *caller)
{
	struct steered steered = steer_dlopen(file, mode, caller);

	if (steered.pass)
		steered = (struct steered){
			.result = process.base.dlmopen(LM_ID_BASE, file ? file : "", mode),
		};
	return steered;
}

/* Found in libc's symbol table: by ld.so for an object of base; or by a profiler, which is a
 * module, stands between the interpreter and us and calls it by a pointer; or it has put it
 * into the slots of other modules when it ended, and they call it for themselves. */
struct steered steer_dlopen_found(const char *file, int mode, const void *caller)
{
	const struct object *object = object_at(caller);

	if (namespace_with(object))
		return object_has_slot(object, "dlopen", route_found("dlopen"))
			       ? steer_dlopen_inside(file, mode, caller)
			       : open_as_interpreter(file, mode, caller);
	if (!object || object->kind == OBJECT_INTERPRETER || object->kind == OBJECT_STDLIB)
		return steer_dlopen(file, mode, caller);
	return (struct steered){ .pass = (uintptr_t)process.base.dlopen };
}

struct steered steer_dlmopen_inside(Lmid_t lmid, const char *file, int mode,
				    const void *caller)
{
	int error = *process.base.errno_location();
	const struct object *object = object_at(caller);
	struct namespace *namespace = namespace_with(object);
	struct namespace *target = namespace_of(lmid);
	enum load_outcome outcome;
	struct marked why = { .mark = MARK };
	void *handle = NULL;

	if (!namespace)
		return (struct steered){ .pass = (uintptr_t)process.base.dlmopen };
	if (target)
		outcome = load_inside(target, object->map, file, mode, &handle, &why.reason);
	else
		outcome = load_outside(namespace, object->map, lmid, file, mode, &handle,
				       &why.reason);
	*process.base.errno_location() = error;
	return answer(outcome, handle, &why, (uintptr_t)process.base.dlmopen);
}

/* Does a global scope have the symbol? Whatever dlerror() would say is taken. */
static bool has_symbol(struct link_map *global, const char *name)
{
	bool found = process.base.dlsym(global, name);

	if (!found)
		process.base.dlerror();
	return found;
}

static struct steered found_or_real(void *address)
{
	if (address)
		return (struct steered){ .result = address };
	return (struct steered){ .pass = (uintptr_t)process.base.dlsym };
}

/* A handle by which we may ask for what the caller asks for. RTLD_NEXT is what comes after
 * the caller, so only the real function can tell. */
static void *handle_for_us(void *handle)
{
	return handle == RTLD_DEFAULT ? process.main : handle;
}

/* An interpreter that looks up dlopen by its name is to get the entry, if what is there is
 * the real one. */
static struct steered found_route(const char *name, const void *found, uintptr_t real)
{
	if (found && ((uintptr_t)found == route_real(name) ||
		      (uintptr_t)found == route_found(name)))
		return (struct steered){ .result = (void *)route_outside(name) };
	return (struct steered){ .pass = real };
}

struct steered steer_dlvsym(void *handle, const char *name, const char *version)
{
	void *found = NULL;

	if (name && version && route_outside(name) && handle != RTLD_NEXT)
		found = process.base.dlvsym(handle_for_us(handle), name, version);
	return found_route(name, found, (uintptr_t)process.base.dlvsym);
}

/* Under plain loading what is promoted is in the global scope. So where a search
 * of that fails, ours goes on; any other is the real dlsym's, as is what is steered
 * when it is found. */
struct steered steer_dlsym(void *handle, const char *name)
{
	bool is_global = handle == RTLD_DEFAULT || handle == process.main;

	if (name && route_outside(name) && handle != RTLD_NEXT)
		return found_route(name, process.base.dlsym(handle_for_us(handle), name),
				   (uintptr_t)process.base.dlsym);
	if (!is_global || !name || route_real(name) || !scope_is_used(NULL) ||
	    has_symbol(process.main, name))
		return found_or_real(NULL);
	return found_or_real(scope_symbol(NULL, name));
}

/* What a module has from dlopen(NULL), or RTLD_DEFAULT. */
static bool is_whole_scope(const void *handle)
{
	const struct namespace *namespace;

	for (unsigned n = 0; handle != RTLD_DEFAULT && (namespace = namespace_number(n)); n++)
		if (handle == namespace->head)
			return true;
	return handle == RTLD_DEFAULT;
}

struct steered steer_dlsym_inside(void *handle, const char *name, const void *caller)
{
	const struct object *object;
	struct namespace *namespace;
	void *address;

	if (!name || route_real(name) || !is_whole_scope(handle) ||
	    !(scope_is_used(NULL) || scope_has_preloaded()))
		return found_or_real(NULL);
	object = object_at(caller);
	namespace = namespace_with(object);
	if (!namespace || (handle != RTLD_DEFAULT && handle != namespace->head) ||
	    has_symbol(namespace->head, name))
		return found_or_real(NULL);
	address = scope_symbol(namespace, name);
	if (!address && !scope_knows(namespace, object, name)) {
		address = scope_preloaded_symbol(name);
		if (!address)
			address = scope_symbol(NULL, name);
	}
	return found_or_real(address);
}

struct steered steer_iterate(iterate_callback *callback, void *data)
{
	return (struct steered){ .result = (void *)(intptr_t)iterate_phdr(callback, data) };
}
