/* SPDX-License-Identifier: MIT */
/* What happens in this process -> lines of a file, for `pypy-isolate explain`.
 *
 * The file is that of $PYPY_ISOLATE_RECORD; without it none of this does anything. A
 * line is one write(2) to a file that is opened for it to append to, so those of many
 * processes do not mix, and no descriptor is kept. In a line, tabs stand between words,
 * and a byte that would end one is \xHH; each begins with the process and what it says:
 *
 *	start	PARENT AUDIT-INTERFACE MODE PROGRAM ARGUMENT...
 *	fork	PARENT
 *	object	NAMESPACE ID KIND FOUND PATH SONAME ASKED	FOUND: the LA_SER_ flag
 *	need	ID NAME...					its DT_NEEDED, in order
 *	gone	ID						the last line if the process ends
 *	ready	GLIBC NANOSECONDS BYTES ID...			base, in ld.so's order
 *	mirror	PATH OF-ID LABEL				0: a scope object
 *	give	PATH SYMBOL...					all that the mirror has
 *	load	NAMESPACE ID INSIDE NANOSECONDS SUM BYTES PATH PACKAGE REASON RULE REFUSED
 *
 * Numbers are decimal, IDs hexadecimal and one for an object as long as it is there. A
 * process that forked has what its parent had then. */
#ifndef PYPY_ISOLATE_RECORD_H
#define PYPY_ISOLATE_RECORD_H

#include "audit/object.h"
#include "audit/unlisted.h"

/* From la_version, once the settings are known. */
void record_begin(void);

/* From la_objsearch, la_objopen, la_objclose, la_preinit; an object while its link map has
 * the path that it was opened by. */
void record_search(const char *name, unsigned flag);
void record_object(const struct object *object);
void record_gone(const struct object *object);
void record_ready(void);

/* of: what the mirror stands for, or NULL. size: bytes of the image. */
void record_mirror(const char *path, const struct object *of, const char *label, size_t size);
void record_given(const char *path, const struct unlisted_name *names);

/* Nanoseconds that this thread has had the processor; 0 if nothing is recorded. */
uint64_t record_clock(void);

/* Ours is all time of a callback, and of a load all but what ld.so does with the module. */
void record_callback_end(uint64_t begun);

struct record_away {
	uint64_t begun, callbacks, away;
};

struct record_away record_away_begin(void);
void record_away_end(const struct record_away *since);

struct record_load {
	struct record_away since;
	Lmid_t lmid;
	const void *handle;		/* or NULL */
	bool inside;			/* asked for by a module */
	const char *path;		/* absolute */
	const char *package;		/* or NULL, as the next three */
	const char *reason, *refused;
	const struct rule *rule;
};

void record_load(const struct record_load *load);

/* A copy of the text that lasts; NULL if nothing is recorded. */
const char *record_text(const char *text);

#endif
