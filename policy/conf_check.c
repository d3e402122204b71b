/* SPDX-License-Identifier: MIT */
/* The words of a line -> the directive that it is, or what is wrong with them.
 *
 * What can be known to be wrong is refused here: a pattern that can match
 * nothing would otherwise be a rule that silently is none. */
#include "policy/conf_line.h"

#include <string.h>

static void check_sets(struct parser *parser, struct line *line, const struct word *word)
{
	if (!glob_is_whole(word->text))
		conf_fail(parser, line, word->column, "'[' without ']' in '" SHOWN "'; "
			  "'[[]' matches a '['", word->text);
	else if (!glob_is_possible(word->text))
		conf_fail(parser, line, word->column, "no byte is in a set of '" SHOWN "', so "
			  "it can match nothing", word->text);
}

/* What no absolute path without "." and ".." parts can match, and why. */
static const char *impossible_path(const char *pattern)
{
	const char *last = pattern + strlen(pattern) - 1;

	if (!strchr("/*?[", *pattern))
		return "paths are absolute, so begin with '/' or '*'";
	if (*last == '/')
		return "no path here ends in '/'; /* is all that is below";
	if (strstr(pattern, "//") || strstr(pattern, "/./") || strstr(pattern, "/../"))
		return "paths here have no '//', '/./' and '/../'";
	return NULL;
}

static void check_path(struct parser *parser, struct line *line, const struct word *word)
{
	const char *why = impossible_path(word->text);

	if (why)
		conf_fail(parser, line, word->column, "'" SHOWN "' can match no path; %s",
			  word->text, why);
	else
		check_sets(parser, line, word);
}

static void check_name(struct parser *parser, struct line *line, const struct word *word,
		       const char *allowed)
{
	if (strchr(word->text, '/'))
		conf_fail(parser, line, word->column, "'" SHOWN "' is a path; '%s' takes %s, "
			  "without a directory", word->text, line->words[0].text, allowed);
	else
		check_sets(parser, line, word);
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
			conf_fail(parser, line, word->column, "'" SHOWN "' would duplicate %s; "
				  "a process has one glibc", word->text, once[i]);
			return;
		}
}

static const struct met **bucket_of(struct parser *parser, const char *text)
{
	unsigned hash = 0;

	while (*text)
		hash = hash * 33 + (unsigned char)*text++;
	return &parser->met[hash % MET_BUCKETS];
}

void conf_meet(struct parser *parser, const struct rule *rule)
{
	struct met *met = arena_take(parser->arena, rule->word_count * sizeof *met);

	if (!met) {
		conf_give_up(parser);
		return;
	}
	for (size_t i = 0; i < rule->word_count; i++) {
		const struct met **bucket = bucket_of(parser, rule->words[i]);

		met[i] = (struct met){ .next = *bucket, .rule = rule, .text = rule->words[i] };
		*bucket = &met[i];
	}
}

/* The rule of this file and this directive, before this line, that has the word. */
static const struct rule *earlier(struct parser *parser, const struct file *file,
				  enum directive directive, const char *text)
{
	const struct met *met = *bucket_of(parser, text);

	for (; met; met = met->next)
		if (met->rule->file == file->name && met->rule->directive == directive &&
		    strcmp(met->text, text) == 0)
			return met->rule;
	return NULL;
}

/* Each is compared with each: here not, but when the first namespace is made. */
#define SONAMES_MAX 1024

static void check_sonames(struct parser *parser, struct line *line, enum directive other)
{
	for (size_t i = 1; i < line->count; i++) {
		const struct word *word = &line->words[i];

		if (parser->sonames++ == SONAMES_MAX)
			conf_fail(parser, line, word->column, "more than %d libraries in "
				  "'share' and 'duplicate'; a pattern stands for many",
				  SONAMES_MAX);
		check_name(parser, line, word, "a SONAME");
		if (earlier(parser, line->file, other, word->text))
			conf_fail(parser, line, word->column,
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

static unsigned named_before(struct parser *parser, const struct line *line, size_t word)
{
	const char *package = line->words[word].text;
	const struct rule *rule;

	for (size_t i = 2; i < word; i++)
		if (strcmp(line->words[i].text, package) == 0)
			return line->number;
	rule = earlier(parser, line->file, DIRECTIVE_GROUP, package);
	return rule ? rule->line : 0;
}

/* A package is a name without '/', up to its first '.' (package.h). */
static bool is_no_package(const char *pattern)
{
	pattern += strspn(pattern, ".");
	return strchr(pattern, '/') || (strchr(pattern, '.') && !strpbrk(pattern, "*?["));
}

static void check_group(struct parser *parser, struct line *line)
{
	for (size_t i = 1; i < line->count; i++) {
		const struct word *word = &line->words[i];
		unsigned before = i == 1 ? 0 : named_before(parser, line, i);

		check_sets(parser, line, word);
		if (i > 1 && is_no_package(word->text))
			conf_fail(parser, line, word->column, "'" SHOWN "' can match no "
				  "package; a package is the first part of a module's name, "
				  "as in 'import PART.rest'", word->text);
		if (before)
			conf_fail(parser, line, word->column, "package " SHOWN " is in a group "
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
	conf_fail(parser, line, word->column, "'" SHOWN "' is no word for '%s'; use %s",
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

bool conf_has_executable(const struct line *line)
{
	return strcmp(line->words[line->count - 3].text, "executable") == 0;
}

static void check_interpreter(struct parser *parser, struct line *line)
{
	size_t patterns_end = line->count - 2;

	if (strcmp(line->words[patterns_end].text, "exports") != 0) {
		conf_fail(parser, line, line->words[patterns_end].column,
			  "an 'interpreter' line must end in 'exports LISTFILE'");
		return;
	}
	patterns_end -= conf_has_executable(line);
	if (patterns_end == 2)
		conf_fail(parser, line, line->words[2].column, "no pattern before "
			  "'executable'; say which library is the interpreter");
	for (size_t i = 2; i < patterns_end; i++)
		check_name(parser, line, &line->words[i], "patterns of a file name");
}

static const struct syntax syntaxes[] = {
	{ "interpreter", DIRECTIVE_INTERPRETER, 4, LINE_WORDS,
	  "interpreter NAME PATTERN... [executable] exports LISTFILE", check_interpreter },
	{ "share", DIRECTIVE_SHARE, 1, LINE_WORDS, "share SONAME...", check_share },
	{ "isolate", DIRECTIVE_ISOLATE, 1, LINE_WORDS, "isolate PATTERN...", check_paths },
	{ "leave", DIRECTIVE_LEAVE, 1, LINE_WORDS, "leave PATTERN...", check_paths },
	{ "site", DIRECTIVE_SITE, 1, LINE_WORDS, "site PATTERN...", check_paths },
	{ "per", DIRECTIVE_PER, 1, 1, "per package|module|process", check_per },
	{ "group", DIRECTIVE_GROUP, 2, LINE_WORDS, "group NAME PACKAGE...", check_group },
	{ "duplicate", DIRECTIVE_DUPLICATE, 1, LINE_WORDS, "duplicate SONAME...",
	  check_duplicate },
	{ "unlisted", DIRECTIVE_UNLISTED, 1, LINE_WORDS, "unlisted deny|warn [PATTERN...]",
	  check_unlisted },
	{ "mode", DIRECTIVE_MODE, 1, 1, "mode enforce|permissive|off", check_mode },
	{ "include", NO_RULE, 1, 1, "include FILE", NULL },
};

static const struct syntax *find_syntax(const char *name)
{
	for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
		if (strcmp(syntaxes[i].name, name) == 0)
			return &syntaxes[i];
	return NULL;
}

const struct syntax *conf_syntax(struct parser *parser, struct line *line)
{
	const struct word *word = &line->words[0];
	const struct syntax *syntax = find_syntax(word->text);

	if (!syntax)
		conf_fail(parser, line, word->column, "unknown directive '" SHOWN "'; there "
			  "are interpreter, share, isolate, leave, site, per, group, "
			  "duplicate, unlisted, mode and include", word->text);
	else if (line->count - 1 < syntax->least)
		conf_fail(parser, line, word->column, "a word is missing; write: %s",
			  syntax->usage);
	else if (line->count - 1 > syntax->most)
		conf_fail(parser, line, line->words[syntax->most + 1].column,
			  "a word too many; write: %s", syntax->usage);
	return line->is_bad ? NULL : syntax;
}
