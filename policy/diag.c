/* SPDX-License-Identifier: MIT */
/* A format and its arguments -> text in the caller's struct diag. */
#include "policy/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

bool diag_locate(struct diag *diag, const char *where)
{
	size_t length = strlen(where), room = sizeof diag->text - 1;

	if (!diag || length + 2 >= room)
		return false;
	memmove(diag->text + length + 2, diag->text, room - length - 2);
	memcpy(diag->text, where, length);
	memcpy(diag->text + length, ": ", 2);
	return false;
}

bool diag_add(struct diag *diag, const char *more)
{
	size_t length;

	if (!diag)
		return false;
	length = strlen(diag->text);
	snprintf(diag->text + length, sizeof diag->text - length, "%s", more);
	return false;
}
