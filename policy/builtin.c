/* SPDX-License-Identifier: MIT */
/* The texts that are compiled in, byte for byte as they stand in the tree.
 *
 * The assembler makes the struct conf_text as well: a length is the difference
 * of two addresses, which C does not take for a constant. The bytes have a
 * section of their own, so that a test can take them out and compare. */
#include "policy/conf.h"

#include <string.h>

_Static_assert(sizeof(struct conf_text) == 24 && offsetof(struct conf_text, text) == 8,
	       "a struct conf_text is three .quad: name, text, length");

#define TEXT(symbol, name, path)				\
	".pushsection .builtin_text, \"a\"\n"			\
	#symbol "_text: .incbin \"" path "\"\n"			\
	#symbol "_end:\n"					\
	".popsection\n"						\
	".pushsection .rodata\n"				\
	#symbol "_name: .string \"" name "\"\n"			\
	".popsection\n"						\
	".pushsection .data.rel.ro, \"aw\"\n"			\
	".balign 8\n"						\
	#symbol ": .quad " #symbol "_name, " #symbol "_text, "	\
	#symbol "_end - " #symbol "_text\n"			\
	".popsection\n"

asm(TEXT(builtin_conf, CONF_BUILT_IN, "pypy-isolate.conf")
    TEXT(builtin_pypy, "capi/pypy.list", "policy/capi/pypy.list")
    TEXT(builtin_cpython, "capi/cpython.list", "policy/capi/cpython.list"));

/* Hidden: defined right here, so no reason to go through the GOT. */
extern const struct conf_text builtin_conf __attribute__((visibility("hidden")));
extern const struct conf_text builtin_pypy __attribute__((visibility("hidden")));
extern const struct conf_text builtin_cpython __attribute__((visibility("hidden")));

const struct conf_text *conf_built_in(const char *name)
{
	if (strcmp(name, "pypy-isolate.conf") == 0)
		return &builtin_conf;
	if (strcmp(name, builtin_pypy.name) == 0)
		return &builtin_pypy;
	if (strcmp(name, builtin_cpython.name) == 0)
		return &builtin_cpython;
	return NULL;
}
