/* SPDX-License-Identifier: MIT */
/* `pypy-isolate check [-i INTERPRETER] [PATH...]`: which references of which modules are
 * hijacked when they are loaded plainly. Nothing of a module is run. */
#ifndef PYPY_ISOLATE_LAUNCHER_CHECK_H
#define PYPY_ISOLATE_LAUNCHER_CHECK_H

enum { CHECK_NONE = 0, CHECK_SOME = 1, CHECK_TROUBLE = 2 };	/* exit status */

/* argv[0] is the verb. Returns the exit status. */
int check_main(int argc, char **argv);

#endif
