/* SPDX-License-Identifier: MIT */
/* What host.c opens: an extension module without Python, so that a thousand are soon made.
 * SYMBOLS, in the compiler's command, is an include file with what else it exports. With
 * ALONE it needs nothing of the program: what plain dlmopen() loads would not find it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ALONE
static void *PyPyExc_ValueError;
static void PyPyErr_SetNone(void *type) { (void)type; }
static void PyPyErr_Clear(void) {}
static void *PyPyModule_Create2(void *definition, int version)
{
	(void)version;
	return definition;
}
#else
extern void *PyPyExc_ValueError;
void PyPyErr_SetNone(void *type);
void PyPyErr_Clear(void);
void *PyPyModule_Create2(void *definition, int version);
#endif
void *PyInit_opened(void);

#ifdef SYMBOLS
#include SYMBOLS
#endif

void *PyInit_opened(void)
{
	char *text = strdup("opened");

	if (!text || errno == ENOMEM)
		PyPyErr_SetNone(PyPyExc_ValueError);
	else
		PyPyErr_Clear();
	if (getenv("OPENED"))
		puts(text);
	free(text);
	return PyPyModule_Create2(NULL, 0);
}
