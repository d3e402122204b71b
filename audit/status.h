/* SPDX-License-Identifier: MIT */
/* A descriptor or a path -> what kind of file it is, and which one.
 *
 * By statx(), because stat() and fstat() have a symbol of their own only since
 * glibc 2.33, and a module that was built there would not load on 2.28. */
#ifndef PYPY_ISOLATE_STATUS_H
#define PYPY_ISOLATE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two paths with the same identity lead to the same file. */
struct identity {
	uint64_t device, inode;		/* 0, 0: none */
};

struct status {
	bool is_regular, is_directory;
	size_t size;			/* bytes */
	struct identity identity;
	unsigned owner;			/* a user's number */
	unsigned mode;			/* permissions, as in chmod */
};

/* False, with errno, if the file cannot be asked. */
bool status_of_descriptor(int fd, struct status *status);
bool status_of_path(const char *path, struct status *status);

/* A symbolic link at the end of path is what is asked for, and not followed. */
bool status_of_entry(const char *path, struct status *status);

static inline bool identity_equal(struct identity a, struct identity b)
{
	return a.device == b.device && a.inode == b.inode;
}

#endif
