/* SPDX-License-Identifier: MIT */
/* The file of a program or library that starts with it -> what doctor asks of it. */
#include "launcher/peek.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "audit/elf_hash.h"
#include "audit/elf_machine.h"
#include "audit/status.h"
#include "audit/sys.h"

/* ---- the file ---- */

static const void *slice(const struct peek *peek, size_t offset, size_t size, size_t align)
{
	if (offset > peek->size || size > peek->size - offset ||
	    (uintptr_t)(peek->bytes + offset) & (align - 1))
		return NULL;
	return peek->bytes + offset;
}

static const char *header_fault(const ElfW(Ehdr) *ehdr)
{
	if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0)
		return "no ELF program";
	if (ehdr->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return sizeof(void *) == 8 ? "a 32-bit program, and this pypy-isolate is for "
					     "64-bit ones; install the 32-bit one"
					   : "a 64-bit program, and this pypy-isolate is for "
					     "32-bit ones; install the 64-bit one";
	if (ehdr->e_machine != MACHINE)
		return "a program for another machine, and this pypy-isolate is for "
		       MACHINE_NAME "; install the one for that machine";
	if (ehdr->e_phentsize != sizeof(ElfW(Phdr)))
		return "a broken ELF file; install it again";
	return NULL;
}

static void find_dynamic(struct peek *peek)
{
	for (size_t i = 0; i < peek->phnum; i++) {
		const ElfW(Phdr) *phdr = &peek->phdr[i];

		if (phdr->p_type != PT_DYNAMIC)
			continue;
		peek->dyn = slice(peek, phdr->p_offset, phdr->p_filesz, _Alignof(ElfW(Dyn)));
		peek->dyn_count = peek->dyn ? phdr->p_filesz / sizeof *peek->dyn : 0;
	}
}

static bool read_header(struct peek *peek, struct diag *diag)
{
	const ElfW(Ehdr) *ehdr = slice(peek, 0, sizeof *ehdr, _Alignof(ElfW(Ehdr)));
	const char *fault = ehdr ? header_fault(ehdr) : "no ELF program";

	if (fault)
		return diag_set(diag, "%s: %s", peek->path, fault);
	peek->phdr = slice(peek, ehdr->e_phoff, ehdr->e_phnum * sizeof *peek->phdr,
			   _Alignof(ElfW(Phdr)));
	peek->phnum = peek->phdr ? ehdr->e_phnum : 0;
	find_dynamic(peek);
	return true;
}

bool peek_open(struct peek *peek, const char *path, struct diag *diag)
{
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct status status;
	void *bytes = MAP_FAILED;

	*peek = (struct peek){ .path = path };
	if (fd < 0)
		return diag_set(diag, "%s: %s", path, strerror(errno));
	if (status_of_descriptor(fd, &status) && status.size > 0)
		bytes = mmap(NULL, status.size, PROT_READ, MAP_PRIVATE, fd, 0);
	sys_close(fd);
	if (bytes == MAP_FAILED)
		return diag_set(diag, "%s: no ELF program", path);
	peek->bytes = bytes;
	peek->size = status.size;
	if (read_header(peek, diag))
		return true;
	peek_close(peek);
	return false;
}

void peek_close(struct peek *peek)
{
	munmap((void *)peek->bytes, peek->size);
}

const char *peek_loader(const struct peek *peek)
{
	for (size_t i = 0; i < peek->phnum; i++) {
		const ElfW(Phdr) *phdr = &peek->phdr[i];
		const char *path = slice(peek, phdr->p_offset, phdr->p_filesz, 1);

		if (phdr->p_type == PT_INTERP && path && phdr->p_filesz > 0 &&
		    path[phdr->p_filesz - 1] == '\0')
			return path;
	}
	return NULL;
}

const char *peek_find(const struct peek *peek, const char *text, size_t *rest)
{
	const char *found = memmem(peek->bytes, peek->size, text, strlen(text));
	const char *end = (const char *)peek->bytes + peek->size;

	if (!found)
		return NULL;
	found += strlen(text);
	*rest = end - found;
	return found;
}

/* ---- the dynamic section ---- */

/* size bytes at an address of the program, or NULL. */
static const void *at(const struct peek *peek, ElfW(Addr) address, size_t size, size_t align)
{
	for (size_t i = 0; i < peek->phnum; i++) {
		const ElfW(Phdr) *phdr = &peek->phdr[i];

		if (phdr->p_type == PT_LOAD && address >= phdr->p_vaddr &&
		    address - phdr->p_vaddr < phdr->p_filesz)
			return slice(peek, phdr->p_offset + (address - phdr->p_vaddr), size,
				     align);
	}
	return NULL;
}

static ElfW(Addr) value(const struct peek *peek, ElfW(Sxword) tag)
{
	for (size_t i = 0; i < peek->dyn_count && peek->dyn[i].d_tag != DT_NULL; i++)
		if (peek->dyn[i].d_tag == tag)
			return peek->dyn[i].d_un.d_ptr;
	return 0;
}

static bool is_called(const struct peek *peek, const ElfW(Sym) *sym, const char *name)
{
	const char *text = at(peek, value(peek, DT_STRTAB) + sym->st_name, strlen(name) + 1, 1);

	return text && memcmp(text, name, strlen(name) + 1) == 0;
}

static const ElfW(Sym) *symbol(const struct peek *peek, size_t index)
{
	return at(peek, value(peek, DT_SYMTAB) + index * sizeof(ElfW(Sym)), sizeof(ElfW(Sym)),
		  _Alignof(ElfW(Sym)));
}

static bool is_defined_as(const struct peek *peek, size_t index, const char *name)
{
	const ElfW(Sym) *sym = symbol(peek, index);

	return sym && sym->st_shndx != SHN_UNDEF && is_called(peek, sym, name);
}

/* A chain of DT_GNU_HASH: the hashes of its symbols, the last with bit 0. */
static bool gnu_defines(const struct peek *peek, ElfW(Addr) table, const char *name)
{
	const uint32_t *header = at(peek, table, 16, 4), *bucket, *chain;
	uint32_t hash = hash_gnu(name);
	ElfW(Addr) buckets, chains;

	if (!header || header[0] == 0)
		return false;
	buckets = table + 16 + header[2] * sizeof(ElfW(Addr));
	chains = buckets + header[0] * (size_t)4;
	bucket = at(peek, buckets + hash % header[0] * (size_t)4, 4, 4);
	if (!bucket || *bucket < header[1])
		return false;
	for (size_t i = *bucket; (chain = at(peek, chains + (i - header[1]) * 4, 4, 4)); i++) {
		if ((*chain | 1) == (hash | 1) && is_defined_as(peek, i, name))
			return true;
		if (*chain & 1)
			break;
	}
	return false;
}

static bool sysv_defines(const struct peek *peek, ElfW(Addr) table, const char *name)
{
	const uint32_t *header = at(peek, table, 8, 4);

	for (size_t i = 1; header && i < header[1]; i++)
		if (is_defined_as(peek, i, name))
			return true;
	return false;
}

bool peek_defines(const struct peek *peek, const char *name)
{
	ElfW(Addr) gnu = value(peek, DT_GNU_HASH), sysv = value(peek, DT_HASH);

	if (gnu)
		return gnu_defines(peek, gnu, name);
	return sysv && sysv_defines(peek, sysv, name);
}

/* ---- relocations ---- */

static void count(const struct peek *peek, ElfW(Xword) info, bool is_call,
		  struct peek_use *uses, size_t n)
{
	const ElfW(Sym) *sym = symbol(peek, R_SYM(info));

	if (!sym || sym->st_shndx != SHN_UNDEF)
		return;
	for (size_t i = 0; i < n; i++)
		if (is_called(peek, sym, uses[i].name)) {
			uses[i].calls += is_call;
			uses[i].addresses += !is_call;
		}
}

/* entry: the size of one, of which r_info is the second word. */
static void count_table(const struct peek *peek, ElfW(Sxword) tag, ElfW(Sxword) size_tag,
			size_t entry, struct peek_use *uses, size_t n)
{
	size_t size = value(peek, size_tag);
	const char *table = at(peek, value(peek, tag), size, _Alignof(ElfW(Addr)));

	for (size_t i = 0; table && i + entry <= size; i += entry) {
		ElfW(Xword) info = ((const ElfW(Rel) *)(const void *)(table + i))->r_info;

		/* Of 710,000 in PyPy all but some thousand have no symbol. */
		if (R_SYM(info))
			count(peek, info, tag == DT_JMPREL, uses, n);
	}
}

void peek_uses(const struct peek *peek, struct peek_use *uses, size_t n)
{
	size_t rel = sizeof(ElfW(Rel)), rela = sizeof(ElfW(Rela));
	bool plt_is_rela = value(peek, DT_PLTREL) == DT_RELA;

	count_table(peek, DT_RELA, DT_RELASZ, rela, uses, n);
	count_table(peek, DT_REL, DT_RELSZ, rel, uses, n);
	count_table(peek, DT_JMPREL, DT_PLTRELSZ, plt_is_rela ? rela : rel, uses, n);
}
