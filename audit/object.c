/* SPDX-License-Identifier: MIT */
/* What ld.so has told us: link maps -> a table, and views of what they hold.
 *
 * Only public fields of struct link_map are used. What is not among them (the
 * program headers) is found from the file's own header, which every linker puts
 * at the start of the first segment. */
#include "audit/object.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/elf_hash.h"
#include "audit/elf_machine.h"
#include "audit/memfile.h"
#include "audit/process.h"
#include "audit/route.h"
#include "policy/package.h"

static struct object *first;		/* appended to under ld.so's lock, read without */

static char no_text[1];

/* An entry that readers pass over, at the end of the list if there is no other. */
static struct object *vacancy(void)
{
	struct object **end = &first;
	struct object *fresh;

	for (; *end; end = &(*end)->next)
		if ((*end)->gone)
			return *end;
	fresh = arena_take(&process.arena, sizeof *fresh);
	if (!fresh)
		return NULL;
	fresh->gone = true;
	fresh->path = fresh->soname = no_text;
	fresh->name = no_text;
	__atomic_store_n(end, fresh, __ATOMIC_RELEASE);
	return fresh;
}

/* By its own copy of the path: whoever reads the table without a lock can come by while
 * the object goes, and its entry is another's. */
static void identify(struct object *object)
{
	const char *path = object->map == process.main ? "/proc/self/exe" : object->path;
	struct status status;

	if (*path && !object_is_vdso(object) && status_of_path(path, &status))
		object->file = status.identity;
	object->identified = true;
}

/* Copies text into what an entry has for it, or into new memory. A reader in
 * another thread may see half of it, and always a NUL at the end: the last byte of
 * the room is never written. */
static bool set_text(char **text, size_t *room, const char *from)
{
	size_t wanted = (strlen(from) + 64) & ~(size_t)63;
	char *bytes = wanted > *room ? arena_take(&process.arena, wanted) : NULL;

	if (bytes) {
		*text = bytes;
		*room = wanted;
	}
	if (wanted > *room)
		return false;
	strcpy(*text, from);
	return true;
}

/* Names, each with its NUL, one after the other and an empty one after the last. The
 * room is this memory's for ever, so a reader in another thread who sees half of what
 * is written does not leave it. */
struct object_names {
	size_t room;			/* bytes of text */
	char text[];			/* the last byte is never written */
};

static struct object_names *names_with_room(struct object *object, size_t size)
{
	size_t room = (size + 64) & ~(size_t)63;
	struct object_names *names = object->needed;

	if (names && names->room > size)
		return names;
	names = arena_take(&process.arena, sizeof *names + room);
	if (names)
		names->room = room;
	return names;
}

static bool set_needed(struct object *object)
{
	const char *str = (const void *)object_dynamic(object, DT_STRTAB);
	const ElfW(Dyn) *dynamic = object->map->l_ld;
	struct object_names *names;
	size_t size = 0;
	char *end;

	for (const ElfW(Dyn) *dyn = dynamic; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_NEEDED)
			size += strlen(str + dyn->d_un.d_val) + 1;
	names = names_with_room(object, size + 1);
	if (!names)
		return false;
	object->needed = names;
	end = names->text;
	for (const ElfW(Dyn) *dyn = dynamic; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_NEEDED)
			end = stpcpy(end, str + dyn->d_un.d_val) + 1;
	*end = '\0';
	return true;
}

/* What is read of an object must not depend on ld.so's memory of it: that goes
 * when the object goes. */
static bool set_texts(struct object *object)
{
	const char *path = object->map->l_name;
	const char *soname = object->at_start ? NULL : object_string(object, DT_SONAME);

	if (!set_text(&object->path, &object->path_room, memfile_is_path(path) ? "" : path) ||
	    !set_text(&object->soname, &object->soname_room, soname ? soname : ""))
		return false;
	object->name = package_file_name(object->path);
	return object->at_start || set_needed(object);
}

struct object *object_add(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
{
	struct object *object = vacancy();

	if (!object)
		return NULL;
	/* One by one: an assignment of the whole could clear `gone` for an instant. */
	object->map = map;
	object->cookie = cookie;
	object->lmid = lmid;
	object->kind = OBJECT_OTHER;
	object->at_start = !process.started;
	object->profile = NULL;
	object->segments = NULL;
	object->segment_count = 0;
	object->identified = false;
	object->file = (struct identity){ 0 };
	object->package = NULL;
	if (!set_texts(object))
		return NULL;
	/* Those of the start stay, so they can wait until somebody asks. */
	if (!object->at_start)
		identify(object);
	/* Last, for readers in other threads pass over entries that are gone. */
	__atomic_store_n(&object->gone, false, __ATOMIC_RELEASE);
	return object;
}

void object_remove(struct object *object)
{
	/* All else stays as it is, for readers in other threads. */
	__atomic_store_n(&object->gone, true, __ATOMIC_RELEASE);
}

struct object *object_next(const struct object *object)
{
	struct object *const *from = object ? &object->next : &first;
	struct object *next = __atomic_load_n(from, __ATOMIC_ACQUIRE);

	while (next && __atomic_load_n(&next->gone, __ATOMIC_ACQUIRE))
		next = __atomic_load_n(&next->next, __ATOMIC_ACQUIRE);
	return next;
}

struct object *object_of_cookie(const uintptr_t *cookie)
{
	for (struct object *object = object_next(NULL); object; object = object_next(object))
		if (object->cookie == cookie)
			return object;
	return NULL;
}

struct object *object_of_map(const struct link_map *map)
{
	for (struct object *object = object_next(NULL); object; object = object_next(object))
		if (object->map == map)
			return object;
	return NULL;
}

struct object *object_of_file(struct identity file, Lmid_t lmid, bool base_counts)
{
	struct object *found = NULL;

	for (struct object *object = object_next(NULL); object; object = object_next(object)) {
		if (!object->identified)
			identify(object);
		if (!identity_equal(object->file, file))
			continue;
		if (object->lmid == lmid)
			return object;
		if (object->lmid == LM_ID_BASE ? base_counts : !found)
			found = object;
	}
	return found;
}

static bool has_probe(const struct object *object, const struct rule *profile)
{
	struct symbols symbols;

	object_symbols(object, &symbols);
	return symbols_find(&symbols, profile->exports->probe) != 0;
}

/* The profile by which the object is an interpreter, or NULL. A library of that
 * name can be another: libpython3.so has no symbols, LibreOffice has a
 * libpythonloaderlo.so. */
static const struct rule *profile_of(const struct object *object)
{
	const struct rules *rules = &process.settings.rules;
	const struct rule *profile = rules_interpreter(rules, object->name);

	if (object->map != process.main)
		return profile && has_probe(object, profile) ? profile : NULL;
	for (size_t n = 0; (profile = rules_executable(rules, n)); n++)
		if (has_probe(object, profile))
			return profile;
	return NULL;
}

/* Has it one of the functions that are steered? libc.so.6 has, libdl.so.2 before glibc
 * 2.34, and what is preloaded to replace theirs. */
static bool defines_route(const struct object *object)
{
	struct symbols symbols;
	const char *name;
	bool defines = false;

	object_symbols(object, &symbols);
	for (size_t i = 0; !defines && (name = route_name(i)); i++)
		defines = symbols_find(&symbols, name) != 0;
	return defines;
}

/* A module that an interpreter has loaded into base may itself call dlopen. */
static bool is_stdlib(const struct object *object)
{
	struct symbols symbols;

	if (!process.started)
		return false;
	object_symbols(object, &symbols);
	return symbols_is_module(&symbols, object->name);
}

static enum object_kind kind_of(struct object *object)
{
	object->profile = profile_of(object);
	if (object->profile)
		return OBJECT_INTERPRETER;
	/* Nobody else wants to know, and it is asked of every object of every program. */
	if (process.settings.record_file && defines_route(object))
		return OBJECT_LIBC;
	return is_stdlib(object) ? OBJECT_STDLIB : OBJECT_OTHER;
}

void object_recognize(struct object *object)
{
	object->kind = kind_of(object);
}

struct object *object_loader(void)
{
	uintptr_t base = getauxval(AT_BASE);
	struct object *object = object_next(NULL);

	while (object && !(object->at_start && object->map->l_addr == base))
		object = object_next(object);
	return object;
}

bool object_any_in(Lmid_t lmid)
{
	const struct object *object = object_next(NULL);

	while (object && object->lmid != lmid)
		object = object_next(object);
	return object;
}

bool object_is_vdso(const struct object *object)
{
	/* By the name it has on all architectures: linux-vdso, linux-gate. */
	return strncmp(object->path, "linux-", strlen("linux-")) == 0;
}

const char *object_path(const struct object *object)
{
	const char *path = object->map->l_name;

	return object->map == process.main ? (const char *)getauxval(AT_EXECFN) : path;
}

struct object *object_in_base(const char *file_name)
{
	for (struct object *object = object_next(NULL); object; object = object_next(object))
		if (object->lmid == LM_ID_BASE && strcmp(object->name, file_name) == 0)
			return object;
	return NULL;
}

bool object_is_called(const struct object *object, const char *name)
{
	return strcmp(object->name, name) == 0 || strcmp(object->soname, name) == 0;
}

const struct object *object_late(Lmid_t lmid, const char *name)
{
	const struct object *object = object_next(NULL);

	while (object && (object->lmid != lmid || object->at_start ||
			  !object_is_called(object, name)))
		object = object_next(object);
	return object;
}

/* Under the lock that ld.so's dlopen() has, and a child of fork() gets anew
 * (dl_load_lock); dl_iterate_phdr()'s (dl_load_write_lock) it would have to wait for
 * for ever, had another thread held it then (glibc posix/fork.c). */
bool object_pin(const struct object *object)
{
	void *handle;

	if (object->at_start)
		return true;
	handle = process.base.dlmopen(object->lmid, object->path, RTLD_LAZY | RTLD_NOLOAD);
	if (handle && handle != object->map)
		process.base.dlclose(handle);
	return handle && handle == object->map;
}

void object_unpin(const struct object *object)
{
	if (!object->at_start)
		process.base.dlclose(object->map);
}

/* Is the value of this tag an address? (gABI, figure 5-10, and GNU's additions) */
static bool is_address(ElfW(Sxword) tag)
{
	switch (tag) {
	case DT_PLTGOT: case DT_HASH: case DT_STRTAB: case DT_SYMTAB: case DT_RELA:
	case DT_REL: case DT_JMPREL: case DT_GNU_HASH: case DT_VERSYM: case DT_VERDEF:
	case DT_VERNEED:
		return true;
	}
	return false;
}

/* ld.so has relocated it in place, unless the section is read-only. */
static uintptr_t value_of(const struct object *object, const ElfW(Dyn) *dyn)
{
	const struct link_map *map = object->map;
	uintptr_t value = dyn->d_un.d_val;

	if (value && is_address(dyn->d_tag) && value < map->l_addr)
		value += map->l_addr;
	return value;
}

uintptr_t object_dynamic(const struct object *object, ElfW(Sxword) tag)
{
	const ElfW(Dyn) *found = NULL;

	for (const ElfW(Dyn) *dyn = object->map->l_ld; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == tag)
			found = dyn;
	return found ? value_of(object, found) : 0;
}

static const char *needed_at_start(const struct object *object, size_t n)
{
	for (const ElfW(Dyn) *dyn = object->map->l_ld; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_NEEDED && n-- == 0)
			return (const char *)object_dynamic(object, DT_STRTAB) + dyn->d_un.d_val;
	return NULL;
}

const char *object_needed(const struct object *object, size_t n)
{
	const struct object_names *names = object->needed;
	size_t at = 0;

	if (object->at_start)
		return needed_at_start(object, n);
	if (!names)
		return NULL;
	while (n-- && at < names->room && names->text[at])
		at += strlen(names->text + at) + 1;
	return at < names->room && names->text[at] ? names->text + at : NULL;
}

const char *object_string(const struct object *object, ElfW(Sxword) tag)
{
	uintptr_t offset = object_dynamic(object, tag);

	return offset ? (const char *)object_dynamic(object, DT_STRTAB) + offset : NULL;
}

const char *object_soname(const struct object *object)
{
	if (object->at_start)
		return object_string(object, DT_SONAME);
	return object->soname[0] ? object->soname : NULL;
}

bool object_is_first_needed(const struct object *object)
{
	const struct object *program = object_of_map(process.main);
	const char *needed = program ? object_needed(program, 0) : NULL, *soname;

	if (!needed || object == program)
		return false;
	if (strcmp(object->name, needed) == 0)
		return true;
	soname = object_soname(object);
	return soname && strcmp(soname, needed) == 0;
}

void object_symbols(const struct object *object, struct symbols *symbols)
{
	*symbols = (struct symbols){ 0 };
	for (const ElfW(Dyn) *dyn = object->map->l_ld; dyn->d_tag != DT_NULL; dyn++) {
		uintptr_t value = value_of(object, dyn);
		const void *address = (const void *)value;

		switch (dyn->d_tag) {
		case DT_SYMTAB:		symbols->sym = address; break;
		case DT_STRTAB:		symbols->str = address; break;
		case DT_STRSZ:		symbols->str_size = value; break;
		case DT_VERSYM:		symbols->versym = address; break;
		case DT_VERDEF:		symbols->verdef = address; break;
		case DT_VERDEFNUM:	symbols->verdef_count = value; break;
		case DT_VERNEED:	symbols->verneed = address; break;
		case DT_VERNEEDNUM:	symbols->verneed_count = value; break;
		case DT_GNU_HASH:	symbols->gnu_hash = address; break;
		case DT_HASH:		symbols->sysv_hash = address; break;
		}
	}
	/* Without a hash table ld.so finds nothing there, either. */
	symbols->count = symbols->gnu_hash || symbols->sysv_hash ? SIZE_MAX : 0;
}

void object_counted_symbols(const struct object *object, struct symbols *symbols)
{
	object_symbols(object, symbols);
	if (symbols->gnu_hash)
		symbols->count = symbols->gnu_count = hash_gnu_symbols(symbols->gnu_hash);
	else if (symbols->sysv_hash)
		symbols->count = symbols->sysv_hash[1];
}

bool object_pin_definer(const struct object *object, const char *symbol)
{
	struct symbols symbols;

	if (!object_pin(object))
		return false;
	object_symbols(object, &symbols);
	if (symbols_find(&symbols, symbol))
		return true;
	object_unpin(object);
	return false;
}

/* Of one table of relocations, with entries of so many bytes. Rela begins as Rel does. */
static bool table_has_slot(const struct object *object, uintptr_t start, size_t bytes,
			   size_t entry, const char *symbol, uintptr_t value)
{
	struct symbols symbols;

	object_symbols(object, &symbols);
	for (size_t at = 0; start && at + entry <= bytes; at += entry) {
		const ElfW(Rel) *rel = (const void *)(start + at);
		size_t index = R_SYM(rel->r_info);
		uintptr_t slot;

		if (!index || strcmp(symbols.str + symbols.sym[index].st_name, symbol) != 0)
			continue;
		memcpy(&slot, (const void *)(object->map->l_addr + rel->r_offset), sizeof slot);
		if (slot == value)
			return true;
	}
	return false;
}

bool object_has_slot(const struct object *object, const char *symbol, uintptr_t value)
{
	bool is_rela = object_dynamic(object, DT_PLTREL) == DT_RELA;

	return table_has_slot(object, object_dynamic(object, DT_JMPREL),
			      object_dynamic(object, DT_PLTRELSZ),
			      is_rela ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel)), symbol, value) ||
	       table_has_slot(object, object_dynamic(object, DT_RELA),
			      object_dynamic(object, DT_RELASZ), sizeof(ElfW(Rela)), symbol,
			      value) ||
	       table_has_slot(object, object_dynamic(object, DT_REL),
			      object_dynamic(object, DT_RELSZ), sizeof(ElfW(Rel)), symbol, value);
}

void *object_address(const struct object *object, const char *symbol)
{
	struct symbols symbols;
	size_t index;

	object_symbols(object, &symbols);
	index = symbols_find(&symbols, symbol);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an index was found there */
	return index ? (void *)(object->map->l_addr + symbols.sym[index].st_value) : NULL;
}

static bool is_mapped(uintptr_t address)
{
	uintptr_t page = getpagesize();

	return madvise((void *)(address & -page), page, MADV_NORMAL) == 0;
}

/* The file's header in memory, if it is at the object's address 0, where every linker
 * puts it, and is this object's. */
static const ElfW(Ehdr) *header(const struct object *object)
{
	const ElfW(Ehdr) *ehdr = (const void *)object->map->l_addr;
	const ElfW(Phdr) *phdr;

	if (!ehdr || !is_mapped((uintptr_t)ehdr) || memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0)
		return NULL;
	phdr = (const void *)((const char *)ehdr + ehdr->e_phoff);
	for (size_t i = 0; i < ehdr->e_phnum; i++)
		if (phdr[i].p_type == PT_DYNAMIC &&
		    object->map->l_addr + phdr[i].p_vaddr == (uintptr_t)object->map->l_ld)
			return ehdr;
	return NULL;
}

const ElfW(Phdr) *object_segments(struct object *object, size_t *count)
{
	const ElfW(Ehdr) *ehdr;

	if (!object->segments && object->map == process.main) {
		object->segment_count = getauxval(AT_PHNUM);
		object->segments = (const void *)getauxval(AT_PHDR);
	} else if (!object->segments && (ehdr = header(object))) {
		object->segment_count = ehdr->e_phnum;
		object->segments = (const void *)((const char *)ehdr + ehdr->e_phoff);
	}
	*count = object->segments ? object->segment_count : 0;
	return object->segments;
}

static const ElfW(Phdr) *segment_with(struct object *object, uintptr_t address)
{
	size_t count;
	const ElfW(Phdr) *segment = object_segments(object, &count);
	uintptr_t offset = address - object->map->l_addr;

	for (size_t i = 0; i < count; i++)
		if (segment[i].p_type == PT_LOAD &&
		    offset - segment[i].p_vaddr < segment[i].p_memsz)
			return &segment[i];
	return NULL;
}

bool object_has(struct object *object, uintptr_t address)
{
	return segment_with(object, address);
}

int object_protection(struct object *object, uintptr_t address)
{
	const ElfW(Phdr) *segment = segment_with(object, address);
	ElfW(Word) flags = segment ? segment->p_flags : PF_R;

	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC : 0);
}
