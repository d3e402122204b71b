/* SPDX-License-Identifier: MIT */
/* A size -> zeroed memory that stays. */
#include "policy/arena.h"

#include <string.h>

void *arena_take(struct arena *arena, size_t size)
{
	size_t rounded = (size + 15) & ~(size_t)15;
	size_t start;

	if (rounded < size || rounded > arena->size)
		return NULL;
	start = atomic_fetch_add(&arena->used, rounded);
	if (start > arena->size - rounded)
		return NULL;
	return arena->base + start;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_take(arena, length + 1);

	return copy ? memcpy(copy, text, length) : NULL;
}
