/* SPDX-License-Identifier: MIT */
/* An object's references to dlopen and its like -> our entries, before ld.so binds them.
 *
 * An undefined symbol that has a route is made a local, absolute one. ld.so takes the value
 * of such a symbol wherever the object refers to it, and looks it up nowhere: at once or at
 * the first call, in the PLT, the GOT or a table of functions (PyPy's JIT calls through
 * one), in every glibc since 2.28 and on every architecture (dl-reloc.c, RESOLVE_MAP;
 * dl-runtime.c, _dl_fixup). Nobody else can bind to it.
 *
 * A profiler such as memray puts functions of its own into those slots, and calls what the
 * symbol table of libc says is dlopen(); later it puts that into the slots. So the table
 * has an entry, too. */
#include "audit/redirect.h"

#include <sys/mman.h>
#include <unistd.h>

#include "audit/process.h"
#include "audit/route.h"

/* The table may be in pages of code (-z noseparate-code), which stay executable: taken
 * away and asked for again, SELinux would not give that back. */
static bool set_writable(struct object *object, const ElfW(Sym) *sym, size_t count,
			 bool writable)
{
	uintptr_t start = (uintptr_t)sym & -(uintptr_t)getpagesize();
	int protection = object_protection(object, (uintptr_t)sym);

	return !mprotect((void *)start, (uintptr_t)(sym + count) - start,
			 writable ? protection | PROT_WRITE : protection);
}

static void redirect_symbol(ElfW(Sym) *sym, uintptr_t entry)
{
	sym->st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	sym->st_other = STV_HIDDEN;
	sym->st_shndx = SHN_ABS;
	sym->st_value = entry;
}

void redirect(struct object *object)
{
	struct symbols symbols;
	bool writable = false;

	object_counted_symbols(object, &symbols);
	for (size_t i = 1; i < symbols.count; i++) {
		const ElfW(Sym) *sym = &symbols.sym[i];
		uintptr_t entry = 0;

		if (sym->st_shndx == SHN_UNDEF)
			entry = route_outside(symbols.str + sym->st_name);
		if (!entry)
			continue;
		if (!writable &&
		    !(writable = set_writable(object, symbols.sym, symbols.count, true))) {
			process_log(LOG_LEVEL_ERROR, "%s: its symbol table cannot be written "
				    "(mprotect); modules that it opens are not isolated",
				    object_path(object));
			return;
		}
		redirect_symbol((ElfW(Sym) *)sym, entry);
		process.has_entries = true;
	}
	if (writable)
		set_writable(object, symbols.sym, symbols.count, false);
}

/* Every version of it that the object defines; false if that is not the real one. */
static bool redirect_defined(struct object *object, const char *name)
{
	const uintptr_t base = object->map->l_addr, real = route_real(name);
	const uintptr_t entry = route_found(name);
	struct symbols symbols;
	bool found = false;

	object_symbols(object, &symbols);
	for (size_t i = symbols_find(&symbols, name); i; i = symbols_find_next(&symbols, i)) {
		ElfW(Sym) *sym = (ElfW(Sym) *)&symbols.sym[i];

		if (base + sym->st_value != real || !set_writable(object, sym, 1, true))
			continue;
		sym->st_value = entry - base;
		set_writable(object, sym, 1, false);
		found = true;
	}
	return found;
}

void redirect_definition(void)
{
	static bool done;
	const char *name;

	if (__atomic_exchange_n(&done, true, __ATOMIC_ACQ_REL))
		return;
	for (size_t n = 0; (name = route_name(n)); n++) {
		struct object *object = route_found(name) ? object_next(NULL) : NULL;

		while (object && !(object->lmid == LM_ID_BASE && redirect_defined(object, name)))
			object = object_next(object);
	}
}
