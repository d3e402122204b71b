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
#include <sys/uio.h>

#include "audit/elf_read.h"

struct image_plan {
	const struct symbols *symbols;	/* byte for byte; NULL: none */
	const char *const *needed;	/* DT_NEEDED, in this order */
	size_t needed_count;
};

#define IMAGE_PARTS 5

/* Most of an image is the original's as it is, and need not be copied: only a file has it
 * in one piece. */
struct image {
	struct iovec part[IMAGE_PARTS];	/* one after the other; some are empty */
	size_t size;			/* of all */
	ElfW(Sym) *sym;			/* its own copy of the plan's symbols, for the caller to
					 * change; without any the null symbol alone */
	ElfW(Half) *versym;		/* of their versions, or NULL: it has them only if the
					 * plan has a verdef */
};

/* How many bytes image_write() needs, or 0 if the image would not fit an ELF file of this
 * machine (4 GiB of strings). */
size_t image_size(const struct image_plan *plan);

/* bytes must be zeroed and aligned to 16: the first part, and others, lie there. What is
 * not theirs is the plan's, to which the parts point. */
void image_write(struct image *image, const struct image_plan *plan, void *bytes);

#endif
