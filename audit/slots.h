/* SPDX-License-Identifier: MIT */
/* Slot rewriting: the routes to dlopen that la_symbind never sees.
 *
 * ld.so calls la_symbind for JUMP_SLOT relocations only, and before glibc 2.35
 * not for those that are bound at once. PyPy's JIT calls dlopen through a word
 * that an R_*_64 relocation filled; code built with -fno-plt through GLOB_DAT. */
#ifndef PYPY_ISOLATE_SLOTS_H
#define PYPY_ISOLATE_SLOTS_H

#include <stdbool.h>

#include "audit/object.h"

/* Rewrites the slots of object that hold the real dlopen or dlerror. Harmless at
 * any time, for a slot that holds anything else is left alone. running: the
 * object's code has run, so ld.so has relocated all of it, and this is the last
 * time that it needs to be looked at. object may be NULL. */
void slots_sweep(struct object *object, bool running);

#endif
