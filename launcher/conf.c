/* SPDX-License-Identifier: MIT */
/* Settings -> a listing for a person, strongest rule first.
 *
 * Only the rules of policy/ decide. What is marked as overridden here is a
 * conclusion from the text of two patterns, and drawn only where it is certain:
 * everything that the one matches, the other does. */
#include "launcher/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/settings.h"
#include "launcher/run.h"
#include "launcher/say.h"

static const char *const directives[] = {
	[DIRECTIVE_INTERPRETER] = "interpreter",
	[DIRECTIVE_SHARE] = "share",
	[DIRECTIVE_ISOLATE] = "isolate",
	[DIRECTIVE_LEAVE] = "leave",
	[DIRECTIVE_SITE] = "site",
	[DIRECTIVE_PER] = "per",
	[DIRECTIVE_GROUP] = "group",
	[DIRECTIVE_DUPLICATE] = "duplicate",
	[DIRECTIVE_UNLISTED] = "unlisted",
	[DIRECTIVE_MODE] = "mode",
};

/* ---- which rule overrides which ---- */

/* Does outer match all that inner does? */
static bool is_within(const char *inner, const char *outer)
{
	if (strcmp(inner, outer) == 0 || strcmp(outer, "*") == 0)
		return true;
	/* With sets and `?` out of it, what matches the other's text matches it all:
	 * a wildcard there can only have been swallowed by a `*` here. */
	return !strpbrk(outer, "?[") && !strchr(inner, '[') && glob_match(outer, inner);
}

static bool is_same_kind(const struct rule *rule, const struct rule *other)
{
	enum directive a = rule->directive, b = other->directive;

	return a == b ||
	       (a == DIRECTIVE_ISOLATE && b == DIRECTIVE_LEAVE) ||
	       (a == DIRECTIVE_LEAVE && b == DIRECTIVE_ISOLATE) ||
	       (a == DIRECTIVE_SHARE && b == DIRECTIVE_DUPLICATE) ||
	       (a == DIRECTIVE_DUPLICATE && b == DIRECTIVE_SHARE);
}

/* How many words stand before the patterns? */
static size_t head_of(const struct rule *rule)
{
	return rule->directive == DIRECTIVE_GROUP || rule->directive == DIRECTIVE_UNLISTED;
}

/* Does newer take the place of all of rule, whatever the patterns? */
static bool replaces(const struct rule *newer, const struct rule *rule)
{
	switch (rule->directive) {
	case DIRECTIVE_PER:
	case DIRECTIVE_MODE:
		return true;
	case DIRECTIVE_INTERPRETER:
		return strcmp(newer->words[0], rule->words[0]) == 0;
	case DIRECTIVE_GROUP:
		return newer->file != rule->file && strcmp(newer->words[0], rule->words[0]) == 0;
	case DIRECTIVE_UNLISTED:
		return newer->word_count == 1;
	default:
		return false;
	}
}

static bool has_pattern_around(const struct rule *newer, const char *word)
{
	for (size_t i = head_of(newer); i < newer->word_count; i++)
		if (is_within(word, newer->words[i]))
			return true;
	return false;
}

/* The newest rule that speaks in place of the word of rule, or NULL. */
static const struct rule *over_word(const struct rules *rules, const struct rule *rule,
				    const char *word)
{
	for (const struct rule *newer = rules->last; newer != rule; newer = newer->before)
		if (is_same_kind(newer, rule) &&
		    (replaces(newer, rule) ||
		     (rule->directive != DIRECTIVE_INTERPRETER && has_pattern_around(newer, word))))
			return newer;
	return NULL;
}

/* The newest rule that speaks in place of at least a part of rule, or NULL. */
static const struct rule *over_rule(const struct rules *rules, const struct rule *rule,
				    bool *entirely)
{
	const struct rule *over, *first = NULL;
	size_t i = head_of(rule);

	*entirely = true;
	/* `unlisted warn` has no pattern and is about every path. */
	if (i == rule->word_count)
		return over_word(rules, rule, "*");
	for (; i < rule->word_count; i++) {
		over = over_word(rules, rule, rule->words[i]);
		if (!over)
			*entirely = false;
		else if (!first)
			first = over;
	}
	return first;
}

/* ---- the listing ---- */

static void print_word(const char *word)
{
	const char *quote = strpbrk(word, " \t#*?[") ? "\"" : "";

	printf(" %s%s%s", quote, word, quote);
}

static int place_width(const struct rules *rules)
{
	int width = 0;

	for (const struct rule *rule = rules->last; rule; rule = rule->before) {
		int length = snprintf(NULL, 0, "%s:%u", rule->file, rule->line);

		width = length > width ? length : width;
	}
	return width;
}

static void print_place(const struct rule *rule, int width)
{
	int length = printf("%s:%u", rule->file, rule->line);

	printf("%*s", width - length + 2, "");
}

static void print_rule(const struct settings *settings, const struct rule *rule, int width,
		       bool mode_is_set)
{
	bool entirely;
	const struct rule *over = over_rule(&settings->rules, rule, &entirely);

	print_place(rule, width);
	fputs(directives[rule->directive], stdout);
	for (size_t i = 0; i < rule->word_count; i++)
		print_word(rule->words[i]);
	if (rule->directive == DIRECTIVE_MODE && mode_is_set)
		fputs("  # overridden by PYPY_ISOLATE", stdout);
	else if (over)
		printf("  # overridden%s by %s:%u", entirely ? "" : " in part", over->file,
		       over->line);
	putchar('\n');
}

static bool is_named_before(const struct settings *settings, const struct rule *rule)
{
	if (strncmp(rule->file, CONF_BUILT_IN, strlen(CONF_BUILT_IN)) == 0 ||
	    (settings->conf_name && strcmp(rule->file, settings->conf_name) == 0))
		return true;
	for (const struct rule *other = settings->rules.last; other != rule; other = other->before)
		if (strcmp(other->file, rule->file) == 0)
			return true;
	return false;
}

static void print_sources(const struct settings *settings)
{
	fputs("# read: " CONF_BUILT_IN, stdout);
	if (settings->conf_name)
		printf(", %s", settings->conf_name);
	for (const struct rule *rule = settings->rules.last; rule; rule = rule->before)
		if (!is_named_before(settings, rule))
			printf(", %s", rule->file);
	puts("; the strongest rule is first");
}

/* mode: what $PYPY_ISOLATE says, or NULL. */
static void print_settings(const struct settings *settings, const char *mode)
{
	int width = place_width(&settings->rules);

	print_sources(settings);
	if (mode)
		printf("%-*s  mode %s\n", width, "PYPY_ISOLATE", mode);
	for (const struct rule *rule = settings->rules.last; rule; rule = rule->before)
		print_rule(settings, rule, width, mode);
}

/* ---- the verb ---- */

static int misuse(const char *word)
{
	say("pypy-isolate: unexpected '%s'", word);
	say("usage: pypy-isolate conf [FILE]");
	return EXIT_OURS;
}

static int trouble(const char *what)
{
	say("pypy-isolate: %s: %s", what, strerror(errno));
	return EXIT_OURS;
}

static bool take_memory(struct arena *arena)
{
	arena->size = SETTINGS_ARENA;
	arena->base = mmap(NULL, arena->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return arena->base != MAP_FAILED;
}

int conf_main(int argc, char **argv)
{
	struct settings_input input = {
		.mode = getenv("PYPY_ISOLATE"),
		.conf = argc > 1 ? argv[1] : getenv("PYPY_ISOLATE_CONF"),
		.log = getenv("PYPY_ISOLATE_LOG"),
		.secure = getauxval(AT_SECURE),
	};
	struct settings settings;
	struct arena arena = { 0 };

	if (argc > 2)
		return misuse(argv[2]);
	if (argc > 1 && access(argv[1], R_OK))
		return trouble(argv[1]);
	if (!take_memory(&arena))
		return trouble("memory");
	if (!settings_read(&settings, &input, &arena)) {
		for (const struct conf_error *error = settings.errors; error; error = error->next)
			say("%s", error->text);
		return EXIT_OURS;
	}
	print_settings(&settings, input.mode && input.mode[0] && !input.secure ? input.mode : NULL);
	return fflush(stdout) ? trouble("standard output") : 0;
}
