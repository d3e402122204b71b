/* SPDX-License-Identifier: MIT */
/* The only door to the process.
 *
 * What runs here runs in two phases. From la_version to la_preinit only ld.so
 * has run: base's libc is not relocated yet, our own is. Later anything of the
 * process can be on the stack above us. In neither phase may we print through
 * stdio, allocate with malloc or take a lock. */
#include "audit/process.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/sys.h"
#include "policy/visible.h"

/* Address space, not memory: pages that nothing touches cost nothing. */
#define ARENA_SIZE	(2 * SETTINGS_ARENA)
#define SCRATCH_SIZE	((size_t)16 << 20)	/* a closure of 300 objects takes 1 MB */

struct process process;

static bool arena_begin(struct arena *arena, size_t size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return false;
	/* Else the first byte takes 2 MB, zeroed, where the kernel makes all memory of huge
	 * pages; where it knows none, this fails, and nothing is lost. */
	madvise(base, size, MADV_NOHUGEPAGE);
	*arena = (struct arena){ .base = base, .size = size };
	return true;
}

/* Every load needs some, two at once, so these are kept: whole, and zeroed again. */
static char *kept_scratch[2];

#define KEPT_MAX	((size_t)48 << 10)	/* bytes in use; more are given back */

bool process_scratch(struct arena *scratch)
{
	for (size_t i = 0; i < sizeof kept_scratch / sizeof *kept_scratch; i++) {
		char *base = __atomic_exchange_n(&kept_scratch[i], NULL, __ATOMIC_ACQ_REL);

		if (!base)
			continue;
		*scratch = (struct arena){ .base = base, .size = SCRATCH_SIZE };
		return true;
	}
	return arena_begin(scratch, SCRATCH_SIZE);
}

void process_scratch_end(struct arena *scratch)
{
	char *base = scratch->used <= KEPT_MAX ? scratch->base : NULL;

	if (base)
		memset(base, 0, scratch->used);
	for (size_t i = 0; base && i < sizeof kept_scratch / sizeof *kept_scratch; i++) {
		char *none = NULL;

		if (__atomic_compare_exchange_n(&kept_scratch[i], &none, base, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return;
	}
	munmap(scratch->base, scratch->size);
}

/* Before the program opens and closes files. */
static void console_begin(void)
{
	struct status status;

	if (status_of_descriptor(STDERR_FILENO, &status))
		process.console = status.identity;
}

/* Before the program goes to another directory. */
static void log_begin(void)
{
	const char *file = process.settings.log_file;
	char path[PATH_MAX];

	if (file && file[0] != '/' && process_absolute(file, path, sizeof path) &&
	    (file = arena_text(&process.arena, path, strlen(path))))
		process.settings.log_file = file;
}

bool process_begin(unsigned lav)
{
	const struct settings_input input = {
		.mode = getenv("PYPY_ISOLATE"),
		.conf = getenv("PYPY_ISOLATE_CONF"),
		.log = getenv("PYPY_ISOLATE_LOG"),
		.record = getenv("PYPY_ISOLATE_RECORD"),
		.secure = getauxval(AT_SECURE) != 0,
	};
	const char *library_path = getenv("LD_LIBRARY_PATH");

	console_begin();
	if (!arena_begin(&process.arena, ARENA_SIZE)) {
		process_log(LOG_LEVEL_ERROR, "no memory (%zu bytes of address space); this "
			    "process runs without isolation", ARENA_SIZE);
		return false;
	}
	settings_begin(&process.settings, &input, &process.arena);
	if (process.settings.mode == MODE_OFF)
		return false;
	log_begin();
	if (process.settings.is_bare) {
		process_log(LOG_LEVEL_ERROR, "%s; this process runs without isolation",
			    process.settings.errors->text);
		return false;
	}
	/* A copy: programs that set their title write over the environment. */
	if (library_path && !input.secure)
		process.library_path = arena_text(&process.arena, library_path,
						  strlen(library_path));
	process.lav = lav;
	return true;
}

/* The program may close descriptor 2, and its next file has that number: a line of
 * ours in a database would be its end. So it must be what it was at the start, or
 * where a program sends 1 and 2 together to append to: a daemon's log. */
static bool is_console(void)
{
	struct status out, error;

	if (!status_of_descriptor(STDERR_FILENO, &error))
		return false;
	if (identity_equal(error.identity, process.console))
		return true;
	return status_of_descriptor(STDOUT_FILENO, &out) &&
	       identity_equal(error.identity, out.identity) &&
	       fcntl(STDERR_FILENO, F_GETFL) & O_APPEND;
}

/* In a directory where all may write, a link that somebody put at the name would
 * lead root to any file. The system's own, /dev/stdout say, are followed. */
static int log_flags(const char *file)
{
	struct status entry;

	if (geteuid() != 0 || (status_of_entry(file, &entry) && entry.owner == 0))
		return 0;
	return O_NOFOLLOW;
}

static bool write_line(int fd, const char *line, size_t length)
{
	ssize_t written;

	do
		written = sys_write(fd, line, length);
	while (written < 0 && errno == EINTR);
	if (written >= 0 && (size_t)written < length)
		errno = ENOSPC;
	return written == (ssize_t)length;
}

bool process_append(const char *file, int flags, const char *line, size_t length)
{
	/* O_NONBLOCK: a FIFO that nobody reads must not hold the program. */
	const int all = flags | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = sys_open(file, all | log_flags(file));
	bool written = fd >= 0 && write_line(fd, line, length);
	int error = errno;

	if (fd >= 0)
		sys_close(fd);
	errno = error;
	return written;
}

/* Nothing can be done about a log that cannot be written. */
static void log_write(const char *line, size_t length)
{
	const char *file = process.settings.log_file;

	if (!(file && process_append(file, O_CREAT, line, length)) && is_console())
		write_line(STDERR_FILENO, line, length);
}

void process_log(enum log_level level, const char *format, ...)
{
	static const char name[] = "pypy-isolate: ";
	char line[sizeof(struct diag) + 256];
	va_list args;

	if (level > process.settings.log_level)
		return;
	va_start(args, format);
	/* As long as the name is with its NUL, it leaves room for the newline. */
	vsnprintf(stpcpy(line, name), sizeof line - sizeof name, format, args);
	va_end(args);
	visible(line);
	log_write(line, stpcpy(line + strlen(line), "\n") - line);
}

/* Appends a part of a path to out; "." and ".." by text. */
static bool append_part(char *out, size_t size, size_t *length, const char *part, size_t n)
{
	if (n == 0 || (n == 1 && part[0] == '.'))
		return true;
	if (n == 2 && part[0] == '.' && part[1] == '.') {
		while (*length > 0 && out[--*length] != '/')
			;
		return true;
	}
	if (*length + n + 2 > size)
		return false;
	out[(*length)++] = '/';
	memcpy(out + *length, part, n);
	*length += n;
	return true;
}

static bool append_path(char *out, size_t size, size_t *length, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (!append_part(out, size, length, path, n))
			return false;
		path += n + (path[n] == '/');
	}
	return true;
}

static bool has_up(const char *path)
{
	for (; *path; path++)
		if (path[0] == '.' && path[1] == '.' && (path[2] == '/' || path[2] == '\0'))
			return true;
	return false;
}

/* Where the kernel says that a path leads. */
static bool real_path(const char *path, char *out, size_t size)
{
	char link[64];
	int fd = sys_open(path, O_PATH | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, out, size);
	sys_close(fd);
	if (length <= 0 || (size_t)length >= size || out[0] != '/')
		return false;
	out[length] = '\0';
	return true;
}

bool process_absolute(const char *path, char *out, size_t size)
{
	size_t length = 0;

	/* Behind a symbolic link ".." is not the part before it. */
	if (has_up(path) && real_path(path, out, size))
		return true;
	if (path[0] != '/') {
		char here[4096];

		if (!getcwd(here, sizeof here) || !append_path(out, size, &length, here))
			return false;
	}
	if (!append_path(out, size, &length, path))
		return false;
	out[length] = '\0';
	return length > 0;
}

/* The room of the last copy, for the next. */
static char *kept_copy;

static void drop_copy(char *copy)
{
	copy = __atomic_exchange_n(&kept_copy, copy, __ATOMIC_ACQ_REL);
	if (copy)
		munmap(copy, KEPT_MAX);
}

/* A copy of a small file costs less than to map it, to touch it and to unmap it. */
static bool read_small(struct file *file, int fd)
{
	char *copy = __atomic_exchange_n(&kept_copy, NULL, __ATOMIC_ACQ_REL);

	if (!copy)
		copy = mmap(NULL, KEPT_MAX, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return false;
	if (!sys_read_at(fd, copy, file->size, 0)) {
		drop_copy(copy);
		return false;
	}
	file->bytes = copy;
	file->is_copy = true;
	return true;
}

static enum file_status file_map(struct file *file, const char *path, int fd,
				 struct diag *diag)
{
	struct status status;

	if (!status_of_descriptor(fd, &status)) {
		diag_set(diag, "%s: cannot be looked at: %s", path, strerror(errno));
		return FILE_ODD;
	}
	if (!status.is_regular) {
		diag_set(diag, "%s: not a regular file", path);
		return FILE_ODD;
	}
	*file = (struct file){ .size = status.size, .identity = status.identity };
	if (file->size == 0 || (file->size <= KEPT_MAX && read_small(file, fd)))
		return FILE_OPEN;
	file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file->bytes != MAP_FAILED)
		return FILE_OPEN;
	diag_set(diag, "%s: cannot be mapped: %s", path, strerror(errno));
	return FILE_ODD;
}

/* An error that ld.so, a moment later, need not have. */
static bool is_passing(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

enum file_status process_open(struct file *file, const char *path, struct diag *diag)
{
	/* Without O_NONBLOCK a FIFO would hold us until somebody writes to it. */
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum file_status status;

	if (fd < 0 && is_passing(errno)) {
		diag_set(diag, "%s: cannot open shared object file: %s", path, strerror(errno));
		return FILE_ODD;
	}
	if (fd < 0)
		return FILE_ABSENT;
	status = file_map(file, path, fd, diag);
	sys_close(fd);
	return status;
}

void process_close(struct file *file)
{
	if (file->is_copy)
		drop_copy(file->bytes);
	else if (file->bytes)
		munmap(file->bytes, file->size);
	*file = (struct file){ 0 };
}
