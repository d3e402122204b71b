/* SPDX-License-Identifier: MIT */
/* Host libraries: one copy in base, a mirror of it for all namespaces. */
#ifndef PYPY_ISOLATE_HOST_H
#define PYPY_ISOLATE_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/diag.h"

/* Prepares what every root needs: the C and the maths library, before glibc 2.34
 * those that they were split into, and ld.so. names gets the SONAMEs that a root must
 * list, at most size of them. Returns their number; 0, with a reason, on failure. */
size_t host_begin(const char **names, size_t size, struct diag *diag);

enum host_answer {
	HOST_NOT,	/* no host library: any namespace may load its own */
	HOST_READY,	/* *path is the mirror */
	HOST_WANTED,	/* a host library without a mirror that can be opened; noted */
};

/* Is soname a host library, and which file is to be opened for it? Loads nothing: for
 * la_objsearch. */
enum host_answer host_find(const char *soname, const char **path);

/* Is soname a host library? Notes it, like host_find(), and looks at no file. */
bool host_shares(const char *soname);

/* Makes the mirrors that have been noted; loads into base what base lacks. */
void host_prepare(void);

/* The same, and once more those whose files are gone: after a load that failed. */
void host_renew(void);

/* Why there is no mirror of the library that host_find() last had none of, or NULL if it
 * has answered with all since this was last asked. ld.so does not name that library. */
const char *host_missing(void);

/* Counts the host libraries that have been prepared: when it has changed since a
 * load failed, the load is worth another try. */
unsigned host_generation(void);

#endif
