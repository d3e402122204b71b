/* SPDX-License-Identifier: MIT */
/* Every route to dlopen leads here.
 *
 * Callers get an entry of stub.S instead of the real function (route.h); the entry
 * calls one of the functions below, which nobody else calls. */
#ifndef PYPY_ISOLATE_STEER_H
#define PYPY_ISOLATE_STEER_H

#include <stdint.h>

#include "audit/iterate.h"

/* Two registers, so that the stubs find both. */
struct steered {
	void *result;		/* what the caller gets, if pass is 0 */
	uintptr_t pass;		/* else the real function, to be jumped to: it finds its
				 * caller by the return address, so we must not call it */
};

struct steered steer_dlopen(const char *file, int mode, const void *caller);
struct steered steer_dlopen_inside(const char *file, int mode, const void *caller);
struct steered steer_dlopen_found(const char *file, int mode, const void *caller);
struct steered steer_dlmopen(Lmid_t lmid, const char *file, int mode);
struct steered steer_dlmopen_inside(Lmid_t lmid, const char *file, int mode,
				    const void *caller);
struct steered steer_dlerror(void);
struct steered steer_dlsym(void *handle, const char *name);
struct steered steer_dlvsym(void *handle, const char *name, const char *version);
struct steered steer_dlsym_inside(void *handle, const char *name, const void *caller);
struct steered steer_iterate(iterate_callback *callback, void *data);

#endif
