/* SPDX-License-Identifier: MIT */
/* Any bytes -> elf_read(), and all that it gives out is read. */
#include "tests/fuzz/fuzz.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	if (seed % 8 == 0 || !fuzz_poke(data, size, seed))
		return LLVMFuzzerMutate(data, size, most);
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *bytes = fuzz_copy(data, size);
	struct diag diag = { "" };
	struct elf elf;

	if (elf_read(&elf, "input", bytes, size, &diag))
		fuzz_touch(&elf);
	else
		insist(diag.text[0]);
	free(bytes);
	return 0;
}
