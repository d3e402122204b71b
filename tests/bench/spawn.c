/* SPDX-License-Identifier: MIT */
/* spawn JOBS COUNT COMMAND...: starts the command COUNT times, JOBS at a time, by fork and
 * exec as a server does, and waits for the end of each. With one at a time it prints a line
 * for each: nanoseconds by the clock, of the processor, page faults. With more, one line:
 * nanoseconds by the clock for all. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void start(char **command)
{
	pid_t child = fork();

	if (child > 0)
		return;
	if (child == 0)
		execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

static struct rusage finish(void)
{
	struct rusage usage;
	int status;

	if (wait4(-1, &status, 0, &usage) < 0 || status != 0) {
		fprintf(stderr, "spawn: status %#x\n", status);
		exit(1);
	}
	return usage;
}

static long nanoseconds(struct timeval time)
{
	return (time.tv_sec * 1000000L + time.tv_usec) * 1000;
}

static void one_by_one(int count, char **command)
{
	while (count-- > 0) {
		long begin = now();
		struct rusage usage;

		start(command);
		usage = finish();
		printf("%ld %ld %ld\n", now() - begin,
		       nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
		       usage.ru_minflt);
	}
}

static void side_by_side(int jobs, int count, char **command)
{
	long begin = now();

	for (int started = 0, ended = 0; ended < count;) {
		if (started < count && started - ended < jobs) {
			start(command);
			started++;
		} else {
			finish();
			ended++;
		}
	}
	printf("%ld\n", now() - begin);
}

int main(int argc, char **argv)
{
	int jobs = argc > 3 ? atoi(argv[1]) : 0;

	if (jobs < 1)
		return 2;
	if (jobs == 1)
		one_by_one(atoi(argv[2]), argv + 3);
	else
		side_by_side(jobs, atoi(argv[2]), argv + 3);
	return 0;
}
