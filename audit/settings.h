/* SPDX-License-Identifier: MIT */
/* Environment and files -> the rules in force.
 *
 * The compiled-in rules come first, then those of $PYPY_ISOLATE_CONF or, when
 * that is not set, of /etc/pypy-isolate.conf if there is one. A process of root,
 * or one with AT_SECURE, reads no file that others could have written: its owner
 * is root or the effective user, and nobody else may write to it. Used by the
 * launcher, and by the audit module in a process that has not reached main(). */
#ifndef PYPY_ISOLATE_SETTINGS_H
#define PYPY_ISOLATE_SETTINGS_H

#include <stdbool.h>

#include "policy/arena.h"
#include "policy/conf.h"
#include "policy/rules.h"

#define SETTINGS_CONF_FILE "/etc/pypy-isolate.conf"
#define SETTINGS_CONF_MAX ((size_t)1 << 20)	/* bytes of one file */
#define SETTINGS_ARENA ((size_t)8 << 20)	/* bytes; any sane policy fits */

/* Values of the environment, each NULL if not set; an empty one counts as not
 * set. Not owned: nothing points there after settings_read(). */
struct settings_input {
	const char *mode;	/* $PYPY_ISOLATE: off, permissive, enforce */
	const char *conf;	/* $PYPY_ISOLATE_CONF: a path */
	const char *log;	/* $PYPY_ISOLATE_LOG: LEVEL[:FILE] */
	const char *record;	/* $PYPY_ISOLATE_RECORD: a path */
	bool secure;		/* AT_SECURE: not our user's words, so ignore all of them */
};

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct settings {
	struct rules rules;
	enum mode mode;		/* that of $PYPY_ISOLATE, else of the rules */
	enum log_level log_level;
	const char *log_file;	/* or NULL: standard error */
	const char *record_file;	/* what happens is told there (record.h); or NULL */
	const char *conf_name;	/* the file read after the compiled-in rules, or NULL */
	bool is_bare;		/* no memory: not even the compiled-in rules are there */
	bool is_begun;		/* of the rules, `interpreter` alone is there so far */
	const struct conf_error *errors;	/* of everything read, in order, or NULL */
};

/* False if anything is wrong: then errors says all that is, and the rules must
 * not be used. mode is then what $PYPY_ISOLATE says, or MODE_ENFORCE: `off`
 * holds with a broken file, too. All memory comes from arena. */
bool settings_read(struct settings *settings, const struct settings_input *input,
		   struct arena *arena);

/* The same for a process that, most likely, is no interpreter: if there is no file to be
 * read, of the compiled-in rules the least. The rest by settings_complete(), from any
 * thread; false if there is no memory for it. */
bool settings_begin(struct settings *settings, const struct settings_input *input,
		    struct arena *arena);
bool settings_complete(struct settings *settings, struct arena *arena);

#endif
