/* SPDX-License-Identifier: MIT */
/* The la_* functions that ld.so calls: rtld-audit(7). Each hands over and returns.
 *
 * They run under ld.so's lock. Nothing may be loaded from in here (glibc up to
 * 2.40 aborts), and a cookie may be garbage, so it is looked up, never followed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "audit/base.h"
#include "audit/libc/start.h"
#include "audit/memfile.h"
#include "audit/namespace.h"
#include "audit/process.h"
#include "audit/record.h"
#include "audit/redirect.h"
#include "audit/started.h"

#define EXPORTED __attribute__((visibility("default")))
#define LAV_KNOWN 2	/* the newest interface that this was written for (glibc 2.35) */

/* Before glibc 2.30 a module that answers 0 takes the process with it (bug 24122). Which
 * one it is ld.so does not tell; its file's name did until 2.33. Nothing is lost but time
 * if we stay and do nothing. */
static bool may_decline(unsigned lav)
{
	static const char *const old[] = { "/ld-2.28.so", "/ld-2.29.so" };
	char maps[8192];
	int fd = lav < 2 ? open("/proc/self/maps", O_RDONLY | O_CLOEXEC) : -1;
	ssize_t size = fd < 0 ? -1 : read(fd, maps, sizeof maps - 1);

	if (fd >= 0)
		close(fd);
	if (size < 0)
		return lav >= 2;
	maps[size] = '\0';
	return !strstr(maps, old[0]) && !strstr(maps, old[1]);
}

EXPORTED unsigned la_version(unsigned offered)
{
	unsigned lav = offered < LAV_KNOWN ? offered : LAV_KNOWN;

	if (libc_start(__builtin_return_address(0))) {
		started_restore();
		if (process_begin(lav)) {
			record_begin();
			return lav;
		}
	}
	return may_decline(lav) ? 0 : lav;
}

/* A broken policy, and no launcher that would have refused to start. */
static void stay_out(const struct object *interpreter)
{
	process_log(LOG_LEVEL_ERROR, "%s; %s runs without isolation ('pypy-isolate conf' lists "
		    "every error)", process.settings.errors->text, object_path(interpreter));
	process.lav = 0;
}

/* One that we know nothing of can be anything: before main(), the interpreter or libc. */
static void not_noted(const struct link_map *map)
{
	const char *name = memfile_is_path(map->l_name) ? "a mirror" : map->l_name;

	process_log(LOG_LEVEL_ERROR, "no memory to note %s%s", *name ? name : "the program",
		    process.started ? "" : "; this process runs without isolation");
	if (!process.started)
		process.lav = 0;
}

/* gdb 13 opens /proc/self/fd/N as its own, and hangs; objects without a name it passes
 * over. */
static void forget_path(struct link_map *map)
{
	if (!memfile_is_path(map->l_name))
		return;
	memfile_hide(map->l_name);
	map->l_name[0] = '\0';
}

/* From glibc 2.41 on a debugger is told of a load between la_activity and la_objopen, when
 * the first new object ends the list of its namespace already. *cookie is the map that
 * begins the list, as long as nobody has noted it (elf/dl-object.c); earlier ones make up
 * cookies (bug 28061). */
static void forget_path_early(const uintptr_t *cookie)
{
	const struct object *head = object_of_cookie(cookie);
	struct link_map *map = head ? head->map : (struct link_map *)*cookie;

	while (map->l_next)
		map = map->l_next;
	if (!memfile_is_path(map->l_name))
		return;
	map->l_name[0] = '\0';
	process.nameless = map;
}

static void recall_path(struct link_map *map)
{
	if (map != process.nameless)
		return;
	map->l_name[0] = '/';
	process.nameless = NULL;
}

static void inside(struct object *object)
{
	namespace_arrival(object);
	record_object(object);
	forget_path(object->map);
}

static void in_base(struct object *object)
{
	if (!process.main)
		process.main = object->map;
	object_recognize(object);
	record_object(object);
	if (object->kind == OBJECT_INTERPRETER && process.settings.errors)
		stay_out(object);
	else if (object->kind == OBJECT_INTERPRETER || object->kind == OBJECT_STDLIB)
		redirect(object);
}

static void arrival(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
{
	uint64_t begun = record_clock();
	struct object *object;

	recall_path(map);
	object = object_add(map, lmid, cookie);
	if (!object)
		not_noted(map);
	else if (lmid == LM_ID_BASE)
		in_base(object);
	else
		inside(object);
	if (!object && lmid != LM_ID_BASE)
		forget_path(map);
	record_callback_end(begun);
}

EXPORTED unsigned la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
{
	int error = errno;

	if (process.lav)
		arrival(map, lmid, cookie);
	errno = error;
	/* 0, always: la_symbind, for which the bits are, we have none. */
	return 0;
}

EXPORTED unsigned la_objclose(uintptr_t *cookie)
{
	struct object *object = process.lav ? object_of_cookie(cookie) : NULL;

	if (object) {
		record_gone(object);
		namespace_departure(object);
		object_remove(object);
	}
	return 0;
}

EXPORTED char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag)
{
	uint64_t begun = record_clock();
	const struct object *object;
	const char *found;
	int error = errno;

	record_search(name, flag);
	if (!process.lav || flag != LA_SER_ORIG || !(object = object_of_cookie(cookie)))
		return (char *)name;
	found = namespace_search(object->lmid, name);
	memfile_show(found);
	record_callback_end(begun);
	errno = error;
	return (char *)found;
}

/* Start-up objects have been relocated, and no main() has run. */
EXPORTED void la_preinit(uintptr_t *cookie)
{
	(void)cookie;
	if (!process.lav)
		return;
	process.started = true;
	if (process.base.dlopen)
		redirect_definition();
	for (process.last = process.main; process.last && process.last->l_next;)
		process.last = process.last->l_next;
	record_ready();
}

/* At first this is when all start-up objects are there, and no code of theirs has run
 * (rtld.c, dl_main). Whoever calls an entry needs the real functions, also when we stay
 * out since; most programs have none that could. */
EXPORTED void la_activity(uintptr_t *cookie, unsigned flag)
{
	if (process.lav >= LAV_KNOWN && flag == LA_ACT_ADD)
		forget_path_early(cookie);
	if (process.has_entries && flag == LA_ACT_CONSISTENT && base_find() && process.started)
		redirect_definition();
}
