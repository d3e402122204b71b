/* SPDX-License-Identifier: MIT */
/* An object's references to dlopen and its like -> our entries, before ld.so binds them. */
#ifndef PYPY_ISOLATE_REDIRECT_H
#define PYPY_ISOLATE_REDIRECT_H

#include "audit/object.h"

/* From now on what the object refers to by a name of route.h is the entry that route.h
 * has for it. To be called once, from la_objopen: the object is mapped and not yet
 * relocated. What cannot be done is logged, and is then as without us. */
void redirect(struct object *object);

/* From now on who finds dlopen() in the symbol table of the object of base that defines it
 * has an entry, too: a profiler that puts what it finds there into the slots of the
 * interpreter. Once, when base_find() has been and the start-up objects are relocated; another
 * call does nothing. Where it cannot be done all is as without it. */
void redirect_definition(void);

#endif
