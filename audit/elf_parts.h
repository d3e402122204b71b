/* SPDX-License-Identifier: MIT */
/* What the files of elf_read() share. Private to audit/elf_*.c.
 *
 * ld.so works with addresses, a file has offsets: struct reader holds the map
 * from one to the other. It lives as long as one call of elf_read(). */
#ifndef PYPY_ISOLATE_ELF_PARTS_H
#define PYPY_ISOLATE_ELF_PARTS_H

#include "audit/elf_read.h"

#ifndef DT_RELR			/* elf.h of glibc < 2.36 */
#define DT_RELRSZ 35
#define DT_RELR 36
#define DT_RELRENT 37
#endif

/* Linkers make up to 8, patchelf adds one a run. */
#define ELF_LOADS_MAX 64

/* A PT_LOAD. The loads of a reader ascend, and no two share a page. */
struct load {
	ElfW(Addr) start, end;	/* p_vaddr, p_vaddr + p_memsz */
	ElfW(Addr) data_end;	/* up to here bytes of the file, then zeros */
	size_t offset;		/* of start, in the file */
	ElfW(Word) flags;	/* PF_R, PF_W, PF_X */
};

/* 40 for the tags of the gABI, 16 each for 0x6ffffff0 (versions, counts, flags),
 * 0x6ffffef0 (GNU addresses) and 0x7ffffff0 (filters), 1 for all that nobody reads. */
#define TAG_SLOTS (40 + 3 * 16 + 1)
#define TAG_SLOT(tag) ((ElfW(Addr))(tag) < 40 ? (size_t)(tag) : \
		       (ElfW(Addr))(tag) >> 4 == 0x6ffffff ? 40 + ((size_t)(tag) & 15) : \
		       (ElfW(Addr))(tag) >> 4 == 0x6ffffef ? 56 + ((size_t)(tag) & 15) : \
		       (ElfW(Addr))(tag) >> 4 == 0x7ffffff ? 72 + ((size_t)(tag) & 15) : \
		       TAG_SLOTS - 1)

/* Memory that ld.so still reads when it relocates: no relocation may write there. */
struct kept {
	ElfW(Addr) start, end;
};

/* Program headers, dynamic section, string table, two hash tables, verneed, verdef. */
#define ELF_KEPT_MAX 7

struct reader {
	struct elf *elf;	/* being filled in */
	struct diag *diag;
	ElfW(Addr) page;	/* bytes */
	const ElfW(Phdr) *dynamic;
	const ElfW(Phdr) *tls;	/* of more than 0 bytes, or NULL */
	size_t load_count;
	struct load loads[ELF_LOADS_MAX];
	const ElfW(Dyn) *tags[TAG_SLOTS];	/* by TAG_SLOT(); the last of each */
	size_t kept_count;
	struct kept kept[ELF_KEPT_MAX];
	size_t symbol_end;	/* past the highest symbol index in use */
	unsigned version_max;	/* the highest version index that verneed and verdef define */
	bool is_program;	/* and not what dlopen() could take */
	bool second_look;	/* some relocations ask something of their symbol */
};

static inline bool tag_has(const struct reader *reader, ElfW(Addr) tag)
{
	return reader->tags[TAG_SLOT(tag)] != NULL;
}

/* 0 when the tag is not there. */
static inline ElfW(Addr) tag_value(const struct reader *reader, ElfW(Addr) tag)
{
	const ElfW(Dyn) *dyn = reader->tags[TAG_SLOT(tag)];

	return dyn ? dyn->d_un.d_ptr : 0;
}

/* Says `path: what` in diag. Returns false. */
bool elf_refuse(const struct reader *reader, const char *what);

/* size bytes of the file at offset, aligned to align, a power of two; NULL, and nothing
 * said, if there are not so many. */
const void *elf_slice(const struct elf *elf, size_t offset, size_t size, size_t align);

/* elf_segments.c: the program headers. */
bool segments_read(struct reader *reader);

/* The load that has all of size bytes of memory at an address, or NULL. */
const struct load *load_at(const struct reader *reader, ElfW(Addr) address, size_t size);

/* How many bytes of the file ld.so will find from an address on, in readable memory. */
size_t room_at(const struct reader *reader, ElfW(Addr) address);

/* size of those bytes, aligned, or NULL if they are not all there. */
const void *find_at(const struct reader *reader, ElfW(Addr) address, size_t size, size_t align);

/* The same, with `path: what out of bounds` in diag when it is NULL. */
const void *bytes_at(const struct reader *reader, const char *what, ElfW(Addr) address,
		     size_t size, size_t align);

/* Keeps relocations away from there. Once for each of ELF_KEPT_MAX. */
void keep(struct reader *reader, ElfW(Addr) address, size_t size);

/* Is it in the executable part of the file? */
bool is_code(const struct reader *reader, ElfW(Addr) address);

/* elf_dynamic.c: the dynamic section and its strings. */
bool dynamic_read(struct reader *reader);

/* elf_hash.c: the hash tables; sets symbol_end. */
bool hash_read(struct reader *reader);

/* elf_versions.c: verneed and verdef, which give version_max; then, with
 * symbol_end known, versym. */
bool versions_read(struct reader *reader);
bool versym_read(struct reader *reader);

/* elf_relocs.c: every word that ld.so will write, and every function it will call;
 * raises symbol_end. The second look needs the symbols. */
bool relocs_read(struct reader *reader);
bool relocs_look_again(struct reader *reader);

/* elf_symbols.c: the symbol table, with symbol_end known. */
bool symbols_read(struct reader *reader);

/* symbol_end symbols, unchecked, or NULL if they are not all in the file. */
const ElfW(Sym) *symbols_bytes(const struct reader *reader);

#endif
