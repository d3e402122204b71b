// SPDX-License-Identifier: MIT
// probe HOW WHAT MODULE [N]: does that which a program and its module have in common under
// plain loading hold when the module is loaded otherwise? Exit status 0: it does.
//
// HOW is plain, deepbind, dlmopen or process: a child that has loaded the module and is
// asked over a pipe. WHAT:
//
//	own		the module's call goes to its own library, not to ours of that name
//	api		the module finds a function of ours
//	errno		open() fails in the module, and we read why
//	environ		setenv() here, getenv() and environ there
//	heap		what one side allocates the other frees
//	iostream	std::cout of both, in the order of the calls
//	calls N		prints nanoseconds a call
//
// It is an interpreter to the audit module, by the probe of PyPy's C API.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED void PyPyImport_ImportModule() {}
EXPORTED int dep_version();	// of the library that we are linked to

enum { OWN = 'o', API = 'a', OPEN = 'e', ENVIRON = 'v', COPY = 'c', FREE = 'f', PRINT = 'p' };

typedef long (*ask_module)(int what, long argument);

static ask_module module;
static int to_child[2], from_child[2];

static long ask_child(int what, long argument)
{
	long message[2] = { what, argument }, answer;

	if (write(to_child[1], message, sizeof message) != sizeof message ||
	    read(from_child[0], &answer, sizeof answer) != sizeof answer)
		_exit(3);
	return answer;
}

static void serve(ask_module real)
{
	long message[2], answer;

	while (read(to_child[0], message, sizeof message) == sizeof message) {
		answer = real((int)message[0], message[1]);
		if (write(from_child[1], &answer, sizeof answer) != sizeof answer)
			break;
	}
	_exit(0);
}

static ask_module load(const std::string &how, const char *file)
{
	int mode = RTLD_NOW | (how == "deepbind" ? RTLD_DEEPBIND : 0);
	void *handle = how == "dlmopen" ? dlmopen(LM_ID_NEWLM, file, RTLD_NOW)
					: dlopen(file, mode);

	if (!handle) {
		std::fprintf(stderr, "probe: %s\n", dlerror());
		_exit(2);
	}
	return (ask_module)dlsym(handle, "ask");
}

static void begin(const std::string &how, const char *file)
{
	if (how != "process") {
		module = load(how, file);
		return;
	}
	if (pipe(to_child) || pipe(from_child))
		_exit(2);
	if (fork() == 0) {
		close(to_child[1]);
		serve(load("plain", file));
	}
	close(to_child[0]);
	module = ask_child;
}

static bool heap_is_one()
{
	char *theirs = (char *)module(COPY, (long)"theirs");
	void *ours = std::malloc(100);

	if (std::strcmp(theirs, "theirs") != 0)
		return false;
	std::free(theirs);
	module(FREE, (long)ours);
	return true;
}

static bool holds(const std::string &what)
{
	if (what == "own")
		return module(OWN, 0) == 2 && dep_version() == 1;
	if (what == "api")
		return module(API, 0);
	if (what == "errno") {
		errno = 0;
		return module(OPEN, 0) < 0 && errno == ENOENT;
	}
	if (what == "environ")
		return environ && setenv("PROBE", "1", 1) == 0 && module(ENVIRON, 0);
	if (what == "heap")
		return heap_is_one();
	if (what == "iostream") {
		std::cout << "a";
		module(PRINT, 0);
		std::cout << "c" << std::endl;
		return true;
	}
	return false;
}

static int time_calls(long count)
{
	timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (long i = 0; i < count; i++)
		module(OWN, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	std::printf("%.1f\n", ((end.tv_sec - begin.tv_sec) * 1e9 + end.tv_nsec - begin.tv_nsec) /
				      count);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	begin(argv[1], argv[3]);
	if (argc > 4)
		return time_calls(atol(argv[4]));
	return holds(argv[2]) ? 0 : 1;
}
