/* SPDX-License-Identifier: MIT */
/* The texts that are compiled in, byte for byte as they stand in the tree.
 *
 * The assembler makes the struct conf_text as well: a length is the difference
 * of two addresses, which C does not take for a constant. The bytes have a
 * section of their own, so that a test can take them out and compare. */
#include "policy/conf.h"

#include <string.h>

#if __SIZEOF_POINTER__ == 8
#define WORD ".quad "
#else
#define WORD ".long "
#endif

_Static_assert(sizeof(struct conf_text) == 3 * sizeof(void *) &&
	       offsetof(struct conf_text, text) == sizeof(void *),
	       "a struct conf_text is three words: name, text, length");

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
	#symbol ": " WORD #symbol "_name, " #symbol "_text, "	\
	#symbol "_end - " #symbol "_text\n"			\
	".popsection\n"

asm(TEXT(builtin_conf, CONF_BUILT_IN, "pypy-isolate.conf")
    TEXT(builtin_groups, CONF_BUILT_IN "/groups.conf", "policy/groups.conf")
    TEXT(builtin_pypy, "capi/pypy.list", "policy/capi/pypy.list")
    TEXT(builtin_cpython, "capi/cpython.list", "policy/capi/cpython.list"));

/* Hidden: defined right here, so no reason to go through the GOT. */
#define BUILTIN(symbol) \
	extern const struct conf_text symbol __attribute__((visibility("hidden")))

BUILTIN(builtin_conf);
BUILTIN(builtin_groups);
BUILTIN(builtin_pypy);
BUILTIN(builtin_cpython);

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
