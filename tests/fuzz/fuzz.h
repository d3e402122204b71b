/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. Each target is a file with LLVMFuzzerTestOneInput(), and
 * aborts, by a sanitizer or by insist(), when something is not as a header says. */
#ifndef PYPY_ISOLATE_FUZZ_H
#define PYPY_ISOLATE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/elf_read.h"
#include "policy/arena.h"

#define insist(truth) \
	((truth) ? (void)0 \
		 : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #truth), abort()))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* A block of heap with nothing before and after it, to be freed. */
void *fuzz_copy(const uint8_t *data, size_t size);

/* arena.c: an arena whose pieces are blocks of their own, size bytes at most. */
void fuzz_arena_begin(struct arena *arena, size_t size);
void fuzz_arena_end(struct arena *arena);

/* views.c: reads all that elf_read() says can be read. */
void fuzz_touch(const struct elf *elf);
void fuzz_touch_text(const char *text);	/* or NULL */

/* poke.c: sets fields of an ELF file to values at the edge. False, and nothing done, if
 * it looks like none. */
bool fuzz_poke(uint8_t *data, size_t size, unsigned seed);

/* A number below limit, which may be 0; another each time. */
size_t fuzz_random(uint64_t *state, size_t limit);

#endif
