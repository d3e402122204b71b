/* SPDX-License-Identifier: MIT */
/* Symbol versions: what a file needs of others (verneed), what it defines (verdef),
 * and which of both a symbol has (versym).
 *
 * ld.so follows the links and not the counts, makes an array as long as the highest
 * index it meets, and indexes that by versym: for symbols that nobody checked. */
#include <string.h>

#include "audit/elf_parts.h"

/* Indices have 15 bits (the 16th hides a symbol), so no file has use for more. */
#define INDEX_MASK 0x7fff
#define RECORDS_MAX 0x7fff

/* Where a chain of records is read: bytes of the file from its head to the end of
 * their load, and how far the records reach. */
struct chain {
	const char *name;
	const char *bytes;
	size_t room, reach;
	size_t records;		/* met so far */
};

static bool chain_open(struct reader *reader, struct chain *chain, ElfW(Addr) tag,
		       const char *name)
{
	ElfW(Addr) address = tag_value(reader, tag);
	size_t room = room_at(reader, address);

	*chain = (struct chain){ .name = name, .room = room };
	chain->bytes = bytes_at(reader, name, address, room ? room : 1, 4);
	return chain->bytes;
}

/* The record of size bytes at an offset; links only go forward, so an end is sure. */
static const void *chain_record(const struct reader *reader, struct chain *chain, size_t at,
				size_t size)
{
	if (++chain->records > RECORDS_MAX)
		return elf_refuse(reader, "too many versions"), NULL;
	if (at % 4 || at > chain->room || size > chain->room - at) {
		diag_set(reader->diag, "%s: %s out of bounds", reader->elf->path, chain->name);
		return NULL;
	}
	if (at + size > chain->reach)
		chain->reach = at + size;
	return chain->bytes + at;
}

static bool name_check(const struct reader *reader, const struct chain *chain, size_t name)
{
	return name < reader->elf->symbols.str_size ||
	       diag_set(reader->diag, "%s: %s name outside of the string table",
			reader->elf->path, chain->name);
}

static void index_met(struct reader *reader, unsigned index)
{
	if ((index & INDEX_MASK) > reader->version_max)
		reader->version_max = index & INDEX_MASK;
}

/* Every process has these, and every namespace of ours; `patchelf --remove-needed`
 * takes them from a module and leaves their versions. */
static bool is_everywhere(const char *name)
{
	return strcmp(name, "libc.so.6") == 0 || strcmp(name, "libm.so.6") == 0;
}

/* Is that a name by which ld.so will know a dependency? It asserts that it does
 * (dl-version.c, _dl_check_map_versions): "needed != NULL". */
static bool is_needed(const struct elf *elf, size_t name)
{
	const char *str = elf->symbols.str;

	if (is_everywhere(str + name))
		return true;
	for (size_t i = 0; i < elf->dyn_count; i++)
		if (elf->dyn[i].d_tag == DT_NEEDED && elf->dyn[i].d_un.d_val == name)
			return true;
	for (size_t i = 0; i < elf->dyn_count; i++)
		if (elf->dyn[i].d_tag == DT_NEEDED &&
		    strcmp(str + elf->dyn[i].d_un.d_val, str + name) == 0)
			return true;
	return false;
}

static bool vernaux_read(struct reader *reader, struct chain *chain, size_t at)
{
	const ElfW(Vernaux) *aux;

	do {
		aux = chain_record(reader, chain, at, sizeof *aux);
		if (!aux || !name_check(reader, chain, aux->vna_name))
			return false;
		index_met(reader, aux->vna_other);
		at += aux->vna_next;
	} while (aux->vna_next);
	return true;
}

static bool verneed_read(struct reader *reader)
{
	struct symbols *symbols = &reader->elf->symbols;
	const ElfW(Verneed) *need;
	struct chain chain;
	size_t at = 0;

	if (!chain_open(reader, &chain, DT_VERNEED, "DT_VERNEED"))
		return false;
	symbols->verneed = (const void *)chain.bytes;
	do {
		need = chain_record(reader, &chain, at, sizeof *need);
		if (!need || !name_check(reader, &chain, need->vn_file))
			return false;
		if (need->vn_version != VER_NEED_CURRENT)
			return elf_refuse(reader, "unsupported version of Verneed record");
		if (!is_needed(reader->elf, need->vn_file))
			return diag_set(reader->diag,
					"%s: versions of %.256s, which is no DT_NEEDED",
					reader->elf->path, symbols->str + need->vn_file);
		if (!vernaux_read(reader, &chain, at + need->vn_aux))
			return false;
		symbols->verneed_count++;
		at += need->vn_next;
	} while (need->vn_next);
	keep(reader, tag_value(reader, DT_VERNEED), chain.reach);
	return true;
}

static bool verdaux_read(struct reader *reader, struct chain *chain, size_t at)
{
	const ElfW(Verdaux) *aux;

	do {
		aux = chain_record(reader, chain, at, sizeof *aux);
		if (!aux || !name_check(reader, chain, aux->vda_name))
			return false;
		at += aux->vda_next;
	} while (aux->vda_next);
	return true;
}

static bool verdef_read(struct reader *reader)
{
	struct symbols *symbols = &reader->elf->symbols;
	const ElfW(Verdef) *def;
	struct chain chain;
	size_t at = 0;

	if (!chain_open(reader, &chain, DT_VERDEF, "DT_VERDEF"))
		return false;
	symbols->verdef = (const void *)chain.bytes;
	do {
		def = chain_record(reader, &chain, at, sizeof *def);
		if (!def)
			return false;
		if (def->vd_version != VER_DEF_CURRENT)
			return elf_refuse(reader, "unsupported version of Verdef record");
		if (!verdaux_read(reader, &chain, at + def->vd_aux))
			return false;
		index_met(reader, def->vd_ndx);
		symbols->verdef_count++;
		at += def->vd_next;
	} while (def->vd_next);
	keep(reader, tag_value(reader, DT_VERDEF), chain.reach);
	return true;
}

bool versions_read(struct reader *reader)
{
	reader->version_max = 0;
	if (tag_has(reader, DT_VERNEED) && !verneed_read(reader))
		return false;
	return !tag_has(reader, DT_VERDEF) || verdef_read(reader);
}

bool versym_read(struct reader *reader)
{
	struct symbols *symbols = &reader->elf->symbols;
	unsigned highest = 0;

	if (!tag_has(reader, DT_VERSYM))
		return true;
	symbols->versym = bytes_at(reader, "DT_VERSYM", tag_value(reader, DT_VERSYM),
				   symbols->count * sizeof *symbols->versym, 2);
	if (!symbols->versym)
		return false;
	for (size_t i = 0; i < symbols->count; i++) {
		unsigned index = symbols->versym[i] & INDEX_MASK;

		highest = index > highest ? index : highest;
	}
	return highest <= reader->version_max ||
	       elf_refuse(reader, "DT_VERSYM has a version that nothing defines");
}
