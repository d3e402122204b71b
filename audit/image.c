/* SPDX-License-Identifier: MIT */
/* Symbols and needed names -> the bytes of an ELF shared object.
 *
 * The hard thing is what ld.so demands of an object that has nothing in it:
 * - one PT_LOAD, readable and writable: up to glibc 2.34 ld.so relocates the
 *   dynamic section in place. Later it does not when PT_DYNAMIC is read-only
 *   (l_ld_readonly), and then no page of an image is ever written to;
 * - PT_GNU_STACK without PF_X, or 2.41 and later refuse the object;
 * - a note that promises all of CET or of BTI, PAC and GCS: there is no code that
 *   could break the promise, and a process that enforces them takes nothing less;
 * - the original's hash tables and verdef unchanged, so that each index in them
 *   still means the same symbol;
 * - no DT_SONAME: an object of SONAME libc.so.6 gets its __libc_early_init called. */
#include "audit/image.h"

#include <stddef.h>
#include <string.h>

#include "audit/elf_machine.h"

#define ELF_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define FIXED_ENTRIES	8	/* the most that write_dynamic() writes beside DT_NEEDED */

#ifdef MACHINE_FEATURE_TYPE
struct property_note {
	ElfW(Nhdr) header;
	char name[4];
	uint32_t type, size, bits;
#ifdef __LP64__
	uint32_t padding;	/* the description is of whole words */
#endif
};

static const struct property_note property_note = {
	.header = {
		.n_namesz = sizeof property_note.name,
		.n_descsz = sizeof property_note - offsetof(struct property_note, type),
		.n_type = 5,		/* NT_GNU_PROPERTY_TYPE_0 */
	},
	.name = "GNU",
	.type = MACHINE_FEATURE_TYPE,
	.size = sizeof property_note.bits,
	.bits = MACHINE_FEATURE_BITS,
};

#define NOTE_SIZE sizeof property_note
#define NOTE_SEGMENTS 2
#else
static const char property_note[1];

#define NOTE_SIZE 0
#define NOTE_SEGMENTS 0
#endif

#define SEGMENTS (3 + NOTE_SEGMENTS)

/* Where each thing stands, as offsets from the start; size is the end of all. From hash on
 * it is the plan's as it is, but for the names of needed. */
struct layout {
	size_t note, dyn, sym, versym, hash, verdef, str, needed;
	size_t dyn_size, hash_size, verdef_size, str_size, needed_size;
	size_t size;
};

/* Words of a DT_GNU_HASH table: 4 of header, bloom filter, buckets, a chain word
 * for each symbol from symoffset on (binutils list, 2006-10, msg00377). */
static size_t gnu_hash_size(const struct symbols *symbols)
{
	const uint32_t *table = symbols->gnu_hash;
	/* Not by symbols->count: relocations can be of symbols that no table knows. */
	size_t chains = symbols->gnu_count - table[1];

	return 16 + table[2] * sizeof(ElfW(Addr)) + (table[0] + chains) * 4;
}

static size_t sysv_hash_size(const struct symbols *symbols)
{
	return (2 + (size_t)symbols->sysv_hash[0] + symbols->sysv_hash[1]) *
	       sizeof *symbols->sysv_hash;
}

/* One table is enough, and this is the one that ld.so prefers. */
static const void *hash_of(const struct symbols *symbols)
{
	return symbols->gnu_hash ? (const void *)symbols->gnu_hash : symbols->sysv_hash;
}

/* How far a record's names reach from the start of the chain; end as far as is known. By
 * the links, as ld.so and elf_read() go: vd_cnt need not be true. */
static size_t verdaux_end(const char *start, const char *at, size_t end)
{
	const ElfW(Verdaux) *aux;

	do {
		size_t past = (size_t)(at - start) + sizeof *aux;

		aux = (const void *)at;
		end = past > end ? past : end;
		at += aux->vda_next;
	} while (aux->vda_next);
	return end;
}

/* The verdef chain's length: entries and their names are linked by offsets. */
static size_t verdef_size(const struct symbols *symbols)
{
	const char *start = (const char *)symbols->verdef;
	const char *at = start;
	size_t end = 0;

	for (size_t i = 0; start && i < symbols->verdef_count; i++) {
		const ElfW(Verdef) *def = (const void *)at;
		size_t past = (size_t)(at - start) + sizeof *def;

		end = verdaux_end(start, at + def->vd_aux, past > end ? past : end);
		at += def->vd_next;
	}
	return end;
}

static size_t place(size_t *end, size_t size)
{
	size_t start = (*end + 15) & ~(size_t)15;

	*end = start + size;
	return start;
}

/* One bucket, empty, and the null symbol: without a table ld.so would search nothing,
 * either, but tools, and elf_read(), take the object for broken. */
static const Elf_Symndx no_hash[] = { 1, 1, 0, 0 };
static const struct symbols no_symbols = { .str = "", .str_size = 1, .sysv_hash = no_hash };

static const struct symbols *plan_symbols(const struct image_plan *plan)
{
	const struct symbols *symbols = plan->symbols;

	return symbols && (symbols->gnu_hash || symbols->sysv_hash) ? symbols : &no_symbols;
}

static void lay_out(struct layout *at, const struct image_plan *plan)
{
	const struct symbols *symbols = plan_symbols(plan);
	size_t end = sizeof(ElfW(Ehdr)) + SEGMENTS * sizeof(ElfW(Phdr));
	size_t count = symbols->count ? symbols->count : 1;

	at->dyn_size = (plan->needed_count + FIXED_ENTRIES + 1) * sizeof(ElfW(Dyn));
	at->hash_size = symbols->gnu_hash ? gnu_hash_size(symbols) : sysv_hash_size(symbols);
	at->verdef_size = symbols->versym ? verdef_size(symbols) : 0;
	at->str_size = symbols->str_size;
	at->needed_size = 0;
	for (size_t i = 0; i < plan->needed_count; i++)
		at->needed_size += strlen(plan->needed[i]) + 1;

	at->note = place(&end, NOTE_SIZE);
	at->dyn = place(&end, at->dyn_size);
	at->sym = place(&end, count * sizeof(ElfW(Sym)));
	at->versym = place(&end, at->verdef_size ? count * sizeof(ElfW(Half)) : 0);
	at->hash = place(&end, at->hash_size);
	/* Each has a size that suits the next. */
	at->verdef = at->hash + at->hash_size;
	at->str = at->verdef + at->verdef_size;
	at->needed = at->str + at->str_size;
	at->size = at->needed + at->needed_size;
}

size_t image_size(const struct image_plan *plan)
{
	struct layout at;

	lay_out(&at, plan);
	return at.str_size + at.needed_size <= UINT32_MAX ? at.hash + at.needed_size : 0;
}

static void write_header(char *bytes)
{
	ElfW(Ehdr) *ehdr = (void *)bytes;

	memcpy(ehdr->e_ident, ELFMAG, SELFMAG);
	ehdr->e_ident[EI_CLASS] = ELF_CLASS;
	ehdr->e_ident[EI_DATA] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB
									   : ELFDATA2MSB;
	ehdr->e_ident[EI_VERSION] = EV_CURRENT;
	ehdr->e_type = ET_DYN;
	ehdr->e_machine = MACHINE;
	ehdr->e_flags = MACHINE_FLAGS;
	ehdr->e_version = EV_CURRENT;
	ehdr->e_phoff = sizeof *ehdr;
	ehdr->e_ehsize = sizeof *ehdr;
	ehdr->e_phentsize = sizeof(ElfW(Phdr));
	ehdr->e_phnum = SEGMENTS;
	ehdr->e_shentsize = sizeof(ElfW(Shdr));
}

static ElfW(Phdr) *write_segment(ElfW(Phdr) *phdr, uint32_t type, uint32_t flags,
				 size_t start, size_t size, size_t align)
{
	*phdr = (ElfW(Phdr)){
		.p_type = type,
		.p_flags = flags,
		.p_offset = start,
		.p_vaddr = start,
		.p_paddr = start,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = align,
	};
	return phdr + 1;
}

static void write_segments(char *bytes, const struct layout *at)
{
	ElfW(Phdr) *phdr = (void *)(bytes + sizeof(ElfW(Ehdr)));

	phdr = write_segment(phdr, PT_LOAD, PF_R | PF_W, 0, at->size, MACHINE_PAGE);
	phdr = write_segment(phdr, PT_DYNAMIC, PF_R, at->dyn, at->dyn_size, sizeof(void *));
	if (NOTE_SEGMENTS) {
		phdr = write_segment(phdr, PT_NOTE, PF_R, at->note, NOTE_SIZE, sizeof(void *));
		phdr = write_segment(phdr, PT_GNU_PROPERTY, PF_R, at->note, NOTE_SIZE,
				     sizeof(void *));
	}
	write_segment(phdr, PT_GNU_STACK, PF_R | PF_W, 0, 0, 16);
}

static ElfW(Dyn) *write_dyn(ElfW(Dyn) *dyn, ElfW(Sxword) tag, size_t value)
{
	dyn->d_tag = tag;
	dyn->d_un.d_val = value;
	return dyn + 1;
}

static void write_dynamic(char *bytes, const struct layout *at, const struct image_plan *plan)
{
	const struct symbols *symbols = plan_symbols(plan);
	ElfW(Dyn) *dyn = (void *)(bytes + at->dyn);
	char *needed = bytes + at->hash, *end = needed;

	for (size_t i = 0; i < plan->needed_count; i++) {
		dyn = write_dyn(dyn, DT_NEEDED, at->str_size + (end - needed));
		end = stpcpy(end, plan->needed[i]) + 1;
	}
	dyn = write_dyn(dyn, DT_STRTAB, at->str);
	dyn = write_dyn(dyn, DT_STRSZ, at->str_size + at->needed_size);
	dyn = write_dyn(dyn, DT_SYMTAB, at->sym);
	dyn = write_dyn(dyn, DT_SYMENT, sizeof(ElfW(Sym)));
	dyn = write_dyn(dyn, symbols->gnu_hash ? DT_GNU_HASH : DT_HASH, at->hash);
	if (at->verdef_size) {
		dyn = write_dyn(dyn, DT_VERSYM, at->versym);
		dyn = write_dyn(dyn, DT_VERDEF, at->verdef);
		dyn = write_dyn(dyn, DT_VERDEFNUM, symbols->verdef_count);
	}
	write_dyn(dyn, DT_NULL, 0);
}

/* Symbol 0 stays null, whatever it is in the original: a version of its own could be one
 * that is not in the image. */
static void copy_symbols(const struct image *image, const struct symbols *symbols)
{
	size_t count = symbols->count - 1;

	if (symbols->count < 2)
		return;
	memcpy(image->sym + 1, symbols->sym + 1, count * sizeof *image->sym);
	if (image->versym)
		memcpy(image->versym + 1, symbols->versym + 1, count * sizeof *image->versym);
}

void image_write(struct image *image, const struct image_plan *plan, void *bytes)
{
	const struct symbols *symbols = plan_symbols(plan);
	char *own = bytes;
	struct layout at;

	lay_out(&at, plan);
	*image = (struct image){
		.part = {
			{ own, at.hash },
			{ (void *)hash_of(symbols), at.hash_size },
			{ (void *)symbols->verdef, at.verdef_size },
			{ (void *)symbols->str, at.str_size },
			{ own + at.hash, at.needed_size },
		},
		.size = at.size,
		.sym = (void *)(own + at.sym),
		.versym = at.verdef_size ? (void *)(own + at.versym) : NULL,
	};
	write_header(own);
	write_segments(own, &at);
	if (NOTE_SIZE)
		memcpy(own + at.note, &property_note, NOTE_SIZE);
	write_dynamic(own, &at, plan);
	copy_symbols(image, symbols);
}
