/* SPDX-License-Identifier: MIT */
/* What closure.h wants to know of the world: where this process's ld.so searches,
 * and how files are read. No more of the process than that, so the launcher uses
 * it, too. */
#ifndef PYPY_ISOLATE_LIBRARIES_H
#define PYPY_ISOLATE_LIBRARIES_H

#include <limits.h>

#include "audit/closure.h"

struct libraries {
	struct closure_search search;	/* points into the rest */
	char lib[PATH_MAX];		/* what $LIB stands for: "lib/x86_64-linux-gnu" */
	char defaults[2 * PATH_MAX + 64];	/* "/LIB:/usr/LIB:/lib:/usr/lib" */
};

/* Fills in search: that of the ld.so that loaded us. library_path is the value that
 * $LD_LIBRARY_PATH had at the start of the process, or NULL; it is not copied. libc is the
 * path of the process's libc.so.6, or "". */
void libraries_find(struct libraries *libraries, const char *library_path, const char *libc);

/* Files by system calls. Its cache stays mapped until library_source_end(). knows is for
 * the caller to set, and gets the struct as its context. */
struct library_source {
	struct closure_source source;	/* for closure_start(); do not move the struct */
	void *cache;
	size_t cache_size;		/* bytes */
};

void library_source_begin(struct library_source *library_source);
void library_source_end(struct library_source *library_source);

#endif
