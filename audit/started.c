/* SPDX-License-Identifier: MIT */
/* Started by a stand-in of `pypy-isolate enable` -> as if started without it.
 *
 * The environment is the array that the kernel has made, in place: the program's start code
 * finds it by its address. What was added is at the end of it, and so are the strings: those
 * of the program follow its arguments without a gap, and programs that set their title
 * (setproctitle) write over both. */
#include "audit/started.h"

#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "audit/libc/start.h"
#include "audit/sys.h"

#define ADDED_MAX	((size_t)64 << 10)	/* bytes; further apart they are not as made */

/* NULL if it is not there. */
static char **find_mark(char **entry)
{
	char **mark = NULL;

	for (; *entry; entry++)
		if (!strncmp(*entry, STARTED, strlen(STARTED)))
			mark = entry;
	return mark;
}

void started_restore(void)
{
	char **mark = environ && !getauxval(AT_SECURE) ? find_mark(environ) : NULL;
	char *first = mark ? *mark : NULL, *end = first;

	if (!first)
		return;
	syscall(SYS_prctl, PR_SET_NAME, first + strlen(STARTED));
	for (; *mark; mark++) {
		end = *mark + strlen(*mark);
		*mark = NULL;
	}
	/* /proc/PID/environ. ld.so has read them. */
	if ((size_t)(end - first) < ADDED_MAX)
		memset(first, 0, end - first);
}
