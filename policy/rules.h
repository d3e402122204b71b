/* SPDX-License-Identifier: MIT */
/* Rules + facts -> verdict, and the rule that decided.
 *
 * Pure: no process state, no files, no environment. The last rule that matches
 * wins; the compiled-in rules come first, so there is always one. */
#ifndef PYPY_ISOLATE_RULES_H
#define PYPY_ISOLATE_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/capi.h"

enum directive {
	DIRECTIVE_INTERPRETER,
	DIRECTIVE_SHARE,
	DIRECTIVE_ISOLATE,
	DIRECTIVE_LEAVE,
	DIRECTIVE_SITE,
	DIRECTIVE_PER,
	DIRECTIVE_GROUP,
	DIRECTIVE_DUPLICATE,
	DIRECTIVE_UNLISTED,
	DIRECTIVE_MODE,
};

/* One line of a policy, in the words it was written in. */
struct rule {
	const struct rule *before;	/* the rule read before this one, or NULL */
	enum directive directive;
	const char *file;		/* where it stands, for messages */
	unsigned line, column;		/* from 1; column counts bytes */
	size_t word_count;		/* words after the directive */
	const char *const *words;
	const struct capi *exports;	/* DIRECTIVE_INTERPRETER only */
	bool executable;		/* DIRECTIVE_INTERPRETER only: the program itself can be it */
};

struct rules {
	const struct rule *last;	/* newest first, by ->before */
};

enum verdict { VERDICT_LEAVE, VERDICT_ISOLATE };
enum per { PER_PACKAGE, PER_MODULE, PER_PROCESS };
enum mode { MODE_OFF, MODE_PERMISSIVE, MODE_ENFORCE };
enum unlisted { UNLISTED_DENY, UNLISTED_WARN };

/* Of all these: *why, when why is not NULL, gets the rule that decided, or NULL
 * when no rule did and the default of pypy-isolate.conf(5) holds. Names and
 * paths are NUL-terminated; a path is absolute, without "." or ".." parts. */

/* Isolate the shared object at path, or leave it to plain loading? */
enum verdict rules_verdict(const struct rules *rules, const char *path,
			   const struct rule **why);

/* The profile of an interpreter library by the last part of its file name, or
 * NULL if that is none. */
const struct rule *rules_interpreter(const struct rules *rules, const char *file_name);

/* The n-th profile (from 0, newest first) by which the program itself may be
 * the interpreter, or NULL after the last one. */
const struct rule *rules_executable(const struct rules *rules, size_t n);

/* Is the library of that SONAME shared between base and every namespace?
 * The last of `share` and `duplicate` that names it decides. */
bool rules_shared(const struct rules *rules, const char *soname, const struct rule **why);

/* May each namespace have its own copy of the library of that SONAME? */
bool rules_duplicate(const struct rules *rules, const char *soname, const struct rule **why);

/* The name of the group that a package belongs to, or NULL. */
const char *rules_group(const struct rules *rules, const char *package,
			const struct rule **why);

enum per rules_per(const struct rules *rules, const struct rule **why);
enum mode rules_mode(const struct rules *rules, const struct rule **why);

/* What becomes of the module at path when it needs a symbol that only another
 * library of base could give: `unlisted deny|warn [PATTERN...]`. */
enum unlisted rules_unlisted(const struct rules *rules, const char *path,
			     const struct rule **why);

/* Does a word of the rule, from the first (from 0) on, match the text? */
bool rule_matches(const struct rule *rule, size_t first, const char *text);

/* Does a pattern match the whole text? `*` any bytes, also '/'; `?` one byte;
 * `[a-z]` and `[!a-z]` a set; time linear in pattern times text at worst. */
bool glob_match(const char *pattern, const char *text);

/* Is every `[` of the pattern closed? One that is not stands for itself. */
bool glob_is_whole(const char *pattern);

/* Is every set of a whole pattern one that some byte is in? [z-a] is not. */
bool glob_is_possible(const char *pattern);

/* A pattern that matches the text, and can stand between the quotes of a policy:
 * what is special in one is put into a set, and what a policy cannot hold (quotes,
 * control bytes) becomes `?`. Four bytes a byte at most; cut at size bytes. */
void glob_quote(const char *text, char *out, size_t size);

#endif
