/* SPDX-License-Identifier: MIT */
/* Bytes -> a file that ld.so can open, and nobody else finds.
 *
 * It is a sealed file in memory (memfd_create(2)), which /proc/self/fd leads to. Where
 * there is no such call (seccomp, an old kernel) or no /proc (chroot), it is a file in
 * a directory for temporary ones, which is there only while ld.so opens it. */
#ifndef PYPY_ISOLATE_MEMFILE_H
#define PYPY_ISOLATE_MEMFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/image.h"
#include "audit/status.h"
#include "policy/diag.h"

struct temporary;		/* memfile.c */

struct memfile {
	char path[128];		/* of no other file of this process, ever: ld.so remembers */
	int fd;			/* kept open, or the path would be no more */
	struct identity identity;
	struct temporary *temporary;	/* or NULL, and then fd counts */
};

/* size bytes, zeroed, to be filled in; NULL if there is no memory for them. Then
 * memfile_make(), or else memfile_drop(). */
void *memfile_bytes(size_t size);
void memfile_drop(void *bytes);

/* No more are wanted for a while: gives memory back that memfile_bytes() would use. */
void memfile_rest(void);

/* The file of an image that begins with them, and whose other parts stay as long as the file;
 * label is what /proc/PID/maps shows. Takes the bytes in any case. False, with a reason, if
 * there can be none. */
bool memfile_make(struct memfile *file, const char *label, const struct image *image,
		  struct diag *diag);

/* Can ld.so open it once more? Programs close descriptors they do not know, and what is
 * temporary belongs to the process that made it. */
bool memfile_lives(const struct memfile *file);

/* The same for less, but where there is no /proc any more, it cannot be opened all the
 * same. */
bool memfile_is_open(const struct memfile *file);

/* As memfile_is_open(), for who opens it outside of ld.so's lock, where two threads could have one path
 * in hand: one that is temporary is had once. */
bool memfile_claim(struct memfile *file);

/* Is it the path of a temporary one that nobody has claimed? ld.so must open that as what
 * another object needs, so that it is shown in la_objsearch. */
bool memfile_is_common(const char *path);

/* In la_objsearch, before ld.so opens the path of a memfile: now the file is there. Any
 * other path, and NULL, are none of ours, and nothing happens. */
void memfile_show(const char *path);

/* The same before dlmopen(), for a path that the caller has claimed. */
void memfile_show_claimed(const char *path);

/* In la_objopen: now it is there no more. */
void memfile_hide(const char *path);

/* After dlmopen(): nor is what was shown in it by this thread, and then not opened. */
void memfile_hide_rest(void);

/* Does text begin with the path of one? */
bool memfile_is_path(const char *text);

/* For ever. */
void memfile_close(struct memfile *file);

#endif
