/* SPDX-License-Identifier: MIT */
/* `pypy-isolate explain`: a real run, and then what each module got and from where. */
#ifndef PYPY_ISOLATE_LAUNCHER_EXPLAIN_H
#define PYPY_ISOLATE_LAUNCHER_EXPLAIN_H

/* argv[0] is the verb. Returns the exit status, or ends as the program has. */
int explain_main(int argc, char **argv);

#endif
