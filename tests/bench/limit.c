/* SPDX-License-Identifier: MIT */
/* limit FILE...: what the kernel and ld.so take for such files, with nothing of ours.
 *
 * The files are mirrors (limit.py copies them); the namespaces that they are opened in are
 * never used. Nanoseconds by the clock, a line each: to make them in memory, to open them one
 * by one in a first namespace, and in each further one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX	32
#define NAMESPACES	12

struct made {
	char *bytes;
	size_t size;
	char path[32];
};

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(1);
}

static void load(struct made *made, const char *name)
{
	int fd = open(name, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);

	must(fd >= 0 && size > 0, name);
	made->size = size;
	made->bytes = malloc(size);
	must(made->bytes && pread(fd, made->bytes, size, 0) == size, name);
	close(fd);
}

static void make(struct made *made)
{
	int fd = memfd_create("limit", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(write(fd, made->bytes, made->size) == (ssize_t)made->size, "memfd_create");
	snprintf(made->path, sizeof made->path, "/proc/self/fd/%d", fd);
}

/* All into one new namespace. */
static void open_all(const struct made *made, int count)
{
	Lmid_t lmid = LM_ID_NEWLM;

	for (int i = 0; i < count; i++) {
		void *handle = dlmopen(lmid, made[i].path, RTLD_NOW);

		if (!handle) {
			fprintf(stderr, "limit: %s\n", dlerror());
			exit(1);
		}
		dlinfo(handle, RTLD_DI_LMID, &lmid);
	}
}

int main(int argc, char **argv)
{
	static struct made made[FILES_MAX];
	int count = argc - 1;
	long begun;

	if (count < 1 || count > FILES_MAX) {
		fprintf(stderr, "limit: %d files; it takes 1 to %d\n", count, FILES_MAX);
		return 1;
	}
	for (int i = 0; i < count; i++)
		load(&made[i], argv[1 + i]);
	begun = now();
	for (int i = 0; i < count; i++)
		make(&made[i]);
	printf("%ld\n", now() - begun);
	for (int n = 0; n < NAMESPACES; n++) {
		begun = now();
		open_all(made, count);
		printf("%ld\n", now() - begun);
	}
	return 0;
}
