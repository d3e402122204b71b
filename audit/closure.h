/* SPDX-License-Identifier: MIT */
/* An object -> all that ld.so would load with it, and from where. Pure.
 *
 * What DT_NEEDED, RPATH, RUNPATH, $LD_LIBRARY_PATH, /etc/ld.so.cache and the
 * default directories come to; the files are opened by the caller. An object
 * that is not found is in the list all the same, without a path.
 *
 *	closure_start(&closure, &search, &source, &arena);
 *	root = closure_open(&closure, "/usr/bin/pypy3.9");
 *	closure_need(&closure, root, "libjemalloc.so.2");	// LD_PRELOAD
 *	closure_complete(&closure);
 *	for (object = closure.first; object; object = object->next)
 *		...
 *
 * Left out: glibc-hwcaps directories (of a library that has variants the plain
 * one is taken), and DF_1_NODEFLIB. */
#ifndef PYPY_ISOLATE_CLOSURE_H
#define PYPY_ISOLATE_CLOSURE_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/ld_cache.h"
#include "policy/arena.h"

#define CLOSURE_OBJECTS_MAX 2048	/* more is no program but an attack */

struct closure_object;

struct closure_file {
	intptr_t handle;		/* whatever the source makes of it */
	uint64_t size;			/* bytes */
	uint64_t device, inode;		/* one file under two names is one object */
};

/* Files are read piece by piece: that is four times as quick as mapping them,
 * and one that is cut off meanwhile cannot kill the process. */
struct closure_source {
	/* The regular file at path; false if there is none that can be read. */
	bool (*open)(void *context, const char *path, struct closure_file *file);
	/* Exactly size bytes from offset; false if they cannot be had. */
	bool (*read)(void *context, const struct closure_file *file,
		     uint64_t offset, void *out, size_t size);
	void (*close)(void *context, const struct closure_file *file);
	/* Is the file at path known already, so that it need not be read? Then sets found's
	 * path, which must outlive the closure, and may set its other members. NULL: none
	 * is. What a known object needs is not looked up. */
	bool (*knows)(void *context, const char *path, struct closure_object *found);
	/* ld.so.cache; count 0 if there is none. Asked once a closure at most. */
	void (*cache)(void *context, struct ld_cache *cache);
	void *context;
};

/* Where the ld.so in question searches. Texts may be NULL; none is owned. */
struct closure_search {
	const char *library_path;	/* $LD_LIBRARY_PATH */
	const char *defaults;		/* its own directories, ':' between them */
	const char *lib, *platform;	/* what $LIB and $PLATFORM stand for */
	/* The program, when that is not the closure's first object: ld.so searches its
	 * RPATH last, and it is whose $ORIGIN library_path means. */
	const struct closure_object *program;
	ElfW(Half) machine;		/* of all objects; 0: that of the first */
	/* What is none of the closure's business, by DT_NEEDED name; NULL: nothing. */
	bool (*passes_over)(const char *name);
};

/* All that it points to is in the arena; the file is closed. */
struct closure_object {
	struct closure_object *next;		/* as ld.so orders them */
	const struct closure_object *loader;	/* what first needed it, or NULL */
	const char *name;			/* as it was asked for */
	const char *path;			/* NULL: not found; all below is 0 */
	uint64_t device, inode;
	ElfW(Half) machine;
	const ElfW(Phdr) *phdr;			/* phnum of them */
	size_t phnum;
	uint64_t str_offset, str_size;		/* of the dynamic strings in the file */
	const char *soname, *rpath, *runpath;	/* or NULL */
	const char *const *needed;		/* DT_NEEDED, NULL-terminated; or NULL */
	void *known;				/* the source's own, or NULL */
};

struct closure {
	const struct closure_search *search;
	const struct closure_source *source;
	struct arena *arena;
	struct ld_cache cache;
	bool has_cache;
	struct closure_object *first, *last;
	size_t count;
};

/* search, source and arena must outlive closure. */
void closure_start(struct closure *closure, const struct closure_search *search,
		   const struct closure_source *source, struct arena *arena);

/* Adds the object at path, which should be absolute and free of symbolic links:
 * $ORIGIN is its directory. NULL if that is no ELF file of this word size and
 * byte order, or of another machine than the first object, or memory is out. */
struct closure_object *closure_open(struct closure *closure, const char *path);

/* Adds an object that the caller has read: name, path, rpath, runpath and needed are
 * set, machine if it is the first. NULL when memory is out. */
struct closure_object *closure_add(struct closure *closure,
				   const struct closure_object *object);

/* Where a search by loader would find a name without '/', or NULL: nothing is added.
 * loader may stand for an object that is loaded, so that only path, rpath, runpath
 * and loader are set. */
const char *closure_find(struct closure *closure, const struct closure_object *loader,
			 const char *name);

/* Adds what loader's DT_NEEDED name would load, if it is not there yet; gives
 * the object, or NULL when memory is out or there are too many. */
struct closure_object *closure_need(struct closure *closure,
				    const struct closure_object *loader, const char *name);

/* Adds, breadth first, all that the objects need and search does not pass over. False
 * when memory is out or there are too many: then the list is not complete. */
bool closure_complete(struct closure *closure);

#endif
