/* SPDX-License-Identifier: MIT */
/* `pypy-isolate doctor [INTERPRETER]`: can it work here, and if not, what mends it? */
#ifndef PYPY_ISOLATE_DOCTOR_H
#define PYPY_ISOLATE_DOCTOR_H

/* argv[0] is the verb. Prints a line for each thing that must hold. Returns the exit
 * status: 0 all is well, 1 something is wrong, 2 there is nothing to look at. */
int doctor_main(int argc, char **argv);

#endif
