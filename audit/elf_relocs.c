/* SPDX-License-Identifier: MIT */
/* Relocations: every word that ld.so will write is one it may write, and every
 * function it will call is code.
 *
 * Writable memory of the file, less the tables that ld.so still reads, is cut into
 * spans. Offsets come in ascending runs, so the span of the last relocation nearly
 * always has the next one too: the common case is one comparison. */
#include "audit/elf_parts.h"

#include <string.h>

#include "audit/elf_machine.h"

#define WORD sizeof(ElfW(Addr))
#define IS_REL(table) (MACHINE_HAS_REL && (table)->is_rel)

/* Arrays of functions: ld.so calls every entry (dl-init.c, dl-fini.c). */
enum { ARRAY_INIT, ARRAY_FINI, ARRAY_PREINIT, ARRAY_COUNT, ARRAY_NONE = ARRAY_COUNT };

static const struct {
	ElfW(Addr) tag, size_tag;
	const char *name;
} array_tags[ARRAY_COUNT] = {
	{ DT_INIT_ARRAY, DT_INIT_ARRAYSZ, "DT_INIT_ARRAY" },
	{ DT_FINI_ARRAY, DT_FINI_ARRAYSZ, "DT_FINI_ARRAY" },
	{ DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ, "DT_PREINIT_ARRAY" },
};

struct span {
	ElfW(Addr) start, end;
	unsigned array;		/* whose entries these are, or ARRAY_NONE */
};

/* Whatever is cut out makes two spans more at most: what is kept, symbols, versym,
 * four tables of relocations, and the arrays. */
#define SPANS_MAX (ELF_LOADS_MAX + 2 * (ELF_KEPT_MAX + 2 + 4 + ARRAY_COUNT))

/* Which entries of an array get their address: each bit one of the first, and how many
 * the rest gets. */
#define SEEN_BITS 512

struct seen {
	uint64_t bits[SEEN_BITS / 64];
	size_t count;
};

struct targets {
	struct reader *reader;
	const struct span *last;	/* of the last relocation */
	struct seen seen[ARRAY_COUNT];
	size_t count;
	struct span spans[SPANS_MAX];	/* ascending, disjoint */
};

static const struct span nowhere = { 0, 0, ARRAY_NONE };

/* Relocations: RELA, or REL where there is no addend at the end of one. */
struct table {
	const char *name;
	const uint8_t *bytes;
	size_t count;
	size_t relative;	/* the first so many are RELATIVE, says DT_RELACOUNT or DT_RELCOUNT */
	bool is_rel;
};

/* Takes [start, end) out of a span, which becomes 0 to 3 spans. Returns how many. */
static size_t span_cut(struct span *parts, struct span span, ElfW(Addr) start, ElfW(Addr) end,
		       unsigned array)
{
	size_t count = 0;

	if (span.start < start)
		parts[count++] = (struct span){ span.start, start, span.array };
	else
		start = span.start;
	if (array != ARRAY_NONE)
		parts[count++] = (struct span){ start, end < span.end ? end : span.end, array };
	if (span.end > end)
		parts[count++] = (struct span){ end, span.end, span.array };
	return count;
}

/* Takes [start, end) out of all spans, or gives it to an array. */
static void cut(struct targets *targets, ElfW(Addr) start, ElfW(Addr) end, unsigned array)
{
	struct span *spans = targets->spans, parts[3];

	for (size_t i = 0, made; i < targets->count; i += made) {
		made = 1;
		if (spans[i].end <= start || spans[i].start >= end || start >= end)
			continue;
		made = span_cut(parts, spans[i], start, end, array);
		if (made != 1)
			memmove(&spans[i + made], &spans[i + 1],
				(targets->count - i - 1) * sizeof *spans);
		memcpy(&spans[i], parts, made * sizeof *spans);
		targets->count += made - 1;
	}
}

static bool arrays_cut(struct targets *targets)
{
	const struct reader *reader = targets->reader;

	for (unsigned i = 0; i < ARRAY_COUNT; i++) {
		ElfW(Addr) start = tag_value(reader, array_tags[i].tag);
		size_t size = tag_value(reader, array_tags[i].size_tag) & -WORD;

		if (!tag_has(reader, array_tags[i].tag) || size == 0)
			continue;
		memset(&targets->seen[i], 0, sizeof targets->seen[i]);
		if (!bytes_at(reader, array_tags[i].name, start, size, WORD))
			return false;
		cut(targets, start, start + size, i);
	}
	return true;
}

static void loads_add(struct targets *targets)
{
	const struct reader *reader = targets->reader;
	bool textrel = tag_has(reader, DT_TEXTREL) || tag_value(reader, DT_FLAGS) & DF_TEXTREL;

	targets->count = 0;
	for (size_t i = 0; i < reader->load_count; i++) {
		const struct load *load = &reader->loads[i];

		if (load->flags & PF_R && (textrel || load->flags & PF_W) &&
		    load->start < load->end)
			targets->spans[targets->count++] =
				(struct span){ load->start, load->end, ARRAY_NONE };
	}
}

static void cut_table(struct targets *targets, ElfW(Addr) tag, size_t size)
{
	ElfW(Addr) start = tag_value(targets->reader, tag);

	if (tag_has(targets->reader, tag))
		cut(targets, start, start + size, ARRAY_NONE);
}

static bool targets_read(struct targets *targets, struct reader *reader)
{
	targets->reader = reader;
	targets->last = &nowhere;
	loads_add(targets);
	for (size_t i = 0; i < reader->kept_count; i++)
		cut(targets, reader->kept[i].start, reader->kept[i].end, ARRAY_NONE);
	cut_table(targets, DT_SYMTAB, reader->symbol_end * sizeof(ElfW(Sym)));
	cut_table(targets, DT_VERSYM, reader->symbol_end * sizeof(ElfW(Half)));
	cut_table(targets, DT_RELA, tag_value(reader, DT_RELASZ));
	cut_table(targets, DT_JMPREL, tag_value(reader, DT_PLTRELSZ));
	cut_table(targets, DT_RELR, tag_value(reader, DT_RELRSZ));
	if (MACHINE_HAS_REL)
		cut_table(targets, DT_REL, tag_value(reader, DT_RELSZ));
	return arrays_cut(targets);
}

static bool span_has(const struct span *span, ElfW(Addr) at, size_t size)
{
	return at >= span->start && at < span->end && size <= span->end - at;
}

static const struct span *span_find(const struct targets *targets, ElfW(Addr) at, size_t size)
{
	size_t low = 0, high = targets->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (at >= targets->spans[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < targets->count && span_has(&targets->spans[low], at, size)
		       ? &targets->spans[low] : NULL;
}

static void see(struct seen *seen, size_t entry)
{
	uint64_t bit = (uint64_t)1 << entry % 64;

	if (entry >= SEEN_BITS)
		seen->count++;
	else if (!(seen->bits[entry / 64] & bit)) {
		seen->bits[entry / 64] |= bit;
		seen->count++;
	}
}

/* An entry of an array must become the address of a function: value, if it is known. */
static bool entry_check(struct targets *targets, const struct span *span, ElfW(Addr) at,
			const ElfW(Addr) *value)
{
	const struct reader *reader = targets->reader;
	size_t from_start = at - tag_value(reader, array_tags[span->array].tag);

	if (from_start % WORD || (value && !is_code(reader, *value)))
		return diag_set(reader->diag, "%s: %s entry is no function", reader->elf->path,
				array_tags[span->array].name);
	see(&targets->seen[span->array], from_start / WORD);
	return true;
}

/* May ld.so write size bytes there? */
static bool target_check(struct targets *targets, ElfW(Addr) at, size_t size,
			 const ElfW(Addr) *value)
{
	const struct reader *reader = targets->reader;
	const struct span *span = span_find(targets, at, size);

	if (!span)
		return elf_refuse(reader, "relocation outside of writable data");
	if (span->array != ARRAY_NONE)
		return entry_check(targets, span, at, value);
	targets->last = span;
	return true;
}

static bool arrays_check(const struct targets *targets)
{
	const struct reader *reader = targets->reader;

	for (unsigned i = 0; i < ARRAY_COUNT; i++) {
		size_t count = tag_value(reader, array_tags[i].size_tag) / WORD;

		if (tag_has(reader, array_tags[i].tag) && count &&
		    targets->seen[i].count < count)
			return diag_set(reader->diag, "%s: %s entry without a relocation",
					reader->elf->path, array_tags[i].name);
	}
	return true;
}

static bool type_refuse(const struct reader *reader, const struct table *table, size_t type)
{
	return diag_set(reader->diag, "%s: unexpected reloc type 0x%zx in %s",
			reader->elf->path, type, table->name);
}

/* What ld.so adds to: in the relocation, or where a REL is for, which is 0 past the end
 * of the file's data. */
static ElfW(Addr) addend(const struct targets *targets, const struct table *table,
			 const ElfW(Rela) *rela)
{
	const void *there;
	ElfW(Addr) value = 0;

	if (!IS_REL(table))
		return (ElfW(Addr))rela->r_addend;
	there = find_at(targets->reader, rela->r_offset, WORD, 1);
	if (there)
		memcpy(&value, there, sizeof value);
	return value;
}

static size_t entry_size(const struct table *table)
{
	return IS_REL(table) ? sizeof(ElfW(Rel)) : sizeof(ElfW(Rela));
}

/* The run of RELATIVE relocations: most of a large file's, so a loop as tight as
 * ld.so's own, which asserts the type. */
static bool relative_check(struct targets *targets, const struct table *table)
{
	const size_t size = entry_size(table);
	const uint8_t *at = table->bytes, *end = at + table->relative * size;
	ElfW(Addr) start = 0, room = 0;

	for (; at < end; at += size) {
		const ElfW(Rela) *rela = (const void *)at;
		ElfW(Addr) value;

		if (R_TYPE(rela->r_info) != RELOC_RELATIVE)
			return type_refuse(targets->reader, table, R_TYPE(rela->r_info));
		if (rela->r_offset - start < room)
			continue;
		value = addend(targets, table, rela);
		if (!target_check(targets, rela->r_offset, WORD, &value))
			return false;
		start = targets->last->start;
		room = targets->last->end - start;
		room = room < WORD ? 0 : room - WORD + 1;
	}
	return true;
}

/* What ld.so will do for one of the others, but for its symbol. */
static bool reloc_check(struct targets *targets, const struct table *table,
			const ElfW(Rela) *rela)
{
	const struct reader *reader = targets->reader;
	size_t type = R_TYPE(rela->r_info);
	unsigned kind = reloc_kind(type);
	ElfW(Addr) value = 0;

	if (type == RELOC_COPY && reader->is_program)
		return true;
	if (!kind)
		return type_refuse(reader, table, type);
	if (type == RELOC_RELATIVE || type == RELOC_IRELATIVE)
		value = addend(targets, table, rela);
	if (type == RELOC_IRELATIVE && !is_code(reader, value))
		return elf_refuse(reader, "IRELATIVE relocation to what is no function");
	if (kind & RELOC_SIZE || (kind & RELOC_TLS && !reader->tls))
		targets->reader->second_look = true;
	if (kind & RELOC_NOTHING || span_has(targets->last, rela->r_offset, kind & RELOC_BYTES))
		return true;
	return target_check(targets, rela->r_offset, kind & RELOC_BYTES,
			    type == RELOC_RELATIVE ? &value : NULL);
}

static bool table_check(struct targets *targets, const struct table *table)
{
	const size_t size = entry_size(table);
	size_t highest = 0;

	if (table->relative && !relative_check(targets, table))
		return false;
	for (size_t i = table->relative; i < table->count; i++) {
		const ElfW(Rela) *rela = (const void *)(table->bytes + i * size);

		/* ld.so looks up the version of any symbol, even of one it does not use. */
		highest = R_SYM(rela->r_info) >= highest ? R_SYM(rela->r_info) + 1 : highest;
		if (!reloc_check(targets, table, rela))
			return false;
	}
	if (highest > targets->reader->symbol_end) {
		if (tag_has(targets->reader, DT_HASH))
			return elf_refuse(targets->reader,
					  "relocation of a symbol that DT_HASH has not");
		targets->reader->symbol_end = highest;
	}
	return true;
}

static bool table_read(const struct reader *reader, struct table *table, ElfW(Addr) tag,
		       ElfW(Addr) size_tag)
{
	size_t size = tag_value(reader, size_tag), entry = entry_size(table);

	table->count = 0;
	table->relative = 0;
	if (!tag_has(reader, tag) || size == 0)
		return true;
	table->bytes = bytes_at(reader, table->name, tag_value(reader, tag), size, WORD);
	if (!table->bytes)
		return false;
	/* ld.so reads the whole of a last one that is cut off. */
	if (size % entry)
		return diag_set(reader->diag, "%s: %s not a multiple of %zu bytes",
				reader->elf->path, table->name, entry);
	table->count = size / entry;
	return true;
}

enum { TABLE_RELA, TABLE_JMPREL, TABLE_REL, TABLES = TABLE_JMPREL + 1 + MACHINE_HAS_REL };

static bool tables_read(const struct reader *reader, struct table *tables)
{
	tables[TABLE_RELA] = (struct table){ .name = "DT_RELA" };
	tables[TABLE_JMPREL] = (struct table){
		.name = "DT_JMPREL",
		.is_rel = tag_value(reader, DT_PLTREL) == DT_REL,
	};
	if (!table_read(reader, &tables[TABLE_RELA], DT_RELA, DT_RELASZ) ||
	    !table_read(reader, &tables[TABLE_JMPREL], DT_JMPREL, DT_PLTRELSZ))
		return false;
#if MACHINE_HAS_REL
	tables[TABLE_REL] = (struct table){ .name = "DT_REL", .is_rel = true };
	if (!table_read(reader, &tables[TABLE_REL], DT_REL, DT_RELSZ))
		return false;
	if (tag_has(reader, DT_REL))
		tables[TABLE_REL].relative = tag_value(reader, DT_RELCOUNT);
	if (tables[TABLE_REL].relative > tables[TABLE_REL].count)
		return elf_refuse(reader, "DT_RELCOUNT past the end of DT_REL");
#endif
	/* ld.so does so many without a look at DT_RELASZ. */
	if (tag_has(reader, DT_RELA))
		tables[TABLE_RELA].relative = tag_value(reader, DT_RELACOUNT);
	return tables[TABLE_RELA].relative <= tables[TABLE_RELA].count ||
	       elf_refuse(reader, "DT_RELACOUNT past the end of DT_RELA");
}

/* An entry of DT_RELR: the word at an address gets the load address added. */
static bool relr_word(struct targets *targets, ElfW(Addr) at)
{
	const ElfW(Addr) *value;

	if (span_has(targets->last, at, WORD))
		return true;
	value = find_at(targets->reader, at, WORD, WORD);
	return target_check(targets, at, WORD, value);
}

/* A bitmap: bit i (from 1) stands for the word i - 1 from an address. */
static bool relr_bitmap(struct targets *targets, ElfW(Addr) at, ElfW(Addr) bits)
{
	if (span_has(targets->last, at, (8 * WORD - 1) * WORD))
		return true;
	for (; bits >>= 1; at += WORD)
		if (bits & 1 && !relr_word(targets, at))
			return false;
	return true;
}

/* Generic ABI, "Relative relocation table"; dynamic-link.h, ELF_DYNAMIC_DO_RELR. */
static bool relr_check(struct targets *targets, const ElfW(Addr) *relr, size_t count)
{
	ElfW(Addr) at = 0;

	for (size_t i = 0; i < count; i++) {
		if (i == 0 && relr[i] & 1)
			return elf_refuse(targets->reader, "DT_RELR begins with a bitmap");
		if (!(relr[i] & 1 ? relr_bitmap(targets, at, relr[i])
				  : relr_word(targets, relr[i])))
			return false;
		at = relr[i] & 1 ? at + (8 * WORD - 1) * WORD : relr[i] + WORD;
	}
	return true;
}

static bool relr_read(struct targets *targets)
{
	struct reader *reader = targets->reader;
	size_t size = tag_value(reader, DT_RELRSZ);
	const void *relr;

	if (!tag_has(reader, DT_RELR) || size == 0)
		return true;
	relr = bytes_at(reader, "DT_RELR", tag_value(reader, DT_RELR), size, WORD);
	if (!relr)
		return false;
	if (size % WORD)
		return diag_set(reader->diag, "%s: DT_RELRSZ not a multiple of %zu",
				reader->elf->path, WORD);
	return relr_check(targets, relr, size / WORD);
}

/* With lazy binding ld.so writes the second and third word of DT_PLTGOT, and, before
 * 2.35, one at DT_TLSDESC_GOT (elf_machine_runtime_setup). */
static bool got_check(const struct targets *targets)
{
	const struct reader *reader = targets->reader;

	if (tag_has(reader, DT_JMPREL) &&
	    !span_find(targets, tag_value(reader, DT_PLTGOT), 3 * WORD))
		return elf_refuse(reader, "DT_PLTGOT outside of writable data");
	if (tag_has(reader, DT_TLSDESC_GOT) &&
	    !span_find(targets, tag_value(reader, DT_TLSDESC_GOT), WORD))
		return elf_refuse(reader, "DT_TLSDESC_GOT outside of writable data");
	return true;
}

static bool functions_check(const struct reader *reader)
{
	if (tag_has(reader, DT_INIT) && !is_code(reader, tag_value(reader, DT_INIT)))
		return elf_refuse(reader, "DT_INIT outside of the code");
	if (tag_has(reader, DT_FINI) && !is_code(reader, tag_value(reader, DT_FINI)))
		return elf_refuse(reader, "DT_FINI outside of the code");
	return true;
}

static bool pass(struct reader *reader, const struct table *tables)
{
	struct targets targets;

	if (!targets_read(&targets, reader) || !relr_read(&targets))
		return false;
	for (size_t i = 0; i < TABLES; i++)
		if (!table_check(&targets, &tables[i]))
			return false;
	/* In an executable at fixed addresses there is nothing to relocate in an array. */
	return (reader->is_program || arrays_check(&targets)) && got_check(&targets);
}

static void tables_keep(struct elf *elf, const struct table *tables)
{
	for (size_t i = 0; i < TABLES; i++) {
		const size_t size = entry_size(&tables[i]);

		if (tables[i].count)
			elf->relocs[i] = (struct relocs){
				.bytes = tables[i].bytes + tables[i].relative * size,
				.count = tables[i].count - tables[i].relative,
				.size = size,
			};
	}
}

bool relocs_read(struct reader *reader)
{
	struct table tables[TABLES];
	size_t known;

	reader->second_look = false;
	if (!functions_check(reader) || !tables_read(reader, tables))
		return false;
	/* Relocations of symbols that the hash tables do not know: the symbol table turns
	 * out to be longer, and all of it is to be kept from them. */
	do {
		known = reader->symbol_end;
		if (!pass(reader, tables) || !symbols_bytes(reader))
			return false;
	} while (reader->symbol_end > known);
	tables_keep(reader->elf, tables);
	return true;
}

/* ld.so binds a symbol to its own object by dl_symbol_visibility_binds_local_p. */
static bool is_foreign(const ElfW(Sym) *sym)
{
	return sym->st_shndx == SHN_UNDEF && ELF64_ST_BIND(sym->st_info) != STB_LOCAL &&
	       ELF64_ST_VISIBILITY(sym->st_other) != STV_HIDDEN &&
	       ELF64_ST_VISIBILITY(sym->st_other) != STV_INTERNAL;
}

/* Without PT_TLS, ld.so divides by its alignment, 0 (_dl_try_allocate_static_tls);
 * of a weak symbol that nobody defines it reads the size at NULL. */
static bool symbol_check(const struct reader *reader, const ElfW(Rela) *rela)
{
	const ElfW(Sym) *sym = &reader->elf->symbols.sym[R_SYM(rela->r_info)];
	unsigned kind = reloc_kind(R_TYPE(rela->r_info));

	if (kind & RELOC_TLS && !reader->tls && !is_foreign(sym))
		return elf_refuse(reader, "TLS relocation but no PT_TLS");
	if (kind & RELOC_SIZE && is_foreign(sym) && ELF64_ST_BIND(sym->st_info) == STB_WEAK)
		return elf_refuse(reader, "SIZE relocation of a weak symbol");
	return true;
}

bool relocs_look_again(struct reader *reader)
{
	struct table tables[TABLES];

	if (!reader->second_look)
		return true;
	if (!tables_read(reader, tables))
		return false;
	for (size_t i = 0; i < TABLES; i++)
		for (size_t j = tables[i].relative; j < tables[i].count; j++)
			if (!symbol_check(reader, (const void *)(tables[i].bytes +
								 j * entry_size(&tables[i]))))
				return false;
	return true;
}

bool elf_relocation(const struct elf *elf, size_t *at, size_t *symbol, size_t *type)
{
	const struct relocs *relocs = elf->relocs;
	size_t i = *at;

	for (; relocs < elf->relocs + ELF_RELOCS; i -= relocs++->count)
		for (; i < relocs->count; i++, ++*at) {
			const ElfW(Rela) *rela = (const void *)(relocs->bytes + i * relocs->size);

			*symbol = R_SYM(rela->r_info);
			*type = R_TYPE(rela->r_info);
			if (*symbol) {
				++*at;
				return true;
			}
		}
	return false;
}
