// SPDX-License-Identifier: MIT
// The module that probe.cc loads, with a library of its own that has a function of the same
// name as one of probe's.
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

extern "C" int dep_version();
extern "C" void PyPyImport_ImportModule() __attribute__((weak));
extern "C" long ask(int what, long argument);

extern "C" long ask(int what, long argument)
{
	switch (what) {
	case 'o':
		return dep_version();
	case 'a':
		return PyPyImport_ImportModule != nullptr;
	case 'e':
		return open("/nonexistent/file", O_RDONLY);
	case 'v':
		return environ && getenv("PROBE");
	case 'c':
		return (long)strdup((const char *)argument);
	case 'f':
		free((void *)argument);
		return 0;
	case 'p':
		std::cout << "b";
		return 0;
	}
	return -1;
}
