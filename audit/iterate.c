/* SPDX-License-Identifier: MIT */
/* dl_iterate_phdr(3) over base and all namespaces of ours.
 *
 * The walk is our own, along ld.so's lists; the real function serves to hold ld.so's
 * lock meanwhile. So nothing here may take another lock of ld.so's. */
#include "audit/iterate.h"

#include <sys/auxv.h>

#include "audit/namespace.h"
#include "audit/process.h"

struct walk {
	iterate_callback *callback;
	void *data;
	int result;
};

static bool has_tls(const ElfW(Phdr) *segment, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (segment[i].p_type == PT_TLS)
			return true;
	return false;
}

/* What is said of all objects is in info already. dlinfo() takes no lock. */
static void describe(struct dl_phdr_info *info, struct object *object)
{
	size_t count;

	info->dlpi_addr = object->map->l_addr;
	info->dlpi_name = object->map->l_name;
	info->dlpi_phdr = object_segments(object, &count);
	info->dlpi_phnum = count;
	info->dlpi_tls_modid = 0;
	info->dlpi_tls_data = NULL;
	if (!has_tls(info->dlpi_phdr, count))
		return;
	process.base.dlinfo(object->map, RTLD_DI_TLS_MODID, &info->dlpi_tls_modid);
	process.base.dlinfo(object->map, RTLD_DI_TLS_DATA, &info->dlpi_tls_data);
}

/* A mirror, or the proxy of ld.so that glibc puts into each namespace. */
static bool is_stand_in(const struct object *object)
{
	return object->lmid != LM_ID_BASE &&
	       (!object->name[0] || object->map->l_addr == getauxval(AT_BASE));
}

static void walk_list(struct walk *walk, const struct dl_phdr_info *common,
		      struct link_map *map)
{
	for (; map && walk->result == 0; map = map->l_next) {
		struct object *object = object_of_map(map);
		/* Of the kernel's object la_objopen hears from glibc 2.35 on. */
		struct object untold = { .map = map, .path = map->l_name };
		struct dl_phdr_info info = *common;

		if (!object && object_is_vdso(&untold))
			object = &untold;
		if (!object || is_stand_in(object))
			continue;
		describe(&info, object);
		walk->result = walk->callback(&info, sizeof info, walk->data);
	}
}

static int walk_all(struct dl_phdr_info *common, size_t size, void *data)
{
	struct walk *walk = data;
	const struct namespace *namespace;

	(void)size;
	walk_list(walk, common, process.main);
	for (unsigned n = 0; (namespace = namespace_number(n)); n++)
		walk_list(walk, common, namespace->head);
	return 1;
}

int iterate_phdr(iterate_callback *callback, void *data)
{
	struct walk walk = { .callback = callback, .data = data };

	process.base.dl_iterate_phdr(walk_all, &walk);
	return walk.result;
}
