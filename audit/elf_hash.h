/* SPDX-License-Identifier: MIT */
/* The two hash functions of ELF symbol tables, and what a table says of its length. */
#ifndef PYPY_ISOLATE_ELF_HASH_H
#define PYPY_ISOLATE_ELF_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "audit/elf_read.h"

/* Of DT_GNU_HASH: Bernstein's, h * 33 + c from 5381 (glibc, dl-new-hash.h). */
uint32_t hash_gnu(const char *name);

/* Of DT_HASH and of versions (gABI, "Hash Table"). */
uint32_t hash_sysv(const char *name);

/* How many symbols a DT_GNU_HASH table is for: it does not say so, but those in it come
 * last, and the chain of the highest bucket has an end. */
size_t hash_gnu_symbols(const uint32_t *table);

/* Could there be a symbol with the name of others' symbol i? Its hash is in their table, but
 * for the lowest bit, so nobody has to read the name. */
bool hash_may_name(const struct symbols *symbols, const struct symbols *others, size_t i);

/* A search for all symbols of a name, defined or not. */
struct hash_quest {
	const char *name;
	uint32_t gnu;			/* hash_gnu(name) */
	size_t at;			/* the last candidate */
};

/* The first symbol of that name in the order of the object's table (DT_GNU_HASH, if it has
 * both, as ld.so), and the next; 0 after the last. */
size_t hash_first(const struct symbols *symbols, struct hash_quest *quest);
size_t hash_next(const struct symbols *symbols, struct hash_quest *quest);

#endif
