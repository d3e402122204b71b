/* SPDX-License-Identifier: MIT */
/* Every route to dlopen leads here: caller and arguments -> load, then a handle or
 * a word that the real function shall have the call.
 *
 * The hard thing is dlerror(): a refusal of ours has no error in base's libc. So
 * dlerror is steered, too, and gives ours first to the thread that has one. */
#include "audit/steer.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/load.h"
#include "audit/process.h"
#include "audit/slots.h"

#define PENDING_MAX 16

/* What dlerror() will say: a text a thread. With more threads than entries the
 * oldest text is lost, and its thread gets NULL. */
static struct pending {
	pid_t thread;		/* 0: free */
	struct diag diag;
} pending[PENDING_MAX];

static unsigned pending_count;	/* of all ever; so a cheap "never" for the usual case */

static pid_t this_thread(void)
{
	return syscall(SYS_gettid);
}

static struct pending *pending_of(pid_t thread)
{
	for (size_t i = 0; i < PENDING_MAX; i++)
		if (__atomic_load_n(&pending[i].thread, __ATOMIC_ACQUIRE) == thread)
			return &pending[i];
	return NULL;
}

static void set_error(const struct diag *diag)
{
	unsigned turn = __atomic_fetch_add(&pending_count, 1, __ATOMIC_ACQ_REL);
	struct pending *mine = pending_of(this_thread());

	if (!mine)
		mine = &pending[turn % PENDING_MAX];
	__atomic_store_n(&mine->thread, 0, __ATOMIC_RELEASE);
	mine->diag = *diag;
	__atomic_store_n(&mine->thread, this_thread(), __ATOMIC_RELEASE);
	/* What base remembers is older. */
	process.base.dlerror();
}

static void clear_error(void)
{
	struct pending *mine;

	if (!__atomic_load_n(&pending_count, __ATOMIC_ACQUIRE))
		return;
	mine = pending_of(this_thread());
	if (mine)
		__atomic_store_n(&mine->thread, 0, __ATOMIC_RELEASE);
}

struct steered steer_dlerror(void)
{
	struct pending *mine;

	if (!__atomic_load_n(&pending_count, __ATOMIC_ACQUIRE) ||
	    !(mine = pending_of(this_thread())))
		return (struct steered){ .pass = (uintptr_t)process.base.dlerror };
	/* The text stays until this thread's next error. */
	__atomic_store_n(&mine->thread, 0, __ATOMIC_RELEASE);
	return (struct steered){ .result = mine->diag.text };
}

static struct steered answer(enum load_outcome outcome, void *handle, const struct diag *diag)
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
		if (object_contains(object, (uintptr_t)caller))
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

	clear_error();
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

	clear_error();
	if (namespace)
		outcome = load_inside(namespace, map, file, mode, &handle, &diag);
	*process.base.errno_location() = error;
	return answer(outcome, handle, &diag);
}
