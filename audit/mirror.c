/* SPDX-License-Identifier: MIT */
/* A loaded object + a filter -> an image that stands for it in a namespace.
 *
 * The hard thing is a symbol's value: not where the original defines it, but
 * what a reference of base would bind to. Most often that is the same. It is
 * not where the program has a COPY relocation (environ, stdout) or a canonical
 * PLT entry, where a preloaded library replaces the function, and for malloc and
 * its family wherever any object of base's scope replaces it. Those are looked up
 * here: dlvsym() passes over definitions without a version (its version.hidden is
 * set), which references do not. All else is an addition, or what an IFUNC picks. */
#include "audit/mirror.h"

#include <string.h>

#include "audit/elf_hash.h"
#include "audit/elf_machine.h"
#include "audit/image.h"
#include "audit/process.h"
#include "audit/record.h"
#include "audit/route.h"

/* What an allocator replaces (glibc manual, "Replacing malloc"), and what
 * jemalloc and tcmalloc define beside it. */
static const char *const malloc_family[] = {
	"malloc", "free", "calloc", "realloc", "reallocarray", "aligned_alloc",
	"memalign", "posix_memalign", "valloc", "pvalloc", "malloc_usable_size",
	"cfree", "mallinfo", "mallinfo2", "malloc_info", "malloc_stats", "malloc_trim",
	"mallopt",
};

struct maker {
	const struct object *object;
	void *handle;			/* that finds the object's symbols */
	struct symbols from;		/* the original's */
	struct image image;
	const struct mirror_filter *filter;
	struct diag *diag;
};

static const void *after(const void *entry, size_t offset)
{
	return (const char *)entry + offset;
}

/* The version of symbol i by name, or NULL: its own, or the one that a program
 * has a COPY relocation or a PLT entry for. Index 1 is no version (gABI). */
static const char *version_of(const struct symbols *symbols, size_t i)
{
	const ElfW(Verdef) *def = symbols->verdef;
	const ElfW(Verneed) *need = symbols->verneed;
	unsigned index = symbols->versym ? symbols->versym[i] & 0x7fff : 0;

	if (index < 2)
		return NULL;
	for (size_t n = 0; def && n < symbols->verdef_count; n++) {
		const ElfW(Verdaux) *aux = after(def, def->vd_aux);

		if (def->vd_ndx == index)
			return symbols->str + aux->vda_name;
		def = after(def, def->vd_next);
	}
	for (size_t n = 0; need && n < symbols->verneed_count; n++) {
		const ElfW(Vernaux) *aux = after(need, need->vn_aux);

		for (unsigned k = 0; k < need->vn_cnt; k++, aux = after(aux, aux->vna_next))
			if (aux->vna_other == index)
				return symbols->str + aux->vna_name;
		need = after(need, need->vn_next);
	}
	return NULL;
}

static uintptr_t libc_resolved(void *handle, const struct symbols *symbols, size_t i)
{
	const char *name = symbols->str + symbols->sym[i].st_name;
	const char *version = version_of(symbols, i);

	return (uintptr_t)(version ? process.base.dlvsym(handle, name, version)
				   : process.base.dlsym(handle, name));
}

/* Runs the resolver of symbol i, which picks the function for this processor. Where it wants
 * to be told something, base's libc does it, which takes ten times as long. */
static uintptr_t resolved_value(void *handle, const struct symbols *symbols, size_t i,
				uintptr_t resolver)
{
	return MACHINE_BARE_RESOLVERS ? ((uintptr_t (*)(void))resolver)()
				      : libc_resolved(handle, symbols, i);
}

static void drop(struct maker *maker, size_t i)
{
	ElfW(Sym) *sym = &maker->image.sym[i];

	/* ld.so passes over undefined symbols with value 0, but for TLS ones. */
	sym->st_info = ELF64_ST_INFO(ELF64_ST_BIND(sym->st_info), STT_NOTYPE);
	sym->st_shndx = SHN_UNDEF;
	sym->st_value = 0;
	sym->st_size = 0;
	if (maker->image.versym)
		maker->image.versym[i] = 0;
}

/* The symbol as SHN_ABS, at the address where the original defines it. */
static void place(const struct maker *maker, size_t i, ElfW(Sym) *sym, uintptr_t base)
{
	unsigned bind = ELF64_ST_BIND(sym->st_info);

	if (sym->st_shndx != SHN_ABS)
		sym->st_value += base;
	sym->st_shndx = SHN_ABS;
	if (ELF64_ST_TYPE(sym->st_info) == STT_GNU_IFUNC) {
		sym->st_info = ELF64_ST_INFO(bind, STT_FUNC);
		sym->st_value = resolved_value(maker->handle, &maker->from, i, sym->st_value);
	}
	/* ld.so keeps one table of unique symbols a namespace, and pins who is in it. */
	if (bind == STB_GNU_UNIQUE)
		sym->st_info = ELF64_ST_INFO(STB_GLOBAL, ELF64_ST_TYPE(sym->st_info));
}

static bool is_private(const struct maker *maker, size_t i)
{
	const char *version = version_of(&maker->from, i);

	return version && strcmp(version, "GLIBC_PRIVATE") == 0;
}

static const char *name_of(const struct maker *maker, size_t i)
{
	return maker->from.str + maker->from.sym[i].st_name;
}

static bool drop_thread_local(struct maker *maker, size_t i)
{
	drop(maker, i);
	return is_private(maker, i) ||
	       diag_set(maker->diag, "%s cannot be shared: its symbol %s is thread-local",
			object_path(maker->object), name_of(maker, i));
}

/* What is in a variable here is not looked for again at each of some thousand symbols. */
static bool make_symbols(struct maker *maker)
{
	const struct mirror_filter filter = *maker->filter;
	const uintptr_t base = maker->object->map->l_addr;
	const size_t count = maker->from.count;
	ElfW(Sym) *const first = maker->image.sym;

	for (size_t i = 1; i < count; i++) {
		ElfW(Sym) *sym = first + i;

		if (sym->st_shndx == SHN_UNDEF ||
		    (filter.passes && !filter.passes(filter.context, name_of(maker, i))))
			drop(maker, i);
		else if (ELF64_ST_TYPE(sym->st_info) != STT_TLS)
			place(maker, i, sym, base);
		else if (!drop_thread_local(maker, i))
			return false;
	}
	return true;
}

/* Would a reference to that version bind to symbol i of an object that stands
 * earlier in the scope? (glibc elf/dl-lookup.c, check_match) */
static bool answers(const struct symbols *symbols, size_t i, const char *version)
{
	const char *its = version_of(symbols, i);

	return !its || (version && strcmp(its, version) == 0);
}

/* Symbol i of an object that stands earlier in base's scope is what references to
 * its name bind to. */
static void override(struct maker *maker, const struct object *object,
		     const struct symbols *symbols, size_t i)
{
	const ElfW(Sym) *sym = &symbols->sym[i];
	const char *name = symbols->str + sym->st_name;
	bool is_ifunc = ELF64_ST_TYPE(sym->st_info) == STT_GNU_IFUNC;
	uintptr_t value = object->map->l_addr + sym->st_value;

	if (ELF64_ST_TYPE(sym->st_info) == STT_TLS || ELF64_ST_BIND(sym->st_info) == STB_LOCAL)
		return;
	for (size_t n = symbols_find(&maker->from, name); n;
	     n = symbols_find_next(&maker->from, n)) {
		if (maker->image.sym[n].st_shndx != SHN_ABS ||
		    !answers(symbols, i, version_of(&maker->from, n)))
			continue;
		maker->image.sym[n].st_value =
			is_ifunc ? resolved_value(process.main, symbols, i, value) : value;
	}
}

/* All that the program or a preloaded library defines; also what is undefined in
 * the program but has a value, its PLT entry: the address of the function that
 * everybody compares with. */
static void override_all(struct maker *maker, const struct object *object)
{
	struct symbols symbols;

	object_counted_symbols(object, &symbols);
	for (size_t i = 1; i < symbols.count; i++)
		if (symbols.sym[i].st_value != 0 && symbols.sym[i].st_name != 0 &&
		    hash_may_name(&maker->from, &symbols, i))
			override(maker, object, &symbols, i);
}

static void override_malloc(struct maker *maker, const struct object *object)
{
	struct symbols symbols;

	object_symbols(object, &symbols);
	for (size_t i = 0; i < sizeof malloc_family / sizeof *malloc_family; i++) {
		size_t found = symbols_find(&symbols, malloc_family[i]);

		if (found)
			override(maker, object, &symbols, found);
	}
}

#define EARLIER_MAX 128

/* The start-up objects that base searches before the original, in that order, which is
 * not that of their arrival: ld.so comes second then, and up to glibc 2.31 has a malloc.
 * preloaded gets how many of them stand before the program's first needed library: the
 * program itself and what was preloaded. */
static size_t find_earlier(const struct object *original, const struct object **earlier,
			   size_t *preloaded)
{
	const struct object *object;
	size_t count = 0;

	*preloaded = 0;
	/* Others come and go behind the last of the start. */
	for (const struct link_map *map = process.main; map;
	     map = map == process.last ? NULL : map->l_next) {
		object = object_of_map(map);
		if (object == original || count == EARLIER_MAX)
			break;
		if (!object || object_is_vdso(object))
			continue;
		if (!*preloaded && object_is_first_needed(object))
			*preloaded = count;
		earlier[count++] = object;
	}
	if (!*preloaded)
		*preloaded = count;
	return count;
}

/* From the last to the first, so that the first has the last word. */
static void override_by_earlier(struct maker *maker)
{
	const struct object *earlier[EARLIER_MAX];
	size_t preloaded, count = find_earlier(maker->object, earlier, &preloaded);
	bool allocates = symbols_find(&maker->from, "malloc");

	while (count-- > preloaded)
		if (allocates)
			override_malloc(maker, earlier[count]);
	for (count = preloaded; count-- > 0;)
		override_all(maker, earlier[count]);
}

/* Modules get our dlopen: RTLD_GLOBAL in a namespace crashes every glibc
 * (_ns_main_searchlist is NULL; elf/dl-open.c, add_to_global_resize). */
static void route(struct maker *maker)
{
	const char *name;

	for (size_t i = 0; (name = route_name(i)); i++) {
		uintptr_t entry = route_inside(name);

		for (size_t n = entry ? symbols_find(&maker->from, name) : 0; n;
		     n = symbols_find_next(&maker->from, n))
			if (maker->image.sym[n].st_shndx == SHN_ABS)
				maker->image.sym[n].st_value = entry;
	}
}

static bool fill(struct maker *maker)
{
	if (!make_symbols(maker))
		return false;
	override_by_earlier(maker);
	route(maker);
	return true;
}

static bool make(struct mirror *mirror, struct maker *maker, const char *label,
		 const struct image_plan *plan)
{
	size_t size = image_size(plan);
	void *bytes = size ? memfile_bytes(size) : NULL;

	if (size == 0)
		return diag_set(maker->diag, "%s: too large for an ELF file", label);
	if (!bytes)
		return diag_set(maker->diag, "no memory for the mirror of %s", label);
	image_write(&maker->image, plan, bytes);
	if (maker->object && !fill(maker)) {
		memfile_drop(bytes);
		return false;
	}
	if (!memfile_make(&mirror->file, label, &maker->image, maker->diag))
		return false;
	record_mirror(mirror->file.path, maker->object, label, maker->image.size);
	return true;
}

/* What came after the start can be closed, also once too often, but is mirrored for good. */
static bool keep(const struct object *object)
{
	return object->at_start ||
	       process.base.dlmopen(object->lmid, object->path,
				    RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) == object->map;
}

bool mirror_make(struct mirror *mirror, const struct object *object, const char *label,
		 const struct mirror_filter *filter, const char *const *needed,
		 size_t needed_count, struct diag *diag)
{
	struct maker maker = { .object = object, .filter = filter, .diag = diag };
	struct image_plan plan = {
		.symbols = &maker.from,
		.needed = needed,
		.needed_count = needed_count,
	};
	bool good;

	/* Another thread may have closed it since somebody found it. */
	if (!object_pin(object))
		return diag_set(diag, "%s is not loaded any more", object->path);
	/* Start-up objects have no search list of their own in ld.so (l_searchlist), but
	 * stand in the program's. */
	maker.handle = object->at_start ? process.main : object->map;
	object_counted_symbols(object, &maker.from);
	good = make(mirror, &maker, label, &plan);
	if (good && !keep(object)) {
		memfile_close(&mirror->file);
		good = diag_set(diag, "%s cannot be kept in memory", object->path);
	}
	object_unpin(object);
	return good;
}

static bool has_thread_local(const struct object *object)
{
	struct maker maker = { .object = object };

	object_counted_symbols(object, &maker.from);
	for (size_t i = 1; i < maker.from.count; i++)
		if (maker.from.sym[i].st_shndx != SHN_UNDEF &&
		    ELF64_ST_TYPE(maker.from.sym[i].st_info) == STT_TLS &&
		    !is_private(&maker, i))
			return true;
	return false;
}

bool mirror_is_possible(const struct object *object)
{
	bool possible;

	if (!object_pin(object))
		return false;
	possible = !has_thread_local(object);
	object_unpin(object);
	return possible;
}

bool mirror_make_scope(struct mirror *mirror, const char *label, const char *const *needed,
		       size_t needed_count, struct diag *diag)
{
	struct maker maker = { .diag = diag };
	struct image_plan plan = { .needed = needed, .needed_count = needed_count };

	return make(mirror, &maker, label, &plan);
}
