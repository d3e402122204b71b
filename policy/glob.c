/* SPDX-License-Identifier: MIT */
/* A pattern and a text -> do they match?
 *
 * Both can be hostile, so there is no recursion: of several `*` only the last
 * one is ever tried again, which is enough, because what an earlier one could
 * swallow the last one can swallow, too. */
#include "policy/rules.h"

#include <string.h>

/* Has the set that opens at pattern the byte? Returns the ']' that closes it, or NULL if
 * nothing does. A ']' that comes first is a member. */
static const char *match_set(const char *pattern, unsigned char byte, bool *has)
{
	bool inverted = pattern[1] == '!';
	const char *first = pattern + 1 + inverted, *p = first;

	*has = inverted;
	for (; *p && (*p != ']' || p == first); p++) {
		unsigned char low = p[0], high = p[0];

		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = p[2];
			p += 2;
		}
		if (low <= byte && byte <= high)
			*has = !inverted;
	}
	return *p ? p : NULL;
}

/* Matches one byte. Returns the rest of the pattern, or NULL. */
static const char *match_byte(const char *pattern, unsigned char byte)
{
	bool has = false;
	const char *end = *pattern == '[' ? match_set(pattern, byte, &has) : NULL;

	if (end)
		return has ? end + 1 : NULL;
	if (*pattern == '?' || (unsigned char)*pattern == byte)
		return pattern + 1;
	return NULL;
}

static bool is_special(char byte)
{
	return byte == '*' || byte == '?' || byte == '[';
}

bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL;	/* the pattern after the last `*` */
	const char *retry = NULL;	/* where that `*` stops swallowing */
	const char *rest;

	/* Most patterns that do not match differ in what stands before a special byte. */
	for (; *text && !is_special(*pattern); pattern++, text++)
		if (*pattern != *text)
			return false;
	while (*text || *pattern == '*') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
			if (!*star)
				return true;
		} else if ((rest = match_byte(pattern, *text))) {
			pattern = rest;
			text++;
		} else if (star) {
			pattern = star;
			/* On to where the pattern can go on. */
			retry++;
			if (!is_special(*star))
				while (*retry && *retry != *star)
					retry++;
			text = retry;
		} else {
			return false;
		}
	}
	return !*pattern;
}

static const char *set_end(const char *pattern)
{
	bool has;

	return match_set(pattern, '\0', &has);
}

bool glob_is_whole(const char *pattern)
{
	const char *end;

	for (; *pattern; pattern++) {
		if (*pattern != '[')
			continue;
		end = set_end(pattern);
		if (!end)
			return false;
		pattern = end;
	}
	return true;
}

/* Is a byte in the set? NUL ends every text, so it is none. */
static bool set_is_possible(const char *pattern)
{
	bool has = false;

	for (unsigned byte = 1; !has && byte < 256; byte++)
		match_set(pattern, byte, &has);
	return has;
}

bool glob_is_possible(const char *pattern)
{
	for (; *pattern; pattern++) {
		const char *end = *pattern == '[' ? set_end(pattern) : NULL;

		if (!end)
			continue;
		if (!set_is_possible(pattern))
			return false;
		pattern = end;
	}
	return true;
}

void glob_quote(const char *text, char *out, size_t size)
{
	size_t used = 0;

	for (; *text && used + 4 < size; text++) {
		if (*text == '"' || (unsigned char)*text < ' ' || *text == 0x7f) {
			out[used++] = '?';
		} else if (*text == '*' || *text == '?' || *text == '[') {
			out[used++] = '[';
			out[used++] = *text;
			out[used++] = ']';
		} else {
			out[used++] = *text;
		}
	}
	out[used] = '\0';
}
