/* SPDX-License-Identifier: MIT */
/* An interpreter's bytes -> a copy that asks for the module itself: DT_AUDIT.
 *
 * Nothing that is there moves. Behind all that the program has in the file and in memory
 * comes one more segment, with longer copies of what must grow: program headers, dynamic
 * section, its strings.
 *
 * Hard: where. The kernel before 5.18 tells ld.so where the program headers are by their
 * offset in the file and the first segment's address (fs/binfmt_elf.c, load_addr), so that
 * segment must be as far from the first one in memory as it is in the file. */
#include <elf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/elf_machine.h"
#include "audit/elf_read.h"
#include "launcher/enable_parts.h"
#include "policy/package.h"

struct growth {
	struct elf elf;
	struct bytes out;
	size_t offset;			/* of the new segment in the file */
	ElfW(Addr) address;
	ElfW(Dyn) *dyn;			/* DT_NULL at the end */
	size_t dyn_size;		/* bytes */
	struct bytes strings;
};

static size_t align_up(size_t value)
{
	return (value + MACHINE_PAGE - 1) & ~((size_t)MACHINE_PAGE - 1);
}

/* Where the new segment goes, in the file and in memory. */
static bool find_room(struct growth *growth, struct diag *diag)
{
	const ElfW(Phdr) *first = NULL;
	size_t end = growth->elf.size;
	ElfW(Addr) base;

	for (size_t i = 0; i < growth->elf.phnum; i++) {
		const ElfW(Phdr) *phdr = &growth->elf.phdr[i];

		if (phdr->p_type != PT_LOAD)
			continue;
		first = first ? first : phdr;
		/* elf_read_program() has seen that they ascend and do not overflow. */
		base = first->p_vaddr - first->p_offset;
		if (phdr->p_vaddr + phdr->p_memsz - base > end)
			end = phdr->p_vaddr + phdr->p_memsz - base;
	}
	if (!first)
		return diag_set(diag, "%s: nothing to load", growth->elf.path);
	growth->offset = align_up(end);
	growth->address = first->p_vaddr - first->p_offset + growth->offset;
	return true;
}

/* ---- strings ---- */

/* With the program's own directory in place of $ORIGIN: the copy may be anywhere. */
static void write_directories(const struct growth *growth, FILE *out, const char *list)
{
	static const char *const names[] = { "$ORIGIN", "${ORIGIN}" };
	const char *path = growth->elf.path;
	int length = (int)(package_file_name(path) - path - 1);

	while (*list) {
		size_t skip = 0;

		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (!strncmp(list, names[i], strlen(names[i])))
				skip = strlen(names[i]);
		if (skip)
			fprintf(out, "%.*s", length ? length : 1, path);
		else
			fputc(*list, out);
		list += skip ? skip : 1;
	}
	fputc('\0', out);
}

/* ---- the dynamic section ---- */

/* dyn has room for one more than the program has. An auditor that is there already stays,
 * after ours; ld.so takes the last DT_AUDIT. */
static void write_audit(const struct growth *growth, FILE *out, ElfW(Dyn) *dyn,
			const char *module)
{
	const char *theirs = NULL;
	ElfW(Dyn) *audit = dyn + growth->elf.dyn_count;

	for (; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_AUDIT)
			audit = dyn;
	if (audit->d_tag == DT_AUDIT)
		theirs = growth->elf.symbols.str + audit->d_un.d_val;
	*audit = (ElfW(Dyn)){ .d_tag = DT_AUDIT, .d_un.d_val = (ElfW(Addr))ftell(out) };
	fprintf(out, "%s%s%s", module, theirs ? ":" : "", theirs ? theirs : "");
	fputc('\0', out);
}

/* All of the old strings first, so that offsets into them hold. */
static bool grow_dynamic(struct growth *growth, const char *module)
{
	const struct symbols *symbols = &growth->elf.symbols;
	FILE *out = open_memstream(&growth->strings.bytes, &growth->strings.size);

	growth->dyn = calloc(growth->elf.dyn_count + 2, sizeof *growth->dyn);
	if (!out || !growth->dyn) {
		if (out)
			fclose(out);
		return false;
	}
	memcpy(growth->dyn, growth->elf.dyn, growth->elf.dyn_count * sizeof *growth->dyn);
	fwrite(symbols->str, 1, symbols->str_size, out);
	for (ElfW(Dyn) *dyn = growth->dyn; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_RPATH || dyn->d_tag == DT_RUNPATH) {
			const char *list = symbols->str + dyn->d_un.d_val;

			dyn->d_un.d_val = (ElfW(Addr))ftell(out);
			write_directories(growth, out, list);
		}
	}
	write_audit(growth, out, growth->dyn, module);
	return !fclose(out);
}

/* Their place is known when all have been added. */
static void place_strings(struct growth *growth)
{
	for (ElfW(Dyn) *dyn = growth->dyn; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_STRTAB)
			dyn->d_un.d_ptr = growth->address + growth->dyn_size +
					  (growth->elf.phnum + 1) * sizeof(ElfW(Phdr));
		if (dyn->d_tag == DT_STRSZ)
			dyn->d_un.d_val = growth->strings.size;
	}
}

/* ---- headers ---- */

static ElfW(Phdr) segment(const struct growth *growth, ElfW(Word) type, size_t at, size_t size)
{
	return (ElfW(Phdr)){
		.p_type = type, .p_flags = PF_R | PF_W, .p_offset = growth->offset + at,
		.p_vaddr = growth->address + at, .p_paddr = growth->address + at,
		.p_filesz = size, .p_memsz = size,
		.p_align = type == PT_LOAD ? MACHINE_PAGE : sizeof(ElfW(Addr)),
	};
}

/* PT_LOADs ascend: ours comes after the last. */
static void grow_headers(const struct growth *growth, ElfW(Phdr) *phdr, size_t dynamic,
			 size_t size)
{
	size_t last = 0, headers = (growth->elf.phnum + 1) * sizeof *phdr;

	for (size_t i = 0; i < growth->elf.phnum; i++)
		if (growth->elf.phdr[i].p_type == PT_LOAD)
			last = i;
	for (size_t i = 0; i < growth->elf.phnum; i++) {
		*phdr = growth->elf.phdr[i];
		if (phdr->p_type == PT_PHDR)
			*phdr = segment(growth, PT_PHDR, 0, headers);
		if (phdr->p_type == PT_DYNAMIC)
			*phdr = segment(growth, PT_DYNAMIC, dynamic, growth->dyn_size);
		phdr++;
		if (i == last)
			*phdr++ = segment(growth, PT_LOAD, 0, size);
	}
}

/* gdb finds the list of libraries through the section, not the segment. */
static void move_sections(const struct growth *growth, char *bytes, size_t dynamic,
			  size_t strings)
{
	const ElfW(Ehdr) *ehdr = (const void *)bytes;
	ElfW(Shdr) *shdr = (void *)(bytes + ehdr->e_shoff), *str;

	if (!ehdr->e_shoff || ehdr->e_shoff % sizeof(ElfW(Addr)) ||
	    ehdr->e_shentsize != sizeof *shdr || ehdr->e_shoff > growth->elf.size ||
	    ehdr->e_shnum > (growth->elf.size - ehdr->e_shoff) / sizeof *shdr)
		return;
	for (size_t i = 0; i < ehdr->e_shnum; i++) {
		if (shdr[i].sh_type != SHT_DYNAMIC || shdr[i].sh_link >= ehdr->e_shnum)
			continue;
		str = &shdr[shdr[i].sh_link];
		shdr[i].sh_addr = growth->address + dynamic;
		shdr[i].sh_offset = growth->offset + dynamic;
		shdr[i].sh_size = growth->dyn_size;
		str->sh_addr = growth->address + strings;
		str->sh_offset = growth->offset + strings;
		str->sh_size = growth->strings.size;
	}
}

/* ---- all ---- */

static bool build(struct growth *growth)
{
	const size_t dynamic = (growth->elf.phnum + 1) * sizeof(ElfW(Phdr));
	const size_t strings = dynamic + growth->dyn_size;
	const size_t size = growth->offset + strings + growth->strings.size;
	ElfW(Ehdr) *ehdr;
	char *bytes;

	growth->out.size = size;
	growth->out.bytes = bytes = calloc(1, size + 1);
	if (!bytes)
		return false;
	ehdr = (void *)bytes;
	memcpy(bytes, growth->elf.bytes, growth->elf.size);
	move_sections(growth, bytes, dynamic, strings);
	ehdr->e_phoff = growth->offset;
	ehdr->e_phnum++;
	grow_headers(growth, (void *)(bytes + growth->offset), dynamic, size - growth->offset);
	memcpy(bytes + growth->offset + dynamic, growth->dyn, growth->dyn_size);
	memcpy(bytes + growth->offset + strings, growth->strings.bytes, growth->strings.size);
	return true;
}

static bool grow(struct growth *growth, const char *module, struct diag *diag)
{
	bool good = grow_dynamic(growth, module);

	growth->dyn_size = (growth->elf.dyn_count + 2) * sizeof *growth->dyn;
	if (good)
		place_strings(growth);
	good = good && build(growth);
	free(growth->dyn);
	free(growth->strings.bytes);
	return good || diag_set(diag, "no memory");
}

bool linked_bytes(const char *path, const char *audit, struct bytes *bytes, struct diag *diag)
{
	struct growth growth = { 0 };
	struct bytes old;
	bool good;

	/* glibc, NEWS for 2.32 (bug 24943). */
	if (strverscmp(gnu_get_libc_version(), "2.32") < 0)
		return diag_set(diag, "ld.so knows DT_AUDIT since glibc 2.32, and this is %s; "
				"enable the interpreter itself", gnu_get_libc_version());
	if (!bytes_read(&old, path))
		return diag_set(diag, "%s: cannot be read", path);
	good = elf_read_program(&growth.elf, path, old.bytes, old.size, diag) &&
	       find_room(&growth, diag);
	if (good)
		good = grow(&growth, audit, diag);
	free(old.bytes);
	*bytes = growth.out;
	return good;
}
