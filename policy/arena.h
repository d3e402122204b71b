/* SPDX-License-Identifier: MIT */
/* Memory that is only ever taken, never given back.
 *
 * The audit module's malloc belongs to a libc that does not know of the
 * process's fork(): its lock could be held for ever in a child. So everything
 * that lives as long as the process comes from here, and taking is one atomic
 * addition: no lock. */
#ifndef PYPY_ISOLATE_ARENA_H
#define PYPY_ISOLATE_ARENA_H

#include <stdatomic.h>
#include <stddef.h>

struct arena {
	char *base;		/* owned by whoever set it up; zeroed memory, 16-byte aligned */
	size_t size;		/* bytes */
	atomic_size_t used;	/* bytes; may run past size when the arena is full */
};

/* size bytes, zeroed, 16-byte aligned, or NULL when the arena is full. */
void *arena_take(struct arena *arena, size_t size);

/* A NUL-terminated copy of length bytes of text, or NULL when full. */
char *arena_text(struct arena *arena, const char *text, size_t length);

#endif
