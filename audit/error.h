/* SPDX-License-Identifier: MIT */
/* What dlerror() will say of our own refusals, a text a thread.
 *
 * base's libc keeps its texts to itself, so ours stand beside them, and the
 * steered dlerror asks here first. */
#ifndef PYPY_ISOLATE_ERROR_H
#define PYPY_ISOLATE_ERROR_H

#include "policy/diag.h"

/* This thread's text from now on, until it is taken or cleared. With more than 16
 * threads the text of a thread that has not asked for it may be lost. */
void error_set(const struct diag *diag);

/* A dl function has succeeded, or will say itself why not. */
void error_clear(void);

/* The text, once; NULL if there is none. It stays as it is until this thread's
 * next error_set(). */
const char *error_take(void);

#endif
