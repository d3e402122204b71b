/* SPDX-License-Identifier: MIT */
/* One load as a story, top to bottom.
 *
 * An interpreter, or a module in a namespace, has called dlopen(); what becomes
 * of it is decided and done here. */
#ifndef PYPY_ISOLATE_LOAD_H
#define PYPY_ISOLATE_LOAD_H

#include "audit/namespace.h"
#include "audit/object.h"
#include "policy/diag.h"

enum load_outcome {
	LOAD_PASS,	/* not ours: let the real dlopen have it */
	LOAD_DONE,	/* *handle is what the caller gets */
	LOAD_FAILED,	/* the caller gets NULL, and diag's text from dlerror() */
};

/* A dlopen(file, mode) of the interpreter, or of code that it generated. file is
 * not NULL. */
enum load_outcome load_module(const struct object *interpreter, const char *file, int mode,
			      void **handle, struct diag *diag);

/* A dlopen(file, mode) of caller, an object in that namespace. file may be NULL. */
enum load_outcome load_inside(struct namespace *namespace, struct link_map *caller,
			      const char *file, int mode, void **handle, struct diag *diag);

/* A dlmopen(lmid, file, mode) of caller, an object in that namespace, where lmid is none
 * of ours: base, a new one, or one that the program made. file may be NULL. */
enum load_outcome load_outside(struct namespace *namespace, struct link_map *caller,
			       Lmid_t lmid, const char *file, int mode, void **handle,
			       struct diag *diag);

#endif
