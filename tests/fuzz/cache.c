/* SPDX-License-Identifier: MIT */
/* Any bytes -> ld_cache_read(), and every name in them is looked up. The bytes stand at an
 * odd address: nothing says that a cache is aligned. */
#include <string.h>

#include "audit/ld_cache.h"
#include "tests/fuzz/fuzz.h"

#define LOOKUPS 64

static void look_up(const struct ld_cache *cache, const char *name)
{
	const char *path;

	for (size_t n = 0; n < 4 && (path = ld_cache_find(cache, name, n)); n++)
		fuzz_touch_text(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *block = malloc(size + 1), *bytes = block + 1, name[64] = "libm.so.6";
	struct ld_cache cache;

	memcpy(bytes, data, size);
	if (ld_cache_read(&cache, bytes, size)) {
		insist(cache.size <= size);
		look_up(&cache, name);
		look_up(&cache, "");
		/* Names of any number of bytes, from any place. */
		for (size_t i = 0; i < LOOKUPS; i++) {
			size_t at = size * i / LOOKUPS, most = size - at;

			most = most < i ? most : i;
			memcpy(name, bytes + at, most);
			name[most] = '\0';
			look_up(&cache, name);
		}
	}
	free(block);
	return 0;
}
