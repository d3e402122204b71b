/* SPDX-License-Identifier: MIT */
/* What differs between architectures, one block each: the machine, and what
 * ld.so does for each relocation type (sysdeps/<machine>/dl-machine.h,
 * elf_machine_rela; the same from glibc 2.28 to 2.43).
 *
 * COPY is no kind: it belongs to executables, which dlopen() refuses. */
#ifndef PYPY_ISOLATE_ELF_MACHINE_H
#define PYPY_ISOLATE_ELF_MACHINE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a type; 0 if nothing is, and ld.so would refuse it. */
#define RELOC_BYTES 0x1f	/* so many it writes */
#define RELOC_NOTHING 0x20	/* known, and writes none */
#define RELOC_TLS 0x40		/* the object that defines the symbol must have a PT_TLS */
#define RELOC_SIZE 0x80		/* reads st_size even of a weak symbol that nobody defines */

#if defined __x86_64__ && defined __LP64__

#define MACHINE EM_X86_64
#define MACHINE_NAME "x86-64"
#define MACHINE_HAS_REL 0	/* ld.so does not look at DT_REL */
#define RELOC_RELATIVE R_X86_64_RELATIVE
#define RELOC_IRELATIVE R_X86_64_IRELATIVE
#define RELOC_JUMP_SLOT R_X86_64_JUMP_SLOT
#define RELOC_COPY R_X86_64_COPY

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

	return type < sizeof kinds ? kinds[type] : 0;
}

#elif defined __aarch64__ && defined __LP64__

#define MACHINE EM_AARCH64
#define MACHINE_NAME "aarch64"
#define MACHINE_HAS_REL 0
#define RELOC_RELATIVE R_AARCH64_RELATIVE
#define RELOC_IRELATIVE R_AARCH64_IRELATIVE
#define RELOC_JUMP_SLOT R_AARCH64_JUMP_SLOT
#define RELOC_COPY R_AARCH64_COPY

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

	if (type - R_AARCH64_COPY < sizeof kinds)
		return kinds[type - R_AARCH64_COPY];
	/* ld.so writes a whole word for ABS32 as well. */
	if (type == R_AARCH64_ABS64 || type == R_AARCH64_ABS32)
		return 8;
	return type == R_AARCH64_NONE ? RELOC_NOTHING : 0;
}

#else	/* permissive: any type, which writes one byte at least */

#if defined __i386__
#define MACHINE EM_386
#define MACHINE_NAME "i386"
#elif defined __arm__
#define MACHINE EM_ARM
#define MACHINE_NAME "arm"
#elif defined __powerpc64__
#define MACHINE EM_PPC64
#define MACHINE_NAME "ppc64"
#elif defined __riscv
#define MACHINE EM_RISCV
#define MACHINE_NAME "riscv"
#elif defined __loongarch__
#define MACHINE 258		/* EM_LOONGARCH, elf.h of glibc >= 2.36 */
#define MACHINE_NAME "loongarch"
#else
#error "audit/elf_machine.h: add this architecture"
#endif
#define MACHINE_HAS_REL 1

static inline unsigned reloc_kind(size_t type)
{
	return type ? 1 : RELOC_NOTHING;	/* 0 is NONE on all of them */
}

#endif
#endif
