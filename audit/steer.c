/* SPDX-License-Identifier: MIT */
/* Every route to dlopen leads here: caller and arguments -> load, then a handle or
 * a word that the real function shall have the call.
 *
 * A refusal of ours has no error in base's libc. So dlerror is steered, too, and
 * gives ours first to the thread that has one (error.h). */
#include "audit/steer.h"

#include "audit/error.h"
#include "audit/load.h"
#include "audit/process.h"
#include "audit/slots.h"

struct steered steer_dlerror(void)
{
	const char *text = error_take();

	if (!text)
		return (struct steered){ .pass = (uintptr_t)process.base.dlerror };
	return (struct steered){ .result = (char *)text };
}

static struct steered answer(enum load_outcome outcome, void *handle, const struct diag *diag)
{
	switch (outcome) {
	case LOAD_DONE:
		return (struct steered){ .result = handle };
	case LOAD_FAILED:
		error_set(diag);
		/* What base remembers is older. */
		process.base.dlerror();
		return (struct steered){ .result = NULL };
	case LOAD_PASS:
		break;
	}
	return (struct steered){ .pass = (uintptr_t)process.base.dlopen };
}

/* Whose call is it? Generated code lies in no object: the oldest interpreter. */
static struct object *interpreter_at(const void *caller)
{
	struct object *oldest = NULL;

	for (struct object *object = object_next(NULL); object; object = object_next(object)) {
		if (object->kind != OBJECT_INTERPRETER)
			continue;
		if (object_has(object, PT_LOAD, (uintptr_t)caller))
			return object;
		if (!oldest)
			oldest = object;
	}
	return oldest;
}

struct steered steer_dlopen(const char *file, int mode, const void *caller)
{
	struct object *interpreter = interpreter_at(caller);
	struct diag diag = { "" };
	void *handle = NULL;
	int error = *process.base.errno_location();
	enum load_outcome outcome = LOAD_PASS;

	error_clear();
	slots_sweep(interpreter, true);
	if (file && interpreter)
		outcome = load_module(interpreter, file, mode, &handle, &diag);
	*process.base.errno_location() = error;
	return answer(outcome, handle, &diag);
}

/* The link map that holds an address, or NULL. */
static struct link_map *map_at(const void *address)
{
	struct link_map *map;
	Dl_info info;

	if (!process.base.dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP))
		return NULL;
	return map;
}

struct steered steer_dlopen_inside(const char *file, int mode, const void *caller)
{
	int error = *process.base.errno_location();
	struct link_map *map = map_at(caller);
	struct object *object = map ? object_of_map(map) : NULL;
	struct namespace *namespace = object ? namespace_of(object->lmid) : NULL;
	enum load_outcome outcome = LOAD_PASS;
	struct diag diag = { "" };
	void *handle = NULL;

	error_clear();
	if (namespace)
		outcome = load_inside(namespace, map, file, mode, &handle, &diag);
	*process.base.errno_location() = error;
	return answer(outcome, handle, &diag);
}
