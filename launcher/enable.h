/* SPDX-License-Identifier: MIT */
/* `enable`, `disable` and `status`: isolation for a whole site, and its end. */
#ifndef PYPY_ISOLATE_ENABLE_H
#define PYPY_ISOLATE_ENABLE_H

/* argv[0] is the verb. Each returns an exit status: 0, or 1 if something of what was asked is
 * not (or no more) in force, or 2 for all else. */
int enable_main(int argc, char **argv);
int disable_main(int argc, char **argv);
int status_main(int argc, char **argv);

#endif
