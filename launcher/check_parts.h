/* SPDX-License-Identifier: MIT */
/* What the files of `check` share: what was asked for, and what has come out so far. */
#ifndef PYPY_ISOLATE_LAUNCHER_CHECK_PARTS_H
#define PYPY_ISOLATE_LAUNCHER_CHECK_PARTS_H

#include "audit/settings.h"
#include "launcher/verdict.h"

struct options {
	const char *interpreter, *embedder;	/* or NULL */
	const char *why;			/* a symbol, or NULL */
	bool json, symbols, all, bindings;
};

/* Of all modules. A reference of a library that many have counts once. */
struct sum {
	size_t modules, hijacked_modules, clashes, unloadable, foreign, troubles;
	size_t references[BINDING_UNLISTED + 1];	/* by kind */
};

/* References that have a kind, and whose they are, in common: consecutive in sorted. */
struct group {
	enum verdict_kind kind;
	const struct file *own, *plain;
	const struct binding *const *binding;	/* count of them, each symbol of a file once */
	size_t count;
};

struct check {
	struct options options;
	struct settings settings;
	struct interpreter interpreter;
	struct verdicts verdicts;
	struct sum sum;
	const struct binding **sorted;		/* those of the module that are not plain */
	size_t sorted_count, sorted_room;
	size_t done, total;			/* files, for the progress */
	bool shows_progress;
	bool searches_site;		/* where the interpreter finds modules: nobody named a path */
	char home[PATH_MAX];			/* the current directory and a '/' */
	/* Where a wheel was unpacked, and what to show in place of it. */
	char unpacked[PATH_MAX], wheel[PATH_MAX];
	const char *bold, *red, *plain;		/* for a terminal, or "" */
	bool said_module;			/* JSON: there is one before */
};

/* A path as a person knows it: relative to here, or inside of the wheel. out is what is
 * returned, or path is, or a part of it. */
const char *check_shown(const struct check *check, const char *path, char out[PATH_MAX]);

/* The groups of the module one after the other: false after the last. *at begins as 0. */
bool check_group(const struct check *check, size_t *at, struct group *group);

/* What a binding refers to. */
const char *binding_symbol(const struct binding *binding);
const char *binding_version(const struct binding *binding);	/* or NULL */

/* "built-in:43", or "no rule". */
void check_rule(const struct check *check, const char *path, enum verdict *verdict,
		char *where, size_t size);

/* check_print.c: for a person. */
void print_module(struct check *check, const struct file *module);
void print_bindings(const struct check *check, const struct file *module);
void print_why(struct check *check, const struct file *module);
void print_sum(struct check *check);
void print_progress(struct check *check, bool more);

/* check_json.c: for a program; man/pypy-isolate-check.schema.json says what is in it. */
void json_begin(const struct check *check);
void json_module(struct check *check, const struct file *module);
void json_trouble(struct check *check, const char *text);
void json_end(const struct check *check);

/* walk.c: directories and wheels. */
struct walk_entry {
	struct walk_entry *next;
	int error;		/* why this directory could not be read, or 0 */
	char path[];		/* absolute */
};

struct walk {
	struct walk_entry *first, *last;
	size_t count;
};

/* Adds the shared objects below the directory path, and directories that cannot be read. */
bool walk_directory(struct walk *walk, const char *path);
void walk_end(struct walk *walk);

/* Could import find a module in a file of that name? */
bool walk_is_module_name(const char *path, const char *const *suffix);

/* Unpacks a wheel into a new directory, made by interpreter (a word for execvp). */
bool wheel_unpack(const char *wheel, const char *interpreter, char directory[PATH_MAX],
		  struct diag *diag);
void directory_remove(const char *directory);

#endif
