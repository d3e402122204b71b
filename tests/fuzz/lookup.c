/* SPDX-License-Identifier: MIT */
/* Any bytes -> an object -> each reference of it is looked up in the object itself, by each
 * class, and as it would be with none but itself in the scope. What is found has the name
 * that was asked for, and lookup_why_not() agrees. */
#include <string.h>

#include "audit/elf_hash.h"
#include "audit/lookup.h"
#include "tests/fuzz/fuzz.h"

#define VERSIONS_MAX 32768	/* an index has 15 bits */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	if (seed % 8 == 0 || !fuzz_poke(data, size, seed))
		return LLVMFuzzerMutate(data, size, most);
	return size;
}

static bool shows(const void *context, const char *name)
{
	(void)context;
	return strlen(name) % 2;
}

static void look(const struct lookup_object *object, size_t symbol, enum lookup_class class)
{
	const struct symbols *symbols = object->symbols;
	const char *name = symbols->str + symbols->sym[symbol].st_name;
	struct lookup_scope scope = { &object, 1 };
	struct lookup_unique unique = { .name = name, .hash = hash_gnu(name) };
	struct lookup_reference reference = lookup_reference(object, symbol, class, unique.hash);
	struct lookup_found found = lookup_in(&scope, &reference);

	insist(strcmp(reference.name, name) == 0);
	insist(!found.object == (lookup_why_not(object, &reference) != NULL));
	insist(lookup_unique_of(&unique, &reference) == &unique);
	if (!found.object)
		return;
	insist(found.symbol > 0 && found.symbol < symbols->count);
	insist(strcmp(symbols->str + symbols->sym[found.symbol].st_name, name) == 0);
	insist(!object->shows || object->shows(NULL, name));
	insist(lookup_is_unique(&found) ==
	       (ELF64_ST_BIND(symbols->sym[found.symbol].st_info) == STB_GNU_UNIQUE));
}

static void look_at_versions(const struct symbols *symbols)
{
	const char *version, *library;
	size_t at = 0, aux = 0, count = 0;
	bool is_weak;

	while ((version = lookup_needed_version(symbols, &at, &aux, &library, &is_weak))) {
		insist(strlen(library) + strlen(version) + 1 > 0);
		lookup_has_version(symbols, version);
		insist(count++ < 1000000);
	}
}

static void look_at_all(const struct elf *elf, struct lookup_object *object)
{
	size_t at = 0, symbol, type;

	while (elf_relocation(elf, &at, &symbol, &type))
		if (!lookup_is_local(object->symbols, symbol))
			look(object, symbol, lookup_class(type));
	for (symbol = 1; symbol < object->symbols->count; symbol++)
		look(object, symbol, LOOKUP_DATA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *bytes = fuzz_copy(data, size);
	struct diag diag = { "" };
	struct elf elf;

	if (elf_read(&elf, "input", bytes, size, &diag)) {
		size_t count = lookup_version_count(&elf.symbols);
		struct lookup_version *version = calloc(count, sizeof *version);
		struct lookup_object object = {
			.symbols = &elf.symbols, .version = version, .version_count = count,
		};

		insist(version && count > 0 && count <= VERSIONS_MAX);
		lookup_versions(&elf.symbols, version);
		look_at_all(&elf, &object);
		object.shows = shows;
		look_at_all(&elf, &object);
		look_at_versions(&elf.symbols);
		free(version);
	}
	free(bytes);
	return 0;
}
