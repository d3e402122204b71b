/* SPDX-License-Identifier: MIT */
/* An object's references to dlopen and its like -> our entries, before ld.so binds them.
 *
 * An undefined symbol that has a route is made a local, absolute one. ld.so takes the value
 * of such a symbol wherever the object refers to it, and looks it up nowhere: at once or at
 * the first call, in the PLT, the GOT or a table of functions (PyPy's JIT calls through
 * one), in every glibc since 2.28 and on every architecture (dl-reloc.c, RESOLVE_MAP;
 * dl-runtime.c, _dl_fixup). Nobody else can bind to it. */
#include "audit/redirect.h"

#include <sys/mman.h>
#include <unistd.h>

#include "audit/process.h"
#include "audit/route.h"

static void *page_of(const void *address)
{
	return (void *)((uintptr_t)address & -(uintptr_t)getpagesize());
}

/* The table may be in a page of code (-z noseparate-code), which stays executable: taken
 * away and asked for again, SELinux would not give that back. */
static bool set_symbol(struct object *object, ElfW(Sym) *sym, const ElfW(Sym) *value)
{
	int protection = object_protection(object, (uintptr_t)sym);
	char *start = page_of(sym), *end = (char *)(sym + 1);

	if (mprotect(start, end - start, protection | PROT_WRITE) < 0)
		return false;
	*sym = *value;
	mprotect(start, end - start, protection);
	return true;
}

static bool redirect_symbol(struct object *object, const ElfW(Sym) *sym, uintptr_t entry)
{
	ElfW(Sym) local = *sym;

	local.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	local.st_other = STV_HIDDEN;
	local.st_shndx = SHN_ABS;
	local.st_value = entry;
	return set_symbol(object, (ElfW(Sym) *)sym, &local);
}

void redirect(struct object *object)
{
	struct symbols symbols;
	bool done = true;

	object_counted_symbols(object, &symbols);
	for (size_t i = 1; i < symbols.count; i++) {
		const ElfW(Sym) *sym = &symbols.sym[i];
		uintptr_t entry = 0;

		if (sym->st_shndx == SHN_UNDEF)
			entry = route_outside(symbols.str + sym->st_name);
		if (entry)
			done &= redirect_symbol(object, sym, entry);
	}
	if (!done)
		process_log(LOG_LEVEL_ERROR, "%s: its symbol table cannot be written (mprotect); "
			    "modules that it opens are not isolated", object_path(object));
}
