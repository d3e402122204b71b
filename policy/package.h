/* SPDX-License-Identifier: MIT */
/* The path of a shared object -> the package that it belongs to. Pure.
 *
 * A package is the unit that gets a namespace: the top-level entry of a directory
 * that Python imports from. Python itself is not asked. */
#ifndef PYPY_ISOLATE_PACKAGE_H
#define PYPY_ISOLATE_PACKAGE_H

#include "policy/rules.h"

/* The package of a file below a site directory (`site` in pypy-isolate.conf(5)),
 * of several the deepest: the entry right below it, up to its first '.'. "numpy"
 * for numpy/core/x.so, for numpy.libs/y.so and for numpy.pypy39-pp73.so. out gets
 * the name, NUL-terminated, cut at size bytes; *why, when why is not NULL, the
 * rule that knows the directory. False if the file is below none. */
bool package_in_site(const struct rules *rules, const char *path, char *out, size_t size,
		     const struct rule **why);

/* The package of any other file, named by the same rule. top is how long the directory
 * is that Python imports from: the first, going up from the file, that has no
 * __init__.py. A process has one package of a name, wherever that lies. */
void package_below(const char *path, size_t top, char *out, size_t size);

/* The part of a path after its last '/'. */
const char *package_file_name(const char *path);

#endif
