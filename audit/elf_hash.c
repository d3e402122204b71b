/* SPDX-License-Identifier: MIT */
/* Hash tables: checked when a file is read, and used to find symbols.
 *
 * No table says how long it is. That of DT_GNU_HASH ends with the chain of its
 * highest bucket: to find that end is to know how many symbols there are. */
#include "audit/elf_hash.h"

#include <stdio.h>
#include <string.h>

#include "audit/elf_parts.h"

#define WORD_BITS (8 * (uint32_t)sizeof(ElfW(Addr)))

/* DT_GNU_HASH. Symbols below first are not in it; chain[i] belongs to first + i, and
 * holds its hash with bit 0 set at the end of a chain. */
struct gnu {
	uint32_t bucket_count, first, bloom_count, bloom_shift;
	const ElfW(Addr) *bloom;
	const uint32_t *buckets, *chain;
};

/* DT_HASH: 0 ends a chain. */
struct sysv {
	size_t bucket_count, chain_count;
	const Elf_Symndx *buckets, *chain;
};

uint32_t hash_gnu(const char *name)
{
	uint32_t hash = 5381;

	while (*name)
		hash = hash * 33 + (unsigned char)*name++;
	return hash;
}

uint32_t hash_sysv(const char *name)
{
	uint32_t hash = 0;

	while (*name) {
		hash = (hash << 4) + (unsigned char)*name++;
		hash ^= (hash & 0xf0000000) >> 24;
		hash &= 0x0fffffff;
	}
	return hash;
}

static struct gnu gnu_view(const uint32_t *table)
{
	struct gnu gnu = { table[0], table[1], table[2], table[3], NULL, NULL, NULL };

	gnu.bloom = (const ElfW(Addr) *)(table + 4);
	gnu.buckets = (const uint32_t *)(gnu.bloom + gnu.bloom_count);
	gnu.chain = gnu.buckets + gnu.bucket_count;
	return gnu;
}

static struct sysv sysv_view(const Elf_Symndx *table)
{
	return (struct sysv){ table[0], table[1], table + 2, table + 2 + table[0] };
}

size_t hash_gnu_symbols(const uint32_t *table)
{
	struct gnu gnu = gnu_view(table);
	size_t last = 0;

	for (size_t i = 0; i < gnu.bucket_count; i++)
		last = gnu.buckets[i] > last ? gnu.buckets[i] : last;
	if (last < gnu.first)
		return gnu.first;
	while (!(gnu.chain[last - gnu.first] & 1))
		last++;
	return last + 1;
}

/* All buckets begin a chain of the table; *top gets the highest, 0 if all are empty. */
static bool buckets_check(const struct reader *reader, const struct gnu *gnu, uint32_t *top)
{
	*top = 0;
	for (uint32_t i = 0; i < gnu->bucket_count; i++) {
		if (gnu->buckets[i] && gnu->buckets[i] < gnu->first)
			return elf_refuse(reader, "DT_GNU_HASH bucket out of bounds");
		if (gnu->buckets[i] > *top)
			*top = gnu->buckets[i];
	}
	return true;
}

/* Sets symbol_end. room: words of the file from chain[0] on. */
static bool chains_check(struct reader *reader, const struct gnu *gnu, size_t room)
{
	uint32_t top;
	size_t at = 0;

	if (!buckets_check(reader, gnu, &top))
		return false;
	if (top) {
		at = top - gnu->first;
		while (at < room && !(gnu->chain[at] & 1))
			at++;
		if (at++ >= room)
			return elf_refuse(reader, "DT_GNU_HASH chain out of bounds");
	}
	reader->symbol_end = gnu->first + at;
	return true;
}

static bool gnu_read(struct reader *reader)
{
	static const char what[] = "DT_GNU_HASH";
	ElfW(Addr) address = tag_value(reader, DT_GNU_HASH);
	size_t room = room_at(reader, address) / 4, size = 4;
	const uint32_t *table;
	struct gnu gnu;

	table = bytes_at(reader, what, address, (room > 4 ? room : 4) * 4,
			 _Alignof(ElfW(Addr)));
	if (!table)
		return false;
	/* ld.so takes the remainder by an and; 0 would be all ones. */
	if (table[2] == 0 || table[2] & (table[2] - 1))
		return elf_refuse(reader, "DT_GNU_HASH bloom filter size not a power of two");
	size += (size_t)table[2] * (sizeof(ElfW(Addr)) / 4) + table[0];
	if (size > room)
		return elf_refuse(reader, "DT_GNU_HASH out of bounds");
	gnu = gnu_view(table);
	reader->elf->symbols.gnu_hash = table;
	if (!chains_check(reader, &gnu, room - size))
		return false;
	reader->elf->symbols.gnu_count = reader->symbol_end;
	keep(reader, address, (size + reader->symbol_end - gnu.first) * 4);
	return true;
}

/* ld.so walks a chain to its 0: it must have one, and nothing out of the table. No
 * symbol is in two chains, so a walk through all of them that takes more steps than
 * there are symbols has met a circle. */
static bool sysv_check(const struct reader *reader, const struct sysv *sysv)
{
	size_t steps = 0;

	for (size_t i = 0; i < sysv->bucket_count; i++)
		for (size_t at = sysv->buckets[i]; at; at = sysv->chain[at]) {
			if (at >= sysv->chain_count)
				return elf_refuse(reader, "DT_HASH chain out of bounds");
			if (++steps > sysv->chain_count)
				return elf_refuse(reader, "DT_HASH chain without an end");
		}
	return true;
}

static bool sysv_read(struct reader *reader)
{
	ElfW(Addr) address = tag_value(reader, DT_HASH);
	const size_t word = sizeof(Elf_Symndx);
	size_t room = room_at(reader, address) / word;
	const Elf_Symndx *table;
	struct sysv sysv;

	table = bytes_at(reader, "DT_HASH", address, (room > 2 ? room : 2) * word, word);
	if (!table)
		return false;
	if (table[0] > room - 2 || table[1] > room - 2 - table[0])
		return elf_refuse(reader, "DT_HASH out of bounds");
	sysv = sysv_view(table);
	if (reader->symbol_end > sysv.chain_count)
		return elf_refuse(reader, "DT_HASH has fewer symbols than DT_GNU_HASH");
	reader->symbol_end = sysv.chain_count;
	reader->elf->symbols.sysv_hash = table;
	keep(reader, address, (2 + (size_t)table[0] + table[1]) * word);
	return sysv_check(reader, &sysv);
}

bool hash_read(struct reader *reader)
{
	reader->symbol_end = 0;
	if (!tag_has(reader, DT_GNU_HASH) && !tag_has(reader, DT_HASH))
		return elf_refuse(reader, "no symbol hash table");
	if (tag_has(reader, DT_GNU_HASH) && !gnu_read(reader))
		return false;
	return !tag_has(reader, DT_HASH) || sysv_read(reader);
}

/* ld.so's rule for what others can bind to (dl-lookup.c, do_lookup_x). */
static bool is_exported(const ElfW(Sym) *sym)
{
	unsigned char visibility = ELF64_ST_VISIBILITY(sym->st_other);

	return sym->st_shndx != SHN_UNDEF && ELF64_ST_BIND(sym->st_info) != STB_LOCAL &&
	       visibility != STV_HIDDEN && visibility != STV_INTERNAL;
}

static bool is_match(const struct symbols *symbols, size_t at, const char *name)
{
	const ElfW(Sym) *sym = &symbols->sym[at];

	return at < symbols->count && is_exported(sym) &&
	       strcmp(symbols->str + sym->st_name, name) == 0;
}

/* Where the chain for a hash begins, if the filter lets it through, or 0. */
static size_t gnu_start(const struct symbols *symbols, uint32_t hash)
{
	struct gnu gnu = gnu_view(symbols->gnu_hash);
	uint32_t other = hash >> gnu.bloom_shift % 32;
	ElfW(Addr) bloom = gnu.bloom[hash / WORD_BITS & (gnu.bloom_count - 1)];

	if (!(bloom >> hash % WORD_BITS & bloom >> other % WORD_BITS & 1))
		return 0;
	return gnu.bucket_count ? gnu.buckets[hash % gnu.bucket_count] : 0;
}

static size_t find_gnu(const struct symbols *symbols, const char *name)
{
	struct gnu gnu = gnu_view(symbols->gnu_hash);
	uint32_t hash = hash_gnu(name), at = (uint32_t)gnu_start(symbols, hash);

	for (; at; at++) {
		uint32_t chain = gnu.chain[at - gnu.first];

		if ((chain | 1) == (hash | 1) && is_match(symbols, at, name))
			return at;
		if (chain & 1)
			break;
	}
	return 0;
}

static size_t find_sysv(const struct symbols *symbols, const char *name)
{
	struct sysv sysv = sysv_view(symbols->sysv_hash);
	size_t at;

	if (!sysv.bucket_count)
		return 0;
	at = sysv.buckets[hash_sysv(name) % sysv.bucket_count];
	while (at && !is_match(symbols, at, name))
		at = sysv.chain[at];
	return at;
}

size_t symbols_find(const struct symbols *symbols, const char *name)
{
	if (symbols->gnu_hash)
		return find_gnu(symbols, name);
	if (symbols->sysv_hash)
		return find_sysv(symbols, name);
	for (size_t i = 1; i < symbols->count; i++)
		if (is_match(symbols, i, name))
			return i;
	return 0;
}

bool hash_may_name(const struct symbols *symbols, const struct symbols *others, size_t i)
{
	struct gnu gnu, its;
	ElfW(Addr) word;
	uint32_t hash;

	if (!symbols->gnu_hash || !others->gnu_hash)
		return true;
	gnu = gnu_view(symbols->gnu_hash);
	its = gnu_view(others->gnu_hash);
	if (i < its.first || i >= others->gnu_count || gnu.bloom_shift % 32 == 0)
		return true;
	hash = its.chain[i - its.first] & ~(uint32_t)1;
	word = gnu.bloom[hash / WORD_BITS & (gnu.bloom_count - 1)];
	return word >> hash % WORD_BITS & 3 &&
	       word >> (hash >> gnu.bloom_shift % 32) % WORD_BITS & 1;
}

/* The entry after index in the chain that index is in, or 0 at its end. */
static size_t chain_next(const struct symbols *symbols, size_t index)
{
	if (symbols->gnu_hash) {
		struct gnu gnu = gnu_view(symbols->gnu_hash);

		return gnu.chain[index - gnu.first] & 1 ? 0 : index + 1;
	}
	if (symbols->sysv_hash)
		return sysv_view(symbols->sysv_hash).chain[index];
	return index + 1 < symbols->count ? index + 1 : 0;
}

size_t symbols_find_next(const struct symbols *symbols, size_t index)
{
	const char *name = symbols->str + symbols->sym[index].st_name;

	do
		index = chain_next(symbols, index);
	while (index && !is_match(symbols, index, name));
	return index;
}

/* The candidate itself, or the next in its chain that has the name. */
static size_t named(const struct symbols *symbols, struct hash_quest *quest, size_t at)
{
	const struct gnu gnu = symbols->gnu_hash ? gnu_view(symbols->gnu_hash) : (struct gnu){ 0 };

	for (; at; at = chain_next(symbols, at)) {
		if (at >= symbols->count)
			return 0;
		if (gnu.chain && (gnu.chain[at - gnu.first] | 1) != (quest->gnu | 1))
			continue;
		if (strcmp(symbols->str + symbols->sym[at].st_name, quest->name) == 0)
			break;
	}
	return quest->at = at;
}

size_t hash_first(const struct symbols *symbols, struct hash_quest *quest)
{
	struct sysv sysv;

	if (symbols->gnu_hash)
		return named(symbols, quest, gnu_start(symbols, quest->gnu));
	if (!symbols->sysv_hash)
		return 0;
	sysv = sysv_view(symbols->sysv_hash);
	return sysv.bucket_count ? named(symbols, quest, sysv.buckets[hash_sysv(quest->name) %
								      sysv.bucket_count]) : 0;
}

size_t hash_next(const struct symbols *symbols, struct hash_quest *quest)
{
	return named(symbols, quest, chain_next(symbols, quest->at));
}

bool symbols_is_module(const struct symbols *symbols, const char *file_name)
{
	static const char *const prefixes[] = { "PyInit_", "_cffi_pypyinit_", "init" };
	int length = (int)strcspn(file_name, ".");
	char name[256];

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		int size = snprintf(name, sizeof name, "%s%.*s", prefixes[i], length,
				    file_name);

		if (size < (int)sizeof name && symbols_find(symbols, name))
			return true;
	}
	return false;
}

size_t symbols_unlisted_family(const struct symbols *libc, const char *const **names)
{
	static const char *const family[] = {
		"libc.so.6", "libm.so.6",
		"libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1",
	};

	*names = family;
	return symbols_find(libc, "dlopen") ? 2 : sizeof family / sizeof *family;
}

bool symbols_unwind_all(const struct symbols *libgcc_s, const struct symbols *libc)
{
	if (symbols_find(libc, FINDS_FRAMES))
		return false;
	for (size_t i = 1; i < libgcc_s->count; i++)
		if (libgcc_s->sym[i].st_shndx == SHN_UNDEF &&
		    strcmp(libgcc_s->str + libgcc_s->sym[i].st_name, "_dl_find_object") == 0)
			return true;
	return false;
}
