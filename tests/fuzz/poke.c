/* SPDX-License-Identifier: MIT */
/* An ELF file -> the same with a few fields at the edge of what they can be. Bytes changed
 * at random hardly ever come past the first checks; these do. */
#include <string.h>

#include "tests/fuzz/fuzz.h"

struct file {
	uint8_t *bytes;
	size_t size;
	uint64_t state;		/* of fuzz_random() */
	ElfW(Ehdr) ehdr;
};

struct field {
	size_t at, size;	/* bytes */
};

/* Fields of a header by their sizes, from its start on. */
static const uint8_t ehdr_sizes[] = { 16, 2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2 };
static const uint8_t phdr_sizes[] = { 4, 4, 8, 8, 8, 8, 8, 8 };

/* xorshift64* (Vigna, 2016) */
size_t fuzz_random(uint64_t *state, size_t limit)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return limit ? (*state * 0x2545f4914f6cdd1d >> 16) % limit : 0;
}

static size_t any(struct file *file, size_t limit)
{
	return fuzz_random(&file->state, limit);
}

static uint64_t get(const struct file *file, struct field field)
{
	uint64_t value = 0;

	if (field.at <= file->size && field.size <= file->size - field.at)
		memcpy(&value, file->bytes + field.at, field.size);
	return value;
}

static void put(struct file *file, struct field field, uint64_t value)
{
	if (field.at <= file->size && field.size <= file->size - field.at)
		memcpy(file->bytes + field.at, &value, field.size);
}

static struct field field_of(const uint8_t *sizes, size_t which, size_t at)
{
	for (; which; which--)
		at += *sizes++;
	return (struct field){ at, *sizes > 8 ? 8 : *sizes };
}

static struct field any_phdr(struct file *file)
{
	size_t number = any(file, file->ehdr.e_phnum);

	return field_of(phdr_sizes, any(file, sizeof phdr_sizes),
			file->ehdr.e_phoff + number * sizeof(ElfW(Phdr)));
}

static bool phdr_at(const struct file *file, size_t number, ElfW(Phdr) *phdr)
{
	size_t at = file->ehdr.e_phoff + number * sizeof *phdr;

	if (at > file->size || sizeof *phdr > file->size - at)
		return false;
	memcpy(phdr, file->bytes + at, sizeof *phdr);
	return true;
}

/* An entry of the dynamic section; its value, or 1 time in 8 its tag. */
static struct field any_dyn(struct file *file)
{
	size_t entry = any(file, 32) * sizeof(ElfW(Dyn)) + (any(file, 8) ? 8 : 0);
	ElfW(Phdr) phdr;

	for (size_t i = 0; i < file->ehdr.e_phnum && phdr_at(file, i, &phdr); i++)
		if (phdr.p_type == PT_DYNAMIC)
			return (struct field){ phdr.p_offset + entry, 8 };
	return (struct field){ 0, 0 };
}

static size_t offset_of(const struct file *file, uint64_t address)
{
	ElfW(Phdr) phdr;

	for (size_t i = 0; i < file->ehdr.e_phnum && phdr_at(file, i, &phdr); i++)
		if (phdr.p_type == PT_LOAD && address - phdr.p_vaddr < phdr.p_filesz)
			return address - phdr.p_vaddr + phdr.p_offset;
	return file->size;
}

/* A word near the start of a table that a dynamic entry points to. */
static struct field any_word(struct file *file)
{
	struct field entry = any_dyn(file);
	size_t size = (size_t)2 << any(file, 3), most = (size_t)4 << any(file, 6);

	return (struct field){ offset_of(file, get(file, entry)) + any(file, most) * size, size };
}

static struct field any_field(struct file *file)
{
	switch (any(file, 16)) {
	case 0: return field_of(ehdr_sizes, any(file, sizeof ehdr_sizes), 0);
	case 1 ... 4: return any_phdr(file);
	case 5 ... 8: return any_dyn(file);
	default: return any_word(file);
	}
}

static uint64_t any_value(struct file *file, uint64_t old)
{
	switch (any(file, 12)) {
	case 0: return 0;
	case 1: return (uint64_t)-1 >> any(file, 64);
	case 2: return old + 1;
	case 3: return old - 1;
	case 4: return old + ((uint64_t)8 << any(file, 10));
	case 5: return old - ((uint64_t)8 << any(file, 10));
	case 6: return (uint64_t)1 << any(file, 64);
	case 7: return file->size - any(file, 9);
	case 8: return get(file, any_dyn(file));
	case 9: return get(file, any_phdr(file)) + get(file, any_phdr(file));
	case 10: return old ^ (uint64_t)1 << any(file, 64);
	default: return any(file, 64);
	}
}

bool fuzz_poke(uint8_t *data, size_t size, unsigned seed)
{
	struct file file = { .bytes = data, .size = size, .state = seed + 1 };

	if (size < sizeof file.ehdr || memcmp(data, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&file.ehdr, data, sizeof file.ehdr);
	for (size_t i = any(&file, 16) ? 1 + any(&file, 3) : 1 + any(&file, 12); i; i--) {
		struct field field = any_field(&file);

		put(&file, field, any_value(&file, get(&file, field)));
	}
	return true;
}
