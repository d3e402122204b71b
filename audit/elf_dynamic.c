/* SPDX-License-Identifier: MIT */
/* The dynamic section -> tags, strings, and the certainty that a tag has the tags
 * that ld.so reads with it: it follows l_info[] without a look. */
#include "audit/elf_parts.h"

#include <limits.h>
#include <string.h>

#include "audit/elf_machine.h"

#ifndef DF_1_PIE		/* elf.h of glibc < 2.30 */
#define DF_1_PIE 0x08000000
#endif

/* struct link_map counts them in 16 bits (l_ldnum), and _dl_map_object_deps makes
 * room for as many dependencies. */
#define DYN_MAX 65535

#define NAME(tag) { tag, #tag }

struct tag {
	ElfW(Addr) tag;
	const char *name;
};

/* Those that are offsets in the string table, by slot. */
static const char *const strings[TAG_SLOTS] = {
	[TAG_SLOT(DT_NEEDED)] = "DT_NEEDED",
	[TAG_SLOT(DT_SONAME)] = "DT_SONAME",
	[TAG_SLOT(DT_RPATH)] = "DT_RPATH",
	[TAG_SLOT(DT_RUNPATH)] = "DT_RUNPATH",
	[TAG_SLOT(DT_AUXILIARY)] = "DT_AUXILIARY",
	[TAG_SLOT(DT_FILTER)] = "DT_FILTER",
	[TAG_SLOT(DT_AUDIT)] = "DT_AUDIT",
	[TAG_SLOT(DT_DEPAUDIT)] = "DT_DEPAUDIT",
	[TAG_SLOT(DT_CONFIG)] = "DT_CONFIG",
};

/* Where the first is, the second must be. */
static const struct {
	struct tag tag, needs;
} pairs[] = {
	{ NAME(DT_RELA), NAME(DT_RELASZ) },
	{ NAME(DT_RELA), NAME(DT_RELAENT) },
	{ NAME(DT_RELR), NAME(DT_RELRSZ) },
	{ NAME(DT_RELR), NAME(DT_RELRENT) },
	{ NAME(DT_JMPREL), NAME(DT_PLTREL) },
	{ NAME(DT_PLTREL), NAME(DT_JMPREL) },
	{ NAME(DT_PLTREL), NAME(DT_PLTRELSZ) },
	{ NAME(DT_PLTRELSZ), NAME(DT_PLTREL) },	/* read by auditing alone */
	{ NAME(DT_JMPREL), NAME(DT_PLTGOT) },
	{ NAME(DT_INIT_ARRAY), NAME(DT_INIT_ARRAYSZ) },
	{ NAME(DT_FINI_ARRAY), NAME(DT_FINI_ARRAYSZ) },
	{ NAME(DT_VERNEED), NAME(DT_VERSYM) },
	{ NAME(DT_VERDEF), NAME(DT_VERSYM) },
#if MACHINE_HAS_REL
	{ NAME(DT_REL), NAME(DT_RELSZ) },
	{ NAME(DT_REL), NAME(DT_RELENT) },
#endif
};

/* If the tag is there, this is its value: ld.so asserts it, or assumes it. */
static const struct {
	struct tag tag;
	ElfW(Addr) value;
} values[] = {
	{ NAME(DT_SYMENT), sizeof(ElfW(Sym)) },
	{ NAME(DT_RELAENT), sizeof(ElfW(Rela)) },
	{ NAME(DT_RELRENT), sizeof(ElfW(Addr)) },
#if MACHINE_HAS_REL
	{ NAME(DT_RELENT), sizeof(ElfW(Rel)) },
#else
	{ NAME(DT_PLTREL), DT_RELA },
#endif
};

/* Finds DT_NULL, and fills in elf->dyn and the tags on the way. */
static bool tags_read(struct reader *reader, const ElfW(Dyn) *dyn, size_t count)
{
	struct elf *elf = reader->elf;
	size_t i = 0;

	memset(reader->tags, 0, sizeof reader->tags);
	for (; i < count && dyn[i].d_tag != DT_NULL; i++)
		reader->tags[TAG_SLOT(dyn[i].d_tag)] = &dyn[i];
	if (i == count)
		return elf_refuse(reader, "dynamic section without an end");
	elf->dyn = dyn;
	elf->dyn_count = i;
	keep(reader, reader->dynamic->p_vaddr, reader->dynamic->p_memsz);
	return true;
}

static bool section_read(struct reader *reader)
{
	static const char what[] = "dynamic section";
	const ElfW(Phdr) *phdr = reader->dynamic;
	const struct elf *elf = reader->elf;
	const ElfW(Dyn) *dyn;
	size_t size;

	if (!phdr || phdr->p_filesz == 0)
		return elf_refuse(reader, "object file has no dynamic section");
	dyn = bytes_at(reader, what, phdr->p_vaddr, phdr->p_memsz, _Alignof(ElfW(Dyn)));
	if (!dyn)
		return false;
	/* ld.so goes by p_vaddr, tools by p_offset. */
	if (dyn != elf_slice(elf, phdr->p_offset, phdr->p_filesz, 1))
		return elf_refuse(reader, "dynamic section out of bounds");
	/* ld.so adds the load address to its entries; before 2.35 always. */
	if (!(load_at(reader, phdr->p_vaddr, 1)->flags & PF_W))
		return elf_refuse(reader, "dynamic section not writable");
	if (phdr->p_memsz / sizeof *dyn > DYN_MAX)
		return elf_refuse(reader, "dynamic section too large");
	size = phdr->p_filesz < phdr->p_memsz ? phdr->p_filesz : phdr->p_memsz;
	return tags_read(reader, dyn, size / sizeof *dyn);
}

static bool pairs_check(const struct reader *reader)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (tag_has(reader, pairs[i].tag.tag) && !tag_has(reader, pairs[i].needs.tag))
			return diag_set(reader->diag, "%s: %s without %s", reader->elf->path,
					pairs[i].tag.name, pairs[i].needs.name);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (tag_has(reader, values[i].tag.tag) &&
		    tag_value(reader, values[i].tag.tag) != values[i].value)
			return diag_set(reader->diag, "%s: %s is not %zu", reader->elf->path,
					values[i].tag.name, (size_t)values[i].value);
	return true;
}

static bool string_table_read(struct reader *reader)
{
	struct symbols *symbols = &reader->elf->symbols;

	if (!tag_has(reader, DT_STRTAB) || !tag_has(reader, DT_STRSZ))
		return elf_refuse(reader, "no string table");
	/* Taken for granted by elf_dynamic_do_Rela, even without relocations. */
	if (!tag_has(reader, DT_SYMTAB))
		return elf_refuse(reader, "no symbol table");
	symbols->str_size = tag_value(reader, DT_STRSZ);
	symbols->str = bytes_at(reader, "string table", tag_value(reader, DT_STRTAB),
				symbols->str_size, 1);
	if (!symbols->str)
		return false;
	if (symbols->str_size == 0 || symbols->str[symbols->str_size - 1] != '\0')
		return elf_refuse(reader, "string table without a final NUL");
	keep(reader, tag_value(reader, DT_STRTAB), symbols->str_size);
	return true;
}

/* The others name files: ld.so copies them to the stack (dl-load.c, open_path), any
 * length. */
static bool is_path_list(ElfW(Addr) tag)
{
	return tag == DT_RPATH || tag == DT_RUNPATH;
}

static bool strings_check(const struct reader *reader)
{
	const struct elf *elf = reader->elf;

	for (size_t i = 0; i < elf->dyn_count; i++) {
		const char *name = strings[TAG_SLOT(elf->dyn[i].d_tag)];
		size_t at = elf->dyn[i].d_un.d_val;

		if (!name)
			continue;
		if (at >= elf->symbols.str_size)
			return diag_set(reader->diag, "%s: %s outside of the string table",
					elf->path, name);
		if (!is_path_list((ElfW(Addr))elf->dyn[i].d_tag) &&
		    strnlen(elf->symbols.str + at, PATH_MAX) == PATH_MAX)
			return diag_set(reader->diag, "%s: %s too long", elf->path, name);
	}
	return true;
}

static const char *string_of(const struct reader *reader, ElfW(Addr) tag)
{
	return tag_has(reader, tag) ? reader->elf->symbols.str + tag_value(reader, tag) : NULL;
}

bool dynamic_read(struct reader *reader)
{
	struct elf *elf = reader->elf;

	if (!section_read(reader) || !pairs_check(reader) || !string_table_read(reader) ||
	    !strings_check(reader))
		return false;
	elf->soname = string_of(reader, DT_SONAME);
	elf->rpath = string_of(reader, DT_RPATH);
	elf->runpath = string_of(reader, DT_RUNPATH);
	elf->is_symbolic = tag_has(reader, DT_SYMBOLIC) ||
			   tag_value(reader, DT_FLAGS) & DF_SYMBOLIC;
	if (tag_value(reader, DT_FLAGS_1) & DF_1_PIE && !reader->is_program)
		return elf_refuse(reader,
				  "cannot dynamically load position-independent executable");
	if (tag_value(reader, DT_FLAGS_1) & DF_1_NOOPEN)
		return elf_refuse(reader, "shared object cannot be dlopen()ed");
	return true;
}
