/* SPDX-License-Identifier: MIT */
/* The entries that callers of dlopen and its like get instead of the real ones.
 *
 * Each hands its arguments and its caller's address to a function of steer.c. If
 * that says so (struct steered, pass), the call goes on to the real function by a
 * jump, with registers and stack as they came: the real dlopen finds out who
 * calls it by the return address, and one called from here would load into the
 * audit module's namespace. */

#if defined(__x86_64__)

/* Three arguments at most, in rdi, rsi and rdx; the caller's address goes into the
 * register after the last; a struct of two words comes back in rax and rdx. */
#define AFTER_TWO	%rdx
#define AFTER_THREE	%rcx
.macro STUB name, function, caller
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
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	movq	24(%rsp), \caller
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
	.cfi_endproc
	.size	\name, . - \name
.endm

/* IBT and SHSTK hold here. */
#define FEATURE_TYPE	0xc0000002
#define FEATURE_BITS	3

#elif defined(__aarch64__)

/* Three arguments at most, in x0 to x2; the caller's address goes into the register
 * after the last; a struct of two words comes back in x0 and x1. */
#define AFTER_TWO	x2
#define AFTER_THREE	x3
.macro STUB name, function, caller
	.globl	\name
	.hidden	\name
	.type	\name, %function
	.balign	16
\name:
	.cfi_startproc
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-48]!
	.cfi_adjust_cfa_offset 48
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	str	x2, [sp, #32]
	mov	\caller, x30
	bl	\function
	mov	x16, x1
	cbz	x16, 1f
	ldp	x0, x1, [sp, #16]
	ldr	x2, [sp, #32]
1:	ldp	x29, x30, [sp], #48
	.cfi_restore x29
	.cfi_restore x30
	.cfi_adjust_cfa_offset -48
	cbz	x16, 2f
	br	x16
2:	ret
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
	STUB	stub_dlopen, steer_dlopen, AFTER_TWO
	STUB	stub_dlopen_inside, steer_dlopen_inside, AFTER_TWO
	STUB	stub_dlmopen_inside, steer_dlmopen_inside, AFTER_THREE
	STUB	stub_dlerror, steer_dlerror, AFTER_TWO
	STUB	stub_dlsym, steer_dlsym, AFTER_TWO
	STUB	stub_dlvsym, steer_dlvsym, AFTER_THREE
	STUB	stub_dlsym_inside, steer_dlsym_inside, AFTER_TWO
	STUB	stub_iterate, steer_iterate, AFTER_TWO

	.section .note.gnu.property, "a"
	.balign	8
	.long	4, 16, 5
	.asciz	"GNU"
	.long	FEATURE_TYPE, 4, FEATURE_BITS, 0

	.section .note.GNU-stack, "", %progbits
