/* SPDX-License-Identifier: MIT */
/* dl_iterate_phdr(3) over base and all namespaces of ours.
 *
 * The real one shows the namespace of its caller. But unwinders, profilers and
 * threadpoolctl want what is loaded in the process. */
#ifndef PYPY_ISOLATE_ITERATE_H
#define PYPY_ISOLATE_ITERATE_H

#include <link.h>
#include <stddef.h>

typedef int iterate_callback(struct dl_phdr_info *info, size_t size, void *data);

/* Like dl_iterate_phdr(): calls callback for each object, base's in its order first,
 * until it returns anything but 0, and returns that. Mirrors are not shown: there is
 * no code in them, and what they stand for is in base. ld.so can unmap nothing while
 * callback runs. */
int iterate_phdr(iterate_callback *callback, void *data);

#endif
