/* SPDX-License-Identifier: MIT */
/* An interpreter -> what modules meet in it: the global scope, its C API, its directories.
 *
 * It is asked itself, and its own ld.so is: which wrapper leads where, what LD_PRELOAD
 * adds and which directories are searched is theirs to know. No module is imported. */
#ifndef PYPY_ISOLATE_LAUNCHER_INTERPRETER_H
#define PYPY_ISOLATE_LAUNCHER_INTERPRETER_H

#include <limits.h>

#include "audit/libraries.h"
#include "launcher/files.h"
#include "policy/rules.h"

#define SCOPE_MAX 512		/* objects; uwsgi with all its plugins has 60 */

struct interpreter {
	struct library_source source;	/* the first member, as it is its own context */
	/* ld.so.cache, which every closure asks for, is mapped once. */
	void (*map_cache)(void *context, struct ld_cache *cache);
	struct ld_cache cache;
	bool has_cache;
	struct files files;
	const struct rules *rules;
	struct libraries libraries;
	char program[PATH_MAX];		/* the ELF file that is executed */
	/* What is searched first, in its order, and what each was asked for by. */
	size_t count;
	const struct lookup_object *scope[SCOPE_MAX];
	const char *name[SCOPE_MAX];
	struct file *api;		/* the one that implements the C API, or NULL */
	const struct capi *exports;
	struct lookup_object api_view;	/* the names of it that modules see when isolated */
	/* What a namespace begins with: the view of the API and the host libraries. */
	size_t shared_count;
	const struct lookup_object *shared[SCOPE_MAX];
	const char **site;		/* directories, NULL-terminated */
	const char **suffix;		/* of modules, NULL-terminated */
};

/* word: what a person calls the interpreter. embedder: NULL, or a program that has an
 * interpreter in it and then, with commas between them, the plugins that it loads; then the
 * scope is theirs. False, with the reason, if something cannot be found out. */
bool interpreter_find(struct interpreter *interpreter, const char *word, const char *embedder,
		      const struct rules *rules, struct diag *diag);

/* The same for what a process had: the objects of base that are searched first, the program
 * before all, by the names that they were asked for by, and their paths. */
bool interpreter_of_process(struct interpreter *interpreter, const char *const *names,
			    const char *const *paths, size_t count, const struct rules *rules,
			    struct diag *diag);

/* The file that an object stands for. */
struct file *interpreter_file(const struct interpreter *interpreter,
			      const struct lookup_object *object);

/* The file that all have for a DT_NEEDED name: a host library. NULL if it is none. */
struct file *interpreter_host(struct interpreter *interpreter, const char *name);

/* Begins a closure: with the objects of the interpreter in it, or as if they were not.
 * search is the caller's to keep, and search->program is in the arena. */
bool interpreter_closure(struct interpreter *interpreter, struct closure *closure,
			 struct closure_search *search, bool with_objects,
			 struct arena *arena);

#endif
