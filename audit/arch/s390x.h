/* SPDX-License-Identifier: MIT */
/* IBM Z of 64 bits: what elf_machine.h says. */

#define MACHINE EM_S390
#define MACHINE_NAME "s390x"
#define MACHINE_FLAGS 0
#define MACHINE_PAGE 0x1000
#define MACHINE_OLDEST_GLIBC "GLIBC_2.2"
#define MACHINE_HAS_REL 0
#define MACHINE_BARE_RESOLVERS 0
#define RELOC_RELATIVE R_390_RELATIVE
#define RELOC_IRELATIVE R_390_IRELATIVE
#define RELOC_JUMP_SLOT R_390_JMP_SLOT
#define RELOC_COPY R_390_COPY

#ifndef __ASSEMBLER__

static inline unsigned reloc_kind(size_t type)
{
	static const uint8_t kinds[] = {
		[R_390_NONE] = RELOC_NOTHING,
		[R_390_8] = 1,
		[R_390_16] = 2,
		[R_390_32] = 4,
		[R_390_PC32] = 4,
		[R_390_GLOB_DAT] = 8,
		[R_390_JMP_SLOT] = 8,
		[R_390_RELATIVE] = 8,
		[R_390_PC16] = 2,
		[R_390_PC16DBL] = 2,
		[R_390_PC32DBL] = 4,
		[R_390_64] = 8,
		[R_390_PC64] = 8,
		[R_390_TLS_DTPMOD] = 8 | RELOC_TLS,
		[R_390_TLS_DTPOFF] = 8 | RELOC_TLS,
		[R_390_TLS_TPOFF] = 8 | RELOC_TLS,
		[R_390_IRELATIVE] = 8,
	};

	return reloc_kind_of(kinds, sizeof kinds, type);
}

#else

/* Arguments come in r2 to r4, the return address in r14. A struct comes back where a
 * hidden first argument says, so that each moves up by one: the caller's address is then
 * in r5, or in r6, which is the caller's to find unchanged. Every caller leaves us 160
 * bytes to save registers in. */
.macro STUB name, function, arguments
	FUNCTION \name
	stmg	%r2, %r4, 16(%r15)
	stg	%r6, 48(%r15)
	stg	%r14, 112(%r15)
	.cfi_offset %r6, -112
	.cfi_offset %r14, -48
	aghi	%r15, -176
	.cfi_adjust_cfa_offset 176
	.if	\arguments == 2
	lgr	%r5, %r14
	.else
	lgr	%r5, %r4
	lgr	%r6, %r14
	.endif
	lgr	%r4, %r3
	lgr	%r3, %r2
	la	%r2, 160(%r15)
	brasl	%r14, \function
	lg	%r2, 160(%r15)
	lg	%r1, 168(%r15)
	aghi	%r15, 176
	.cfi_adjust_cfa_offset -176
	lg	%r6, 48(%r15)
	lg	%r14, 112(%r15)
	.cfi_restore %r6
	.cfi_restore %r14
	ltgr	%r1, %r1
	jne	1f
	br	%r14
1:	lmg	%r2, %r4, 16(%r15)
	br	%r1
	END_FUNCTION \name
.endm

/* raw_syscall(number, six arguments): the C way of passing them -> the kernel's. The last
 * two came on the stack; r6 and r7 are the caller's to find unchanged. */
.macro KERNEL_CALL name
	FUNCTION \name
	stmg	%r6, %r7, 48(%r15)
	.cfi_offset %r6, -112
	.cfi_offset %r7, -104
	lgr	%r1, %r2
	lgr	%r2, %r3
	lgr	%r3, %r4
	lgr	%r4, %r5
	lgr	%r5, %r6
	lg	%r6, 160(%r15)
	lg	%r7, 168(%r15)
	svc	0
	lmg	%r6, %r7, 48(%r15)
	.cfi_restore %r6
	.cfi_restore %r7
	br	%r14
	END_FUNCTION \name
.endm

#endif
