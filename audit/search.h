/* SPDX-License-Identifier: MIT */
/* A name without '/' -> the file that ld.so would find, in this process, for this caller. */
#ifndef PYPY_ISOLATE_SEARCH_H
#define PYPY_ISOLATE_SEARCH_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit/closure.h"
#include "audit/namespace.h"

/* How this process searches: found out once, and kept. NULL: no memory. */
const struct closure_search *search_rules(void);

/* Searches the directories of a text like an RPATH first, then as for the program. path, of
 * size bytes, becomes absolute. False if it is nowhere, or there is no memory to look. */
bool search_file(const char *directories, const char *name, char *path, size_t size);

/* The same for a caller in the namespace: its own directories first. */
bool search_for_caller(const struct namespace *namespace, struct link_map *caller,
		       const char *name, char *path, size_t size);

#endif
