/* SPDX-License-Identifier: MIT */
/* A checked file -> every view of it is read to its end, and what one says of another
 * is compared. */
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define SEARCHES 64	/* a search can be as long as the table, so not for all */

static volatile uint8_t sink;

static void touch(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint8_t all = 0;

	for (size_t i = 0; i < size; i++)
		all ^= at[i];
	sink = all;
}

void fuzz_touch_text(const char *text)
{
	if (text)
		touch(text, strlen(text) + 1);
}

static const void *after(const void *record, size_t offset)
{
	return (const char *)record + offset;
}

static void touch_verdef(const struct symbols *symbols)
{
	const ElfW(Verdef) *def = symbols->verdef;

	for (size_t i = 0; i < symbols->verdef_count; i++, def = after(def, def->vd_next))
		for (const ElfW(Verdaux) *aux = after(def, def->vd_aux);;
		     aux = after(aux, aux->vda_next)) {
			fuzz_touch_text(symbols->str + aux->vda_name);
			if (!aux->vda_next)
				break;
		}
}

static void touch_verneed(const struct symbols *symbols)
{
	const ElfW(Verneed) *need = symbols->verneed;

	for (size_t i = 0; i < symbols->verneed_count; i++, need = after(need, need->vn_next)) {
		fuzz_touch_text(symbols->str + need->vn_file);
		for (const ElfW(Vernaux) *aux = after(need, need->vn_aux);;
		     aux = after(aux, aux->vna_next)) {
			fuzz_touch_text(symbols->str + aux->vna_name);
			if (!aux->vna_next)
				break;
		}
	}
}

/* All whom a search finds by the name of symbol i have that name. */
static void search(const struct symbols *symbols, size_t i)
{
	const char *name = symbols->str + symbols->sym[i].st_name;
	size_t steps = 0;

	for (size_t found = symbols_find(symbols, name); found && steps++ < SEARCHES;
	     found = symbols_find_next(symbols, found)) {
		insist(found < symbols->count);
		insist(symbols->sym[found].st_shndx != SHN_UNDEF);
		insist(strcmp(symbols->str + symbols->sym[found].st_name, name) == 0);
	}
}

static void touch_symbols(const struct symbols *symbols)
{
	size_t step = symbols->count / SEARCHES + 1;

	touch(symbols->sym, symbols->count * sizeof *symbols->sym);
	touch(symbols->str, symbols->str_size);
	if (symbols->versym)
		touch(symbols->versym, symbols->count * sizeof *symbols->versym);
	touch_verdef(symbols);
	touch_verneed(symbols);
	for (size_t i = 0; i < symbols->count; i++)
		fuzz_touch_text(symbols->str + symbols->sym[i].st_name);
	for (size_t i = 0; i < symbols->count; i += step)
		search(symbols, i);
	insist(symbols_find(symbols, "no symbol \1 of this name") == 0);
	symbols_is_module(symbols, "module.so");
}

void fuzz_touch(const struct elf *elf)
{
	const char *needed;
	size_t at = 0;

	touch(elf->phdr, elf->phnum * sizeof *elf->phdr);
	touch(elf->dyn, elf->dyn_count * sizeof *elf->dyn);
	touch_symbols(&elf->symbols);
	fuzz_touch_text(elf->soname);
	fuzz_touch_text(elf->rpath);
	fuzz_touch_text(elf->runpath);
	while ((needed = elf_needed(elf, &at)))
		fuzz_touch_text(needed);
}
