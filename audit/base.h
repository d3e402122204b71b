/* SPDX-License-Identifier: MIT */
/* The objects of base -> its own dl functions. */
#ifndef PYPY_ISOLATE_BASE_H
#define PYPY_ISOLATE_BASE_H

#include <stdbool.h>

/* Fills in process.base, once: with the functions of libc.so.6, or of libdl.so.2
 * before glibc 2.34, or of what is preloaded to replace them. False if base has
 * not all of them yet. */
bool base_find(void);

/* dlmopen(LM_ID_NEWLM) of base, which crashes up to glibc 2.34 in a process with an audit
 * module, unless it is called so. */
void *base_new_namespace(const char *file, int mode);

#endif
