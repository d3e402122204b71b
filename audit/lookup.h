/* SPDX-License-Identifier: MIT */
/* A reference and scopes of checked objects -> the definition that ld.so would bind it to.
 * Pure: nothing is loaded, files are enough.
 *
 * The rules are those of glibc, elf/dl-lookup.c (2.28 to 2.43), with what the relocation
 * makes of the reference (dl-reloc.c, RESOLVE_MAP) and versions as dl-version.c reads
 * them. Not asked: LD_DYNAMIC_WEAK. COPY relocations, which executables alone have, are no
 * references here. */
#ifndef PYPY_ISOLATE_LOOKUP_H
#define PYPY_ISOLATE_LOOKUP_H

#include "audit/elf_read.h"

/* What a version index of an object stands for. */
struct lookup_version {
	const char *name;		/* "" for none, and for the base version */
	uint32_t hash;			/* as the file says; 0 with "" */
	bool is_hidden;			/* of a reference: nothing but this version will do */
};

/* An object that can be searched. All it points to is somebody else's. */
struct lookup_object {
	const struct symbols *symbols;
	const struct lookup_version *version;	/* version_count of them, by index */
	size_t version_count;
	bool is_program;		/* what the process was started with */
	bool is_symbolic;		/* DT_SYMBOLIC */
	/* Does it show the symbol of that name? NULL: all that it has. */
	bool (*shows)(const void *context, const char *name);
	const void *context;
};

/* One after the other. */
struct lookup_scope {
	const struct lookup_object *const *object;
	size_t count;
};

enum lookup_class {			/* glibc's ELF_RTYPE_CLASS_, of what can be dlopen()ed */
	LOOKUP_DATA,			/* also an executable's PLT entry will do */
	LOOKUP_PLT,			/* a call, or a thread-local variable */
};

struct lookup_reference {
	const char *name;
	uint32_t hash;			/* hash_gnu(name) */
	const struct lookup_version *version;	/* or NULL: any */
	enum lookup_class class;
};

struct lookup_found {
	const struct lookup_object *object;	/* NULL: nothing is found */
	size_t symbol;
};

/* The first definition of each STB_GNU_UNIQUE symbol that was bound to, which is the one
 * that the whole namespace gets. */
struct lookup_unique {
	struct lookup_unique *next;
	const char *name;
	uint32_t hash;
	struct lookup_found found;
};

/* How many versions lookup_versions() writes: the highest index of the object and 1. */
size_t lookup_version_count(const struct symbols *symbols);
void lookup_versions(const struct symbols *symbols, struct lookup_version *version);

/* The class of a relocation of that type. */
enum lookup_class lookup_class(size_t type);

/* Does ld.so bind a reference to that symbol, of the object itself, without a search? */
bool lookup_is_local(const struct symbols *symbols, size_t symbol);

/* The reference that a relocation makes to a symbol of object; hash is hash_gnu() of its
 * name. */
struct lookup_reference lookup_reference(const struct lookup_object *object, size_t symbol,
					 enum lookup_class class, uint32_t hash);

/* The first definition in the scope. */
struct lookup_found lookup_in(const struct lookup_scope *scope,
			      const struct lookup_reference *reference);

/* Why an object is no answer, in words for a person; for one that is, NULL. */
const char *lookup_why_not(const struct lookup_object *object,
			   const struct lookup_reference *reference);

/* Is what was found one of those that a namespace has once? Then it is in the list that
 * starts at *first, or the caller adds it there. */
bool lookup_is_unique(const struct lookup_found *found);
const struct lookup_unique *lookup_unique_of(const struct lookup_unique *first,
					     const struct lookup_reference *reference);

/* The next version that the object needs of a library, from a DT_VERNEED record on, and
 * that library by its DT_NEEDED name; NULL after the last. *at and *aux begin as 0. */
const char *lookup_needed_version(const struct symbols *symbols, size_t *at, size_t *aux,
				  const char **library, bool *is_weak);

/* Has the library that version? One without any versions has all (dl-version.c). */
bool lookup_has_version(const struct symbols *library, const char *version);

#endif
