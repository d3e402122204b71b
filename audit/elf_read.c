/* SPDX-License-Identifier: MIT */
/* Foreign ELF bytes -> checked views.
 *
 * Nothing here trusts the file. Every offset and count that came out of it passes
 * through elf_slice(), the only place that adds to elf->bytes; after elf_read()
 * has returned true the pointers in struct elf are safe to follow.
 *
 * The hard thing is the measure: refuse what makes ld.so crash, abort or loop, and
 * what it would refuse too, but nothing else, however odd. So the order and the
 * rules are those of ld.so's own reading:
 *
 *   elf_read.c      header             dl-load.c, open_verify
 *   elf_segments.c  program headers    dl-load.c, _dl_map_object_from_fd; dl-map-segments.h
 *   elf_dynamic.c   dynamic section    get-dynamic-info.h, dl-deps.c
 *   elf_hash.c      hash tables        dl-setup_hash.c, dl-lookup.c
 *   elf_versions.c  versions           dl-version.c
 *   elf_relocs.c    relocations        dynamic-link.h, do-rel.h, dl-machine.h, dl-init.c
 *   elf_symbols.c   symbols            dl-lookup.c
 *
 * Where versions of glibc differ, the strictest counts. Sections are never read. */
#include "audit/elf_parts.h"

#include <string.h>
#include <unistd.h>

#include "audit/elf_machine.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define DATA ELFDATA2LSB
#define DATA_NAME "little"
#else
#define DATA ELFDATA2MSB
#define DATA_NAME "big"
#endif
#define CLASS (sizeof(ElfW(Addr)) == 8 ? ELFCLASS64 : ELFCLASS32)

/* The kernel's limit for executables (fs/binfmt_elf.c, load_elf_phdrs). ld.so has
 * none, copies all to the stack, twice, and 65535 of them overflow it. */
#define PHDRS_MAX 65536		/* bytes */

bool elf_refuse(const struct reader *reader, const char *what)
{
	return diag_set(reader->diag, "%s: %s", reader->elf->path, what);
}

const void *elf_slice(const struct elf *elf, size_t offset, size_t size, size_t align)
{
	if (offset > elf->size || size > elf->size - offset)
		return NULL;
	if ((uintptr_t)(elf->bytes + offset) & (align - 1))
		return NULL;
	return elf->bytes + offset;
}

static const char *ident_fault(const unsigned char *ident)
{
	static const unsigned char padding[EI_NIDENT - EI_PAD];

	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return "invalid ELF header";
	if (ident[EI_CLASS] != CLASS)
		return CLASS == ELFCLASS64 ? "wrong ELF class: ELFCLASS32"
					   : "wrong ELF class: ELFCLASS64";
	if (ident[EI_DATA] != DATA)
		return "ELF file data encoding not " DATA_NAME "-endian";
	if (ident[EI_VERSION] != EV_CURRENT)
		return "ELF file version ident does not match current one";
	if (ident[EI_OSABI] != ELFOSABI_SYSV && ident[EI_OSABI] != ELFOSABI_GNU)
		return "ELF file OS ABI invalid";
	if (ident[EI_OSABI] == ELFOSABI_SYSV && ident[EI_ABIVERSION] != 0)
		return "ELF file ABI version invalid";
	if (memcmp(ident + EI_PAD, padding, sizeof padding) != 0)
		return "nonzero padding in e_ident";
	return NULL;
}

static const char *header_fault(const ElfW(Ehdr) *ehdr, bool is_program)
{
	if (ehdr->e_version != EV_CURRENT)
		return "ELF file version does not match current one";
	if (ehdr->e_machine != MACHINE)
		return "built for another machine, not " MACHINE_NAME;
	if (ehdr->e_type == ET_EXEC && !is_program)
		return "cannot dynamically load executable";
	if (ehdr->e_type != ET_DYN && ehdr->e_type != ET_EXEC)
		return "only ET_DYN and ET_EXEC can be loaded";
	if (ehdr->e_phentsize != sizeof(ElfW(Phdr)))
		return "ELF file's phentsize not the expected size";
	if (ehdr->e_phnum * sizeof(ElfW(Phdr)) > PHDRS_MAX)
		return "too many program headers";
	return NULL;
}

static bool header_read(struct reader *reader)
{
	/* cppcheck-suppress ctuuninitvar // elf_read() has set what is read here */
	struct elf *elf = reader->elf;
	const char *fault;

	elf->ehdr = elf_slice(elf, 0, sizeof *elf->ehdr, _Alignof(ElfW(Ehdr)));
	if (!elf->ehdr)
		return elf_refuse(reader, "file too short");
	fault = ident_fault(elf->ehdr->e_ident);
	if (!fault)
		fault = header_fault(elf->ehdr, reader->is_program);
	if (fault)
		return elf_refuse(reader, fault);
	elf->phnum = elf->ehdr->e_phnum;
	elf->phdr = elf_slice(elf, elf->ehdr->e_phoff, elf->phnum * sizeof *elf->phdr,
			      _Alignof(ElfW(Phdr)));
	if (!elf->phdr)
		return elf_refuse(reader, "program headers out of bounds");
	return true;
}

static bool read_as(struct elf *elf, const char *path, const void *bytes, size_t size,
		    bool is_program, struct diag *diag)
{
	struct reader reader;

	*elf = (struct elf){ .path = path, .bytes = bytes, .size = size };
	reader.elf = elf;
	reader.diag = diag;
	reader.page = (ElfW(Addr))getpagesize();	/* as ld.so, not as p_align */
	reader.kept_count = 0;
	reader.is_program = is_program;

	/* Relocations come before symbols: where nothing is exported, they alone tell
	 * how many symbols there are. */
	return header_read(&reader) && segments_read(&reader) && dynamic_read(&reader) &&
	       hash_read(&reader) && versions_read(&reader) && relocs_read(&reader) &&
	       symbols_read(&reader) && versym_read(&reader) && relocs_look_again(&reader);
}

bool elf_read(struct elf *elf, const char *path, const void *bytes, size_t size,
	      struct diag *diag)
{
	return read_as(elf, path, bytes, size, false, diag);
}

bool elf_read_program(struct elf *elf, const char *path, const void *bytes, size_t size,
		      struct diag *diag)
{
	return read_as(elf, path, bytes, size, true, diag);
}

const char *elf_needed(const struct elf *elf, size_t *at)
{
	while (*at < elf->dyn_count) {
		const ElfW(Dyn) *dyn = &elf->dyn[(*at)++];

		if (dyn->d_tag == DT_NEEDED)
			return elf->symbols.str + dyn->d_un.d_val;
	}
	return NULL;
}
