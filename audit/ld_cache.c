/* SPDX-License-Identifier: MIT */
/* The bytes of /etc/ld.so.cache -> the paths of a library name.
 *
 * Layout: glibc, sysdeps/generic/dl-cache.h. Up to 2.31 ldconfig writes a part
 * in an older format first, which is stepped over. Hard: the entries are sorted,
 * downwards, by an order of their own, and the search has to know it. Nothing
 * here trusts the bytes: text() and entry() are the only ones that follow an
 * offset. */
#include "audit/ld_cache.h"

#include <string.h>

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"

struct old_header {
	char magic[sizeof OLD_MAGIC - 1];
	uint32_t count;
};

#define OLD_ENTRY_SIZE 12	/* three 32-bit numbers */

struct new_header {
	char magic[sizeof NEW_MAGIC - 1];
	uint32_t count;
	uint32_t strings_size;
	uint8_t flags;		/* the low two bits: byte order */
	uint8_t padding[3];
	uint32_t extension;
	uint32_t unused[3];
};

struct entry {
	int32_t flags;
	uint32_t name, path;	/* offsets of texts from the new header */
	uint32_t os_version;
	uint64_t hwcap;		/* 0: for every processor */
};

enum { ORDER_UNSET = 0, ORDER_LITTLE = 2, ORDER_BIG = 3 };

static bool is_our_order(uint8_t flags)
{
	uint8_t ours = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ORDER_LITTLE : ORDER_BIG;

	return (flags & 3) == ours || (flags & 3) == ORDER_UNSET;
}

/* Bytes that the part in the old format takes, 0 if there is none. */
static size_t old_size(const uint8_t *bytes, size_t size)
{
	struct old_header old;
	size_t end;

	if (size < sizeof old)
		return 0;
	memcpy(&old, bytes, sizeof old);
	if (memcmp(old.magic, OLD_MAGIC, sizeof old.magic) != 0)
		return 0;
	end = sizeof old + (size_t)old.count * OLD_ENTRY_SIZE;
	return (end + 7) & ~(size_t)7;
}

bool ld_cache_read(struct ld_cache *cache, const void *bytes, size_t size)
{
	struct new_header header;
	size_t skip = old_size(bytes, size);

	memset(cache, 0, sizeof *cache);
	if (skip > size || size - skip < sizeof header)
		return false;
	cache->bytes = (const uint8_t *)bytes + skip;
	cache->size = size - skip;
	memcpy(&header, cache->bytes, sizeof header);
	if (memcmp(header.magic, NEW_MAGIC, sizeof header.magic) != 0 ||
	    !is_our_order(header.flags))
		return false;
	if (header.count > (cache->size - sizeof header) / sizeof(struct entry))
		return false;
	cache->count = header.count;
	return true;
}

static struct entry entry(const struct ld_cache *cache, size_t i)
{
	struct entry entry;

	memcpy(&entry, cache->bytes + sizeof(struct new_header) + i * sizeof entry,
	       sizeof entry);
	return entry;
}

/* "" for one that is out of bounds or does not end. */
static const char *text(const struct ld_cache *cache, uint32_t offset)
{
	const char *start = (const char *)cache->bytes + offset;

	if (offset >= cache->size || !memchr(start, '\0', cache->size - offset))
		return "";
	return start;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two numbers of any length at *a and *b, stepping over them. */
static int compare_numbers(const char **a, const char **b)
{
	size_t a_length, b_length;
	int order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	a_length = strspn(*a, "0123456789");
	b_length = strspn(*b, "0123456789");
	order = a_length != b_length ? (a_length > b_length) - (a_length < b_length)
				     : memcmp(*a, *b, a_length);
	*a += a_length;
	*b += b_length;
	return order;
}

/* The order of the cache (glibc, elf/dl-cache.c, _dl_cache_libcmp): numbers by
 * their value, a number after any other byte, bytes as char. */
static int compare(const char *a, const char *b)
{
	int order;

	while (*a) {
		if (is_digit(*a) != is_digit(*b))
			return is_digit(*a) ? 1 : -1;
		if (!is_digit(*a)) {
			if (*a != *b)
				return *a - *b;
			++a;
			++b;
			continue;
		}
		order = compare_numbers(&a, &b);
		if (order)
			return order;
	}
	return *a - *b;
}

/* The first entry that is not before name. */
static size_t first_match(const struct ld_cache *cache, const char *name)
{
	size_t low = 0, high = cache->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(name, text(cache, entry(cache, middle).name)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *ld_cache_find(const struct ld_cache *cache, const char *name, size_t n)
{
	struct entry found;
	size_t i;

	for (i = first_match(cache, name); i < cache->count; ++i) {
		found = entry(cache, i);
		if (compare(name, text(cache, found.name)))
			return NULL;
		if (!found.hwcap && n-- == 0)
			return text(cache, found.path);
	}
	return NULL;
}
