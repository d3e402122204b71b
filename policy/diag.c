/* SPDX-License-Identifier: MIT */
/* A format and its arguments -> text in the caller's struct diag. */
#include "policy/diag.h"

#include <stdarg.h>
#include <stdio.h>

bool diag_set(struct diag *diag, const char *format, ...)
{
	va_list args;

	if (!diag)
		return false;
	va_start(args, format);
	vsnprintf(diag->text, sizeof diag->text, format, args);
	va_end(args);
	return false;
}
