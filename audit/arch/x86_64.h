/* SPDX-License-Identifier: MIT */
/* x86-64: what elf_machine.h says. */

#define MACHINE EM_X86_64
#define MACHINE_NAME "x86-64"
#define MACHINE_FLAGS 0
#define MACHINE_PAGE 0x1000
#define MACHINE_FEATURE_TYPE 0xc0000002		/* GNU_PROPERTY_X86_FEATURE_1_AND */
#define MACHINE_FEATURE_BITS 0x3		/* IBT, SHSTK */
#define MACHINE_STUB_BITS 0x3
#define MACHINE_OLDEST_GLIBC "GLIBC_2.2.5"
#define MACHINE_HAS_REL 0
#define MACHINE_BARE_RESOLVERS 1
#define RELOC_RELATIVE R_X86_64_RELATIVE
#define RELOC_IRELATIVE R_X86_64_IRELATIVE
#define RELOC_JUMP_SLOT R_X86_64_JUMP_SLOT
#define RELOC_COPY R_X86_64_COPY

#ifndef __ASSEMBLER__

static inline unsigned reloc_kind(size_t type)
{
	static const uint8_t kinds[] = {
		[R_X86_64_NONE] = RELOC_NOTHING,
		[R_X86_64_64] = 8,
		[R_X86_64_PC32] = 4,
		[R_X86_64_GLOB_DAT] = 8,
		[R_X86_64_JUMP_SLOT] = 8,
		[R_X86_64_RELATIVE] = 8,
		[R_X86_64_32] = 4,
		[R_X86_64_DTPMOD64] = 8 | RELOC_TLS,
		[R_X86_64_DTPOFF64] = 8 | RELOC_TLS,
		[R_X86_64_TPOFF64] = 8 | RELOC_TLS,
		[R_X86_64_SIZE32] = 4 | RELOC_SIZE,
		[R_X86_64_SIZE64] = 8 | RELOC_SIZE,
		[R_X86_64_TLSDESC] = 16 | RELOC_TLS,
		[R_X86_64_IRELATIVE] = 8,
		[R_X86_64_RELATIVE64] = 8,
	};

	return reloc_kind_of(kinds, sizeof kinds, type);
}

#else

/* Arguments come in rdi, rsi and rdx; a struct of two words comes back in rax and rdx. */
.macro STUB name, function, arguments
	FUNCTION \name
	endbr64
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	.if	\arguments == 2
	movq	24(%rsp), %rdx
	.else
	movq	24(%rsp), %rcx
	.endif
	call	\function
	movq	%rdx, %r11
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rsi
	.cfi_adjust_cfa_offset -8
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	testq	%r11, %r11
	jnz	1f
	ret
1:	jmp	*%r11
	END_FUNCTION \name
.endm

/* raw_syscall(number, six arguments): the C way of passing them -> the kernel's. */
.macro KERNEL_CALL name
	FUNCTION \name
	endbr64
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	syscall
	ret
	END_FUNCTION \name
.endm

#endif
