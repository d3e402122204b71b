/* SPDX-License-Identifier: MIT */
/* A command -> what it prints. */
#include "launcher/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)16 << 20)	/* bytes */

/* What would make ld.so do something else, or us isolate what is to be seen as it is. */
static const char *const unwanted[] = {
	"LD_AUDIT", "LD_DEBUG", "LD_DEBUG_OUTPUT", "LD_TRACE_LOADED_OBJECTS", "LD_WARN",
	"LD_VERBOSE", "LD_SHOW_AUXV", "LD_BIND_NOW",
};

static void child(char *const *argv, int out)
{
	int nothing = open("/dev/null", O_RDWR);

	for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
		unsetenv(unwanted[i]);
	if (nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(out, 1) >= 0 &&
	    dup2(nothing, 2) >= 0)
		execvp(argv[0], argv);
	_exit(127);
}

/* To the end; NULL when memory is out or it is too long. */
static char *read_all(int fd)
{
	char *text = NULL, *more;
	size_t size = 0, used = 0;
	ssize_t got;

	do {
		if (size - used < 4096) {
			size = size ? 2 * size : 16384;
			more = size <= ANSWER_MAX ? realloc(text, size) : NULL;
			if (!more) {
				free(text);
				errno = ENOMEM;
				return NULL;
			}
			text = more;
		}
		got = read(fd, text + used, size - used - 1);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	text[used] = '\0';
	return text;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *ask(char *const *argv, int *status)
{
	int ends[2];
	char *text;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	pid = fork();
	if (pid == 0)
		child(argv, ends[1]);
	close(ends[1]);
	text = pid > 0 ? read_all(ends[0]) : NULL;
	close(ends[0]);
	if (pid > 0)
		*status = wait_for(pid);
	return text;
}
