/* SPDX-License-Identifier: MIT */
/* Names -> the entries that callers get instead of the real functions.
 *
 * The table of what is steered, for those who put the entries into place: redirect.c for
 * the interpreter, mirror.c for modules. */
#ifndef PYPY_ISOLATE_ROUTE_H
#define PYPY_ISOLATE_ROUTE_H

#include <stddef.h>
#include <stdint.h>

/* The n-th name that is steered (from 0), or NULL after the last. */
const char *route_name(size_t n);

/* What the interpreter is to call for the function of that name, or 0. */
uintptr_t route_outside(const char *name);

/* What modules in a namespace are to call, or 0. */
uintptr_t route_inside(const char *name);

/* The real function, base's; 0 as long as base_find() has not found it. */
uintptr_t route_real(const char *name);

/* What the symbol table of the object that defines it is to have instead, or 0. */
uintptr_t route_found(const char *name);

/* The entries of stub.S. Called as the functions that they stand for. */
void stub_dlopen(void);
void stub_dlopen_inside(void);
void stub_dlopen_found(void);
void stub_dlmopen(void);
void stub_dlmopen_inside(void);
void stub_dlerror(void);
void stub_dlsym(void);
void stub_dlvsym(void);
void stub_dlsym_inside(void);
void stub_iterate(void);

#endif
