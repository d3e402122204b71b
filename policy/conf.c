/* SPDX-License-Identifier: MIT */
/* The text of pypy-isolate.conf -> rules, or all that is wrong with it.
 *
 * A text goes through three steps, line by line: bytes -> words, words -> a
 * directive (conf_check.c), a directive -> a rule. What fails in one step is
 * noted and the next line begins, so that one run tells a person everything.
 *
 * The text can be anything: limits bound the time, which is linear (LINE_BYTES, LINE_WORDS,
 * TEXT_BYTES, INCLUDES), and the stack (INCLUDE_DEPTH), the arena the memory. */
#include "policy/conf_line.h"

#include <string.h>

#define TEXT_BYTES 65536
#define LINE_BYTES 4096
#define INCLUDE_DEPTH 8
#define INCLUDES 64

/* ---- bytes -> words ---- */

static unsigned column_of(const struct line *line, const char *p)
{
	return p - line->start + 1;
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static void add_word(struct parser *parser, struct line *line, const char *start,
		     const char *end, const char *where)
{
	struct word *word = &line->words[line->count];

	word->column = column_of(line, where);
	word->text = arena_text(parser->arena, start, end - start);
	if (word->text)
		line->count++;
	else
		conf_give_up(parser);
}

/* p is at the quote. Returns where the next word can begin. */
static const char *read_quoted(struct parser *parser, struct line *line, const char *p)
{
	const char *close = memchr(p + 1, '"', line->end - p - 1);

	if (!close) {
		conf_fail(parser, line, column_of(line, p), "no closing '\"' on this line");
		return line->end;
	}
	if (close == p + 1)
		conf_fail(parser, line, column_of(line, p), "an empty word");
	else if (close + 1 < line->end && !is_space(close[1]))
		conf_fail(parser, line, column_of(line, close + 1),
			  "no space after the closing '\"'");
	else
		add_word(parser, line, p + 1, close, p);
	return close + 1;
}

static const char *read_bare(struct parser *parser, struct line *line, const char *start)
{
	const char *p = start;

	while (p < line->end && !is_space(*p) && *p != '"' && *p != '#')
		p++;
	if (p == line->end || is_space(*p)) {
		add_word(parser, line, start, p, start);
		return p;
	}
	if (*p == '"')
		conf_fail(parser, line, column_of(line, p),
			  "'\"' inside a word; quotes go around the whole word");
	else
		conf_fail(parser, line, column_of(line, p),
			  "'#' inside a word; put a space before a comment, or quote the word");
	return line->end;
}

static void split_words(struct parser *parser, struct line *line)
{
	const char *p = line->start;

	line->count = 0;
	while (parser->tail) {
		while (p < line->end && is_space(*p))
			p++;
		if (p == line->end || *p == '#')
			return;
		if (line->count == LINE_WORDS) {
			conf_fail(parser, line, column_of(line, p), "more than %d words; use "
				  "several lines of the same directive", LINE_WORDS);
			return;
		}
		p = *p == '"' ? read_quoted(parser, line, p) : read_bare(parser, line, p);
	}
}

static bool is_control(unsigned char byte)
{
	return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* Files from other systems: said once, since it is on every line. */
static void drop_cr(struct parser *parser, struct file *file, struct line *line)
{
	if (line->end == line->start || line->end[-1] != '\r')
		return;
	line->end--;
	if (!file->told_cr)
		conf_fail(parser, line, column_of(line, line->end),
			  "the line ends in CR LF; every line must end in LF alone");
	file->told_cr = true;
	line->is_bad = false;
}

static void check_bytes(struct parser *parser, struct line *line)
{
	if (line->end - line->start > LINE_BYTES) {
		conf_fail(parser, line, LINE_BYTES + 1, "the line is longer than %d bytes; "
			  "use several lines of the same directive", LINE_BYTES);
		return;
	}
	for (const char *p = line->start; p < line->end; p++)
		if (is_control(*p)) {
			conf_fail(parser, line, column_of(line, p), "control character 0x%02x; "
				  "only text, spaces and tabs are allowed", (unsigned char)*p);
			return;
		}
}

/* ---- a directive -> a rule ---- */

static bool read_other(struct parser *parser, struct line *line, const struct word *word,
		       struct conf_text *out)
{
	struct diag diag = { "" };

	if (parser->source->read(parser->source->context, line->file->name, word->text, out,
				 &diag))
		return true;
	conf_fail(parser, line, word->column, "%s",
		  diag.text[0] ? diag.text : "the file cannot be read");
	return false;
}

static bool read_capi(struct parser *parser, struct capi *capi, const struct conf_text *list,
		      struct diag *diag)
{
	const struct conf_text *ours = conf_built_in(list->name);
	/* Not by the name alone: a file can be called capi/pypy.list, too. */
	bool is_ours = ours && ours->text == list->text;

	return (is_ours ? capi_trust : capi_read)(capi, list->name, list->text, list->length,
						  parser->arena, diag);
}

/* NULL if the list is bad, which is said. */
static const struct capi *read_exports(struct parser *parser, struct line *line)
{
	const struct word *word = &line->words[line->count - 1];
	struct capi *capi = arena_take(parser->arena, sizeof *capi);
	struct diag diag = { "" };
	struct conf_text list;

	if (!capi) {
		conf_give_up(parser);
		return NULL;
	}
	if (!read_other(parser, line, word, &list))
		return NULL;
	if (read_capi(parser, capi, &list, &diag))
		return capi;
	conf_fail(parser, line, word->column, "%s", diag.text);
	return NULL;
}

static void add_rule(struct parser *parser, struct line *line, enum directive directive)
{
	struct rule *rule = arena_take(parser->arena, sizeof *rule);
	size_t count = line->count - 1;
	const char **words = arena_take(parser->arena, (count + 1) * sizeof *words);

	if (!rule || !words) {
		conf_give_up(parser);
		return;
	}
	for (size_t i = 0; i < count; i++)
		words[i] = line->words[i + 1].text;
	*rule = (struct rule){
		.before = parser->rules->last, .directive = directive, .file = line->file->name,
		.line = line->number, .column = line->words[0].column,
		.word_count = count, .words = words,
	};
	if (!parser->source->trusted &&
	    (directive == DIRECTIVE_SHARE || directive == DIRECTIVE_DUPLICATE ||
	     directive == DIRECTIVE_GROUP))
		conf_meet(parser, rule);
	if (directive == DIRECTIVE_INTERPRETER) {
		rule->executable = conf_has_executable(line);
		rule->exports = read_exports(parser, line);
		/* Without a list it would recognize nobody, and hide one that does. */
		if (!rule->exports)
			return;
	}
	parser->rules->last = rule;
}

static void read_text(struct parser *parser, const struct conf_text *text,
		      const struct file *from);

static void include(struct parser *parser, struct line *line)
{
	const struct word *word = &line->words[1];
	struct conf_text text;

	if (line->file->depth == INCLUDE_DEPTH) {
		conf_fail(parser, line, word->column, "'include' more than %d files deep",
			  INCLUDE_DEPTH);
		return;
	}
	if (parser->includes++ == INCLUDES) {
		conf_fail(parser, line, word->column, "more than %d files included", INCLUDES);
		return;
	}
	if (!read_other(parser, line, word, &text))
		return;
	for (const struct file *file = line->file; file; file = file->from)
		if (strcmp(file->name, text.name) == 0) {
			conf_fail(parser, line, word->column, "'include' of " SHOWN " within "
				  "itself", text.name);
			return;
		}
	read_text(parser, &text, line->file);
}

static void obey(struct parser *parser, struct line *line)
{
	const struct syntax *syntax = conf_syntax(parser, line);

	if (!syntax)
		return;
	if (syntax->directive == NO_RULE) {
		include(parser, line);
		return;
	}
	if (!parser->source->trusted)
		syntax->check(parser, line);
	if (!line->is_bad && parser->tail)
		add_rule(parser, line, syntax->directive);
}

/* ---- the text ---- */

static bool begins_with(const struct line *line, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(line->end - line->start) > length &&
	       memcmp(line->start, word, length) == 0;
}

static void read_line(struct parser *parser, struct file *file, struct line *line)
{
	line->is_bad = false;
	if (parser->source->only_interpreters && !begins_with(line, "interpreter"))
		return;
	if (!parser->source->trusted) {
		drop_cr(parser, file, line);
		check_bytes(parser, line);
	}
	if (line->is_bad)
		return;
	split_words(parser, line);
	if (!line->is_bad && line->count > 0)
		obey(parser, line);
}

static void read_lines(struct parser *parser, struct file *file, struct line *line)
{
	while (file->at < file->end && parser->tail) {
		const char *newline = memchr(file->at, '\n', file->end - file->at);

		line->start = file->at;
		line->end = newline ? newline : file->end;
		file->at = newline ? newline + 1 : file->end;
		read_line(parser, file, line);
		line->number++;
	}
}

/* Some editors put it before the text, where it looks like nothing at all. */
static bool has_byte_order_mark(const struct conf_text *text)
{
	return text->length >= 3 && memcmp(text->text, "\xef\xbb\xbf", 3) == 0;
}

static void read_text(struct parser *parser, const struct conf_text *text,
		      const struct file *from)
{
	struct file file = {
		.from = from,
		.depth = from ? from->depth + 1 : 0,
		.name = arena_text(parser->arena, text->name, strlen(text->name)),
		.at = text->text,
		.end = text->text + text->length,
	};
	struct line line = { .file = &file, .number = 1 };

	if (!file.name) {
		conf_give_up(parser);
	} else if (text->length > TEXT_BYTES) {
		conf_fail(parser, &line, 1, "the file is longer than %d bytes", TEXT_BYTES);
	} else {
		if (has_byte_order_mark(text)) {
			conf_fail(parser, &line, 1,
				  "a byte order mark; save the file without it");
			file.at += 3;
		}
		read_lines(parser, &file, &line);
	}
}

bool conf_parse(struct rules *rules, const struct conf_text *text,
		const struct conf_source *source, struct arena *arena,
		const struct conf_error **errors)
{
	struct parser parser = { .rules = rules, .source = source, .arena = arena };

	parser.tail = &parser.errors;
	read_text(&parser, text, NULL);
	*errors = parser.errors;
	return !parser.errors;
}
