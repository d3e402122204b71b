/* SPDX-License-Identifier: MIT */
/* Every route to dlopen leads here: caller and arguments -> load, then a handle or
 * a word that the real function shall have the call.
 *
 * The hard thing is dlerror(): base's libc keeps the texts, and a refusal of ours
 * has none there. So we leave one, marked, and dlerror is steered, too, to show
 * what follows the mark. */
#include "audit/steer.h"

#include <string.h>

#include "audit/load.h"
#include "audit/process.h"
#include "audit/slots.h"

/* What stands before our text in what base remembers. */
#define MARK '\001'

/* Lets base's dlerror() say it: as the name of a symbol that nobody has. So the
 * text is a thread's own, and goes when ld.so's texts go. */
static void set_error(struct diag *diag)
{
	char name[sizeof diag->text + 1] = { MARK };

	memcpy(name + 1, diag->text, sizeof diag->text);
	process.base.dlsym(process.main, name);
}

struct steered steer_dlerror(void)
{
	char *text = process.base.dlerror();
	char *ours = text ? strchr(text, MARK) : NULL;

	return (struct steered){ .result = ours ? ours + 1 : text };
}

static struct steered answer(enum load_outcome outcome, void *handle, struct diag *diag)
{
	switch (outcome) {
	case LOAD_DONE:
		return (struct steered){ .result = handle };
	case LOAD_FAILED:
		set_error(diag);
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

	if (namespace)
		outcome = load_inside(namespace, map, file, mode, &handle, &diag);
	*process.base.errno_location() = error;
	return answer(outcome, handle, &diag);
}
