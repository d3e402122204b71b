/* SPDX-License-Identifier: MIT */
/* The two hash functions of ELF symbol tables, and what a table says of its length. */
#ifndef PYPY_ISOLATE_ELF_HASH_H
#define PYPY_ISOLATE_ELF_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Of DT_GNU_HASH: Bernstein's, h * 33 + c from 5381 (glibc, dl-new-hash.h). */
uint32_t hash_gnu(const char *name);

/* Of DT_HASH and of versions (gABI, "Hash Table"). */
uint32_t hash_sysv(const char *name);

/* How many symbols a DT_GNU_HASH table is for: it does not say so, but those in it come
 * last, and the chain of the highest bucket has an end. */
size_t hash_gnu_symbols(const uint32_t *table);

#endif
