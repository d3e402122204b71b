/* SPDX-License-Identifier: MIT */
/* The system calls that libc has functions for, under their names, for the module. Which
 * registers take what is arch/'s (KERNEL_CALL). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "audit/libc/start.h"
#include "audit/process.h"

/* Here it is a function: there can be nothing else of that name. */
#undef errno

long raw_syscall(long number, long a, long b, long c, long d, long e, long f);

/* In an interpreter that runs it is base's, of which each thread has one. Before, and in
 * other programs, only ld.so calls us, one thread at a time. */
int *__errno_location(void)
{
	static int ours;

	return process.started && process.base.errno_location
		       ? process.base.errno_location() : &ours;
}

static long result_of(long result)
{
	if ((unsigned long)result <= -4096UL)
		return result;
	*__errno_location() = (int)-result;
	return -1;
}

#define CALL6(name, a, b, c, d, e, f) \
	result_of(raw_syscall(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), \
			      (long)(e), (long)(f)))
#define CALL(name, a, b, c) CALL6(name, a, b, c, 0, 0, 0)

long syscall(long number, ...)
{
	long word[6];
	va_list args;

	va_start(args, number);
	for (size_t i = 0; i < 6; i++)
		word[i] = va_arg(args, long);
	va_end(args);
	return result_of(raw_syscall(number, word[0], word[1], word[2], word[3], word[4],
				     word[5]));
}

/* ---- memory ---- */

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
#if defined __s390x__
	long word[6] = { (long)at, (long)size, protection, flags, fd, offset };

	return (void *)CALL(mmap, word, 0, 0);
#elif defined SYS_mmap2
	return (void *)CALL6(mmap2, at, size, protection, flags, fd, offset / 4096);
#else
	return (void *)CALL6(mmap, at, size, protection, flags, fd, offset);
#endif
}

int munmap(void *at, size_t size)
{
	return (int)CALL(munmap, at, size, 0);
}

int mprotect(void *at, size_t size, int protection)
{
	return (int)CALL(mprotect, at, size, protection);
}

int madvise(void *at, size_t size, int advice)
{
	return (int)CALL(madvise, at, size, advice);
}

int getpagesize(void)
{
	return (int)getauxval(AT_PAGESZ);
}

/* ---- files ---- */

int open(const char *path, int flags, ...)
{
	return (int)CALL6(openat, AT_FDCWD, path, flags, 0, 0, 0);
}

int close(int fd)
{
	return (int)CALL(close, fd, 0, 0);
}

ssize_t read(int fd, void *bytes, size_t size)
{
	return CALL(read, fd, bytes, size);
}

int access(const char *path, int mode)
{
	return (int)CALL(faccessat, AT_FDCWD, path, mode);
}

/* What status.c asks for. The kernel packs major and minor number so (new_encode_dev()). */
static int statx_of_old(int directory, const char *path, int flags, struct statx *out)
{
#ifdef SYS_newfstatat
	struct stat info;
	long failed = CALL6(newfstatat, directory, path, &info, flags, 0, 0);
#else
	struct stat64 info;
	long failed = CALL6(fstatat64, directory, path, &info, flags, 0, 0);
#endif

	if (failed)
		return -1;
	*out = (struct statx){
		.stx_mode = (uint16_t)info.st_mode, .stx_uid = info.st_uid,
		.stx_size = (uint64_t)info.st_size, .stx_ino = info.st_ino,
		.stx_dev_major = info.st_dev >> 8 & 0xfff,
		.stx_dev_minor = (info.st_dev & 0xff) | (info.st_dev >> 12 & 0xfff00),
	};
	return 0;
}

/* Linux before 4.11 has none, and filters that do not know it refuse it (EPERM; Docker). */
int statx(int directory, const char *restrict path, int flags, unsigned mask,
	  struct statx *restrict out)
{
	long result = raw_syscall(SYS_statx, directory, (long)path, flags, mask, (long)out, 0);

	if (result == -ENOSYS || result == -EPERM)
		return statx_of_old(directory, path, flags, out);
	return (int)result_of(result);
}

ssize_t readlink(const char *restrict path, char *restrict out, size_t size)
{
	return CALL6(readlinkat, AT_FDCWD, path, out, size, 0, 0);
}

int unlink(const char *path)
{
	return (int)CALL(unlinkat, AT_FDCWD, path, 0);
}

/* The kernel's answer for a directory that is out of reach does not begin with '/'. */
char *getcwd(char *out, size_t size)
{
	if (CALL(getcwd, out, size, 0) < 0)
		return NULL;
	if (out[0] == '/')
		return out;
	*__errno_location() = ENOENT;
	return NULL;
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	long argument;

	va_start(args, command);
	argument = va_arg(args, long);
	va_end(args);
#ifdef SYS_fcntl64
	return (int)CALL(fcntl64, fd, command, argument);
#else
	return (int)CALL(fcntl, fd, command, argument);
#endif
}

/* ---- the process ---- */

pid_t getpid(void)
{
	return (pid_t)CALL(getpid, 0, 0, 0);
}

pid_t getppid(void)
{
	return (pid_t)CALL(getppid, 0, 0, 0);
}

uid_t geteuid(void)
{
#ifdef SYS_geteuid32
	return (uid_t)CALL(geteuid32, 0, 0, 0);
#else
	return (uid_t)CALL(geteuid, 0, 0, 0);
#endif
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
	struct { uint64_t current, most; } limits;

	if (CALL6(prlimit64, 0, resource, NULL, &limits, 0, 0) < 0)
		return -1;
	limit->rlim_cur = limits.current < RLIM_INFINITY ? limits.current : RLIM_INFINITY;
	limit->rlim_max = limits.most < RLIM_INFINITY ? limits.most : RLIM_INFINITY;
	return 0;
}

/* By a system call: libc's goes by the vDSO. It is called when a run is recorded. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	return (int)CALL(clock_gettime, clock, time, 0);
}

/* ---- what an error is called ---- */

/* In glibc's words, for those that the calls above have (errno(3)). */
char *strerror(int error)
{
	static const struct {
		int error;
		char words[36];
	} errors[] = {
		{ EPERM, "Operation not permitted" },
		{ ENOENT, "No such file or directory" },
		{ EIO, "Input/output error" },
		{ ENXIO, "No such device or address" },
		{ EBADF, "Bad file descriptor" },
		{ EAGAIN, "Resource temporarily unavailable" },
		{ ENOMEM, "Cannot allocate memory" },
		{ EACCES, "Permission denied" },
		{ EEXIST, "File exists" },
		{ ENODEV, "No such device" },
		{ ENOTDIR, "Not a directory" },
		{ EISDIR, "Is a directory" },
		{ EINVAL, "Invalid argument" },
		{ ENFILE, "Too many open files in system" },
		{ EMFILE, "Too many open files" },
		{ ETXTBSY, "Text file busy" },
		{ EFBIG, "File too large" },
		{ ENOSPC, "No space left on device" },
		{ EROFS, "Read-only file system" },
		{ ENAMETOOLONG, "File name too long" },
		{ ENOSYS, "Function not implemented" },
		{ ELOOP, "Too many levels of symbolic links" },
		{ EDQUOT, "Disk quota exceeded" },
		{ ESTALE, "Stale file handle" },
	};

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].error == error)
			return (char *)errors[i].words;
	return (char *)"an error that is not among errno(3)'s usual ones";
}
