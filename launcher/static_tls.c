/* SPDX-License-Identifier: MIT */
/* An interpreter -> the static TLS that ld.so must set aside for its start.
 *
 * The closure of the program in the order of ld.so, and the sum of what each
 * object's PT_TLS asks for. Hard: being quick, for it comes on top of every
 * start: a few reads a library, nothing mapped. */
#include "launcher/static_tls.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "audit/closure.h"
#include "audit/status.h"
#include "launcher/program.h"

#define PART_MAX ((size_t)16 << 20)	/* bytes; an ld.so.cache has 30 to 500 KB */

struct directories {
	char lib[PATH_MAX];		/* what $LIB stands for: "lib/x86_64-linux-gnu" */
	char all[2 * PATH_MAX + 64];	/* "/LIB:/usr/LIB:/lib:/usr/lib" */
};

static bool file_open(void *context, const char *path, struct closure_file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct status status;

	(void)context;
	if (fd < 0)
		return false;
	if (!status_of_descriptor(fd, &status) || !status.is_regular) {
		close(fd);
		return false;
	}
	*file = (struct closure_file){
		.handle = fd, .size = status.size,
		.device = status.identity.device, .inode = status.identity.inode,
	};
	return true;
}

static bool file_read(void *context, const struct closure_file *file,
		      uint64_t offset, void *out, size_t size)
{
	(void)context;
	return pread(file->handle, out, size, offset) == (ssize_t)size;
}

static void file_close(void *context, const struct closure_file *file)
{
	(void)context;
	close(file->handle);
}

static const struct closure_source files = {
	.open = file_open, .read = file_read, .close = file_close,
};

/* Bytes of a file, with a NUL after them; NULL if it cannot be had. Freed by the
 * caller. size 0: from offset to the end. */
static char *read_part(const char *path, uint64_t offset, size_t *size)
{
	struct closure_file file;
	char *bytes = NULL;

	if (!file_open(NULL, path, &file))
		return NULL;
	if (!*size && file.size > offset)
		*size = file.size - offset;
	if (*size < PART_MAX)
		bytes = malloc(*size + 1);
	if (bytes && !file_read(NULL, &file, offset, bytes, *size)) {
		free(bytes);
		bytes = NULL;
	}
	if (bytes)
		bytes[*size] = '\0';
	file_close(NULL, &file);
	return bytes;
}

/* The directory that our own libc came from is ld.so's: no other interface says
 * what $LIB is on this distribution. */
static int note_libc(struct dl_phdr_info *info, size_t size, void *context)
{
	const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
	const char *start = info->dlpi_name;
	struct directories *directories = context;

	(void)size;
	if (!slash || strcmp(slash, "/libc.so.6"))
		return 0;
	if (!strncmp(start, "/usr/", 5))
		start += 4;
	start += start < slash;
	snprintf(directories->lib, sizeof directories->lib, "%.*s",
		 (int)(slash - start), start);
	return 1;
}

static void find_directories(struct directories *directories)
{
	snprintf(directories->lib, sizeof directories->lib, "lib");
	dl_iterate_phdr(note_libc, directories);
	snprintf(directories->all, sizeof directories->all, "/%s:/usr/%s:/lib:/usr/lib",
		 directories->lib, directories->lib);
}

/* Names, with any of separators between them. */
static void add_preloads(struct closure *closure, const char *list, const char *separators)
{
	char *copy = list ? strdup(list) : NULL, *rest, *name;

	if (!copy)
		return;
	for (name = strtok_r(copy, separators, &rest); name;
	     name = strtok_r(NULL, separators, &rest))
		closure_need(closure, closure->first, name);
	free(copy);
}

static void add_preload_file(struct closure *closure)
{
	size_t size = 0;
	char *text = read_part("/etc/ld.so.preload", 0, &size);

	add_preloads(closure, text, ": \t\n");
	free(text);
}

/* Rounded up to its alignment, and as much again as aligning its start can take. */
static size_t tls_of(const struct closure_object *object)
{
	const ElfW(Phdr) *phdr;
	size_t i, align;

	for (i = 0; i < object->phnum; ++i) {
		phdr = &object->phdr[i];
		if (phdr->p_type != PT_TLS || phdr->p_memsz > 1 << 30 ||
		    phdr->p_align > 1 << 20)
			continue;
		align = phdr->p_align ? phdr->p_align : 1;
		return (phdr->p_memsz + align - 1) / align * align + align;
	}
	return 0;
}

/* By a version that every libc since 2.35 defines: the interpreter may come with
 * a libc of its own. */
static bool is_old(const struct closure_object *libc)
{
	static const char version[] = "\0GLIBC_2.35";
	size_t size = libc->str_size;
	char *strings = read_part(libc->path, libc->str_offset, &size);
	bool old = strings && !memmem(strings, size, version, sizeof version);

	free(strings);
	return old;
}

/* The program itself is mapped before the layout: its own TLS is not in the sum. */
static void add_up(struct start_up *start_up, const struct closure *closure)
{
	const struct closure_object *object;

	for (object = closure->first->next; object; object = object->next) {
		start_up->static_tls += tls_of(object);
		if (object->path && object->soname && !strcmp(object->soname, "libc.so.6"))
			start_up->libc_is_old = is_old(object);
	}
}

static void read_closure(struct start_up *start_up, const char *program,
			 const struct closure_search *search, struct arena *arena)
{
	struct closure closure;

	closure_start(&closure, search, &files, arena);
	if (!closure_open(&closure, program))
		return;
	add_preloads(&closure, getenv("LD_PRELOAD"), ": ");
	add_preload_file(&closure);
	closure_complete(&closure);
	add_up(start_up, &closure);
}

void start_up_read(struct start_up *start_up, const char *interpreter, struct arena *arena)
{
	struct closure_search search = { .library_path = getenv("LD_LIBRARY_PATH") };
	struct directories directories;
	struct program program;
	size_t size = 0;
	char *cache;

	start_up->static_tls = STATIC_TLS_DEFAULT + STATIC_TLS_NAMESPACES;
	start_up->libc_is_old = strverscmp(gnu_get_libc_version(), "2.35") < 0;
	if (!program_find(&program, interpreter) || !program_follow(&program))
		return;
	find_directories(&directories);
	search.defaults = directories.all;
	search.lib = directories.lib;
	search.platform = (const char *)getauxval(AT_PLATFORM);
	cache = read_part("/etc/ld.so.cache", 0, &size);
	if (cache)
		ld_cache_read(&search.cache, cache, size);
	read_closure(start_up, program.path, &search, arena);
	free(cache);
}
