/* SPDX-License-Identifier: MIT */
/* The file of a program or library that starts with it -> what doctor asks of it.
 *
 * elf_read() is for what is dlopen()ed, and refuses programs. Here nothing is checked but
 * what is read, and every offset that comes out of the file is. */
#ifndef PYPY_ISOLATE_PEEK_H
#define PYPY_ISOLATE_PEEK_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/diag.h"

struct peek {
	const char *path;		/* not owned */
	const uint8_t *bytes;
	size_t size;			/* bytes */
	const ElfW(Phdr) *phdr;		/* phnum of them */
	size_t phnum;
	const ElfW(Dyn) *dyn;		/* dyn_count of them; NULL: none */
	size_t dyn_count;
};

/* False, with a reason, if it cannot be read or is no ELF file for this machine and word
 * size. To be closed only after true. */
bool peek_open(struct peek *peek, const char *path, struct diag *diag);
void peek_close(struct peek *peek);

/* The ld.so that it asks for, or NULL: it is linked statically, or is a library. */
const char *peek_loader(const struct peek *peek);

/* Does the file have these bytes anywhere? Then what follows them, up to the file's end. */
const char *peek_find(const struct peek *peek, const char *text, size_t *rest);

/* Does it define a dynamic symbol of that name? */
bool peek_defines(const struct peek *peek, const char *name);

/* How often relocations refer to a symbol that it does not define. */
struct peek_use {
	const char *name;
	unsigned calls;		/* through the PLT: DT_JMPREL */
	unsigned addresses;	/* in the GOT, or in data: a table of functions, say */
};

/* Counts up for each of the names. */
void peek_uses(const struct peek *peek, struct peek_use *uses, size_t count);

#endif
