/* SPDX-License-Identifier: MIT */
/* Foreign ELF bytes -> checked views. Pure.
 *
 * ld.so trusts a file: with a bad offset in a dynamic section it crashes or
 * exits ("Inconsistency detected by ld.so"). So every file that we hand to it
 * has passed elf_read() first. */
#ifndef PYPY_ISOLATE_ELF_READ_H
#define PYPY_ISOLATE_ELF_READ_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/diag.h"

/* The symbols of a shared object, of a file or of one that is loaded. */
struct symbols {
	const ElfW(Sym) *sym;		/* count of them; 0 is the null symbol */
	size_t count;
	const char *str;		/* str_size bytes, the last is NUL */
	size_t str_size;
	const ElfW(Half) *versym;	/* count of them, or NULL */
	const ElfW(Verdef) *verdef;	/* or NULL */
	size_t verdef_count;
	const ElfW(Verneed) *verneed;	/* or NULL */
	size_t verneed_count;
	const uint32_t *gnu_hash;	/* the DT_GNU_HASH table, or NULL */
	size_t gnu_count;		/* that table is for the first so many */
	const Elf_Symndx *sysv_hash;	/* the DT_HASH table (8 bytes each on s390x), or NULL */
};

/* A table of relocations, without the run of RELATIVE ones that it may begin with. */
struct relocs {
	const uint8_t *bytes;
	size_t count;
	size_t size;			/* bytes of one */
};

#define ELF_RELOCS 3			/* DT_RELA, DT_JMPREL, and where it counts DT_REL */

/* A file. All pointers point into bytes and are safe to follow. */
struct elf {
	const char *path;		/* for messages; not owned */
	const uint8_t *bytes;		/* not owned; must outlive this */
	size_t size;			/* bytes */
	const ElfW(Ehdr) *ehdr;
	const ElfW(Phdr) *phdr;
	size_t phnum;
	const ElfW(Dyn) *dyn;		/* dyn_count entries before DT_NULL */
	size_t dyn_count;
	struct symbols symbols;
	const char *soname;		/* or NULL */
	const char *rpath, *runpath;	/* or NULL */
	bool is_symbolic;		/* DT_SYMBOLIC: it is searched first for its own */
	struct relocs relocs[ELF_RELOCS];	/* count 0 where there is no such table */
};

/* Checks all that ld.so takes on trust. False, with "path: what is wrong", for
 * anything that is no shared object that this machine's ld.so can load. */
bool elf_read(struct elf *elf, const char *path,
	      const void *bytes, size_t size,	/* foreign */
	      struct diag *diag);

/* The same for what a process starts with: an executable may also be at fixed addresses,
 * be a PIE, and have COPY relocations. */
bool elf_read_program(struct elf *elf, const char *path,
		      const void *bytes, size_t size,	/* foreign */
		      struct diag *diag);

/* The next DT_NEEDED name, or NULL after the last; *at begins as 0. */
const char *elf_needed(const struct elf *elf, size_t *at);

/* The next relocation that is for a symbol; false after the last. *at begins as 0. */
bool elf_relocation(const struct elf *elf, size_t *at, size_t *symbol, size_t *type);

/* The index of a *defined*, global or weak symbol of that name (any version),
 * or 0. By hash table when there is one. */
size_t symbols_find(const struct symbols *symbols, const char *name);

/* The next defined, global or weak symbol of the same name after index, which is
 * one that symbols_find() or this function gave; 0 after the last. */
size_t symbols_find_next(const struct symbols *symbols, size_t index);

/* Does the object export what makes it a module: PyInit_*, init* (Python 2),
 * _cffi_pypyinit_*, with the module's name as file_name up to its first '.'? */
bool symbols_is_module(const struct symbols *symbols, const char *file_name);

/* What libc itself has kept of GCC's unwinder where it is older than libgcc_s (i386, s390x).
 * References of libgcc_s bind to it, and it finds frames of base alone (glibc,
 * sysdeps/generic/unwind-dw2-fde-glibc.c). */
#define FINDS_FRAMES "_Unwind_Find_FDE"

/* Does a libgcc_s, beside that libc, find frames of all namespaces? From GCC 12 on, with
 * glibc 2.35 or later. */
bool symbols_unwind_all(const struct symbols *libgcc_s, const struct symbols *libc);

/* What modules bind to without listing it, beside that libc, by SONAME: numpy's
 * _multiarray_tests has tanhf and no libm. Before glibc 2.34 libpthread and others are apart
 * from libc, since then they are empty. Returns the number of names. */
size_t symbols_unlisted_family(const struct symbols *libc, const char *const **names);

#endif
