/* SPDX-License-Identifier: MIT */
/* What <string.h> promises, for the module: it has no libc (start.c says why).
 *
 * Plain loops. The compiler makes vectors of those that copy (Makefile: -O3), and must not
 * make calls of memcpy() of them; texts are short. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	char *restrict out = to;
	const char *restrict in = from;

	for (size_t i = 0; i < size; i++)
		out[i] = in[i];
	return to;
}

void *mempcpy(void *restrict to, const void *restrict from, size_t size)
{
	return (char *)memcpy(to, from, size) + size;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *out = to;
	const char *in = from;

	if ((uintptr_t)out - (uintptr_t)in >= size)
		for (size_t i = 0; i < size; i++)
			out[i] = in[i];
	else
		while (size-- > 0)
			out[size] = in[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	char *out = to;

	for (size_t i = 0; i < size; i++)
		out[i] = (char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size > 0; size--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

/* Has any byte of the word all bits clear? (the lowest that has borrows from its high one) */
static bool has_zero(uint64_t word)
{
	return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

/* Lines are looked for by this, in texts of some thousand bytes. Nothing need be mapped from
 * the page on that follows the one with the byte: strnlen() of a text that ends there. So
 * words are read where they are aligned. */
void *memchr(const void *from, int byte, size_t size)
{
	const unsigned char *at = from;
	uint64_t all = 0x0101010101010101 * (unsigned char)byte, word;

	for (; size > 0 && (uintptr_t)at % sizeof word; size--, at++)
		if (*at == (unsigned char)byte)
			return (void *)at;
	for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
		memcpy(&word, at, sizeof word);
		if (has_zero(word ^ all))
			break;
	}
	for (; size > 0; size--, at++)
		if (*at == (unsigned char)byte)
			return (void *)at;
	return NULL;
}

void *memrchr(const void *from, int byte, size_t size)
{
	const unsigned char *start = from;

	while (size-- > 0)
		if (start[size] == (unsigned char)byte)
			return (void *)(start + size);
	return NULL;
}

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return end - text;
}

size_t strnlen(const char *text, size_t most)
{
	const char *end = memchr(text, '\0', most);

	return end ? (size_t)(end - text) : most;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size > 0; size--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

char *stpcpy(char *restrict to, const char *restrict from)
{
	while ((*to = *from++))
		to++;
	return to;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	stpcpy(to, from);
	return to;
}

char *strncat(char *restrict to, const char *restrict from, size_t most)
{
	size_t length = strnlen(from, most);

	*(char *)mempcpy(to + strlen(to), from, length) = '\0';
	return to;
}

char *strchr(const char *text, int byte)
{
	for (; *text != (char)byte; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *strrchr(const char *text, int byte)
{
	return memrchr(text, byte, strlen(text) + 1);
}

char *strstr(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (; strncmp(text, part, length) != 0; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

/* How many bytes of text, from its start, are in set, or are not. */
static size_t span(const char *text, const char *set, bool are_in)
{
	size_t length = 0;

	while (text[length] && !strchr(set, text[length]) != are_in)
		length++;
	return length;
}

size_t strspn(const char *text, const char *set)
{
	return span(text, set, true);
}

size_t strcspn(const char *text, const char *set)
{
	return span(text, set, false);
}

char *strpbrk(const char *text, const char *set)
{
	text += strcspn(text, set);
	return *text ? (char *)text : NULL;
}
