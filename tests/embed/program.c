/* SPDX-License-Identifier: MIT */
/* A C program that embeds an interpreter.
 *
 *     program WORD...
 *
 * The words are run as Python, one after another; one with a slash in front is a plugin,
 * and opened RTLD_GLOBAL. Built with -DPYPY or -DCPYTHON, and either linked to that
 * interpreter or with -DLIBRARY='"PATH"', what it opens for it, and -DFLAGS how. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void *opened(const char *path, int flags)
{
	void *handle = dlopen(path, flags);

	if (!handle) {
		fprintf(stderr, "program: %s\n", dlerror());
		exit(3);
	}
	return handle;
}

#ifdef LIBRARY
static void *library;

static void *found(const char *name)
{
	void *function = dlsym(library, name);

	if (!function) {
		fprintf(stderr, "program: %s\n", dlerror());
		exit(3);
	}
	return function;
}

static void arrive(void)
{
	library = opened(LIBRARY, FLAGS);
}

#define THE(name) ((__typeof__(name) *)found(#name))
#else
static void arrive(void)
{
}

#define THE(name) (name)
#endif

/* As the manuals of the two declare them; pypy3-dev has no header for its own. */
#ifdef PYPY
extern void rpython_startup_code(void);
extern int pypy_setup_home(char *home, int verbose);
extern void pypy_init_threads(void);
extern int pypy_execute_source_ptr(char *source, void *pointer);

static void begin(void)
{
	THE(rpython_startup_code)();
	if (THE(pypy_setup_home)(PYPY, 1))
		exit(4);
	THE(pypy_init_threads)();
}

static int run(char *source)
{
	return THE(pypy_execute_source_ptr)(source, NULL);
}

static void end(void)
{
}
#else
extern void Py_Initialize(void);
extern int PyRun_SimpleStringFlags(const char *source, void *flags);
extern int Py_FinalizeEx(void);

static void begin(void)
{
	THE(Py_Initialize)();
}

static int run(char *source)
{
	return THE(PyRun_SimpleStringFlags)(source, NULL);
}

static void end(void)
{
	if (THE(Py_FinalizeEx)())
		exit(6);
}
#endif

int main(int argc, char **argv)
{
	arrive();
	begin();
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '/')
			opened(argv[i], RTLD_NOW | RTLD_GLOBAL);
		else if (run(argv[i]))
			return 5;
	end();
	return 0;
}
