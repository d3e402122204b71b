/* SPDX-License-Identifier: MIT */
/* The objects of base -> its own dl functions. Under ld.so's lock. */
#include "audit/base.h"

#include "audit/object.h"
#include "audit/process.h"

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
	{ "gnu_get_libc_version", (void **)&process.base.libc_version },
	/* The last, and the one that says that all are there. */
	{ "dlopen", (void **)&process.base.dlopen },
};

#define FUNCTIONS (sizeof functions / sizeof *functions)

/* Those that are not found yet, by an object that comes later in base's scope. Returns how
 * many are. */
static size_t find_in(const struct link_map *map, void *found[FUNCTIONS])
{
	const struct object object = { .map = (struct link_map *)map };
	struct symbols symbols;
	size_t count = 0;

	object_symbols(&object, &symbols);
	for (size_t i = 0; i < FUNCTIONS; i++) {
		size_t index = found[i] ? 0 : symbols_find(&symbols, functions[i].name);

		if (index)
			found[i] = (void *)(map->l_addr + symbols.sym[index].st_value);
		count += found[i] != NULL;
	}
	return count;
}

/* What a reference of base binds to: the first that defines the name. By ld.so's own list,
 * for our table can lack an object when memory ran out. */
bool base_find(void)
{
	void *found[FUNCTIONS] = { NULL };
	struct link_map *map = process.main;

	if (process.base.dlopen)
		return true;
	while (map && find_in(map, found) < FUNCTIONS)
		map = map->l_next;
	for (size_t i = 0; map && i < FUNCTIONS; i++)
		__atomic_store_n(functions[i].slot, found[i], __ATOMIC_RELEASE);
	return map;
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
