/* SPDX-License-Identifier: MIT */
/* Symbols and needed names -> the bytes of an ELF shared object. Pure.
 *
 * What is written has symbols and dependencies and nothing else: no code, no
 * relocations, no TLS, no DT_SONAME. Two things are made of it: a mirror (the
 * symbol table of a loaded object, whose values the caller then fills in as
 * SHN_ABS) and a scope object (needed names only). */
#ifndef PYPY_ISOLATE_IMAGE_H
#define PYPY_ISOLATE_IMAGE_H

#include <stddef.h>

#include "audit/elf_read.h"

struct image_plan {
	const struct symbols *symbols;	/* copied byte for byte; NULL: none */
	const char *const *needed;	/* DT_NEEDED, in this order */
	size_t needed_count;
};

/* The size of the image in bytes, or 0 if it would not fit an ELF file of this
 * machine (4 GiB of strings). */
size_t image_size(const struct image_plan *plan);

/* Writes image_size(plan) bytes. Returns the image's own copy of the symbols,
 * plan->symbols->count of them (or the null symbol alone), for the caller to
 * change: until then they are those of the plan, with values that mean nothing.
 * bytes must be zeroed and aligned to 16. *versym gets the image's version indices, or
 * NULL where it has none: the image has them only if the plan has a verdef. */
ElfW(Sym) *image_write(const struct image_plan *plan, void *bytes, ElfW(Half) **versym);

#endif
