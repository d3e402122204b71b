/* SPDX-License-Identifier: MIT */
/* The C library's start code -> main(), also with a glibc before 2.34.
 *
 * The start code that is linked in asks for __libc_start_main of the glibc that we
 * were built with; since 2.34 that is a version of its own, and with it the program
 * would not start on an older one. The linker's --wrap leads the call here. The old
 * one takes the same arguments. Before 2.34 it runs no constructor of a program
 * that gives it no init function, and of those we have none (glibc 2.34,
 * csu/libc-start.c). */
#include "audit/elf_machine.h"

typedef int main_function(int, char **, char **);

int start_main(main_function *main, int argc, char **argv, void (*init)(void),
	       void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
__asm__(".symver start_main, __libc_start_main@" MACHINE_OLDEST_GLIBC);

int __wrap___libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
			     void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

int __wrap___libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
			     void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	return start_main(main, argc, argv, init, fini, rtld_fini, stack_end);
}
