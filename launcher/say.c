/* SPDX-License-Identifier: MIT */
/* A message of the launcher -> a line on standard error. */
#include "launcher/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "policy/diag.h"
#include "policy/visible.h"

void say(const char *format, ...)
{
	char line[2 * sizeof(struct diag)];	/* two whole paths fit */
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	visible(line);
	fprintf(stderr, "%s\n", line);
}
