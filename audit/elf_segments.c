/* SPDX-License-Identifier: MIT */
/* Program headers -> the loads, and a way from address to byte.
 *
 * ld.so reserves memory from the first PT_LOAD to the end of the last, and then maps
 * each over that with MAP_FIXED, in whole pages, unchecked: a PT_LOAD that is out of
 * order or too long takes memory of others, one that shares a page replaces it. */
#include "audit/elf_parts.h"

#include <string.h>

#include "audit/elf_machine.h"

#ifndef PT_GNU_PROPERTY		/* elf.h of glibc < 2.33 */
#define PT_GNU_PROPERTY 0x6474e553
#endif
#ifndef NT_GNU_PROPERTY_TYPE_0
#define NT_GNU_PROPERTY_TYPE_0 5
#endif

/* More is no module: the address space of 47 bits, or 31. */
#define SPAN_MAX ((ElfW(Addr))1 << (sizeof(ElfW(Addr)) == 8 ? 47 : 31))

/* ld.so aborts the process when it cannot allocate TLS (dl-tls.c, oom), so what
 * nobody has is refused. */
#define TLS_MAX ((ElfW(Addr))1 << 30)

static ElfW(Addr) page_down(const struct reader *reader, ElfW(Addr) address)
{
	return address & -reader->page;
}

static ElfW(Addr) page_up(const struct reader *reader, ElfW(Addr) address)
{
	return page_down(reader, address + reader->page - 1);
}

const struct load *load_at(const struct reader *reader, ElfW(Addr) address, size_t size)
{
	for (size_t i = 0; i < reader->load_count; i++) {
		const struct load *load = &reader->loads[i];

		if (address >= load->start && address < load->end)
			return size <= load->end - address ? load : NULL;
	}
	return NULL;
}

size_t room_at(const struct reader *reader, ElfW(Addr) address)
{
	const struct load *load = load_at(reader, address, 0);

	return load && load->flags & PF_R && address < load->data_end ? load->data_end - address
								      : 0;
}

const void *find_at(const struct reader *reader, ElfW(Addr) address, size_t size, size_t align)
{
	const struct load *load = load_at(reader, address, size);

	if (!load || !(load->flags & PF_R) || address + size > load->data_end)
		return NULL;
	return elf_slice(reader->elf, load->offset + (address - load->start), size, align);
}

const void *bytes_at(const struct reader *reader, const char *what, ElfW(Addr) address,
		     size_t size, size_t align)
{
	const void *bytes = find_at(reader, address, size, align);

	if (!bytes)
		diag_set(reader->diag, "%s: %s out of bounds", reader->elf->path, what);
	return bytes;
}

bool is_code(const struct reader *reader, ElfW(Addr) address)
{
	const struct load *load = load_at(reader, address, 1);

	return load && load->flags & PF_X && address < load->data_end;
}

void keep(struct reader *reader, ElfW(Addr) address, size_t size)
{
	reader->kept[reader->kept_count++] = (struct kept){ address, address + size };
}

/* The data of a PT_LOAD is in the file, down to the last page that ld.so touches:
 * it would not notice, and the process would die of SIGBUS. */
static bool has_data(const struct reader *reader, const ElfW(Phdr) *phdr)
{
	const struct elf *elf = reader->elf;

	if (phdr->p_filesz)
		return elf_slice(elf, phdr->p_offset, phdr->p_filesz, 1);
	/* No data, but the start of its zeros is in a page that is mapped from the file. */
	return phdr->p_memsz == 0 || page_down(reader, phdr->p_vaddr) == phdr->p_vaddr ||
	       page_down(reader, phdr->p_offset) < elf->size;
}

static const char *load_fault(const struct reader *reader, const ElfW(Phdr) *phdr)
{
	size_t count = reader->load_count;

	if (count == ELF_LOADS_MAX)
		return "too many PT_LOADs";
	if ((phdr->p_vaddr - phdr->p_offset) & (reader->page - 1))
		return "ELF load command address/offset not page-aligned";
	if (phdr->p_filesz > phdr->p_memsz)
		return "PT_LOAD with more bytes in the file than in memory";
	if (!has_data(reader, phdr))
		return "PT_LOAD past the end of the file: truncated?";
	if (phdr->p_vaddr >= SPAN_MAX || phdr->p_memsz >= SPAN_MAX - phdr->p_vaddr)
		return "PT_LOAD too large";
	if (count && page_down(reader, phdr->p_vaddr) <
		     page_up(reader, reader->loads[count - 1].end))
		return "PT_LOADs overlap or do not ascend";
	return NULL;
}

static bool load_read(struct reader *reader, const ElfW(Phdr) *phdr)
{
	const char *fault = load_fault(reader, phdr);

	if (fault)
		return elf_refuse(reader, fault);
	reader->loads[reader->load_count++] = (struct load){
		.start = phdr->p_vaddr,
		.end = phdr->p_vaddr + phdr->p_memsz,
		.data_end = phdr->p_vaddr + phdr->p_filesz,
		.offset = phdr->p_offset,
		.flags = phdr->p_flags,
	};
	return true;
}

/* ld.so takes the program headers from there once the file is mapped; from the last
 * if there are more. */
static bool phdr_check(struct reader *reader, const ElfW(Phdr) *phdr)
{
	const struct elf *elf = reader->elf;
	size_t size = elf->phnum * sizeof *phdr;
	const void *mapped = bytes_at(reader, "PT_PHDR", phdr->p_vaddr, size, 1);

	if (!mapped)
		return false;
	if (memcmp(mapped, elf->phdr, size) != 0)
		return elf_refuse(reader, "PT_PHDR is not where the program headers are");
	keep(reader, phdr->p_vaddr, size);
	return true;
}

static bool tls_check(struct reader *reader, const ElfW(Phdr) *phdr)
{
	if (phdr->p_memsz == 0)
		return true;
	reader->tls = phdr;
	/* 0 divides by zero in _dl_try_allocate_static_tls. */
	if (phdr->p_align == 0 || phdr->p_align & (phdr->p_align - 1) ||
	    phdr->p_align > TLS_MAX)
		return elf_refuse(reader, "PT_TLS alignment not a power of two");
	if (phdr->p_filesz > phdr->p_memsz || phdr->p_memsz > TLS_MAX)
		return elf_refuse(reader, "PT_TLS size invalid");
	if (phdr->p_filesz == 0)
		return true;
	return bytes_at(reader, "PT_TLS", phdr->p_vaddr, phdr->p_filesz, 1);
}

/* ld.so makes the whole pages in it read-only, whosever they are. Linkers let it
 * go past the end of a load, to the end of the page. */
static bool relro_check(const struct reader *reader, const ElfW(Phdr) *phdr)
{
	ElfW(Addr) at = page_down(reader, phdr->p_vaddr);
	ElfW(Addr) end = page_down(reader, phdr->p_vaddr + phdr->p_memsz);

	if (phdr->p_memsz > SPAN_MAX || end < at)
		return elf_refuse(reader, "PT_GNU_RELRO out of bounds");
	for (size_t i = 0; i < reader->load_count && at < end; i++) {
		const struct load *load = &reader->loads[i];

		if (load->flags & PF_W && at >= page_down(reader, load->start) &&
		    at < page_up(reader, load->end))
			at = page_up(reader, load->end);
	}
	return at >= end || elf_refuse(reader, "PT_GNU_RELRO outside of writable PT_LOADs");
}

/* The walk of _dl_process_pt_note (sysdeps/x86/dl-prop.h) and
 * _dl_process_pt_gnu_property (dl-load.c), which trust the size of a property note. */
static bool notes_check(const struct reader *reader, const uint8_t *notes, size_t size)
{
	const size_t mask = sizeof(ElfW(Addr)) - 1;
	ElfW(Nhdr) note;

	for (size_t at = 0; size > sizeof note && at < size - sizeof note;) {
		size_t room = size - at - sizeof note;

		memcpy(&note, notes + at, sizeof note);
		if (note.n_type == NT_GNU_PROPERTY_TYPE_0 && note.n_namesz == 4 &&
		    (room < 4 || note.n_descsz > room - 4))
			return elf_refuse(reader, "property note out of bounds");
		at += ((sizeof note + note.n_namesz + mask) & ~mask) +
		      (((size_t)note.n_descsz + mask) & ~mask);
	}
	return true;
}

static bool note_check(const struct reader *reader, const ElfW(Phdr) *phdr)
{
	const void *in_file, *in_memory;

	/* glibc < 2.36 looks for an ABI tag in all of them, by p_offset and p_filesz. */
	in_file = elf_slice(reader->elf, phdr->p_offset, phdr->p_filesz, 1);
	if (!in_file && phdr->p_filesz)
		return elf_refuse(reader, "PT_NOTE out of bounds");
	if (phdr->p_align != sizeof(ElfW(Addr)) || phdr->p_memsz == 0)
		return true;
	in_memory = bytes_at(reader, "PT_NOTE", phdr->p_vaddr, phdr->p_memsz, 1);
	/* And before 2.32 for properties as well. */
	return in_memory && notes_check(reader, in_memory, phdr->p_memsz) &&
	       notes_check(reader, in_file, phdr->p_filesz);
}

static bool unwind_check(const struct reader *reader, const ElfW(Phdr) *phdr)
{
	return phdr->p_memsz == 0 ||
	       bytes_at(reader, "PT_GNU_EH_FRAME", phdr->p_vaddr, phdr->p_memsz, 1);
}

static bool segment_check(struct reader *reader, const ElfW(Phdr) *phdr)
{
	switch (phdr->p_type) {
	case PT_TLS: return tls_check(reader, phdr);
	case PT_GNU_RELRO: return relro_check(reader, phdr);
	case PT_NOTE:
	case PT_GNU_PROPERTY: return note_check(reader, phdr);
	case PT_GNU_EH_FRAME: return unwind_check(reader, phdr);
	default: return true;
	}
}

static bool loads_read(struct reader *reader)
{
	const struct elf *elf = reader->elf;

	reader->load_count = 0;
	for (size_t i = 0; i < elf->phnum; i++)
		if (elf->phdr[i].p_type == PT_LOAD && !load_read(reader, &elf->phdr[i]))
			return false;
	return reader->load_count ||
	       elf_refuse(reader, "object file has no loadable segments");
}

bool segments_read(struct reader *reader)
{
	const struct elf *elf = reader->elf;
	const ElfW(Phdr) *mapped = NULL;

	reader->dynamic = NULL;
	reader->tls = NULL;
	if (!loads_read(reader))
		return false;
	for (size_t i = 0; i < elf->phnum; i++) {
		if (!segment_check(reader, &elf->phdr[i]))
			return false;
		if (elf->phdr[i].p_type == PT_DYNAMIC)
			reader->dynamic = &elf->phdr[i];
		if (elf->phdr[i].p_type == PT_PHDR)
			mapped = &elf->phdr[i];
	}
	return !mapped || phdr_check(reader, mapped);
}
