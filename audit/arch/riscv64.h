/* SPDX-License-Identifier: MIT */
/* RISC-V of 64 bits: what elf_machine.h says. */

#define MACHINE EM_RISCV
#define MACHINE_NAME "riscv64"
/* ld.so compares the ABI of floating-point arguments. */
#if defined __riscv_float_abi_double
#define MACHINE_FLAGS EF_RISCV_FLOAT_ABI_DOUBLE
#elif defined __riscv_float_abi_soft
#define MACHINE_FLAGS EF_RISCV_FLOAT_ABI_SOFT
#else
#error "audit/arch/riscv64.h: glibc has no such floating-point ABI"
#endif
#define MACHINE_PAGE 0x1000
#define MACHINE_OLDEST_GLIBC "GLIBC_2.27"
#define MACHINE_HAS_REL 0
#define MACHINE_BARE_RESOLVERS 0
#define RELOC_RELATIVE R_RISCV_RELATIVE
#define RELOC_IRELATIVE R_RISCV_IRELATIVE
#define RELOC_JUMP_SLOT R_RISCV_JUMP_SLOT
#define RELOC_COPY R_RISCV_COPY

#ifndef __ASSEMBLER__

static inline unsigned reloc_kind(size_t type)
{
	static const uint8_t kinds[] = {
		[R_RISCV_NONE] = RELOC_NOTHING,
		[R_RISCV_64] = 8,
		[R_RISCV_RELATIVE] = 8,
		[R_RISCV_JUMP_SLOT] = 8,
		[R_RISCV_TLS_DTPMOD64] = 8 | RELOC_TLS,
		[R_RISCV_TLS_DTPREL64] = 8 | RELOC_TLS,
		[R_RISCV_TLS_TPREL64] = 8 | RELOC_TLS,
		[12] = 16 | RELOC_TLS,		/* R_RISCV_TLSDESC */
		[R_RISCV_IRELATIVE] = 8,
	};

	return reloc_kind_of(kinds, sizeof kinds, type);
}

#else

/* Arguments come in a0 to a2, the return address in ra; a struct of two words comes back
 * in a0 and a1. */
.macro STUB name, function, arguments
	FUNCTION \name
	addi	sp, sp, -32
	.cfi_adjust_cfa_offset 32
	sd	ra, 24(sp)
	.cfi_rel_offset ra, 24
	sd	a0, 0(sp)
	sd	a1, 8(sp)
	sd	a2, 16(sp)
	mv	a\arguments, ra
	call	\function
	mv	t1, a1
	beqz	t1, 1f
	ld	a0, 0(sp)
	ld	a1, 8(sp)
	ld	a2, 16(sp)
1:	ld	ra, 24(sp)
	.cfi_restore ra
	addi	sp, sp, 32
	.cfi_adjust_cfa_offset -32
	beqz	t1, 2f
	jr	t1
2:	ret
	END_FUNCTION \name
.endm

/* raw_syscall(number, six arguments): the C way of passing them -> the kernel's. */
.macro KERNEL_CALL name
	FUNCTION \name
	mv	a7, a0
	mv	a0, a1
	mv	a1, a2
	mv	a2, a3
	mv	a3, a4
	mv	a4, a5
	mv	a5, a6
	ecall
	ret
	END_FUNCTION \name
.endm

#endif
