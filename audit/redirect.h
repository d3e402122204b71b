/* SPDX-License-Identifier: MIT */
/* An object's references to dlopen and its like -> our entries, before ld.so binds them. */
#ifndef PYPY_ISOLATE_REDIRECT_H
#define PYPY_ISOLATE_REDIRECT_H

#include "audit/object.h"

/* From now on what the object refers to by a name of route.h is the entry that route.h
 * has for it. To be called once, from la_objopen: the object is mapped and not yet
 * relocated. What cannot be done is logged, and is then as without us. */
void redirect(struct object *object);

#endif
