/* SPDX-License-Identifier: MIT */
/* System calls that libc's functions of these names make into cancellation points:
 * dlopen() is none, so a thread that is to be cancelled must not end in here. */
#ifndef PYPY_ISOLATE_SYS_H
#define PYPY_ISOLATE_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* On file systems over a network a signal can end it. */
static inline int sys_create(const char *path, int flags, unsigned mode)
{
	int fd;

	do
		fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static inline int sys_open(const char *path, int flags)
{
	return sys_create(path, flags, 0666);
}

static inline void sys_close(int fd)
{
	syscall(SYS_close, fd);
}

static inline ssize_t sys_write(int fd, const void *bytes, size_t size)
{
	return syscall(SYS_write, fd, bytes, size);
}

static inline ssize_t sys_write_parts(int fd, const struct iovec *parts, size_t count)
{
	return syscall(SYS_writev, fd, parts, count);
}

static inline ssize_t sys_random(void *bytes, size_t size)
{
	return syscall(SYS_getrandom, bytes, size, GRND_NONBLOCK);
}

/* Exactly size bytes from offset? */
static inline bool sys_read_at(int fd, void *bytes, size_t size, uint64_t offset)
{
#if __WORDSIZE == 64
	return syscall(SYS_pread64, fd, bytes, size, offset) == (ssize_t)size;
#else
	/* It depends on the architecture which two registers take the offset of pread64;
	 * that of preadv comes as two arguments everywhere. */
	struct iovec part = { bytes, size };

	return syscall(SYS_preadv, fd, &part, 1L, (long)offset, (long)(offset >> 32)) ==
	       (ssize_t)size;
#endif
}

#endif
