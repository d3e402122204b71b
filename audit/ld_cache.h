/* SPDX-License-Identifier: MIT */
/* The bytes of /etc/ld.so.cache -> the paths of a library name. Pure. */
#ifndef PYPY_ISOLATE_LD_CACHE_H
#define PYPY_ISOLATE_LD_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ld_cache {
	const uint8_t *bytes;	/* of the part in format 1.1; not owned */
	size_t size;		/* bytes */
	size_t count;		/* entries; 0 if there is no such part */
};

/* Finds the part in format 1.1 (glibc >= 2.2 writes one) in a whole file. False
 * if there is none, or it is cut off, or of the other byte order. */
bool ld_cache_read(struct ld_cache *cache, const void *bytes, size_t size);

/* The n-th path (from 0) that the cache has for name, or NULL after the last.
 * It may be a library of another machine: only its ELF header tells. Variants
 * for some processors only (glibc-hwcaps) are left out. */
const char *ld_cache_find(const struct ld_cache *cache, const char *name, size_t n);

#endif
