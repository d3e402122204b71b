/* SPDX-License-Identifier: MIT */
/* The texts that are compiled in, as they stand in the tree but for the comments (Makefile).
 *
 * The bytes have a section of their own, so that a test can take them out and compare. */
#include <string.h>

#include "policy/compiled_in.h"

#ifndef TEXTS
#define TEXTS ""	/* their comments do no harm */
#endif

#define TEXT(symbol, name, path) COMPILED_IN(symbol, ".builtin_text", name, TEXTS path)

TEXT(builtin_conf, CONF_BUILT_IN, "pypy-isolate.conf");
TEXT(builtin_groups, CONF_BUILT_IN "/groups.conf", "policy/groups.conf");
TEXT(builtin_pypy, "capi/pypy.list", "policy/capi/pypy.list");
TEXT(builtin_cpython, "capi/cpython.list", "policy/capi/cpython.list");

const struct conf_text *conf_built_in(const char *name)
{
	static const struct {
		const char *word;
		const struct conf_text *text;
	} texts[] = {
		{ "pypy-isolate.conf", &builtin_conf },
		{ "policy/groups.conf", &builtin_groups },
		{ "capi/pypy.list", &builtin_pypy },
		{ "capi/cpython.list", &builtin_cpython },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strcmp(name, texts[i].word) == 0)
			return texts[i].text;
	return NULL;
}
