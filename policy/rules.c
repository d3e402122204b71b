/* SPDX-License-Identifier: MIT */
/* Rules + facts -> verdict, and the rule that decided.
 *
 * The rules hang together newest first, so "the last one wins" is: walk, and
 * stop at the first that speaks of the thing. conf_parse() has checked the words;
 * a word that it would not have let through counts as the default. */
#include "policy/rules.h"

#include <string.h>

static bool matches_any(const char *const *patterns, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (glob_match(patterns[i], text))
			return true;
	return false;
}

bool rule_matches(const struct rule *rule, size_t first, const char *text)
{
	return matches_any(rule->words + first, rule->word_count - first, text);
}

static bool decide(const struct rule **why, const struct rule *rule)
{
	if (why)
		*why = rule;
	return rule;
}

/* The last rule of either directive that has a pattern for text. */
static const struct rule *last_match(const struct rules *rules, enum directive one,
				     enum directive other, const char *text)
{
	const struct rule *rule;

	for (rule = rules->last; rule; rule = rule->before)
		if ((rule->directive == one || rule->directive == other) &&
		    rule_matches(rule, 0, text))
			break;
	return rule;
}

static const struct rule *last_of(const struct rules *rules, enum directive directive)
{
	const struct rule *rule = rules->last;

	while (rule && rule->directive != directive)
		rule = rule->before;
	return rule;
}

enum verdict rules_verdict(const struct rules *rules, const char *path,
			   const struct rule **why)
{
	const struct rule *rule = last_match(rules, DIRECTIVE_ISOLATE, DIRECTIVE_LEAVE, path);

	if (!decide(why, rule))
		return VERDICT_LEAVE;
	return rule->directive == DIRECTIVE_ISOLATE ? VERDICT_ISOLATE : VERDICT_LEAVE;
}

/* Is there a newer profile of the same name? */
static bool is_replaced(const struct rules *rules, const struct rule *profile)
{
	for (const struct rule *rule = rules->last; rule != profile; rule = rule->before)
		if (rule->directive == DIRECTIVE_INTERPRETER &&
		    strcmp(rule->words[0], profile->words[0]) == 0)
			return true;
	return false;
}

/* The words of a profile are NAME PATTERN... [executable] exports LISTFILE. */
static bool is_profile_of(const struct rule *rule, const char *file_name)
{
	size_t around = rule->executable ? 4 : 3;

	return rule->word_count > around &&
	       matches_any(rule->words + 1, rule->word_count - around, file_name);
}

const struct rule *rules_interpreter(const struct rules *rules, const char *file_name)
{
	for (const struct rule *rule = rules->last; rule; rule = rule->before)
		if (rule->directive == DIRECTIVE_INTERPRETER &&
		    is_profile_of(rule, file_name) && !is_replaced(rules, rule))
			return rule;
	return NULL;
}

const struct rule *rules_executable(const struct rules *rules, size_t n)
{
	for (const struct rule *rule = rules->last; rule; rule = rule->before)
		if (rule->directive == DIRECTIVE_INTERPRETER && rule->executable &&
		    !is_replaced(rules, rule) && n-- == 0)
			return rule;
	return NULL;
}

static bool names_library(const struct rules *rules, const char *soname,
			  enum directive directive, const struct rule **why)
{
	const struct rule *rule;

	rule = last_match(rules, DIRECTIVE_SHARE, DIRECTIVE_DUPLICATE, soname);
	return decide(why, rule) && rule->directive == directive;
}

bool rules_shared(const struct rules *rules, const char *soname, const struct rule **why)
{
	return names_library(rules, soname, DIRECTIVE_SHARE, why);
}

bool rules_duplicate(const struct rules *rules, const char *soname, const struct rule **why)
{
	return names_library(rules, soname, DIRECTIVE_DUPLICATE, why);
}

/* Has a later file a group of the same name? Every parse of a file has its own
 * copy of the file's name, so pointers tell the files apart. */
static bool is_regrouped(const struct rules *rules, const struct rule *group)
{
	for (const struct rule *rule = rules->last; rule != group; rule = rule->before)
		if (rule->directive == DIRECTIVE_GROUP && rule->file != group->file &&
		    strcmp(rule->words[0], group->words[0]) == 0)
			return true;
	return false;
}

static bool is_grouped(const struct rule *group, const char *package)
{
	return strcmp(group->words[0], package) == 0 ||
	       rule_matches(group, 1, package);
}

const char *rules_group(const struct rules *rules, const char *package,
			const struct rule **why)
{
	const struct rule *rule;

	for (rule = rules->last; rule; rule = rule->before)
		if (rule->directive == DIRECTIVE_GROUP && is_grouped(rule, package) &&
		    !is_regrouped(rules, rule))
			break;
	return decide(why, rule) ? rule->words[0] : NULL;
}

enum per rules_per(const struct rules *rules, const struct rule **why)
{
	const struct rule *rule = last_of(rules, DIRECTIVE_PER);

	if (decide(why, rule) && strcmp(rule->words[0], "module") == 0)
		return PER_MODULE;
	if (rule && strcmp(rule->words[0], "process") == 0)
		return PER_PROCESS;
	return PER_PACKAGE;
}

enum mode rules_mode(const struct rules *rules, const struct rule **why)
{
	const struct rule *rule = last_of(rules, DIRECTIVE_MODE);

	if (decide(why, rule) && strcmp(rule->words[0], "off") == 0)
		return MODE_OFF;
	if (rule && strcmp(rule->words[0], "permissive") == 0)
		return MODE_PERMISSIVE;
	return MODE_ENFORCE;
}

enum unlisted rules_unlisted(const struct rules *rules, const char *path,
			     const struct rule **why)
{
	const struct rule *rule;

	for (rule = rules->last; rule; rule = rule->before)
		if (rule->directive == DIRECTIVE_UNLISTED &&
		    (rule->word_count == 1 || rule_matches(rule, 1, path)))
			break;
	if (decide(why, rule) && strcmp(rule->words[0], "warn") == 0)
		return UNLISTED_WARN;
	return UNLISTED_DENY;
}
