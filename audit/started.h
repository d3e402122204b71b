/* SPDX-License-Identifier: MIT */
/* Started by a stand-in of `pypy-isolate enable` -> as if started without it. */
#ifndef PYPY_ISOLATE_STARTED_H
#define PYPY_ISOLATE_STARTED_H

/* Behind an environment stands this, with what the kernel called the process
 * (/proc/PID/comm), and after it what was added for ld.so. */
#define STARTED "PYPY_ISOLATE_STARTED="

/* From la_version, when nobody has seen the environment but ld.so, which is done with it:
 * the process gets its own, and its own name. So its children are not isolated unless their
 * own stand-in does it, and a 32-bit one has no 64-bit auditor. */
void started_restore(void);

#endif
