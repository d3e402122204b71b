/* SPDX-License-Identifier: MIT */
/* The architecture that the compiler makes code for: one file each, and nothing of
 * an architecture stands elsewhere. What each defines:
 *
 *	MACHINE			e_machine
 *	MACHINE_NAME		as messages have it
 *	MACHINE_FLAGS		e_flags of an object that ld.so takes
 *	MACHINE_PAGE		the largest page; an object is aligned to it
 *	MACHINE_FEATURE_TYPE	the property note of what the code holds to, its bits when it
 *	MACHINE_FEATURE_BITS	has no code at all (every promise is kept), and those that
 *	MACHINE_STUB_BITS	stub.S keeps; without a note of its own none of the three
 *	MACHINE_OLDEST_GLIBC	the version that __libc_start_main has had from the start
 *	MACHINE_HAS_REL		does ld.so look at DT_REL?
 *	MACHINE_BARE_RESOLVERS	does an IFUNC's resolver take no arguments? (dl-irel.h there,
 *				elf_ifunc_invoke)
 *	RELOC_RELATIVE		relocation types that are looked at for their own sake
 *	RELOC_IRELATIVE
 *	RELOC_JUMP_SLOT		a reference that only calls
 *	RELOC_COPY		an executable's own copy of a variable
 *	reloc_kind()		what ld.so does for a type (sysdeps/<machine>/dl-machine.h,
 *				elf_machine_rela; the same from glibc 2.28 to 2.43)
 *	STUB			in assembly: an entry, see stub.S
 *	KERNEL_CALL		in assembly: raw_syscall(), see libc/calls.c
 *
 * COPY is no kind: it belongs to executables, which dlopen() refuses. */
#ifndef PYPY_ISOLATE_ELF_MACHINE_H
#define PYPY_ISOLATE_ELF_MACHINE_H

#ifndef __ASSEMBLER__
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a type; 0 if nothing is, and ld.so would refuse it. */
#define RELOC_BYTES 0x1f	/* so many it writes */
#define RELOC_NOTHING 0x20	/* known, and writes none */
#define RELOC_TLS 0x40		/* the object that defines the symbol must have a PT_TLS */
#define RELOC_SIZE 0x80		/* reads st_size even of a weak symbol that nobody defines */

#if __SIZEOF_POINTER__ == 8
#define R_TYPE(info) ((size_t)ELF64_R_TYPE(info))
#define R_SYM(info) ((size_t)ELF64_R_SYM(info))
#else
#define R_TYPE(info) ((size_t)ELF32_R_TYPE(info))
#define R_SYM(info) ((size_t)ELF32_R_SYM(info))
#endif

static inline unsigned reloc_kind_of(const uint8_t *kinds, size_t count, size_t type)
{
	return type < count ? kinds[type] : 0;
}
#else
/* What stands around each function of arch/. */
.macro FUNCTION name
	.globl	\name
	.hidden	\name
	.type	\name, %function
	.balign	16
\name:
	.cfi_startproc
.endm

.macro END_FUNCTION name
	.cfi_endproc
	.size	\name, . - \name
.endm
#endif

#if defined __x86_64__ && defined __LP64__
#include "audit/arch/x86_64.h"
#elif defined __i386__
#include "audit/arch/i386.h"
#elif defined __aarch64__ && defined __LP64__
#include "audit/arch/aarch64.h"
#elif defined __riscv && __riscv_xlen == 64
#include "audit/arch/riscv64.h"
#elif defined __powerpc64__ && _CALL_ELF == 2
#include "audit/arch/powerpc64.h"
#elif defined __s390x__
#include "audit/arch/s390x.h"
#else
#error "audit/arch has no file for this architecture: there is no isolation on it"
#endif

#endif
