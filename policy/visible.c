/* SPDX-License-Identifier: MIT */
/* Text with names of files in it -> text that is safe to show.
 *
 * Not by iswprint(): the locale is the program's, and may be none. */
#include "policy/visible.h"

#include <stdbool.h>
#include <stddef.h>

/* The length of a sequence by its first byte (RFC 3629, section 3), the bits that
 * the byte gives, and the least that it may stand for; 0 if no sequence starts so. */
static size_t begin(unsigned char first, unsigned *code, unsigned *least)
{
	static const unsigned leasts[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 :
			first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;

	*code = length == 1 ? first : first & (0x7f >> length);
	*least = leasts[length];
	return length;
}

static bool is_printable(unsigned code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	if (code >= 0x2028 && code <= 0x202e)	/* ends of lines and paragraphs, directions */
		return false;
	if (code >= 0x2066 && code <= 0x2069)	/* directions */
		return false;
	return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff);
}

/* The length of the printable character that text begins with, or 0. */
static size_t printable(const char *text)
{
	unsigned code, least;
	size_t length = begin(text[0], &code, &least);

	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	return code >= least && is_printable(code) ? length : 0;
}

void visible(char *text)
{
	while (*text) {
		size_t length = printable(text);

		if (!length)
			*text = '?';
		text += length ? length : 1;
	}
}
