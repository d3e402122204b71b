/* SPDX-License-Identifier: MIT */
/* Which pypy-isolate this is: of the program and of the module, which belong together. */
#ifndef PYPY_ISOLATE_VERSION_H
#define PYPY_ISOLATE_VERSION_H

#define PYPY_ISOLATE_VERSION "0.1.0"

#define MODULE_FILE "libpypy-isolate.so"

/* What the module calls itself in its log: so it stands in the file, too. */
#define NAME_AND_VERSION MODULE_FILE " " PYPY_ISOLATE_VERSION

#endif
