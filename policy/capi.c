/* SPDX-License-Identifier: MIT */
/* The text of a whitelist -> may a module bind to a name?
 *
 * The names stay where they are: a list has some thousand, and a process starts
 * faster if nobody copies them or builds an index. The text is searched by
 * bisection, which is why capi_read() refuses one that is not sorted. */
#include "policy/capi.h"

#include <string.h>

#include "policy/rules.h"

enum { PATTERNS_MAX = 64 };	/* of one kind; the stack holds them while the head is read */

struct span {
	const char *start;
	size_t length;		/* bytes */
};

struct patterns {
	const char *of[PATTERNS_MAX + 1];
	size_t count;
};

struct reading {
	const char *file;
	const char *at, *end;	/* what is not read yet */
	unsigned line;		/* the number of the line at `at`, from 1 */
	unsigned probe_line;
	const char *probe;
	struct patterns never, newer;
	bool trusted;
	struct arena *arena;
	struct diag *diag;
};

/* For "%.*s": a message must not be filled by one long line. */
#define SHOWN(span) (int)((span).length < 100 ? (span).length : 100), (span).start

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_word_byte(unsigned char c)
{
	return c > ' ' && c < 0x7f;
}

static bool is_pattern(struct span span)
{
	for (size_t i = 0; i < span.length; i++)
		if (!is_word_byte(span.start[i]))
			return false;
	return span.length > 0;
}

static bool is_c_name(struct span span)
{
	static const bool is_name_byte[256] = {
		['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['_'] = true,
	};

	for (size_t i = 0; i < span.length; i++)
		if (!is_name_byte[(unsigned char)span.start[i]])
			return false;
	return span.length > 0 && !(span.start[0] >= '0' && span.start[0] <= '9');
}

static bool span_is(struct span span, const char *text)
{
	return span.length == strlen(text) && !memcmp(span.start, text, span.length);
}

static int span_compare(struct span a, struct span b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = memcmp(a.start, b.start, shorter);

	return order ? order : (a.length > b.length) - (a.length < b.length);
}

/* The line that begins at start, without its newline; the last may have none. */
static struct span line_at(const char *start, const char *end)
{
	const char *newline = memchr(start, '\n', end - start);

	return (struct span){start, (newline ? newline : end) - start};
}

static void next_line(struct reading *reading, struct span line)
{
	reading->at = line.start + line.length;
	if (reading->at < reading->end)
		reading->at++;
	reading->line++;
}

static struct span trim(struct span span)
{
	while (span.length && is_blank(span.start[0]))
		span.start++, span.length--;
	while (span.length && is_blank(span.start[span.length - 1]))
		span.length--;
	return span;
}

/* Splits a line in its first word and the rest, both without blanks around. */
static struct span take_word(struct span *line)
{
	struct span whole = trim(*line);
	struct span word = {whole.start, 0};

	while (word.length < whole.length && !is_blank(word.start[word.length]))
		word.length++;
	*line = trim((struct span){word.start + word.length, whole.length - word.length});
	return word;
}

static const char *keep_text(struct reading *reading, struct span span)
{
	const char *text = arena_text(reading->arena, span.start, span.length);

	if (!text)
		diag_set(reading->diag, "%s:%u: no memory left", reading->file, reading->line);
	return text;
}

/* As in a policy: a message with an ESC or a CR in it is not what it looks like. */
static bool check_text(struct reading *reading, struct span line)
{
	for (size_t i = 0; i < line.length; i++) {
		unsigned char byte = line.start[i];

		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return diag_set(reading->diag, "%s:%u: control character 0x%02x; only "
					"text, spaces and tabs are allowed", reading->file,
					reading->line, byte);
	}
	return true;
}

static bool read_probe(struct reading *reading, struct span name)
{
	if (!is_c_name(name))
		return diag_set(reading->diag, "%s:%u: 'probe' takes one name of C",
				reading->file, reading->line);
	if (reading->probe)
		return diag_set(reading->diag, "%s:%u: a second probe; the first is in line %u",
				reading->file, reading->line, reading->probe_line);
	reading->probe_line = reading->line;
	reading->probe = keep_text(reading, name);
	return reading->probe;
}

static bool read_pattern(struct reading *reading, struct span word, struct patterns *patterns,
			 struct span pattern)
{
	if (!is_pattern(pattern))
		return diag_set(reading->diag, "%s:%u: '%.*s' takes one pattern", reading->file,
				reading->line, SHOWN(word));
	if (patterns->count == PATTERNS_MAX)
		return diag_set(reading->diag, "%s:%u: more than %d patterns of '%.*s'",
				reading->file, reading->line, PATTERNS_MAX, SHOWN(word));
	patterns->of[patterns->count] = keep_text(reading, pattern);
	return patterns->of[patterns->count++];
}

/* A line of the head, or of nothing that we know. */
static bool read_directive(struct reading *reading, struct span word, struct span rest)
{
	if (span_is(word, "probe"))
		return read_probe(reading, rest);
	if (span_is(word, "never"))
		return read_pattern(reading, word, &reading->never, rest);
	if (span_is(word, "newer"))
		return read_pattern(reading, word, &reading->newer, rest);
	return diag_set(reading->diag, "%s:%u: unknown word '%.*s'; probe, never and newer "
			"may stand before the names", reading->file, reading->line, SHOWN(word));
}

static bool is_directive(struct span word)
{
	return span_is(word, "probe") || span_is(word, "never") || span_is(word, "newer");
}

/* Up to the first line that is one word: there the names begin. */
static bool read_head(struct reading *reading)
{
	while (reading->at < reading->end) {
		struct span line = line_at(reading->at, reading->end), rest = line;
		struct span word = take_word(&rest);
		bool is_comment = !word.length || word.start[0] == '#';

		if (!is_comment && !rest.length && !is_directive(word))
			break;
		if (!reading->trusted && !check_text(reading, line))
			return false;
		if (!is_comment && !read_directive(reading, word, rest))
			return false;
		next_line(reading, line);
	}
	if (!reading->probe)
		return diag_set(reading->diag, "%s:%u: no 'probe NAME' before the names",
				reading->file, reading->line);
	return true;
}

static bool check_names(struct reading *reading)
{
	struct span before = {reading->at, 0};

	while (reading->at < reading->end) {
		struct span name = line_at(reading->at, reading->end);

		if (!is_c_name(name))
			return check_text(reading, name) &&
			       diag_set(reading->diag, "%s:%u: '%.*s' is no name that C could have",
					reading->file, reading->line, SHOWN(name));
		if (span_compare(before, name) >= 0)
			return diag_set(reading->diag, "%s:%u: '%.*s' cannot come after '%.*s': "
					"the order is that of LC_ALL=C sort -u", reading->file,
					reading->line, SHOWN(name), SHOWN(before));
		before = name;
		next_line(reading, name);
	}
	return true;
}

/* A NULL-terminated array in the arena, or NULL when that is full. */
static const char *const *keep_patterns(struct reading *reading, struct patterns *patterns)
{
	size_t size = (patterns->count + 1) * sizeof *patterns->of;
	const char **kept = arena_take(reading->arena, size);

	if (!kept)
		diag_set(reading->diag, "%s: no memory left", reading->file);
	return kept ? memcpy(kept, patterns->of, size) : NULL;
}

/* A bit of 64 for the third and fourth byte, where names of one C API begin to differ; all
 * of them for a text that has no four bytes. */
static uint64_t lead_of(const char *text)
{
	if (!text[0] || !text[1] || !text[2] || !text[3])
		return UINT64_MAX;
	return (uint64_t)1 << ((unsigned char)text[2] * 31u + (unsigned char)text[3]) % 64;
}

/* Of the names that the pattern may match. NUL counts as one of the three. */
static uint64_t leads_of(const char *pattern)
{
	for (size_t i = 0; i < 4; i++)
		if (strchr("*?[", pattern[i]))
			return UINT64_MAX;
	return lead_of(pattern);
}

static bool read_list(struct capi *capi, struct reading *reading)
{
	if (!read_head(reading))
		return false;
	*capi = (struct capi){
		.file = reading->file,
		.probe = reading->probe,
		.never = keep_patterns(reading, &reading->never),
		.newer = keep_patterns(reading, &reading->newer),
		.names = reading->at,
		.names_length = reading->end - reading->at,
	};
	for (size_t i = 0; i < reading->never.count; i++)
		capi->never_leads |= leads_of(reading->never.of[i]);
	return capi->never && capi->newer;
}

bool capi_trust(struct capi *capi, const char *file, const char *text, size_t length,
		struct arena *arena, struct diag *diag)
{
	struct reading reading = {
		.file = file, .at = text, .end = text + length, .line = 1,
		.trusted = true, .arena = arena, .diag = diag,
	};

	return read_list(capi, &reading);
}

bool capi_read(struct capi *capi, const char *file, const char *text, size_t length,
	       struct arena *arena, struct diag *diag)
{
	struct reading reading = {
		.file = file, .at = text, .end = text + length, .line = 1,
		.arena = arena, .diag = diag,
	};

	if (!read_list(capi, &reading) || !check_names(&reading))
		return false;
	if (!capi_allows(capi, capi->probe, NULL))
		return diag_set(diag, "%s:%u: the list does not allow its own probe '%s'",
				file, reading.probe_line, capi->probe);
	return true;
}

static bool is_listed(const struct capi *capi, const char *text)
{
	const char *low = capi->names, *high = low + capi->names_length;
	struct span name = {text, strlen(text)};
	int order = 1;

	while (order && low < high) {
		const char *middle = low + (high - low) / 2;
		const char *newline = memrchr(low, '\n', middle - low);
		struct span line = line_at(newline ? newline + 1 : low, high);

		order = span_compare(name, line);
		if (order < 0)
			high = line.start;
		else
			low = line.start + line.length + (line.start + line.length < high);
	}
	return !order;
}

static bool matches_any(const char *const *patterns, const char *name)
{
	for (; *patterns; patterns++)
		if (glob_match(*patterns, name))
			return true;
	return false;
}

bool capi_allows(const struct capi *capi, const char *name, const char **why)
{
	bool is_never = capi->never_leads & lead_of(name) && matches_any(capi->never, name);

	/* Nearly every name matches a pattern, and that is found sooner than its
	 * line: a mirror asks for thousands and does not want to know why. */
	if (!why)
		return !is_never && (matches_any(capi->newer, name) || is_listed(capi, name));
	*why = is_never ? "never"
	     : is_listed(capi, name) ? "listed"
	     : matches_any(capi->newer, name) ? "newer" : NULL;
	return *why && !is_never;
}
