/* SPDX-License-Identifier: MIT */
/* What ld.so has told us: the objects of base and of our namespaces.
 *
 * ld.so serializes its callbacks, so one thread at a time writes this table;
 * any thread reads it. Entries are never freed, only used again. */
#ifndef PYPY_ISOLATE_OBJECT_H
#define PYPY_ISOLATE_OBJECT_H

#include <link.h>
#include <stdbool.h>

#include "audit/elf_read.h"
#include "audit/status.h"
#include "policy/rules.h"

enum object_kind {
	OBJECT_OTHER,
	OBJECT_LIBC,		/* defines what is steered: libc.so.6, and before glibc 2.34
				 * libdl.so.2 */
	OBJECT_INTERPRETER,
	OBJECT_STDLIB,		/* a module in base, which itself may call dlopen: _ctypes */
};

struct object {
	struct object *next;		/* in the order of arrival */
	bool gone;			/* the entry is free */
	struct link_map *map;		/* ld.so's, which may close what did not come at_start:
					 * see object_pin() */
	char *path;			/* as ld.so opened it; "": program, mirror */
	const char *name;		/* the last part of path */
	char *soname;			/* DT_SONAME; "": none, or it came at_start */
	struct object_names *needed;	/* DT_NEEDED; NULL if it came at_start */
	size_t path_room, soname_room;	/* bytes, for the next in this entry */
	uintptr_t *cookie;		/* ld.so's, for comparison only */
	Lmid_t lmid;
	enum object_kind kind;
	bool at_start;			/* came before la_preinit: in base's scope for ever */
	const struct rule *profile;	/* OBJECT_INTERPRETER: the rule that recognized it */
	const ElfW(Phdr) *segments;	/* once somebody has asked; its program headers */
	size_t segment_count;
	bool identified;		/* file has been looked for */
	struct identity file;		/* none if it could not be found */
	const char *package;		/* once place.c has asked; "": the system's */
};

/* Notes an object that ld.so has mapped. NULL: no memory. */
struct object *object_add(struct link_map *map, Lmid_t lmid, uintptr_t *cookie);

/* Sets the kind of an object of base. */
void object_recognize(struct object *object);

/* The object goes: its entry is free. */
void object_remove(struct object *object);

/* The first object, or the one after object, in the order of arrival; NULL after
 * the last. Objects that are gone are passed over. */
struct object *object_next(const struct object *object);

/* The object of a cookie, or NULL. Never follows it: up to glibc 2.34 ld.so
 * passes one that was computed from a NULL map (dl-load.c, _dl_map_object), and
 * up to 2.40 one of an object that la_objopen never saw. */
struct object *object_of_cookie(const uintptr_t *cookie);

struct object *object_of_map(const struct link_map *map);

/* The object that the file is loaded as: in lmid first, then in base if base_counts,
 * else in any other namespace. NULL if it is not loaded. */
struct object *object_of_file(struct identity file, Lmid_t lmid, bool base_counts);

/* The object of base with that last part of a file name, or NULL. */
struct object *object_in_base(const char *file_name);

/* Is anything loaded there, by us or by the program? */
bool object_any_in(Lmid_t lmid);

/* Has it that name, of its file or by its SONAME? */
bool object_is_called(const struct object *object, const char *name);

/* The object of lmid that has come since the start of the process and has that name, of
 * its file or by its SONAME; NULL if there is none. */
const struct object *object_late(Lmid_t lmid, const char *name);

/* ld.so, or NULL if it was run as the program. */
struct object *object_loader(void);

/* The kernel's object: no reference binds to it. */
bool object_is_vdso(const struct object *object);

/* Keeps ld.so from unmapping the object, in whatever thread, until object_unpin(): its
 * link map and what that leads to may be followed. False if it is going already, or has no
 * path. Until then the entry can become another object's: who has it from before asks
 * after pinning whether it still is what was meant. */
bool object_pin(const struct object *object);
void object_unpin(const struct object *object);

/* A path for messages, the program's too; valid until the object goes. */
const char *object_path(const struct object *object);

/* The dynamic symbols, as they are in memory. Trusted: ld.so has accepted them.
 * For symbols_find() only: counting them takes long, and count is SIZE_MAX. */
void object_symbols(const struct object *object, struct symbols *symbols);

/* The same with their number. */
void object_counted_symbols(const struct object *object, struct symbols *symbols);

/* The dynamic section's value of tag, as an address if it is one; 0 if it has none. */
uintptr_t object_dynamic(const struct object *object, ElfW(Sxword) tag);

/* The n-th DT_NEEDED name (from 0), or NULL after the last; of any object, pinned or
 * not, as is object_soname(). */
const char *object_needed(const struct object *object, size_t n);

/* Is it the first library that the program needs, by its file's name or its SONAME? What base
 * searches before that, in the order of l_next, is the program itself and what was
 * preloaded. */
bool object_is_first_needed(const struct object *object);

/* The text that the dynamic section has for tag (DT_RPATH), or NULL. */
const char *object_string(const struct object *object, ElfW(Sxword) tag);

/* DT_SONAME, or NULL. */
const char *object_soname(const struct object *object);

/* Pins the object if it defines the symbol; false if it does not, or is going. */
bool object_pin_definer(const struct object *object, const char *symbol);

/* The address of a defined symbol, of whichever version, or NULL. */
void *object_address(const struct object *object, const char *symbol);

/* Has a slot that relocations of the object fill for that symbol the value? */
bool object_has_slot(const struct object *object, const char *symbol, uintptr_t value);

/* The program headers, as they are in memory; NULL, and none, if they are not. */
const ElfW(Phdr) *object_segments(struct object *object, size_t *count);

/* Does address lie in one of the object's PT_LOAD segments? */
bool object_has(struct object *object, uintptr_t address);

/* What that segment allows: PROT_READ and so on, as mmap(2) has them; PROT_READ alone for
 * an address that is in none that is known. */
int object_protection(struct object *object, uintptr_t address);

#endif
