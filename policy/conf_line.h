/* SPDX-License-Identifier: MIT */
/* What the two halves of the parser share: conf.c reads lines and makes rules,
 * conf_check.c knows what a line of each directive must look like. */
#ifndef PYPY_ISOLATE_CONF_LINE_H
#define PYPY_ISOLATE_CONF_LINE_H

#include "policy/conf.h"

#define LINE_WORDS 256

#define MET_BUCKETS 1024

/* A word of a rule that may not be said again. */
struct met {
	const struct met *next;		/* of the same bucket, newest first */
	const struct rule *rule;
	const char *text;
};

struct parser {
	struct rules *rules;
	const struct conf_source *source;
	struct arena *arena;
	const struct conf_error *errors;
	const struct conf_error **tail;	/* where the next error goes; NULL: no memory */
	unsigned includes;		/* files read so far */
	size_t sonames;			/* words of share and duplicate so far */
	const struct met *met[MET_BUCKETS];	/* by the hash of their texts */
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

#define NO_RULE ((enum directive)-1)	/* include: done when read */

struct syntax {
	const char *name;
	enum directive directive;
	size_t least, most;		/* words after it */
	const char *usage;
	/* Fails the line if the words are not what they must be. */
	void (*check)(struct parser *parser, struct line *line);
};

/* The directive that the line begins with, or NULL, and the line has failed, if
 * there is none of that name or it has too few or too many words. */
const struct syntax *conf_syntax(struct parser *parser, struct line *line);

/* The policy is too large: the error that has no memory of its own, and the last. */
void conf_give_up(struct parser *parser);

/* Notes an error at a column of the line. */
void conf_fail(struct parser *parser, struct line *line, unsigned column,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The rule is a share, duplicate or group: keeps its words for lines to come. */
void conf_meet(struct parser *parser, const struct rule *rule);

/* The words are interpreter NAME PATTERN... [executable] exports LISTFILE. */
bool conf_has_executable(const struct line *line);

/* Words are shown up to a length that leaves room for the rest. */
#define SHOWN "%.200s"

#endif
