/* SPDX-License-Identifier: MIT */
/* The text of pypy-isolate.conf -> rules, or all that is wrong with it.
 *
 * A text goes through three steps, line by line: bytes -> words, words -> a
 * directive, a directive -> a rule. What fails in one step is noted and the next
 * line begins, so that one run tells a person everything.
 *
 * The text can be anything: limits bound the time (LINE_BYTES, LINE_WORDS,
 * TEXT_BYTES, INCLUDES) and the stack (INCLUDE_DEPTH), the arena the memory. */
#include "policy/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 65536
#define LINE_BYTES 4096
#define LINE_WORDS 256
#define INCLUDE_DEPTH 8
#define INCLUDES 64

struct parser {
	struct rules *rules;
	const struct conf_source *source;
	struct arena *arena;
	const struct conf_error *errors;
	const struct conf_error **tail;	/* where the next error goes; NULL: no memory */
	unsigned includes;		/* files read so far */
};

struct file {
	const struct file *from;	/* has the `include` that we are in, or NULL */
	unsigned depth;			/* includes we are in */
	const char *name;		/* our own copy: no other file has this pointer */
	const char *at, *end;		/* what is left of the text */
	bool told_cr;
};

struct word {
	const char *text;		/* NUL-terminated, in the arena */
	unsigned column;
};

struct line {
	const struct file *file;
	unsigned number;
	const char *start, *end;	/* without the newline */
	bool is_bad;			/* an error was noted */
	size_t count;
	struct word words[LINE_WORDS];	/* the first is the directive */
};

/* ---- errors ---- */

/* An error must get through when there is no memory for its text. */
static const struct conf_error no_memory = {
	.text = "the policy is too large: no memory left for it",
};

static void give_up(struct parser *parser)
{
	if (parser->tail)
		*parser->tail = &no_memory;
	parser->tail = NULL;
}

__attribute__((format(printf, 4, 5)))
static void fail(struct parser *parser, struct line *line, unsigned column,
		 const char *format, ...)
{
	struct conf_error *error;
	struct diag what, all;
	va_list args;

	line->is_bad = true;
	if (!parser->tail)
		return;
	va_start(args, format);
	vsnprintf(what.text, sizeof what.text, format, args);
	va_end(args);
	diag_set(&all, "%s:%u:%u: %s", line->file->name, line->number, column, what.text);
	error = arena_take(parser->arena, sizeof *error);
	if (!error || !(error->text = arena_text(parser->arena, all.text, strlen(all.text)))) {
		give_up(parser);
		return;
	}
	*parser->tail = error;
	parser->tail = &error->next;
}

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
		give_up(parser);
}

/* p is at the quote. Returns where the next word can begin. */
static const char *read_quoted(struct parser *parser, struct line *line, const char *p)
{
	const char *close = memchr(p + 1, '"', line->end - p - 1);

	if (!close) {
		fail(parser, line, column_of(line, p), "no closing '\"' on this line");
		return line->end;
	}
	if (close == p + 1)
		fail(parser, line, column_of(line, p), "an empty word");
	else if (close + 1 < line->end && !is_space(close[1]))
		fail(parser, line, column_of(line, close + 1),
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
		fail(parser, line, column_of(line, p),
		     "'\"' inside a word; quotes go around the whole word");
	else
		fail(parser, line, column_of(line, p),
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
			fail(parser, line, column_of(line, p), "more than %d words; use several "
			     "lines of the same directive", LINE_WORDS);
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
		fail(parser, line, column_of(line, line->end),
		     "the line ends in CR LF; every line must end in LF alone");
	file->told_cr = true;
	line->is_bad = false;
}

static void check_bytes(struct parser *parser, struct line *line)
{
	if (line->end - line->start > LINE_BYTES) {
		fail(parser, line, LINE_BYTES + 1, "the line is longer than %d bytes; "
		     "use several lines of the same directive", LINE_BYTES);
		return;
	}
	for (const char *p = line->start; p < line->end; p++)
		if (is_control(*p)) {
			fail(parser, line, column_of(line, p), "control character 0x%02x; only "
			     "text, spaces and tabs are allowed", (unsigned char)*p);
			return;
		}
}

/* ---- words -> a directive ---- */

/* Words are shown up to a length that leaves room for the rest. */
#define SHOWN "%.200s"

static void check_closed(struct parser *parser, struct line *line, const struct word *word)
{
	if (!glob_is_whole(word->text))
		fail(parser, line, word->column, "'[' without ']' in '" SHOWN "'; "
		     "'[[]' matches a '['", word->text);
}

static void check_path(struct parser *parser, struct line *line, const struct word *word)
{
	if (!strchr("/*?[", word->text[0]))
		fail(parser, line, word->column, "'" SHOWN "' can match no path; paths are "
		     "absolute, so begin with '/' or '*'", word->text);
	else
		check_closed(parser, line, word);
}

static void check_name(struct parser *parser, struct line *line, const struct word *word,
		       const char *allowed)
{
	if (strchr(word->text, '/'))
		fail(parser, line, word->column, "'" SHOWN "' is a path; '%s' takes %s, "
		     "without a directory", word->text, line->words[0].text, allowed);
	else
		check_closed(parser, line, word);
}

static void check_paths(struct parser *parser, struct line *line)
{
	for (size_t i = 1; i < line->count; i++)
		check_path(parser, line, &line->words[i]);
}

/* A second libc has its own errno, heap and threads, and whatever of glibc uses
 * it fails to load for a GLIBC_PRIVATE symbol that a mirror does not have. */
static void check_not_libc(struct parser *parser, struct line *line, const struct word *word)
{
	static const char *const once[] = {
		"libc.so.6", "libm.so.6", "libmvec.so.1", "libpthread.so.0", "libdl.so.2",
		"librt.so.1", "libutil.so.1", "libresolv.so.2", "libanl.so.1", "libnsl.so.1",
	};

	for (size_t i = 0; i < sizeof once / sizeof *once; i++)
		if (glob_match(word->text, once[i])) {
			fail(parser, line, word->column, "'" SHOWN "' would duplicate %s; "
			     "a process has one glibc", word->text, once[i]);
			return;
		}
}

static bool has_word(const struct rule *rule, const char *text)
{
	for (size_t i = 0; i < rule->word_count; i++)
		if (strcmp(rule->words[i], text) == 0)
			return true;
	return false;
}

/* The rule of this file and this directive, before this line, that has the word. */
static const struct rule *earlier(const struct parser *parser, const struct file *file,
				  enum directive directive, const char *text)
{
	const struct rule *rule = parser->rules->last;

	for (; rule; rule = rule->before)
		if (rule->file == file->name && rule->directive == directive &&
		    has_word(rule, text))
			return rule;
	return NULL;
}

static void check_sonames(struct parser *parser, struct line *line, enum directive other)
{
	for (size_t i = 1; i < line->count; i++) {
		const struct word *word = &line->words[i];

		check_name(parser, line, word, "a SONAME");
		if (earlier(parser, line->file, other, word->text))
			fail(parser, line, word->column,
			     "'share' and 'duplicate' both name " SHOWN, word->text);
	}
}

static void check_share(struct parser *parser, struct line *line)
{
	check_sonames(parser, line, DIRECTIVE_DUPLICATE);
}

static void check_duplicate(struct parser *parser, struct line *line)
{
	check_sonames(parser, line, DIRECTIVE_SHARE);
	for (size_t i = 1; i < line->count; i++)
		check_not_libc(parser, line, &line->words[i]);
}

static unsigned named_before(const struct parser *parser, const struct line *line, size_t word)
{
	const char *package = line->words[word].text;
	const struct rule *rule;

	for (size_t i = 2; i < word; i++)
		if (strcmp(line->words[i].text, package) == 0)
			return line->number;
	rule = earlier(parser, line->file, DIRECTIVE_GROUP, package);
	return rule ? rule->line : 0;
}

static void check_group(struct parser *parser, struct line *line)
{
	for (size_t i = 1; i < line->count; i++) {
		const struct word *word = &line->words[i];
		unsigned before = i == 1 ? 0 : named_before(parser, line, i);

		check_closed(parser, line, word);
		if (before)
			fail(parser, line, word->column, "package " SHOWN " is in a group "
			     "already, at line %u; it can be in one", word->text, before);
	}
}

static void check_choice(struct parser *parser, struct line *line, const char *const *choices,
			 const char *allowed)
{
	const struct word *word = &line->words[1];

	for (; *choices; choices++)
		if (strcmp(word->text, *choices) == 0)
			return;
	fail(parser, line, word->column, "'" SHOWN "' is no word for '%s'; use %s",
	     word->text, line->words[0].text, allowed);
}

static void check_per(struct parser *parser, struct line *line)
{
	static const char *const choices[] = { "package", "module", "process", NULL };

	check_choice(parser, line, choices, "package, module or process");
}

static void check_mode(struct parser *parser, struct line *line)
{
	static const char *const choices[] = { "enforce", "permissive", "off", NULL };

	check_choice(parser, line, choices, "enforce, permissive or off");
}

static void check_unlisted(struct parser *parser, struct line *line)
{
	static const char *const choices[] = { "deny", "warn", NULL };

	check_choice(parser, line, choices, "deny or warn");
	for (size_t i = 2; i < line->count; i++)
		check_path(parser, line, &line->words[i]);
}

/* The words are interpreter NAME PATTERN... [executable] exports LISTFILE. */
static bool has_executable(const struct line *line)
{
	return strcmp(line->words[line->count - 3].text, "executable") == 0;
}

static void check_interpreter(struct parser *parser, struct line *line)
{
	size_t patterns_end = line->count - 2;

	if (strcmp(line->words[patterns_end].text, "exports") != 0) {
		fail(parser, line, line->words[patterns_end].column, "an 'interpreter' line "
		     "must end in 'exports LISTFILE'");
		return;
	}
	patterns_end -= has_executable(line);
	if (patterns_end == 2)
		fail(parser, line, line->words[2].column, "no pattern before 'executable'; say "
		     "which library is the interpreter");
	for (size_t i = 2; i < patterns_end; i++)
		check_name(parser, line, &line->words[i], "patterns of a file name");
}

/* ---- a directive -> a rule ---- */

static bool read_other(struct parser *parser, struct line *line, const struct word *word,
		       struct conf_text *out)
{
	struct diag diag = { "" };

	if (parser->source->read(parser->source->context, line->file->name, word->text, out, &diag))
		return true;
	fail(parser, line, word->column, "%s",
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

static const struct capi *read_exports(struct parser *parser, struct line *line)
{
	const struct word *word = &line->words[line->count - 1];
	struct capi *capi = arena_take(parser->arena, sizeof *capi);
	struct diag diag = { "" };
	struct conf_text list;

	if (!capi)
		give_up(parser);
	else if (read_other(parser, line, word, &list) &&
		 !read_capi(parser, capi, &list, &diag))
		fail(parser, line, word->column, "%s", diag.text);
	return capi;
}

static void add_rule(struct parser *parser, struct line *line, enum directive directive)
{
	struct rule *rule = arena_take(parser->arena, sizeof *rule);
	size_t count = line->count - 1;
	const char **words = arena_take(parser->arena, (count + 1) * sizeof *words);

	if (!rule || !words) {
		give_up(parser);
		return;
	}
	for (size_t i = 0; i < count; i++)
		words[i] = line->words[i + 1].text;
	*rule = (struct rule){
		.before = parser->rules->last, .directive = directive, .file = line->file->name,
		.line = line->number, .column = line->words[0].column,
		.word_count = count, .words = words,
	};
	if (directive == DIRECTIVE_INTERPRETER) {
		rule->executable = has_executable(line);
		rule->exports = read_exports(parser, line);
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
		fail(parser, line, word->column, "'include' more than %d files deep",
		     INCLUDE_DEPTH);
		return;
	}
	if (parser->includes++ == INCLUDES) {
		fail(parser, line, word->column, "more than %d files included", INCLUDES);
		return;
	}
	if (!read_other(parser, line, word, &text))
		return;
	for (const struct file *file = line->file; file; file = file->from)
		if (strcmp(file->name, text.name) == 0) {
			fail(parser, line, word->column, "'include' of " SHOWN " within itself",
			     text.name);
			return;
		}
	read_text(parser, &text, line->file);
}

#define NO_RULE ((enum directive)-1)	/* include: done when read */

static const struct syntax {
	const char *name;
	enum directive directive;
	size_t least, most;		/* words after it */
	const char *usage;
	void (*check)(struct parser *parser, struct line *line);
} syntaxes[] = {
	{ "interpreter", DIRECTIVE_INTERPRETER, 4, LINE_WORDS,
	  "interpreter NAME PATTERN... [executable] exports LISTFILE", check_interpreter },
	{ "share", DIRECTIVE_SHARE, 1, LINE_WORDS, "share SONAME...", check_share },
	{ "isolate", DIRECTIVE_ISOLATE, 1, LINE_WORDS, "isolate PATTERN...", check_paths },
	{ "leave", DIRECTIVE_LEAVE, 1, LINE_WORDS, "leave PATTERN...", check_paths },
	{ "per", DIRECTIVE_PER, 1, 1, "per package|module|process", check_per },
	{ "group", DIRECTIVE_GROUP, 2, LINE_WORDS, "group NAME PACKAGE...", check_group },
	{ "duplicate", DIRECTIVE_DUPLICATE, 1, LINE_WORDS, "duplicate SONAME...",
	  check_duplicate },
	{ "unlisted", DIRECTIVE_UNLISTED, 1, LINE_WORDS, "unlisted deny|warn [PATTERN...]",
	  check_unlisted },
	{ "mode", DIRECTIVE_MODE, 1, 1, "mode enforce|permissive|off", check_mode },
	{ "include", NO_RULE, 1, 1, "include FILE", include },
};

static const struct syntax *find_syntax(const char *name)
{
	for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
		if (strcmp(syntaxes[i].name, name) == 0)
			return &syntaxes[i];
	return NULL;
}

static void obey(struct parser *parser, struct line *line)
{
	const struct word *word = &line->words[0];
	const struct syntax *syntax = find_syntax(word->text);

	if (!syntax)
		fail(parser, line, word->column, "unknown directive '" SHOWN "'; there are "
		     "interpreter, share, isolate, leave, per, group, duplicate, unlisted, mode "
		     "and include", word->text);
	else if (line->count - 1 < syntax->least)
		fail(parser, line, word->column, "a word is missing; write: %s", syntax->usage);
	else if (line->count - 1 > syntax->most)
		fail(parser, line, line->words[syntax->most + 1].column,
		     "a word too many; write: %s", syntax->usage);
	else
		syntax->check(parser, line);
	if (!line->is_bad && parser->tail && syntax->directive != NO_RULE)
		add_rule(parser, line, syntax->directive);
}

/* ---- the text ---- */

static void read_line(struct parser *parser, struct file *file, struct line *line)
{
	line->is_bad = false;
	drop_cr(parser, file, line);
	check_bytes(parser, line);
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
		give_up(parser);
	} else if (text->length > TEXT_BYTES) {
		fail(parser, &line, 1, "the file is longer than %d bytes", TEXT_BYTES);
	} else {
		if (has_byte_order_mark(text)) {
			fail(parser, &line, 1, "a byte order mark; save the file without it");
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
