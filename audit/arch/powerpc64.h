/* SPDX-License-Identifier: MIT */
/* 64-bit PowerPC with the second ELF ABI, most often little-endian: what elf_machine.h
 * says.
 *
 * A function has two entries there, st_other says how far apart. ld.so leads a call to the
 * second only where the symbol is the caller's own (dl-machine.h, ppc64_local_entry_offset):
 * as those are that redirect.c makes, whose st_other says 0, and a mirror's never are. */

#define MACHINE EM_PPC64
#define MACHINE_NAME "powerpc64"
#define MACHINE_FLAGS 2				/* EF_PPC64_ABI: ELFv2 */
#define MACHINE_PAGE 0x10000
#define MACHINE_OLDEST_GLIBC "GLIBC_2.17"
#define MACHINE_HAS_REL 0
#define MACHINE_BARE_RESOLVERS 0
#define RELOC_RELATIVE R_PPC64_RELATIVE
#define RELOC_IRELATIVE R_PPC64_IRELATIVE
#define RELOC_JUMP_SLOT R_PPC64_JMP_SLOT
#define RELOC_COPY R_PPC64_COPY

#ifndef __ASSEMBLER__

/* Those that change code are of objects without PIC, and no compiler makes such modules. */
static inline unsigned reloc_kind(size_t type)
{
	static const uint8_t kinds[] = {
		[R_PPC64_NONE] = RELOC_NOTHING,
		[R_PPC64_ADDR32] = 4,
		[R_PPC64_GLOB_DAT] = 8,
		[R_PPC64_JMP_SLOT] = 8,
		[R_PPC64_RELATIVE] = 8,
		[R_PPC64_UADDR32] = 4,
		[R_PPC64_UADDR16] = 2,
		[R_PPC64_REL32] = 4,
		[R_PPC64_ADDR64] = 8,
		[R_PPC64_UADDR64] = 8,
		[R_PPC64_REL64] = 8,
		/* ld.so fills in the offset as well (DT_PPC64_OPT). */
		[R_PPC64_DTPMOD64] = 16 | RELOC_TLS,
		[R_PPC64_TPREL64] = 8 | RELOC_TLS,
		[R_PPC64_DTPREL64] = 8 | RELOC_TLS,
		[R_PPC64_JMP_IREL] = 8,
		[R_PPC64_IRELATIVE] = 8,
	};

	return reloc_kind_of(kinds, sizeof kinds, type);
}

#else

/* Arguments come in r3 to r5, the return address in lr, our own address in r12, from
 * which the table of contents is found: what is called by address is called so. A struct
 * of two words comes back in r3 and r4. The caller keeps its r2 itself. */
.macro STUB name, function, arguments
	FUNCTION \name
0:	addis	2, 12, (.TOC. - 0b)@ha
	addi	2, 2, (.TOC. - 0b)@l
	.localentry \name, . - \name
	mflr	0
	std	0, 16(1)
	stdu	1, -64(1)
	.cfi_adjust_cfa_offset 64
	.cfi_offset lr, 16
	std	3, 32(1)
	std	4, 40(1)
	std	5, 48(1)
	mr	3 + \arguments, 0
	bl	\function
	nop
	mr	12, 4
	cmpdi	12, 0
	beq	1f
	ld	3, 32(1)
	ld	4, 40(1)
	ld	5, 48(1)
1:	addi	1, 1, 64
	.cfi_adjust_cfa_offset -64
	ld	0, 16(1)
	mtlr	0
	.cfi_restore lr
	beqlr
	mtctr	12
	bctr
	END_FUNCTION \name
.endm

/* raw_syscall(number, six arguments): the C way of passing them -> the kernel's, which says
 * in the summary overflow bit that the result is an error, not negative. */
.macro KERNEL_CALL name
	FUNCTION \name
	mr	0, 3
	mr	3, 4
	mr	4, 5
	mr	5, 6
	mr	6, 7
	mr	7, 8
	mr	8, 9
	sc
	bnslr+
	neg	3, 3
	blr
	END_FUNCTION \name
.endm

#endif
