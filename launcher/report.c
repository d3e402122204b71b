/* SPDX-License-Identifier: MIT */
/* Findings of `pypy-isolate doctor` -> lines on standard output. */
#include "launcher/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/diag.h"
#include "policy/visible.h"

static unsigned wrong;

/* no-color.org: set and not empty. */
static bool has_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && no[0]);
}

bool report(enum finding finding, const char *what, const char *format, ...)
{
	static const struct { const char *word, *colour; } words[] = {
		[FINDING_OK] = { "ok", "\033[32m" },
		[FINDING_NOTE] = { "note", "\033[33m" },
		[FINDING_WRONG] = { "wrong", "\033[1;31m" },
	};
	char line[2 * sizeof(struct diag)];
	bool coloured = has_colours();
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	visible(line);
	printf("%s%-5s%s %s: %s\n", coloured ? words[finding].colour : "", words[finding].word,
	       coloured ? "\033[0m" : "", what, line);
	/* What is told before something is started should stand before what that says. */
	fflush(stdout);
	wrong += finding == FINDING_WRONG;
	return finding != FINDING_WRONG;
}

unsigned report_wrong(void)
{
	return wrong;
}
