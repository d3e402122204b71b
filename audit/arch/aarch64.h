/* SPDX-License-Identifier: MIT */
/* AArch64: what elf_machine.h says. */

#define MACHINE EM_AARCH64
#define MACHINE_NAME "aarch64"
#define MACHINE_FLAGS 0
#define MACHINE_PAGE 0x10000
#define MACHINE_FEATURE_TYPE 0xc0000000		/* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
#define MACHINE_FEATURE_BITS 0x7		/* BTI, PAC, GCS (glibc 2.42, elf.h) */
#define MACHINE_STUB_BITS 0x3
#define MACHINE_OLDEST_GLIBC "GLIBC_2.17"
#define MACHINE_HAS_REL 0
#define MACHINE_BARE_RESOLVERS 0
#define RELOC_RELATIVE R_AARCH64_RELATIVE
#define RELOC_IRELATIVE R_AARCH64_IRELATIVE
#define RELOC_JUMP_SLOT R_AARCH64_JUMP_SLOT
#define RELOC_COPY R_AARCH64_COPY

#ifndef __ASSEMBLER__

static inline unsigned reloc_kind(size_t type)
{
	static const uint8_t kinds[] = {	/* of the dynamic types, from 1024 on */
		[R_AARCH64_GLOB_DAT - R_AARCH64_COPY] = 8,
		[R_AARCH64_JUMP_SLOT - R_AARCH64_COPY] = 8,
		[R_AARCH64_RELATIVE - R_AARCH64_COPY] = 8,
		[R_AARCH64_TLS_DTPMOD - R_AARCH64_COPY] = 8 | RELOC_TLS,
		[R_AARCH64_TLS_DTPREL - R_AARCH64_COPY] = 8 | RELOC_TLS,
		[R_AARCH64_TLS_TPREL - R_AARCH64_COPY] = 8 | RELOC_TLS,
		[R_AARCH64_TLSDESC - R_AARCH64_COPY] = 16 | RELOC_TLS,
		[R_AARCH64_IRELATIVE - R_AARCH64_COPY] = 8,
	};

	/* ld.so writes a whole word for ABS32 as well. */
	if (type == R_AARCH64_ABS64 || type == R_AARCH64_ABS32)
		return 8;
	if (type == R_AARCH64_NONE)
		return RELOC_NOTHING;
	return reloc_kind_of(kinds, sizeof kinds, type - R_AARCH64_COPY);
}

#else

/* Arguments come in x0 to x2, the return address in x30; a struct of two words comes
 * back in x0 and x1. Hints, so that an assembler without BTI and PAC takes them. */
.macro STUB name, function, arguments
	FUNCTION \name
	hint	#34			/* bti c */
	mov	x9, x30
	hint	#25			/* paciasp */
	.cfi_negate_ra_state
	stp	x29, x30, [sp, #-48]!
	.cfi_adjust_cfa_offset 48
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	str	x2, [sp, #32]
	mov	x\arguments, x9
	bl	\function
	mov	x16, x1
	cbz	x16, 1f
	ldp	x0, x1, [sp, #16]
	ldr	x2, [sp, #32]
1:	ldp	x29, x30, [sp], #48
	.cfi_restore x29
	.cfi_restore x30
	.cfi_adjust_cfa_offset -48
	hint	#29			/* autiasp */
	.cfi_negate_ra_state
	cbz	x16, 2f
	br	x16
2:	ret
	END_FUNCTION \name
.endm

/* raw_syscall(number, six arguments): the C way of passing them -> the kernel's. */
.macro KERNEL_CALL name
	FUNCTION \name
	hint	#34			/* bti c */
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, x6
	svc	#0
	ret
	END_FUNCTION \name
.endm

#endif
