/* SPDX-License-Identifier: MIT */
/* Bytes -> a file that ld.so can open, and nobody else finds.
 *
 * The hard thing is a file of the second kind: ld.so wants it by a path, for each
 * namespace once more, and a process can end at any time without a word to us. So its
 * bytes stay in memory, and the file is written before each opening and removed at once
 * after it: under ld.so's lock, in la_objsearch and la_objopen, or by the one thread that
 * knows the path. */
#include "audit/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/process.h"
#include "audit/sys.h"

/* Descriptors that we keep stand above what programs count on: 0 to 9 are the
 * shell's and the program's, and daemons close from 3 upwards. */
static const int descriptor_floors[] = { 960, 192, 10 };

static const char *const directories[] = { "/dev/shm", "/tmp", "/var/tmp", "/run" };

#define DIRECTORIES "/dev/shm, /tmp, /var/tmp and /run"

static const char descriptors[] = "/proc/self/fd";

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008u		/* Linux 6.3 */
#endif

/* Pages cost more than what is written into them, so those of one mirror serve for the
 * next: what a thread gives back is kept, until memfile_rest(). */
struct room {
	size_t size;		/* bytes of the mapping, which this begins */
	_Alignas(16) char bytes[];
};

static struct room *kept_room;

static struct room *new_room(size_t size)
{
	/* All at once: a page fault each would cost more. And then one write, for to fill in
	 * a file by a mapping would cost those. */
	struct room *room = mmap(NULL, size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (room == MAP_FAILED)
		return NULL;
	room->size = size;
	return room;
}

static void drop_room(struct room *room)
{
	if (room)
		munmap(room, room->size);
}

void *memfile_bytes(size_t size)
{
	struct room *room = __atomic_exchange_n(&kept_room, NULL, __ATOMIC_ACQ_REL);

	if (room && room->size - sizeof *room >= size)
		return memset(room->bytes, 0, size);
	drop_room(room);
	room = new_room(sizeof *room + size);
	return room ? room->bytes : NULL;
}

void memfile_drop(void *bytes)
{
	struct room *room = (void *)((char *)bytes - sizeof *room);

	drop_room(__atomic_exchange_n(&kept_room, room, __ATOMIC_ACQ_REL));
}

void memfile_rest(void)
{
	if (__atomic_load_n(&kept_room, __ATOMIC_RELAXED))
		drop_room(__atomic_exchange_n(&kept_room, NULL, __ATOMIC_ACQ_REL));
}

static bool write_all(int fd, const struct image *image)
{
	struct iovec parts[IMAGE_PARTS], *part = parts, *end = parts + IMAGE_PARTS;

	memcpy(parts, image->part, sizeof parts);
	while (part < end) {
		ssize_t written = sys_write_parts(fd, part, end - part);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		for (; part < end && (size_t)written >= part->iov_len; part++)
			written -= (ssize_t)part->iov_len;
		if (part < end) {
			part->iov_base = (char *)part->iov_base + written;
			part->iov_len -= written;
		}
	}
	return true;
}

/* ---- in memory ---- */

/* glibc has memfd_create() from 2.27, but not on every architecture's floor. */
static int memfd(const char *label)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = (int)syscall(SYS_memfd_create, label, flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? (int)syscall(SYS_memfd_create, label, flags) : fd;
}

/* Moves fd out of the program's way; to nowhere, if it stands for one of its streams. */
static int lift(int fd)
{
	for (size_t i = 0; i < sizeof descriptor_floors / sizeof *descriptor_floors; i++) {
		int high = fcntl(fd, F_DUPFD_CLOEXEC, descriptor_floors[i]);

		if (high >= 0) {
			sys_close(fd);
			return high;
		}
	}
	if (fd > STDERR_FILENO)
		return fd;
	sys_close(fd);
	errno = EMFILE;
	return -1;
}

/* The path of descriptor fd, unlike any before: ld.so remembers every name that
 * it opened, and descriptors are used again. The serial number stands in the
 * path as slashes with and without a dot, which mean the same to the kernel. */
static void unique_path(struct memfile *file)
{
	static unsigned serials;
	unsigned serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
	char *end = stpcpy(file->path, descriptors);

	for (int bit = 0; bit < 24; bit++)
		end = stpcpy(end, serial >> bit & 1 ? "/." : "/");
	snprintf(end, file->path + sizeof file->path - end, "/%d", file->fd);
}

/* Fills the file of a new descriptor and finds out its path. */
static bool fill(struct memfile *file, const struct image *image, struct diag *diag)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	struct status status;

	if (!write_all(file->fd, image) || fcntl(file->fd, F_ADD_SEALS, seals) < 0 ||
	    !status_of_descriptor(file->fd, &status))
		return diag_set(diag, "no file in memory of %zu bytes: %s", image->size,
				strerror(errno));
	file->identity = status.identity;
	unique_path(file);
	if (access(file->path, R_OK) < 0)
		return diag_set(diag, "no file in memory: %s: %s; is /proc mounted?",
				descriptors, strerror(errno));
	return true;
}

static bool make_in_memory(struct memfile *file, const char *label, const struct image *image,
			   struct diag *diag)
{
	int fd = memfd(label);

	if (fd >= 0)
		fd = lift(fd);
	if (fd < 0)
		return diag_set(diag, "no file in memory: memfd_create: %s", strerror(errno));
	*file = (struct memfile){ .fd = fd };
	if (fill(file, image, diag))
		return true;
	sys_close(fd);
	return false;
}

/* ---- temporary ---- */

struct temporary {
	struct temporary *before;
	/* Not bool: RISC-V exchanges nothing smaller, and libatomic is not for us. */
	unsigned taken;		/* by a memfile: the entry is in use */
	unsigned claimed;	/* one thread alone opens it */
	bool ready;		/* all below is set */
	bool failed;		/* it could not be shown where it was settled */
	pid_t shown_by;		/* the thread for which the file is there now; 0: it is not */
	pid_t owner;		/* a child of fork() makes its own */
	const char *directory;
	char path[sizeof ((struct memfile *)0)->path];
	struct image image;
};

static struct temporary *temporaries;	/* newest first; entries stay */

static struct temporary *newest_temporary(void)
{
	return __atomic_load_n(&temporaries, __ATOMIC_ACQUIRE);
}

static struct temporary *temporary_of(const char *text)
{
	struct temporary *each = text ? newest_temporary() : NULL;

	while (each && !(__atomic_load_n(&each->ready, __ATOMIC_ACQUIRE) &&
			 strncmp(text, each->path, strlen(each->path)) == 0))
		each = each->before;
	return each;
}

static struct temporary *take_entry(void)
{
	struct temporary *each = newest_temporary();

	for (; each; each = each->before)
		if (!__atomic_exchange_n(&each->taken, true, __ATOMIC_ACQ_REL))
			return each;
	each = arena_take(&process.arena, sizeof *each);
	if (!each)
		return NULL;
	each->taken = true;
	each->before = newest_temporary();
	while (!__atomic_compare_exchange_n(&temporaries, &each->before, each, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	return each;
}

/* Is it one where nobody else can exchange a file of ours? */
static bool is_safe(const char *directory)
{
	struct status status;

	if (!status_of_path(directory, &status))
		return false;
	if (status.is_directory && (status.owner == 0 || status.owner == geteuid()) &&
	    (status.mode & S_ISVTX || !(status.mode & (S_IWGRP | S_IWOTH))))
		return true;
	errno = EPERM;
	return false;
}

/* Otherwise the kernel would send SIGXFSZ, which ends a process. */
static bool may_grow(size_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur >= size;
}

/* errno says what is wrong. Asked anew each time: after chroot(2) the directory can be
 * another one. */
static bool write_file(const struct temporary *temporary)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd, error;

	if (!is_safe(temporary->directory))
		return false;
	if (!may_grow(temporary->image.size)) {
		errno = EFBIG;
		return false;
	}
	fd = sys_create(temporary->path, flags, 0600);
	if (fd < 0)
		return false;
	error = write_all(fd, &temporary->image) ? 0 : errno;
	sys_close(fd);
	if (error)
		unlink(temporary->path);
	errno = error;
	return !error;
}

/* A name that nobody guesses. False if no file can be made there. */
static bool settle(struct temporary *temporary, const char *directory, const char *label)
{
	char path[sizeof temporary->path];
	uint64_t number;

	if (sys_random(&number, sizeof number) != sizeof number)
		return false;
	snprintf(path, sizeof path, "%s/pypy-isolate.%016llx.%.60s", directory,
		 (unsigned long long)number, label);
	memcpy(temporary->path, path, sizeof path);
	temporary->directory = directory;
	if (!write_file(temporary))
		return false;
	unlink(temporary->path);
	return true;
}

/* errno says why there is none. */
static bool make_temporary(struct memfile *file, const char *label, const struct image *image)
{
	struct temporary *temporary = take_entry();

	if (!temporary) {
		errno = ENOMEM;
		return false;
	}
	temporary->image = *image;
	temporary->owner = getpid();
	temporary->shown_by = 0;
	temporary->claimed = false;
	temporary->failed = false;
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		if (!settle(temporary, directories[i], label))
			continue;
		*file = (struct memfile){ .fd = -1, .temporary = temporary };
		memcpy(file->path, temporary->path, sizeof file->path);
		__atomic_store_n(&temporary->ready, true, __ATOMIC_RELEASE);
		return true;
	}
	__atomic_store_n(&temporary->taken, false, __ATOMIC_RELEASE);
	return false;
}

static pid_t this_thread(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static void show(struct temporary *temporary)
{
	if (!temporary || temporary->owner != getpid() || temporary->shown_by)
		return;
	if (write_file(temporary))
		temporary->shown_by = this_thread();
	else
		temporary->failed = true;
}

static void hide(struct temporary *temporary)
{
	temporary->shown_by = 0;
	unlink(temporary->path);
}

void memfile_show(const char *path)
{
	show(temporary_of(path));
}

void memfile_show_claimed(const char *path)
{
	struct temporary *temporary = temporary_of(path);

	if (temporary && temporary->claimed)
		show(temporary);
}

void memfile_hide(const char *path)
{
	struct temporary *temporary = temporary_of(path);

	if (temporary && temporary->owner == getpid())
		hide(temporary);
}

void memfile_hide_rest(void)
{
	struct temporary *each = newest_temporary();
	pid_t thread = each ? this_thread() : 0;

	for (; each; each = each->before)
		if (__atomic_load_n(&each->ready, __ATOMIC_ACQUIRE) &&
		    each->shown_by == thread && each->owner == getpid())
			hide(each);
}

/* ---- either ---- */

/* What memfile_bytes() gave. */
static void drop_image(const struct image *image)
{
	memfile_drop(image->part[0].iov_base);
}

bool memfile_make(struct memfile *file, const char *label, const struct image *image,
		  struct diag *diag)
{
	bool made;

	if (!may_grow(image->size)) {
		drop_image(image);
		return diag_set(diag, "no file in memory: RLIMIT_FSIZE is less than its %zu "
				"bytes", image->size);
	}
	made = make_in_memory(file, label, image, diag);
	if (!made && make_temporary(file, label, image))
		return true;
	if (!made) {
		diag_add(diag, "; and no temporary one in any of " DIRECTORIES ": ");
		diag_add(diag, strerror(errno));
	}
	drop_image(image);
	return made;
}

/* By the path, not the descriptor: a program can have gone where there is no /proc. */
bool memfile_lives(const struct memfile *file)
{
	struct status status;

	if (file->temporary)
		return file->temporary->owner == getpid() && !file->temporary->failed &&
		       is_safe(file->temporary->directory);
	return status_of_path(file->path, &status) &&
	       identity_equal(status.identity, file->identity);
}

bool memfile_is_open(const struct memfile *file)
{
	struct status status;

	if (file->temporary)
		return memfile_lives(file);
	return status_of_descriptor(file->fd, &status) &&
	       identity_equal(status.identity, file->identity);
}

bool memfile_claim(struct memfile *file)
{
	return memfile_is_open(file) &&
	       !(file->temporary &&
		 __atomic_exchange_n(&file->temporary->claimed, true, __ATOMIC_ACQ_REL));
}

bool memfile_is_common(const char *path)
{
	const struct temporary *temporary = temporary_of(path);

	return temporary && !temporary->claimed;
}

bool memfile_is_path(const char *text)
{
	return strncmp(text, descriptors, strlen(descriptors)) == 0 || temporary_of(text);
}

void memfile_close(struct memfile *file)
{
	struct temporary *temporary = file->temporary;

	if (!temporary) {
		if (memfile_is_open(file))
			sys_close(file->fd);
		return;
	}
	__atomic_store_n(&temporary->ready, false, __ATOMIC_RELEASE);
	drop_image(&temporary->image);
	__atomic_store_n(&temporary->taken, false, __ATOMIC_RELEASE);
}
