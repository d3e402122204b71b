/* SPDX-License-Identifier: MIT */
/* Started by a stand-in of `pypy-isolate enable` -> as if started without it.
 *
 * The environment is the array that the kernel has made, in place: the program's start code
 * finds it by its address. ld.so itself takes out variables so (sysdeps/generic/unsecvars.h),
 * and after its last NULL there are as many more. */
#include "audit/started.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "audit/libc/start.h"
#include "audit/sys.h"

static bool is_mark(const char *entry)
{
	return entry && !strncmp(entry, STARTED, strlen(STARTED));
}

/* Where the added ones behind begin, or the end. */
static char **find_end(char **entry, char ***last)
{
	char **mark = NULL;

	for (; *entry; entry++)
		if (!strcmp(*entry, STARTED))
			mark = entry;
	*last = entry;
	return mark ? mark : entry;
}

void started_restore(void)
{
	char **begin = environ, **end, **last;

	/* LD_AUDIT may come first, or not. */
	if (!begin || !begin[0] || getauxval(AT_SECURE))
		return;
	begin += !is_mark(begin[0]);
	if (!is_mark(begin[0]))
		return;
	syscall(SYS_prctl, PR_SET_NAME, begin[0] + strlen(STARTED));
	end = find_end(++begin, &last);
	memmove(environ, begin, (size_t)(end - begin) * sizeof *begin);
	for (char **entry = environ + (end - begin); entry < last; entry++)
		*entry = NULL;
}
