/* SPDX-License-Identifier: MIT */
/* The entries that callers of dlopen and its like get instead of the real ones.
 *
 * Each hands its arguments and its caller's address to a function of steer.c. If
 * that says so (struct steered, pass), the call goes on to the real function by a
 * jump, with registers and stack as they came: the real dlopen finds out who
 * calls it by the return address, and one called from here would load into the
 * audit module's namespace.
 *
 * STUB name, function, arguments is of arch/: two arguments, or three, and the caller's
 * address becomes one more. For a function with fewer it is one that nobody reads. */

#include "audit/elf_machine.h"

	.text
	STUB	stub_dlopen, steer_dlopen, 2
	STUB	stub_dlopen_inside, steer_dlopen_inside, 2
	STUB	stub_dlopen_found, steer_dlopen_found, 2
	STUB	stub_dlmopen, steer_dlmopen, 3
	STUB	stub_dlmopen_inside, steer_dlmopen_inside, 3
	STUB	stub_dlerror, steer_dlerror, 2
	STUB	stub_dlsym, steer_dlsym, 2
	STUB	stub_dlvsym, steer_dlvsym, 3
	STUB	stub_dlsym_inside, steer_dlsym_inside, 2
	STUB	stub_iterate, steer_iterate, 2
	KERNEL_CALL raw_syscall

#ifdef MACHINE_FEATURE_TYPE
	.section .note.gnu.property, "a"
#ifdef __LP64__
	.balign	8
	.long	4, 16, 5
#else
	.balign	4
	.long	4, 12, 5
#endif
	.asciz	"GNU"
	.long	MACHINE_FEATURE_TYPE, 4, MACHINE_STUB_BITS
#ifdef __LP64__
	.long	0
#endif
#endif

	.section .note.GNU-stack, "", %progbits
