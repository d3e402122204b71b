/* SPDX-License-Identifier: MIT */
/* The text of pypy-isolate.conf -> rules. pypy-isolate.conf(5) is the grammar.
 *
 * A parse reports every error of the text, each as
 * `file:line:column: what is wrong, and what is allowed`; rules of a text with
 * errors must not be used. */
#ifndef PYPY_ISOLATE_CONF_H
#define PYPY_ISOLATE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/arena.h"
#include "policy/diag.h"
#include "policy/rules.h"

/* A text and the name that messages use for it. */
struct conf_text {
	const char *name;	/* a path, or CONF_BUILT_IN and what is below it */
	const char *text;	/* need not end in NUL */
	size_t length;		/* bytes */
};

/* The name of the compiled-in pypy-isolate.conf, and what it includes is below. */
#define CONF_BUILT_IN "built-in"

/* How `include` and `exports` get at files: policy/ opens none itself. */
struct conf_source {
	/* Reads what `word` names in the file `from`. out and what it points to
	 * must live as long as the rules. False, with a reason, if it cannot. */
	bool (*read)(void *context, const char *from, const char *word,
		     struct conf_text *out, struct diag *diag);
	void *context;
	/* The texts are the compiled-in ones, whose lines a test has had checked. */
	bool trusted;
	/* Of their lines, `interpreter` alone: what a process must know that is none. */
	bool only_interpreters;
};

struct conf_error {
	const struct conf_error *next;	/* in the order of the text */
	const char *text;
};

/* Adds the rules of text to rules. Memory comes from arena. False if there was
 * an error: then *errors (owned by the arena) lists all of them, at least one. */
bool conf_parse(struct rules *rules, const struct conf_text *text,
		const struct conf_source *source, struct arena *arena,
		const struct conf_error **errors);

/* The compiled-in texts: "pypy-isolate.conf", "policy/groups.conf",
 * "capi/pypy.list", "capi/cpython.list". NULL if there is none of that name. */
const struct conf_text *conf_built_in(const char *name);

#endif
