/* SPDX-License-Identifier: MIT */
/* The entries that callers of dlopen and its like get instead of the real ones.
 *
 * Each hands its arguments and its caller's address to a function of steer.c. If
 * that says so (struct steered, pass), the call goes on to the real function by a
 * jump, with registers and stack as they came: the real dlopen finds out who
 * calls it by the return address, and one called from here would load into the
 * audit module's namespace. */

#if defined(__x86_64__)

/* Two arguments at most, in rdi and rsi; a struct of two words comes back in rax and
 * rdx. */
.macro STUB name, function
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.balign	16
\name:
	.cfi_startproc
	endbr64
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	movq	24(%rsp), %rdx
	call	\function
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%rsi
	.cfi_adjust_cfa_offset -8
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	testq	%rdx, %rdx
	jnz	1f
	ret
1:	jmp	*%rdx
	.cfi_endproc
	.size	\name, . - \name
.endm

/* IBT and SHSTK hold here. */
#define FEATURE_TYPE	0xc0000002
#define FEATURE_BITS	3

#elif defined(__aarch64__)

/* Two arguments at most, in x0 and x1; a struct of two words comes back there. */
.macro STUB name, function
	.globl	\name
	.hidden	\name
	.type	\name, %function
	.balign	16
\name:
	.cfi_startproc
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	mov	x2, x30
	bl	\function
	mov	x16, x1
	ldp	x2, x3, [sp, #16]
	ldp	x29, x30, [sp], #32
	.cfi_restore x29
	.cfi_restore x30
	.cfi_adjust_cfa_offset -32
	cbz	x16, 1f
	mov	x0, x2
	mov	x1, x3
	br	x16
1:	ret
	.cfi_endproc
	.size	\name, . - \name
.endm

/* BTI holds here. */
#define FEATURE_TYPE	0xc0000000
#define FEATURE_BITS	1

#else
#error "stub.S: the entries for this architecture are missing"
#endif

	.text
	STUB	stub_dlopen, steer_dlopen
	STUB	stub_dlopen_inside, steer_dlopen_inside
	STUB	stub_dlerror, steer_dlerror
	STUB	stub_dlsym, steer_dlsym
	STUB	stub_dlsym_inside, steer_dlsym_inside
	STUB	stub_iterate, steer_iterate

	.section .note.gnu.property, "a"
	.balign	8
	.long	4, 16, 5
	.asciz	"GNU"
	.long	FEATURE_TYPE, 4, FEATURE_BITS, 0

	.section .note.GNU-stack, "", %progbits
