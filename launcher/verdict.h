/* SPDX-License-Identifier: MIT */
/* A module -> where each reference of it and of its own libraries goes when it is loaded
 * plainly, where it would go if it were isolated, and what the difference is. */
#ifndef PYPY_ISOLATE_LAUNCHER_VERDICT_H
#define PYPY_ISOLATE_LAUNCHER_VERDICT_H

#include "launcher/interpreter.h"

enum verdict_kind {
	BINDING_PLAIN,		/* nothing to be said of it */
	BINDING_HIJACKED,	/* its own closure has it, and the interpreter's is taken */
	BINDING_SAME,		/* harmless: the interpreter's is the same file as its own */
	BINDING_HOST,		/* harmless: what is taken is shared by all namespaces, too */
	BINDING_UNLISTED,	/* only a library of the interpreter has it */
};

struct binding {
	enum verdict_kind kind;
	struct file *from;
	struct file_reference *reference;
	struct file *plain;	/* whose is taken; NULL: a weak one, and nobody's */
	struct file *own;	/* whose would be taken if it were isolated, or NULL */
};

/* A library of its own that is never loaded: the interpreter has one of that name. */
struct clash {
	const char *name;	/* that it is asked for by */
	struct file *own, *taken;
};

struct tail {
	struct tail *next;
	unsigned number;
	size_t count;
	const struct lookup_object *object[];
};

/* The definitions of STB_GNU_UNIQUE symbols that a namespace has, by hash; what is added is
 * in the arena. */
struct verdicts_room {
	struct lookup_unique *unique[256];
	struct arena *arena;
};

struct verdicts {
	struct interpreter *interpreter;
	struct arena arena;	/* of one module: the closures */
	unsigned mark;		/* the number of the module */
	struct binding *binding;	/* binding_count of them */
	size_t binding_count, binding_room;
	struct clash *clash;
	size_t clash_count, clash_room;
	/* What is loaded, in the order of ld.so, and the same if it were isolated. */
	const struct lookup_object **plain, **own;
	size_t plain_count, own_count;
	/* Without the module itself they are the same for many: those met, by number. */
	struct tail *tails;
	unsigned tail[2], last_tail;
	char reason[512];	/* why the module would not load plainly, or "" */
	bool by_clash;		/* it is because of a clash */
	struct lookup_unique *unique[2][256];	/* plain and isolated, by hash */
	struct verdicts_room *room;	/* verdicts_of_loaded(): instead of unique[1] */
	bool no_memory;
};

/* False when memory is out. */
bool verdicts_begin(struct verdicts *verdicts, struct interpreter *interpreter);

/* Fills in all that follows mark, for one module; it holds until the next call. False, with
 * the reason in diag, if the module or a library of it cannot be read. */
bool verdicts_of(struct verdicts *verdicts, struct file *module, struct diag *diag);

/* The same for a module that has been loaded, isolated: then what is searched after what all
 * namespaces have are the count files of own, in that order; it holds until the next call, too.
 * Of those that are new the bindings are given; where plain loading would not have the file,
 * their plain is NULL. */
bool verdicts_of_loaded(struct verdicts *verdicts, struct file *module,
			struct file *const *own, const bool *is_new, size_t count,
			struct verdicts_room *room, struct diag *diag);

/* The two scopes of an object of the module, for a look at each step: fills in at most 3
 * parts and returns how many. */
size_t verdicts_scopes(const struct verdicts *verdicts, const struct file *from, bool isolated,
		       struct lookup_scope scope[3]);

#endif
