/* SPDX-License-Identifier: MIT */
/* What the files of `explain` share: what a record (audit/record.h) says, and what has been
 * worked out from it. All of it is in one arena, and stays. */
#ifndef PYPY_ISOLATE_LAUNCHER_EXPLAIN_PARTS_H
#define PYPY_ISOLATE_LAUNCHER_EXPLAIN_PARTS_H

#include <stdio.h>
#include <sys/types.h>

#include "audit/settings.h"
#include "launcher/verdict.h"

struct words {
	char **word;			/* count of them */
	size_t count;
};

enum seen_kind {
	SEEN_PROGRAM, SEEN_INTERPRETER, SEEN_HOST, SEEN_MODULE, SEEN_LIBRARY, SEEN_MIRROR,
	SEEN_SCOPE, SEEN_LINKER, SEEN_VDSO,
};

struct seen_object {
	struct seen_object *next;	/* as they came */
	unsigned id;			/* of no other of the report; 0 so far */
	long lmid;
	unsigned long map;		/* its link map, while it is there */
	enum seen_kind kind;
	bool is_interpreter, is_stdlib, at_start;
	bool is_gone;
	unsigned long gone_at;		/* seen_process.time of it */
	unsigned found;			/* a LA_SER_ flag, or 0 */
	const char *path, *soname, *asked;	/* "": none */
	struct words needed;		/* DT_NEEDED */
	const struct seen_mirror *mirror;	/* what it was opened as, or NULL */
	struct seen_object *mirror_of;
	struct seen_object *copy;	/* while a process is copied */
	const struct seen_load *bound_by;	/* the first that it came with, or NULL */
	struct file *file;		/* or NULL */
	bool is_queued;			/* while a search list is made */
	struct seen_object **need;	/* needed.count of them, each may be NULL */
};

struct seen_mirror {
	struct seen_mirror *before;
	const char *path, *label;
	unsigned long of;		/* a link map, or 0 */
	struct words given;		/* the only symbols; none: all */
};

struct seen_load {
	struct seen_load *next;
	long lmid;
	unsigned long map;		/* what came of it, or 0 */
	struct seen_object *object;	/* the same, or NULL */
	size_t objects;			/* that had come before */
	bool inside, is_inherited, is_told;
	unsigned long long nanoseconds;
	const char *path, *package, *reason, *rule, *refused;	/* "": none */
};

/* References of one object that went to one other, and would have gone to one other. */
struct seen_binding {
	struct seen_binding *next;
	const struct seen_object *from, *to;
	const struct seen_object *plain;	/* of base, or NULL: nothing is hijacked */
	const char *target;
	size_t count, hijacked;
	const char **symbol;		/* the first SYMBOLS_MAX of the hijacked */
};

#define NAMESPACES 16	/* DL_NNS */
#define SYMBOLS_MAX 50

struct seen_process {
	struct seen_process *next;
	const struct seen_process *parent_seen;	/* if it forked from that; or NULL */
	size_t parent_objects, parent_loads;	/* that that had then */
	bool has_copy;			/* of those */
	long pid, parent;
	unsigned audit_interface;
	const char *glibc, *mode, *program;
	struct words command;
	unsigned long long nanoseconds, bytes;
	unsigned long time;		/* counts what has come */
	unsigned long gone_since;	/* the time since when nothing but `gone` came; or 0 */
	bool is_interpreter;		/* one was recognized in it */
	struct seen_object *first, *last;
	size_t objects;
	struct {
		unsigned long *map;	/* count of them */
		size_t count;
	} order;			/* of base at the start */
	struct seen_mirror *mirrors;
	struct seen_load *first_load, *last_load;
	size_t loads;
	struct world *world;		/* or NULL: nothing of it is worked out */
	struct seen_binding *first_binding, *last_binding;
};

struct world;			/* explain_bind.c */

struct explain {
	struct arena arena;
	struct settings settings;
	struct words command;
	bool follows;
	int status;			/* as from wait(2) */
	struct seen_process *first, *last;
	struct world *worlds;
	size_t unread;			/* lines of the record that make no sense */
	int record;			/* the file, open for reading */
	char *rest;			/* the beginning of a line */
	size_t rest_length, rest_room;
	const char *bold, *red, *plain;	/* for a terminal, or "" */
};

/* Zeroed memory; when there is none, says so and ends. */
void *explain_take(struct explain *explain, size_t size);
char *explain_text(struct explain *explain, const char *text, size_t length);

/* explain_run.c: runs a command (NULL-terminated) with the audit module, which writes to the
 * file record, and passes signals on. tick is called ten times a second if it is not NULL.
 * Returns the status as from wait(2); -1, with errno, if it could not be started. */
int explain_run(char **argv, const char *record, void (*tick)(void *), void *context);

/* Ends as a program that ended so: by the same signal, too. */
int explain_end(int status);

/* explain_read.c: what the record has more than at the last call. */
void explain_read(struct explain *explain);

/* Once there is no more: settles what came of the loads. */
void explain_settle(struct explain *explain);

/* The object of a process that is at that link map now, or NULL. */
struct seen_object *seen_at(const struct seen_process *process, unsigned long map);

/* explain_bind.c: fills in what needs what, the kinds and the bindings of all. */
void explain_bind(struct explain *explain);

/* explain_seen.c: what the reports ask. The objects of a namespace that are there at the end,
 * one after the other: NULL before the first. */
struct seen_object *seen_next(const struct seen_process *process, long lmid,
			      const struct seen_object *object);

/* The packages that live in a namespace: the load that first named each, likewise. */
const struct seen_load *seen_package(const struct seen_process *process, long lmid,
				     const struct seen_load *after);

/* What kind of namespace it is: base, root, package, common, or the program's own. */
const char *seen_namespace(const struct seen_process *process, long lmid);

/* A path, or for a mirror the name that it answers to. */
const char *seen_name(const struct seen_process *process, const struct seen_object *object);

/* How its file was found, or NULL. */
const char *seen_from(const struct seen_object *object);

/* The path of the interpreter, or NULL. */
const char *seen_interpreter(const struct seen_process *process);

/* Is its parent in the report, too? */
bool seen_parent(const struct explain *explain, const struct seen_process *process);

/* Is it the first load of a module that the interpreter asked for, and came of it something? */
bool seen_is_module(const struct seen_process *process, const struct seen_load *load);

/* explain_print.c: for a person; on standard error. */
void explain_print(const struct explain *explain);

/* One line, for --follow. */
void explain_tell(const struct seen_process *process, const struct seen_load *load);

/* explain_json.c: man/pypy-isolate-explain.schema.json says what is in it. */
void explain_json(const struct explain *explain, FILE *out);

/* picture.c: the same as one HTML page, which draws it. */
void explain_html(const struct explain *explain, FILE *out);

#endif
