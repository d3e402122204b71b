/* SPDX-License-Identifier: MIT */
/* `pypy-isolate conf [FILE]`: the rules in force and where each stands. */
#ifndef PYPY_ISOLATE_LAUNCHER_CONF_H
#define PYPY_ISOLATE_LAUNCHER_CONF_H

/* argv[0] is the verb. Prints the rules, those of FILE in place of the system's
 * if it is given. Returns the exit status: 0, or 125 with all that is wrong on
 * standard error. */
int conf_main(int argc, char **argv);

#endif
