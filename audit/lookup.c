/* SPDX-License-Identifier: MIT */
/* A reference and scopes -> the definition that ld.so would bind it to.
 *
 * The hard thing is to be as odd as ld.so is: an unversioned reference takes the oldest
 * version, a versioned one takes what has no versions, the address of a function may be
 * that of an undefined symbol of the executable. So match() goes step by step with glibc,
 * elf/dl-lookup.c, check_match(), and find() with do_lookup_x(). */
#include "audit/lookup.h"

#include <string.h>

#include "audit/elf_hash.h"
#include "audit/elf_machine.h"

#define INDEX_MASK 0x7fff
#define INDEX_HIDDEN 0x8000

/* Of versym: local, global without a version, and the first that verdef has. */
#define INDEX_FIRST 2

/* ---- versions ---- */

static const void *after(const void *record, size_t bytes)
{
	return (const char *)record + bytes;
}

static const ElfW(Vernaux) *next_aux(const ElfW(Verneed) **need, const ElfW(Vernaux) *aux)
{
	if (aux && aux->vna_next)
		return after(aux, aux->vna_next);
	if (aux)
		*need = (*need)->vn_next ? after(*need, (*need)->vn_next) : NULL;
	return *need ? after(*need, (*need)->vn_aux) : NULL;
}

static const ElfW(Verdef) *next_def(const ElfW(Verdef) *def)
{
	return def->vd_next ? after(def, def->vd_next) : NULL;
}

static const char *def_name(const struct symbols *symbols, const ElfW(Verdef) *def)
{
	const ElfW(Verdaux) *aux = after(def, def->vd_aux);

	return symbols->str + aux->vda_name;
}

size_t lookup_version_count(const struct symbols *symbols)
{
	const ElfW(Verneed) *need = symbols->verneed;
	const ElfW(Vernaux) *aux = NULL;
	size_t highest = 0;

	while (need && (aux = next_aux(&need, aux)))
		if ((aux->vna_other & INDEX_MASK) > highest)
			highest = aux->vna_other & INDEX_MASK;
	for (const ElfW(Verdef) *def = symbols->verdef; def; def = next_def(def))
		if ((def->vd_ndx & INDEX_MASK) > highest)
			highest = def->vd_ndx & INDEX_MASK;
	return highest + 1;
}

void lookup_versions(const struct symbols *symbols, struct lookup_version *version)
{
	const ElfW(Verneed) *need = symbols->verneed;
	const ElfW(Vernaux) *aux = NULL;

	for (size_t i = lookup_version_count(symbols); i-- > 0;)
		version[i] = (struct lookup_version){ .name = "" };
	while (need && (aux = next_aux(&need, aux)))
		version[aux->vna_other & INDEX_MASK] = (struct lookup_version){
			.name = symbols->str + aux->vna_name,
			.hash = aux->vna_hash,
			.is_hidden = aux->vna_other & INDEX_HIDDEN,
		};
	/* Nothing matches the base version by its name. ld.so leaves is_hidden as it was. */
	for (const ElfW(Verdef) *def = symbols->verdef; def; def = next_def(def))
		if (!(def->vd_flags & VER_FLG_BASE)) {
			version[def->vd_ndx & INDEX_MASK].name = def_name(symbols, def);
			version[def->vd_ndx & INDEX_MASK].hash = def->vd_hash;
		}
}

const char *lookup_needed_version(const struct symbols *symbols, size_t *at, size_t *aux_at,
				  const char **library, bool *is_weak)
{
	const ElfW(Verneed) *need = symbols->verneed ? after(symbols->verneed, *at) : NULL;
	const ElfW(Vernaux) *aux = *aux_at ? after(symbols->verneed, *aux_at) : NULL;

	aux = need ? next_aux(&need, aux) : NULL;
	if (!aux)
		return NULL;
	*at = (size_t)((const char *)need - (const char *)symbols->verneed);
	*aux_at = (size_t)((const char *)aux - (const char *)symbols->verneed);
	*library = symbols->str + need->vn_file;
	*is_weak = aux->vna_flags & VER_FLG_WEAK;
	return symbols->str + aux->vna_name;
}

bool lookup_has_version(const struct symbols *library, const char *version)
{
	for (const ElfW(Verdef) *def = library->verdef; def; def = next_def(def))
		if (strcmp(def_name(library, def), version) == 0)
			return true;
	return !library->verdef;
}

/* ---- a reference ---- */

enum lookup_class lookup_class(size_t type)
{
	return type == RELOC_JUMP_SLOT || reloc_kind(type) & RELOC_TLS ? LOOKUP_PLT : LOOKUP_DATA;
}

static bool binds_local(const ElfW(Sym) *sym)
{
	unsigned char visibility = ELF64_ST_VISIBILITY(sym->st_other);

	return visibility == STV_HIDDEN || visibility == STV_INTERNAL;
}

bool lookup_is_local(const struct symbols *symbols, size_t symbol)
{
	const ElfW(Sym) *sym = &symbols->sym[symbol];

	return ELF64_ST_BIND(sym->st_info) == STB_LOCAL || binds_local(sym);
}

struct lookup_reference lookup_reference(const struct lookup_object *object, size_t symbol,
					 enum lookup_class class, uint32_t hash)
{
	const struct symbols *symbols = object->symbols;
	const struct lookup_version *version = NULL;

	if (symbols->versym)
		version = &object->version[symbols->versym[symbol] & INDEX_MASK];
	return (struct lookup_reference){
		.name = symbols->str + symbols->sym[symbol].st_name,
		.hash = hash,
		.version = version && version->hash ? version : NULL,
		.class = class,
	};
}

/* ---- the search ---- */

enum match { MATCH_NO, MATCH_YES, MATCH_PERHAPS };	/* PERHAPS: if there is no other such */

/* What is said of a candidate that does not match. */
struct verdict {
	enum match match;
	const char *why;
};

static struct verdict no(const char *why)
{
	return (struct verdict){ MATCH_NO, why };
}

static bool is_definition(const ElfW(Sym) *sym, enum lookup_class class)
{
	const unsigned types = 1 << STT_NOTYPE | 1 << STT_OBJECT | 1 << STT_FUNC |
			       1 << STT_COMMON | 1 << STT_TLS | 1 << STT_GNU_IFUNC;
	unsigned type = ELF64_ST_TYPE(sym->st_info);

	if (sym->st_value == 0 && sym->st_shndx != SHN_ABS && type != STT_TLS)
		return false;
	if (class == LOOKUP_PLT && sym->st_shndx == SHN_UNDEF)
		return false;
	return types >> type & 1;
}

static struct verdict match_version(const struct lookup_object *object, ElfW(Half) versym,
				    const struct lookup_version *version)
{
	const struct lookup_version *own = &object->version[versym & INDEX_MASK];

	if (own->hash == version->hash && strcmp(own->name, version->name) == 0)
		return (struct verdict){ MATCH_YES, NULL };
	if (own->name[0])
		return no("it has other versions only");
	if (version->is_hidden || versym & INDEX_HIDDEN)
		return no("it has that version hidden only");
	return (struct verdict){ MATCH_PERHAPS, NULL };
}

/* glibc, elf/dl-lookup.c, check_match(), for a symbol of that name. */
static struct verdict match(const struct lookup_object *object, size_t symbol,
			    const struct lookup_reference *reference)
{
	const struct symbols *symbols = object->symbols;
	ElfW(Half) versym;

	if (!is_definition(&symbols->sym[symbol], reference->class))
		return no("it refers to it itself");
	if (!symbols->versym)
		return (struct verdict){ MATCH_YES, NULL };
	versym = symbols->versym[symbol];
	if (reference->version)
		return match_version(object, versym, reference->version);
	if ((versym & INDEX_MASK) <= INDEX_FIRST)
		return (struct verdict){ MATCH_YES, NULL };
	if (versym & INDEX_HIDDEN)
		return no("it has hidden versions only");
	return (struct verdict){ MATCH_PERHAPS, NULL };
}

/* The symbol that the object gives for the reference, or 0, with the reason in why. */
static size_t find(const struct lookup_object *object, const struct lookup_reference *reference,
		   const char **why)
{
	const struct symbols *symbols = object->symbols;
	size_t symbol, fallback = 0, fallbacks = 0;
	struct hash_quest quest = { .name = reference->name, .gnu = reference->hash };

	*why = "";
	for (symbol = hash_first(symbols, &quest); symbol; symbol = hash_next(symbols, &quest)) {
		struct verdict verdict = match(object, symbol, reference);

		if (verdict.match == MATCH_YES)
			break;
		if (verdict.match == MATCH_PERHAPS && fallbacks++ == 0)
			fallback = symbol;
		if (verdict.match == MATCH_NO)
			*why = verdict.why;
	}
	if (symbol)
		return symbol;
	if (fallbacks > 1)
		*why = "it has several versions, and none is asked for";
	return fallbacks == 1 ? fallback : 0;
}

/* What do_lookup_x() asks of a symbol that matches. */
static const char *fault(const struct lookup_object *object, const ElfW(Sym) *sym,
			 const char *name)
{
	if (binds_local(sym))
		return "it is hidden there";
	if (ELF64_ST_BIND(sym->st_info) != STB_GLOBAL && ELF64_ST_BIND(sym->st_info) != STB_WEAK &&
	    ELF64_ST_BIND(sym->st_info) != STB_GNU_UNIQUE)
		return "it is local there";
	if (object->shows && !object->shows(object->context, name))
		return "it is no name of the C API";
	return NULL;
}

static size_t look(const struct lookup_object *object, const struct lookup_reference *reference,
		   const char **why)
{
	size_t symbol;

	symbol = find(object, reference, why);
	if (symbol)
		*why = fault(object, &object->symbols->sym[symbol], reference->name);
	return symbol && !*why ? symbol : 0;
}

struct lookup_found lookup_in(const struct lookup_scope *scope,
			      const struct lookup_reference *reference)
{
	const char *why;

	for (size_t i = 0; i < scope->count; i++) {
		size_t symbol = look(scope->object[i], reference, &why);

		if (symbol)
			return (struct lookup_found){ scope->object[i], symbol };
	}
	return (struct lookup_found){ NULL, 0 };
}

const char *lookup_why_not(const struct lookup_object *object,
			   const struct lookup_reference *reference)
{
	const char *why;

	return look(object, reference, &why) ? NULL : why;
}

bool lookup_is_unique(const struct lookup_found *found)
{
	return found->object && ELF64_ST_BIND(found->object->symbols->sym[found->symbol].st_info) ==
					STB_GNU_UNIQUE;
}

const struct lookup_unique *lookup_unique_of(const struct lookup_unique *first,
					     const struct lookup_reference *reference)
{
	while (first && (first->hash != reference->hash ||
			 strcmp(first->name, reference->name) != 0))
		first = first->next;
	return first;
}
