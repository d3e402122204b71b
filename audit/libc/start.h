/* SPDX-License-Identifier: MIT */
/* The module has no libc: what it uses of one is in this directory, under libc's names.
 *
 * A second libc in every process that LD_AUDIT reaches, /bin/true too, would cost more than
 * all that we do there: four mappings and their page faults, hundreds of relocations, and
 * its own search by ld.so.cache. It would be of no use besides: its errno, its heap and
 * its locks, which know of no fork, are not the process's. */
#ifndef PYPY_ISOLATE_LIBC_START_H
#define PYPY_ISOLATE_LIBC_START_H

#include <stdbool.h>
#include <sys/auxv.h>

/* Finds the environment and the auxiliary vector, from la_version, which ld.so has called
 * from caller. False if they cannot be found: then no getenv() finds a variable, and
 * getauxval() is 0 of all. */
bool libc_start(const void *caller);

#endif
