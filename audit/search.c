/* SPDX-License-Identifier: MIT */
/* A name without '/' -> the file that ld.so would find, in this process, for this caller.
 *
 * The hard thing is the caller: base's dlmopen() looks into the directories of who calls
 * it, and that is us. */
#include "audit/search.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "audit/elf_machine.h"
#include "audit/libraries.h"
#include "audit/process.h"

/* What closures are searched by, in this process. */
struct world {
	struct libraries libraries;
	struct closure_object program;
	char path[PATH_MAX];		/* of the program */
};

static struct world *make_world(void)
{
	struct world *world = arena_take(&process.arena, sizeof *world);
	const struct object *main = object_of_map(process.main);
	const struct object *libc = object_in_base("libc.so.6");

	if (!world || !main)
		return NULL;
	if (readlink("/proc/self/exe", world->path, sizeof world->path - 1) < 0)
		world->path[0] = '\0';
	world->program.path = world->path;
	if (!object_string(main, DT_RUNPATH))
		world->program.rpath = object_string(main, DT_RPATH);
	libraries_find(&world->libraries, process.library_path, libc ? libc->path : "");
	world->libraries.search.program = &world->program;
	world->libraries.search.machine = MACHINE;
	world->libraries.search.passes_over = namespace_shares;
	return world;
}

/* Found out once; of two threads that do so at once, the first has it. */
const struct closure_search *search_rules(void)
{
	static struct world *world;
	struct world *made, *had = __atomic_load_n(&world, __ATOMIC_ACQUIRE);

	if (had)
		return &had->libraries.search;
	made = make_world();
	if (!made || __atomic_compare_exchange_n(&world, &had, made, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
		had = made;
	return had ? &had->libraries.search : NULL;
}

bool search_file(const char *directories, const char *name, char *path, size_t size)
{
	const struct closure_object caller = { .path = "", .rpath = directories };
	const struct closure_search *rules = search_rules();
	struct library_source files;
	struct closure closure;
	struct arena scratch;
	const char *found;

	if (!rules || !process_scratch(&scratch))
		return false;
	library_source_begin(&files);
	closure_start(&closure, rules, &files.source, &scratch);
	found = closure_find(&closure, &caller, name);
	if (!found || !process_absolute(found, path, size))
		found = NULL;
	library_source_end(&files);
	process_scratch_end(&scratch);
	return found != NULL;
}

/* The directories that ld.so searches for the map, or NULL. */
static const Dl_serinfo *directories_of(struct link_map *map, struct arena *scratch)
{
	Dl_serinfo size, *list;

	if (process.base.dlinfo(map, RTLD_DI_SERINFOSIZE, &size) != 0 ||
	    !(list = arena_take(scratch, size.dls_size)))
		return NULL;
	*list = size;
	return process.base.dlinfo(map, RTLD_DI_SERINFO, list) == 0 ? list : NULL;
}

/* How many of the caller's directories are its own? The root has none but ld.so's
 * defaults, which come last, and before which ld.so looks into its cache. */
static unsigned own_directories(const Dl_serinfo *caller, const Dl_serinfo *root)
{
	unsigned own = caller->dls_cnt, others = root->dls_cnt;

	while (own && others && strcmp(caller->dls_serpath[own - 1].dls_name,
				       root->dls_serpath[others - 1].dls_name) == 0) {
		own--;
		others--;
	}
	return own;
}

/* The first count of them as one text, as an RPATH has it; NULL: no memory. */
static const char *join_directories(const Dl_serinfo *list, unsigned count,
				    struct arena *scratch)
{
	size_t size = 1;
	char *text, *end;

	for (unsigned i = 0; i < count; i++)
		size += strlen(list->dls_serpath[i].dls_name) + 1;
	text = end = arena_take(scratch, size);
	for (unsigned i = 0; text && i < count; i++) {
		end = stpcpy(end, list->dls_serpath[i].dls_name);
		*end++ = i + 1 < count ? ':' : '\0';
	}
	return text;
}

/* The caller's own directories as one text; NULL: no memory. */
static const char *directories_for(const struct namespace *namespace, struct link_map *caller,
				   struct arena *scratch)
{
	const Dl_serinfo *own = directories_of(caller, scratch);
	const Dl_serinfo *root = directories_of(namespace->head, scratch);

	return own && root ? join_directories(own, own_directories(own, root), scratch) : NULL;
}

bool search_for_caller(const struct namespace *namespace, struct link_map *caller,
		       const char *name, char *path, size_t size)
{
	const char *directories;
	struct arena scratch;
	bool found;

	if (!process_scratch(&scratch))
		return false;
	directories = directories_for(namespace, caller, &scratch);
	found = directories && search_file(directories, name, path, size);
	process_scratch_end(&scratch);
	return found;
}
