/* SPDX-License-Identifier: MIT */
/* Any bytes -> symbols -> an image -> elf_read() takes it, and finds the same symbols,
 * versions and needed names in it.
 *
 * An image has no PT_TLS, no code and no verneed, so its symbols are changed as mirror.c
 * changes them. */
#include <string.h>

#include "audit/elf_hash.h"
#include "audit/image.h"
#include "tests/fuzz/fuzz.h"

#define NEEDED_MAX 64

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	if (seed % 8 == 0 || !fuzz_poke(data, size, seed))
		return LLVMFuzzerMutate(data, size, most);
	return size;
}

static bool is_kept(const ElfW(Sym) *sym)
{
	return sym->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(sym->st_info) != STT_TLS;
}

static void make_mirror(const struct symbols *from, ElfW(Sym) *sym, ElfW(Half) *versym)
{
	for (size_t i = 1; i < from->count; i++)
		if (is_kept(&from->sym[i])) {
			sym[i].st_info = ELF64_ST_INFO(ELF64_ST_BIND(sym[i].st_info), STT_FUNC);
			sym[i].st_shndx = SHN_ABS;
		} else {
			sym[i].st_info = 0;
			sym[i].st_shndx = SHN_UNDEF;
			if (versym)
				versym[i] = 0;
		}
}

static const ElfW(Verdaux) *version(const struct symbols *symbols, unsigned index)
{
	const ElfW(Verdef) *def = symbols->verdef;

	for (size_t i = 0; i < symbols->verdef_count; i++) {
		if (def->vd_ndx == index)
			return (const void *)((const char *)def + def->vd_aux);
		def = (const void *)((const char *)def + def->vd_next);
	}
	return NULL;
}

static void compare_versions(const struct symbols *from, const struct symbols *image, size_t i)
{
	const ElfW(Verdaux) *its = version(from, from->versym[i] & 0x7fff);
	const ElfW(Verdaux) *ours = version(image, image->versym[i] & 0x7fff);

	insist(image->versym[i] == from->versym[i]);
	insist(!its == !ours);
	insist(!its || strcmp(from->str + its->vda_name, image->str + ours->vda_name) == 0);
}

static void compare(const struct symbols *from, const struct symbols *image)
{
	insist(image->count <= from->count || from->count == 0);
	insist(!image->versym == !(from->versym && from->verdef));
	for (size_t i = 1; i < image->count; i++) {
		insist(strcmp(image->str + image->sym[i].st_name,
			      from->str + from->sym[i].st_name) == 0);
		if (image->versym && is_kept(&from->sym[i]))
			compare_versions(from, image, i);
	}
}

/* What one finds, the other finds, too. */
static void compare_search(const struct symbols *from, const struct symbols *image)
{
	for (size_t i = 0; i < image->count; i += image->count / 64 + 1) {
		const char *name = from->str + from->sym[i].st_name;
		size_t found = symbols_find(image, name);

		if (found)
			insist(found < from->count && is_kept(&from->sym[found]) &&
			       hash_may_name(image, from, found));
		else if (symbols_find(from, name))
			insist(!is_kept(&from->sym[symbols_find(from, name)]) ||
			       (from->gnu_hash && from->sysv_hash));
	}
}

static void check_needed(const struct elf *image, const struct image_plan *plan)
{
	size_t at = 0;

	for (size_t i = 0; i < plan->needed_count; i++)
		insist(strcmp(elf_needed(image, &at), plan->needed[i]) == 0);
	insist(!elf_needed(image, &at));
}

/* A version that nothing defines: ld.so would not have loaded what it is of, unless it
 * is a needed one, of a symbol that is defined here all the same. */
static bool has_stray_version(const struct symbols *from)
{
	for (size_t i = 1; from->versym && from->verdef && i < from->count; i++)
		if (is_kept(&from->sym[i]) && (from->versym[i] & 0x7fff) > 1 &&
		    !version(from, from->versym[i] & 0x7fff))
			return true;
	return false;
}

/* In one piece, as in a file. */
static void *join(const struct image *image)
{
	char *file = malloc(image->size), *end = file;

	for (size_t i = 0; i < IMAGE_PARTS; i++)
		if (image->part[i].iov_len)
			end = mempcpy(end, image->part[i].iov_base, image->part[i].iov_len);
	insist(end == file + image->size);
	return file;
}

static void round_trip(const struct image_plan *plan)
{
	void *bytes = calloc(1, image_size(plan)), *file;	/* AddressSanitizer aligns to 16 */
	struct diag diag = { "" };
	struct image image;
	struct elf elf;

	insist(image_size(plan) > 0);
	image_write(&image, plan, bytes);
	make_mirror(plan->symbols, image.sym, image.versym);
	file = join(&image);
	if (!elf_read(&elf, "image", file, image.size, &diag))
		fprintf(stderr, "%s\n", diag.text);
	insist(!diag.text[0]);
	fuzz_touch(&elf);
	compare(plan->symbols, &elf.symbols);
	compare_search(plan->symbols, &elf.symbols);
	check_needed(&elf, plan);
	free(file);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *bytes = fuzz_copy(data, size);
	const char *needed[NEEDED_MAX];
	struct image_plan plan = { .needed = needed };
	struct elf elf;
	size_t at = 0;

	if (elf_read(&elf, "input", bytes, size, NULL) && !has_stray_version(&elf.symbols)) {
		plan.symbols = &elf.symbols;
		while (plan.needed_count < NEEDED_MAX &&
		       (needed[plan.needed_count] = elf_needed(&elf, &at)))
			plan.needed_count++;
		round_trip(&plan);
	}
	free(bytes);
	return 0;
}
