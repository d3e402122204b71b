/* SPDX-License-Identifier: MIT */
/* Any bytes -> a little world of files and an ld.so.cache -> closures in it.
 *
 * The input: a byte of choices, then for each file its name, a byte (FILE_NAMES; 255 is
 * the cache), its size, two bytes, and its bytes. tests/fuzz/corpus writes such. A file is
 * in every directory whose name has a good hash. */
#include <string.h>

#include "audit/closure.h"
#include "tests/fuzz/fuzz.h"

#define FILES_MAX 12
#define FILE_NAMES 10
#define CACHE_NAME 255
#define RECORD 3		/* bytes before those of a file */
#define MEMORY ((size_t)4 << 20)

enum choice {
	CHOICE_LIBRARY_PATH = 1, CHOICE_PROGRAM = 2, CHOICE_MACHINE = 4, CHOICE_CUT = 8,
	CHOICE_LITTLE_MEMORY = 16, CHOICE_KNOWN = 32,
};

struct file {
	uint8_t name;
	size_t size;		/* as it was said; more than what there is with CHOICE_CUT */
	size_t there;
	uint8_t *bytes;
};

static struct {
	unsigned choices;
	struct file files[FILES_MAX];
	size_t count;
	unsigned opened;
} world;

static size_t record_size(const uint8_t *data, size_t size)
{
	size_t length = data[1] | (size_t)data[2] << 8;

	return length < size - RECORD ? length : size - RECORD;
}

static void make_world(const uint8_t *data, size_t size)
{
	world.count = 0;
	world.opened = 0;
	world.choices = size ? data[0] : 0;
	for (size_t at = 1; world.count < FILES_MAX && at + RECORD <= size;) {
		size_t there = record_size(data + at, size - at);

		world.files[world.count++] = (struct file){
			.name = data[at],
			.size = there + (world.choices & CHOICE_CUT ? 512 : 0),
			.there = there,
			.bytes = fuzz_copy(data + at + RECORD, there),
		};
		at += RECORD + there;
	}
}

/* A file of the world is liba.so to libj.so, or liba.so.1 for short. */
static const struct file *file_named(const char *name)
{
	for (size_t i = 0; i < world.count; i++)
		if (world.files[i].name != CACHE_NAME && strncmp(name, "lib", 3) == 0 &&
		    name[3] == 'a' + world.files[i].name % FILE_NAMES &&
		    strncmp(name + 4, ".so", 3) == 0)
			return &world.files[i];
	return NULL;
}

static bool open_file(void *context, const char *path, struct closure_file *out)
{
	const char *slash = strrchr(path, '/');
	const struct file *file = file_named(slash ? slash + 1 : path);
	unsigned hash = 0;

	(void)context;
	for (const char *p = path; slash && p < slash; p++)
		hash = hash * 31 + (unsigned char)*p;
	if (!file || hash % 3 == 1)
		return false;
	world.opened++;
	*out = (struct closure_file){
		.handle = file - world.files, .size = file->size, .inode = file - world.files,
	};
	return true;
}

static bool read_file(void *context, const struct closure_file *file, uint64_t offset,
		      void *out, size_t size)
{
	const struct file *from = &world.files[file->handle];

	(void)context;
	insist(offset <= from->size && size <= from->size - offset);
	if (offset > from->there || size > from->there - offset)
		return false;
	memcpy(out, from->bytes + offset, size);
	return true;
}

static void close_file(void *context, const struct closure_file *file)
{
	(void)context;
	insist((size_t)file->handle < world.count);
	world.opened--;
}

static bool knows(void *context, const char *path, struct closure_object *found)
{
	const char *slash = strrchr(path, '/');

	(void)context;
	if (strcmp(slash ? slash + 1 : path, "libb.so") != 0)
		return false;
	found->path = "/known/libb.so";
	found->inode = 99;
	return true;
}

static void get_cache(void *context, struct ld_cache *cache)
{
	(void)context;
	for (size_t i = 0; i < world.count; i++)
		if (world.files[i].name == CACHE_NAME)
			ld_cache_read(cache, world.files[i].bytes, world.files[i].there);
}

static void touch_object(const struct closure_object *object)
{
	insist(object->name);
	fuzz_touch_text(object->name);
	fuzz_touch_text(object->path);
	fuzz_touch_text(object->soname);
	fuzz_touch_text(object->rpath);
	fuzz_touch_text(object->runpath);
	insist(!object->rpath || !object->runpath);
	for (const char *const *name = object->needed; name && *name; name++)
		fuzz_touch_text(*name);
	for (size_t i = 0; i < object->phnum; i++)
		insist(object->phdr[i].p_type || !object->phdr[i].p_type);
}

static bool arena_is_out(const struct closure *closure)
{
	return closure->arena->used > closure->arena->size / 2;
}

static void complete(struct closure *closure)
{
	bool all = closure_open(closure, "/bin/liba.so") && closure_complete(closure);
	size_t count = 0;

	for (const struct closure_object *object = closure->first; object;
	     object = object->next, count++)
		touch_object(object);
	insist(count == closure->count);
	if (closure->first)
		fuzz_touch_text(closure_find(closure, closure->first, "libc.so"));
	/* Only memory and the number of objects can stop it. */
	insist(all || !closure->first || count == CLOSURE_OBJECTS_MAX || arena_is_out(closure));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct closure_object program = { .path = "/program/x", .rpath = "/r:$ORIGIN" };
	struct closure_search search = { .defaults = "/lib:/usr/lib", .lib = "lib" };
	struct closure_source source = {
		.open = open_file, .read = read_file, .close = close_file, .cache = get_cache,
	};
	struct closure closure;
	struct arena arena;

	make_world(data, size);
	search.library_path = world.choices & CHOICE_LIBRARY_PATH ? "$ORIGIN/l;:/env" : NULL;
	search.program = world.choices & CHOICE_PROGRAM ? &program : NULL;
	search.machine = world.choices & CHOICE_MACHINE ? EM_X86_64 : 0;
	source.knows = world.choices & CHOICE_KNOWN ? knows : NULL;
	fuzz_arena_begin(&arena, world.choices & CHOICE_LITTLE_MEMORY ? 8192 : MEMORY);
	closure_start(&closure, &search, &source, &arena);
	complete(&closure);
	insist(world.opened == 0);
	fuzz_arena_end(&arena);
	for (size_t i = 0; i < world.count; i++)
		free(world.files[i].bytes);
	return 0;
}

/* One of the files is poked. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	uint64_t state = seed + 1;
	size_t at = 1, skip = fuzz_random(&state, 4);

	if (seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, most);
	for (; skip && at + RECORD < size; skip--)
		at += RECORD + record_size(data + at, size - at);
	if (at + RECORD >= size ||
	    !fuzz_poke(data + at + RECORD, record_size(data + at, size - at), seed))
		return LLVMFuzzerMutate(data, size, most);
	return size;
}
