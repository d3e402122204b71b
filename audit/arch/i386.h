/* SPDX-License-Identifier: MIT */
/* i386: what elf_machine.h says. */

#define MACHINE EM_386
#define MACHINE_NAME "i386"
#define MACHINE_FLAGS 0
#define MACHINE_PAGE 0x1000
#define MACHINE_FEATURE_TYPE 0xc0000002		/* GNU_PROPERTY_X86_FEATURE_1_AND */
#define MACHINE_FEATURE_BITS 0x3		/* IBT, SHSTK */
#define MACHINE_STUB_BITS 0x3
#define MACHINE_OLDEST_GLIBC "GLIBC_2.0"
#define MACHINE_HAS_REL 1
#define MACHINE_BARE_RESOLVERS 1
#define RELOC_RELATIVE R_386_RELATIVE
#define RELOC_IRELATIVE R_386_IRELATIVE
#define RELOC_JUMP_SLOT R_386_JMP_SLOT
#define RELOC_COPY R_386_COPY

#ifndef __ASSEMBLER__

static inline unsigned reloc_kind(size_t type)
{
	static const uint8_t kinds[] = {
		[R_386_NONE] = RELOC_NOTHING,
		[R_386_32] = 4,
		[R_386_PC32] = 4,
		[R_386_GLOB_DAT] = 4,
		[R_386_JMP_SLOT] = 4,
		[R_386_RELATIVE] = 4,
		[R_386_TLS_TPOFF] = 4 | RELOC_TLS,
		[R_386_TLS_DTPMOD32] = 4 | RELOC_TLS,
		[R_386_TLS_DTPOFF32] = 4 | RELOC_TLS,
		[R_386_TLS_TPOFF32] = 4 | RELOC_TLS,
		[R_386_SIZE32] = 4 | RELOC_SIZE,
		[R_386_TLS_DESC] = 8 | RELOC_TLS,
		[R_386_IRELATIVE] = 4,
	};

	return reloc_kind_of(kinds, sizeof kinds, type);
}

#else

/* Arguments come on the stack, above the return address. A struct comes back where a
 * hidden first argument says, which the function takes off the stack when it returns.
 *
 *	 0(%esp)	that argument: 20(%esp)
 *	 4(%esp)	copies of the arguments, and the caller's address after them
 *	20(%esp)	the struct
 *	28(%esp)	the return address, and the arguments as they came */
.macro STUB name, function, arguments
	FUNCTION \name
	endbr32
	subl	$28, %esp
	.cfi_adjust_cfa_offset 28
	leal	20(%esp), %eax
	movl	%eax, (%esp)
	.irp	i, 1, 2, 3
	.if	\i <= \arguments
	movl	28 + 4 * \i(%esp), %eax
	movl	%eax, 4 * \i(%esp)
	.endif
	.endr
	movl	28(%esp), %eax
	movl	%eax, 4 + 4 * \arguments(%esp)
	call	\function
	.cfi_adjust_cfa_offset -4
	movl	16(%esp), %eax
	movl	20(%esp), %ecx
	addl	$24, %esp
	.cfi_adjust_cfa_offset -24
	testl	%ecx, %ecx
	jnz	1f
	ret
1:	jmp	*%ecx
	END_FUNCTION \name
.endm

/* raw_syscall(number, six arguments): the C way of passing them -> the kernel's. */
.macro KERNEL_CALL name
	FUNCTION \name
	endbr32
	.irp	register, ebp, edi, esi, ebx
	pushl	%\register
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset \register, 0
	.endr
	movl	20(%esp), %eax
	movl	24(%esp), %ebx
	movl	28(%esp), %ecx
	movl	32(%esp), %edx
	movl	36(%esp), %esi
	movl	40(%esp), %edi
	movl	44(%esp), %ebp
	int	$0x80
	.irp	register, ebx, esi, edi, ebp
	popl	%\register
	.cfi_adjust_cfa_offset -4
	.cfi_restore \register
	.endr
	ret
	END_FUNCTION \name
.endm

#endif
