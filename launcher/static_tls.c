/* SPDX-License-Identifier: MIT */
/* An interpreter -> the static TLS that ld.so must set aside for its start.
 *
 * The closure of the program in the order of ld.so, and the sum of what each
 * object's PT_TLS asks for. Hard: being quick, for it comes on top of every
 * start: a few reads a library, nothing mapped. */
#include "launcher/static_tls.h"

#include <gnu/libc-version.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "audit/libraries.h"
#include "audit/status.h"
#include "audit/sys.h"
#include "launcher/program.h"

#define PART_MAX ((size_t)16 << 20)	/* bytes; string tables have 1 to 200 KB */

/* Bytes of a file, with a NUL after them; NULL if it cannot be had. Freed by the
 * caller. size 0: from offset to the end. */
static char *read_part(const char *path, uint64_t offset, size_t *size)
{
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct status status;
	char *bytes = NULL;

	if (fd < 0)
		return NULL;
	if (!*size && status_of_descriptor(fd, &status) && status.size > offset)
		*size = status.size - offset;
	if (*size < PART_MAX)
		bytes = malloc(*size + 1);
	if (bytes && !sys_read_at(fd, bytes, *size, offset)) {
		free(bytes);
		bytes = NULL;
	}
	if (bytes)
		bytes[*size] = '\0';
	sys_close(fd);
	return bytes;
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
static void add_up(void *context, const struct closure *closure)
{
	const struct closure_object *object;
	struct start_up *start_up = context;

	for (object = closure->first->next; object; object = object->next) {
		start_up->static_tls += tls_of(object);
		if (object->path && object->soname && !strcmp(object->soname, "libc.so.6"))
			start_up->libc_is_old = is_old(object);
	}
}

bool start_up_closure(const char *program, struct arena *arena,
		      void (*use)(void *context, const struct closure *), void *context)
{
	struct libraries libraries;
	struct library_source files;
	struct closure closure;
	bool good;

	libraries_find(&libraries, getenv("LD_LIBRARY_PATH"), program_own_libc());
	library_source_begin(&files);
	closure_start(&closure, &libraries.search, &files.source, arena);
	good = closure_open(&closure, program);
	if (good) {
		add_preloads(&closure, getenv("LD_PRELOAD"), ": ");
		add_preload_file(&closure);
		closure_complete(&closure);
		use(context, &closure);
	}
	library_source_end(&files);
	return good;
}

void start_up_read(struct start_up *start_up, const char *interpreter, struct arena *arena)
{
	struct program program;

	start_up->static_tls = STATIC_TLS_DEFAULT + STATIC_TLS_NAMESPACES;
	start_up->libc_is_old = strverscmp(gnu_get_libc_version(), "2.35") < 0;
	if (program_find(&program, interpreter) && program_follow(&program))
		start_up_closure(program.path, arena, add_up, start_up);
}
