/* SPDX-License-Identifier: MIT */
/* An object's relocations -> its words that hold the real dlopen, rewritten.
 *
 * The hard thing is to read little: libpypy3.9-c.so has 710,623 relocations. All
 * but some 1,300 are relative ones, and those come first (DT_RELACOUNT). */
#include "audit/slots.h"

#include <sys/mman.h>
#include <unistd.h>

#include "audit/base.h"
#include "audit/process.h"
#include "audit/route.h"

/* The relocation types that put a function's address into a word. */
#if defined(__x86_64__)
#define IS_ADDRESS(type) ((type) == R_X86_64_64 || (type) == R_X86_64_GLOB_DAT || \
			  (type) == R_X86_64_JUMP_SLOT)
#elif defined(__aarch64__)
#define IS_ADDRESS(type) ((type) == R_AARCH64_ABS64 || (type) == R_AARCH64_GLOB_DAT || \
			  (type) == R_AARCH64_JUMP_SLOT)
#elif defined(__i386__)
#define IS_ADDRESS(type) ((type) == R_386_32 || (type) == R_386_GLOB_DAT || \
			  (type) == R_386_JMP_SLOT)
#else
#error "slots.c: name the relocation types that hold a function's address"
#endif

#if __WORDSIZE == 64
#define R_SYM	ELF64_R_SYM
#define R_TYPE	ELF64_R_TYPE
#else
#define R_SYM	ELF32_R_SYM
#define R_TYPE	ELF32_R_TYPE
#endif

static void rewrite(struct object *object, uintptr_t *slot, uintptr_t value)
{
	uintptr_t page = getpagesize();
	void *start = (void *)((uintptr_t)slot & -page);
	bool read_only = object_has(object, PT_GNU_RELRO, (uintptr_t)slot);

	if (read_only && mprotect(start, page, PROT_READ | PROT_WRITE) < 0) {
		process_log(LOG_LEVEL_ERROR, "%s: a read-only slot of dlopen cannot be "
			    "rewritten; modules that it opens are not isolated",
			    object_path(object));
		return;
	}
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
	if (read_only)
		mprotect(start, page, PROT_READ);
}

struct table {
	const char *start, *end;
	size_t entry;			/* bytes of one relocation; Rela begins like Rel */
};

static void sweep_table(struct object *object, const struct symbols *symbols,
			struct table table)
{
	for (const char *at = table.start; at < table.end; at += table.entry) {
		const ElfW(Rel) *rel = (const void *)at;
		const ElfW(Sym) *sym = &symbols->sym[R_SYM(rel->r_info)];
		const char *name = symbols->str + sym->st_name;
		uintptr_t *slot;

		if (!IS_ADDRESS(R_TYPE(rel->r_info)) || !route_outside(name))
			continue;
		slot = (uintptr_t *)(object->map->l_addr + rel->r_offset);
		if (*slot == route_real(name))
			rewrite(object, slot, route_outside(name));
	}
}

static struct table table_of(const struct object *object, int start, int size, int count,
			     size_t entry)
{
	const char *first = (const char *)object_dynamic(object, start);
	size_t skip = count ? object_dynamic(object, count) * entry : 0;

	return (struct table){ first + skip, first + object_dynamic(object, size), entry };
}

void slots_sweep(struct object *object, bool running)
{
	struct symbols symbols;
	size_t plt_entry;

	if (!object || object->swept || !base_find())
		return;
	object_symbols(object, &symbols);
	plt_entry = object_dynamic(object, DT_PLTREL) == DT_RELA ? sizeof(ElfW(Rela))
								 : sizeof(ElfW(Rel));
	sweep_table(object, &symbols, table_of(object, DT_RELA, DT_RELASZ, DT_RELACOUNT,
					       sizeof(ElfW(Rela))));
	sweep_table(object, &symbols, table_of(object, DT_REL, DT_RELSZ, DT_RELCOUNT,
					       sizeof(ElfW(Rel))));
	sweep_table(object, &symbols, table_of(object, DT_JMPREL, DT_PLTRELSZ, 0, plt_entry));
	object->swept = running;
}
