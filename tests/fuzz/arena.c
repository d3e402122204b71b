/* SPDX-License-Identifier: MIT */
/* Instead of policy/arena.c: every piece is a block of heap, so that AddressSanitizer sees
 * who leaves his. */
#include <string.h>

#include "tests/fuzz/fuzz.h"

struct block {
	struct block *before;
	char *bytes;
};

static struct block *blocks;

void *fuzz_copy(const uint8_t *data, size_t size)
{
	void *copy = malloc(size);

	insist(copy || size == 0);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

void fuzz_arena_begin(struct arena *arena, size_t size)
{
	*arena = (struct arena){ .size = size };
}

void fuzz_arena_end(struct arena *arena)
{
	while (blocks) {
		struct block *block = blocks;

		blocks = block->before;
		free(block->bytes);
		free(block);
	}
	arena->used = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
	struct block *block;

	if (size > arena->size - arena->used)
		return NULL;
	arena->used += size;
	block = malloc(sizeof *block);
	insist(block);
	*block = (struct block){ .before = blocks, .bytes = calloc(1, size) };
	blocks = block;
	return block->bytes;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = length + 1 ? arena_take(arena, length + 1) : NULL;

	return copy ? memcpy(copy, text, length) : NULL;
}
