/* SPDX-License-Identifier: MIT */
/* The two hash functions of ELF symbol tables. */
#ifndef PYPY_ISOLATE_ELF_HASH_H
#define PYPY_ISOLATE_ELF_HASH_H

#include <stdint.h>

/* Of DT_GNU_HASH: Bernstein's, h * 33 + c from 5381 (glibc, dl-new-hash.h). */
uint32_t hash_gnu(const char *name);

/* Of DT_HASH and of versions (gABI, "Hash Table"). */
uint32_t hash_sysv(const char *name);

#endif
