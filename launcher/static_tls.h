/* SPDX-License-Identifier: MIT */
/* An interpreter -> the static TLS that ld.so must set aside for its start.
 *
 * With any auditor ld.so lays out static TLS before it maps the libraries that
 * the program starts with (glibc bug 31991): theirs comes out of a surplus that
 * is meant for dlopen, and a process with jemalloc in it does not start. */
#ifndef PYPY_ISOLATE_STATIC_TLS_H
#define PYPY_ISOLATE_STATIC_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/closure.h"
#include "policy/arena.h"

/* What glibc.rtld.optional_static_tls is without anybody's doing (glibc,
 * elf/dl-tunables.list). */
#define STATIC_TLS_DEFAULT 512

/* What the libraries that each of 14 namespaces may have for itself need of it:
 * 32 bytes libstdc++, 136 libgomp (GCC 12), and some to spare. */
#define STATIC_TLS_NAMESPACES 2560

struct start_up {
	size_t static_tls;	/* bytes for glibc.rtld.optional_static_tls */
	bool libc_is_old;	/* glibc < 2.35: an auditor makes every PLT call slow */
};

/* Looks at the interpreter, its libraries and those of LD_PRELOAD, as they
 * would be loaded in the environment that we have. What cannot be found adds
 * nothing. */
void start_up_read(struct start_up *start_up, const char *interpreter, struct arena *arena);

/* Calls use, once, with the program at a real path, its libraries and those of LD_PRELOAD.
 * False, and no call, if it is no ELF file of this word size. */
bool start_up_closure(const char *program, struct arena *arena,
		      void (*use)(void *context, const struct closure *), void *context);

#endif
