/* SPDX-License-Identifier: MIT */
/* The symbol table, as far as ld.so relies on it: names are in the string table,
 * and what it calls or takes for thread-local really is. */
#include "audit/elf_parts.h"

/* STT_GNU_IFUNC: ld.so calls it. STT_TLS: ld.so takes it to its object's TLS block. */
static bool special_check(const struct reader *reader, const ElfW(Sym) *sym)
{
	if (sym->st_shndx == SHN_UNDEF)
		return true;
	if (ELF64_ST_TYPE(sym->st_info) == STT_TLS)
		return reader->tls || elf_refuse(reader, "TLS symbol but no PT_TLS");
	return (sym->st_shndx != SHN_ABS && is_code(reader, sym->st_value)) ||
	       elf_refuse(reader, "IFUNC symbol outside of the code");
}

const ElfW(Sym) *symbols_bytes(const struct reader *reader)
{
	return bytes_at(reader, "symbol table", tag_value(reader, DT_SYMTAB),
			reader->symbol_end * sizeof(ElfW(Sym)), _Alignof(ElfW(Sym)));
}

bool symbols_read(struct reader *reader)
{
	const unsigned special = 1 << STT_TLS | 1 << STT_GNU_IFUNC;
	struct symbols *symbols = &reader->elf->symbols;
	size_t highest = 0;

	symbols->sym = symbols_bytes(reader);
	if (!symbols->sym)
		return false;
	symbols->count = reader->symbol_end;
	for (size_t i = 0; i < symbols->count; i++) {
		const ElfW(Sym) *sym = &symbols->sym[i];

		highest = sym->st_name > highest ? sym->st_name : highest;
		if (special >> ELF64_ST_TYPE(sym->st_info) & 1 && !special_check(reader, sym))
			return false;
	}
	return highest < symbols->str_size ||
	       elf_refuse(reader, "symbol name outside of the string table");
}
