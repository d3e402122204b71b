/* SPDX-License-Identifier: MIT */
/* host HOW BEFORE FILE...: opens the files one after the other, as an interpreter opens
 * modules, and prints what that took.
 *
 * It has the probe of PyPy's C API, so with the audit module it is an interpreter, but one
 * that does nothing of its own: what it measures is loading alone. HOW is what the callers
 * of dlopen() can do about symbols: `plain`, `deepbind` (RTLD_DEEPBIND) or `dlmopen` (a
 * namespace each, with a libc of its own). The first BEFORE files are opened before the
 * measurement begins, and not printed.
 *
 * A line for each file: nanoseconds by the clock, nanoseconds of the processor, page faults;
 * the last line is the private dirty memory that all of them took, in KB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* What modules of the benchmark bind to. */
EXPORTED void *PyPyExc_ValueError;
EXPORTED void PyPyErr_SetNone(void *type) { (void)type; }
EXPORTED void PyPyErr_Clear(void) {}
EXPORTED void PyPyImport_ImportModule(void) {}
EXPORTED void *PyPyModule_Create2(void *definition, int version)
{
	(void)version;
	return definition;
}

struct sample {
	long clock, processor, faults;
};

static long nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static struct sample now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (struct sample){
		nanoseconds(CLOCK_MONOTONIC), nanoseconds(CLOCK_PROCESS_CPUTIME_ID),
		usage.ru_minflt,
	};
}

/* KB that nobody else has: of files in memory, too, which are shared as soon as two
 * namespaces map them, but are this process's alone. */
static long dirty(void)
{
	char text[4096], *at;
	int fd = open("/proc/self/smaps_rollup", O_RDONLY);
	ssize_t length = read(fd, text, sizeof text - 1);
	long sum = 0;

	close(fd);
	text[length > 0 ? length : 0] = '\0';
	if ((at = strstr(text, "Pss_Anon:")))
		sum += atol(at + strlen("Pss_Anon:"));
	if ((at = strstr(text, "Pss_Shmem:")))
		sum += atol(at + strlen("Pss_Shmem:"));
	return sum;
}

static void *open_file(const char *how, const char *file)
{
	if (strcmp(how, "dlmopen") == 0)
		return dlmopen(LM_ID_NEWLM, file, RTLD_NOW);
	return dlopen(file, RTLD_NOW | (strcmp(how, "deepbind") == 0 ? RTLD_DEEPBIND : 0));
}

static void must_open(const char *how, const char *file)
{
	if (open_file(how, file))
		return;
	fprintf(stderr, "host: %s\n", dlerror());
	exit(1);
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	int before = argc > 2 ? atoi(argv[2]) : 0, count = argc - 3;
	struct sample *sample = calloc(count + 1, sizeof *sample);
	long memory;

	memset(sample, 1, (count + 1) * sizeof *sample);
	dirty();
	for (int i = 0; i < before; i++)
		must_open(how, argv[3 + i]);
	memory = dirty();
	sample[before] = now();
	for (int i = before; i < count; i++) {
		must_open(how, argv[3 + i]);
		sample[i + 1] = now();
	}
	memory = dirty() - memory;
	for (int i = before; i < count; i++)
		printf("%ld %ld %ld\n", sample[i + 1].clock - sample[i].clock,
		       sample[i + 1].processor - sample[i].processor,
		       sample[i + 1].faults - sample[i].faults);
	printf("%ld\n", memory);
	return 0;
}
