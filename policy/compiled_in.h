/* SPDX-License-Identifier: MIT */
/* A file -> a struct conf_text with its bytes, at the top level of a source file.
 *
 * The assembler makes the struct as well: a length is the difference of two addresses, which
 * C does not take for a constant. */
#ifndef PYPY_ISOLATE_COMPILED_IN_H
#define PYPY_ISOLATE_COMPILED_IN_H

#include <stddef.h>

#include "policy/conf.h"

#if __SIZEOF_POINTER__ == 8
#define COMPILED_IN_WORD ".quad "
#else
#define COMPILED_IN_WORD ".long "
#endif

_Static_assert(sizeof(struct conf_text) == 3 * sizeof(void *) &&
	       offsetof(struct conf_text, text) == sizeof(void *),
	       "a struct conf_text is three words: name, text, length");

/* section: of the bytes. Hidden: defined right here, so no reason to go through the GOT. */
#define COMPILED_IN(symbol, section, name, path)				\
	asm(".pushsection " section ", \"a\"\n"					\
	    #symbol "_text: .incbin \"" path "\"\n"				\
	    #symbol "_end:\n"							\
	    ".popsection\n"							\
	    ".pushsection .rodata\n"						\
	    #symbol "_name: .string \"" name "\"\n"				\
	    ".popsection\n"							\
	    ".pushsection .data.rel.ro, \"aw\"\n"				\
	    ".balign 8\n"							\
	    #symbol ": " COMPILED_IN_WORD #symbol "_name, " #symbol "_text, "	\
	    #symbol "_end - " #symbol "_text\n"					\
	    ".popsection\n");							\
	extern const struct conf_text symbol __attribute__((visibility("hidden")))

#endif
