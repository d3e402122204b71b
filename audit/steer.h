/* SPDX-License-Identifier: MIT */
/* Every route to dlopen leads here.
 *
 * The interpreter calls dlopen and dlerror through la_symbind, through slots that
 * we rewrote (slots.h) or, in a namespace, through a mirror. All three give it an
 * entry of stub.S, and that calls one of the functions below. */
#ifndef PYPY_ISOLATE_STEER_H
#define PYPY_ISOLATE_STEER_H

#include <link.h>
#include <stdint.h>

/* Two registers, so that the stubs find both. */
struct steered {
	void *result;		/* what the caller gets, if pass is 0 */
	uintptr_t pass;		/* else the real function, to be jumped to: it finds its
				 * caller by the return address, so we must not call it */
};

struct steered steer_dlopen(const char *file, int mode, const void *caller);
struct steered steer_dlopen_inside(const char *file, int mode, const void *caller);
struct steered steer_dlerror(void);

/* The entries of stub.S. Called as the functions that they stand for. */
void stub_dlopen(void);
void stub_dlopen_inside(void);
void stub_dlerror(void);

/* What the interpreter is to call instead of the function of that name, or 0. */
uintptr_t steer_outside(const char *name);

/* If name is steered inside namespaces: *value, what its mirror says, becomes the
 * entry to call. */
void steer_inside(const char *name, ElfW(Addr) *value);

#endif
