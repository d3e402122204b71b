/* SPDX-License-Identifier: MIT */
/* The objects of base -> its own dl functions. Under ld.so's lock. */
#include "audit/base.h"

#include "audit/object.h"
#include "audit/process.h"

/* What a reference of base to that name binds to: the first that defines it. By ld.so's own
 * list, for our table can lack an object when memory ran out. */
static void *base_function(const char *name)
{
	void *function = NULL;

	for (struct link_map *map = process.main; map && !function; map = map->l_next)
		function = object_address(&(struct object){ .map = map }, name);
	return function;
}

bool base_find(void)
{
	static const struct {
		const char *name;
		void **slot;
	} functions[] = {
		{ "dlmopen", (void **)&process.base.dlmopen },
		{ "dlclose", (void **)&process.base.dlclose },
		{ "dlerror", (void **)&process.base.dlerror },
		{ "dlsym", (void **)&process.base.dlsym },
		{ "dlvsym", (void **)&process.base.dlvsym },
		{ "dladdr1", (void **)&process.base.dladdr1 },
		{ "dlinfo", (void **)&process.base.dlinfo },
		{ "dl_iterate_phdr", (void **)&process.base.dl_iterate_phdr },
		{ "__errno_location", (void **)&process.base.errno_location },
		/* The last, and the one that says that all are there. */
		{ "dlopen", (void **)&process.base.dlopen },
	};

	if (process.base.dlopen)
		return true;
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		void *function = base_function(functions[i].name);

		if (!function)
			return false;
		__atomic_store_n(functions[i].slot, function, __ATOMIC_RELEASE);
	}
	return true;
}

/* Up to glibc 2.34 ld.so looks there at the first object of a namespace that has none yet
 * (bug 28062), but not in a mode with __RTLD_AUDIT (include/dlfcn.h). On no other dlmopen:
 * what comes with that mode escapes RELRO checks. And up to 2.31 a namespace must not become
 * empty again (bug 26076), so its first object stays. */
#define MODE_OLD	(0x08000000 | RTLD_NODELETE)

void *base_new_namespace(const char *file, int mode)
{
	bool is_old = process.lav < 2;

	return process.base.dlmopen(LM_ID_NEWLM, file, is_old ? mode | MODE_OLD : mode);
}
