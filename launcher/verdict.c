/* SPDX-License-Identifier: MIT */
/* A module -> where each reference goes when it is loaded plainly, and where if isolated.
 *
 * Two closures, two lookups. Plainly: a name that is loaded already is not searched for,
 * and the global scope comes first. Isolated: the C API and the host libraries come first,
 * and all else is the module's own. What differs is the verdict.
 *
 * Hard: being quick. The first part of either scope is the same for all modules, so what
 * it gives is kept with the reference. So is what the libraries give, for as long as modules
 * come with the same: a library of fifty modules of a package asks once. */
#include "launcher/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSURE_ARENA ((size_t)8 << 20)	/* bytes: 2048 objects and their names */

enum { PLAIN, OWN };

bool verdicts_begin(struct verdicts *verdicts, struct interpreter *interpreter)
{
	*verdicts = (struct verdicts){ .interpreter = interpreter };
	verdicts->arena.size = CLOSURE_ARENA;
	verdicts->arena.base = calloc(1, CLOSURE_ARENA);
	verdicts->plain = calloc(CLOSURE_OBJECTS_MAX, sizeof(void *));
	verdicts->own = calloc(CLOSURE_OBJECTS_MAX, sizeof(void *));
	return verdicts->arena.base && verdicts->plain && verdicts->own;
}

/* ---- lists that grow ---- */

static void *grown(void *list, size_t count, size_t *room, size_t size)
{
	void *more;

	if (count < *room)
		return list;
	*room = *room ? 2 * *room : 256;
	more = realloc(list, *room * size);
	if (!more)
		*room = count;
	return more;
}

static void add_binding(struct verdicts *verdicts, const struct binding *binding)
{
	struct binding *more = grown(verdicts->binding, verdicts->binding_count,
				     &verdicts->binding_room, sizeof *more);

	if (!more) {
		verdicts->no_memory = true;
		return;
	}
	verdicts->binding = more;
	more[verdicts->binding_count++] = *binding;
}

static void add_clash(struct verdicts *verdicts, const struct clash *clash)
{
	struct clash *more = grown(verdicts->clash, verdicts->clash_count,
				   &verdicts->clash_room, sizeof *more);

	if (!more) {
		verdicts->no_memory = true;
		return;
	}
	verdicts->clash = more;
	more[verdicts->clash_count++] = *clash;
}

/* Only the first reason is of interest. */
static void __attribute__((format(printf, 2, 3)))
fails(struct verdicts *verdicts, const char *format, ...)
{
	va_list args;

	if (verdicts->reason[0])
		return;
	va_start(args, format);
	vsnprintf(verdicts->reason, sizeof verdicts->reason, format, args);
	va_end(args);
}

/* ---- the closures ---- */

static bool too_many(struct diag *diag, const struct file *module)
{
	return diag_set(diag, "%s: needs too many libraries", module->path);
}

/* Adds an object to the list of what ld.so loads, once. */
static bool append(struct verdicts *verdicts, const struct closure_object *object,
		   struct diag *diag)
{
	struct file *file = object->known;

	if (file->wrong)
		return diag_set(diag, "%s", file->wrong);
	if (file->mark == verdicts->mark)
		return true;
	file->mark = verdicts->mark;
	file->is_reached |= verdicts->plain_count > 0;
	verdicts->plain[verdicts->plain_count++] = &file->object;
	return true;
}

static bool close_plain(struct verdicts *verdicts, struct closure *closure,
			struct closure_object **objects, struct diag *diag)
{
	for (size_t i = 0; i < verdicts->plain_count; i++) {
		const char *const *name = objects[i]->needed;

		for (; name && *name; name++) {
			size_t before = verdicts->plain_count;
			struct closure_object *object = closure_need(closure, objects[i], *name);

			if (!object || before == CLOSURE_OBJECTS_MAX)
				return too_many(diag, file_of(verdicts->plain[0]));
			if (!object->path) {
				fails(verdicts, "its library %s is not found", *name);
				continue;
			}
			if (!append(verdicts, object, diag))
				return false;
			if (verdicts->plain_count > before)
				objects[before] = object;
		}
	}
	return true;
}

static struct file *loaded_as(const struct closure *closure, const char *name)
{
	const struct closure_object *object = closure->first;

	for (; object; object = object->next)
		if (object->path && (!strcmp(object->name, name) ||
				     (object->soname && !strcmp(object->soname, name))))
			return object->known;
	return NULL;
}

/* ld.so looks whether each library that is there has the versions that are asked of it. */
static void check_versions(struct verdicts *verdicts, const struct closure *closure,
			   const struct file *file)
{
	const char *library, *version, *last = NULL;
	const struct file *loaded = NULL;
	size_t at = 0, aux = 0;
	bool is_weak;

	while ((version = lookup_needed_version(&file->elf.symbols, &at, &aux, &library,
						&is_weak))) {
		if (library != last)
			loaded = loaded_as(closure, library);
		last = library;
		if (!loaded || is_weak || lookup_has_version(&loaded->elf.symbols, version))
			continue;
		fails(verdicts, "%s of the interpreter has no version %s, which %s needs",
		      loaded->path, version, file->name);
		verdicts->by_clash |= loaded->is_base && !loaded->is_host;
	}
}

static bool plain_closure(struct verdicts *verdicts, struct closure *closure,
			  struct closure_search *search, const struct file *module,
			  struct diag *diag)
{
	struct closure_object **objects = arena_take(&verdicts->arena, CLOSURE_OBJECTS_MAX *
									sizeof(void *));

	verdicts->plain_count = 0;
	if (!objects || !interpreter_closure(verdicts->interpreter, closure, search, true,
					     &verdicts->arena))
		return diag_set(diag, "no memory");
	objects[0] = closure_open(closure, module->path);
	if (!objects[0])
		return diag_set(diag, "%s: cannot be read", module->path);
	if (!append(verdicts, objects[0], diag) ||
	    !close_plain(verdicts, closure, objects, diag))
		return false;
	for (size_t i = 0; i < verdicts->plain_count; i++)
		if (!file_of(verdicts->plain[i])->is_base)
			check_versions(verdicts, closure, file_of(verdicts->plain[i]));
	return true;
}

static void append_own(struct verdicts *verdicts, struct file *file)
{
	if (file->own_mark == verdicts->mark || file->wrong)
		return;
	file->own_mark = verdicts->mark;
	verdicts->own[verdicts->own_count++] = &file->object;
}

/* Does plain loading take another file, of the interpreter, for that name? */
static void look_for_clash(struct verdicts *verdicts, const struct closure_object *object)
{
	const struct interpreter *interpreter = verdicts->interpreter;
	struct file *own = object->known;

	if (own->mark == verdicts->mark)
		return;
	for (size_t i = 0; i < interpreter->count; i++) {
		struct file *file = file_of(interpreter->scope[i]);
		const char *soname = file->elf.soname;

		if (strcmp(interpreter->name[i], object->name) != 0 &&
		    (!soname || strcmp(soname, object->name) != 0))
			continue;
		add_clash(verdicts, &(struct clash){ object->name, own, file });
		return;
	}
}

/* What a namespace has anyway is not searched for; its own libraries are not looked for. */
static bool need_own(struct verdicts *verdicts, struct closure *closure,
		     const struct closure_object *loader, const char *name)
{
	struct file *host = interpreter_host(verdicts->interpreter, name);
	struct closure_object *object;
	size_t before = closure->count;

	if (host)
		append_own(verdicts, host);
	if (host || rules_interpreter(verdicts->interpreter->rules, name))
		return true;
	object = closure_need(closure, loader, name);
	if (object && object->path && closure->count > before) {
		look_for_clash(verdicts, object);
		append_own(verdicts, object->known);
	}
	return object && verdicts->own_count < CLOSURE_OBJECTS_MAX;
}

static bool own_closure(struct verdicts *verdicts, const struct file *module, struct diag *diag)
{
	struct closure_search search;
	struct closure closure;
	const struct closure_object *object;

	verdicts->own_count = 0;
	if (!interpreter_closure(verdicts->interpreter, &closure, &search, false,
				 &verdicts->arena))
		return diag_set(diag, "no memory");
	object = closure_open(&closure, module->path);
	if (!object)
		return diag_set(diag, "%s: cannot be read", module->path);
	append_own(verdicts, object->known);
	for (; object; object = object->next)
		for (const char *const *name = object->needed; name && *name; name++)
			if (!need_own(verdicts, &closure, object, *name))
				return too_many(diag, module);
	return true;
}

/* ---- the lookups ---- */

/* What the table of the namespace says of an STB_GNU_UNIQUE symbol. */
static struct lookup_found once(struct verdicts *verdicts, int which,
				const struct lookup_reference *reference,
				struct lookup_found found)
{
	struct verdicts_room *room = which == OWN ? verdicts->room : NULL;
	struct lookup_unique **first = room ? room->unique : verdicts->unique[which], *added;
	const struct lookup_unique *unique;

	first += reference->hash % 256;
	unique = lookup_unique_of(*first, reference);

	if (unique)
		return unique->found;
	added = arena_take(room ? room->arena : &verdicts->arena, sizeof *added);
	if (!added) {
		verdicts->no_memory = true;
		return found;
	}
	*added = (struct lookup_unique){ *first, reference->name, reference->hash, found };
	*first = added;
	return found;
}

/* The first part of either scope. */
static struct lookup_scope head_of(const struct interpreter *interpreter, int which)
{
	return which == PLAIN ?
		(struct lookup_scope){ interpreter->scope, interpreter->count } :
		(struct lookup_scope){ interpreter->shared, interpreter->shared_count };
}

static struct lookup_scope tail_of(const struct verdicts *verdicts, int which)
{
	return which == PLAIN ? (struct lookup_scope){ verdicts->plain, verdicts->plain_count } :
				(struct lookup_scope){ verdicts->own, verdicts->own_count };
}

size_t verdicts_scopes(const struct verdicts *verdicts, const struct file *from, bool isolated,
		       struct lookup_scope scope[3])
{
	static const struct lookup_object *self[2];
	size_t count = 0;
	int which = isolated ? OWN : PLAIN;

	if (from->object.is_symbolic) {
		self[which] = &from->object;
		scope[count++] = (struct lookup_scope){ &self[which], 1 };
	}
	scope[count++] = head_of(verdicts->interpreter, which);
	scope[count++] = tail_of(verdicts, which);
	return count;
}

/* The number of the libraries in a list after the module itself; 0 if there is no memory. */
static unsigned tail_number(struct verdicts *verdicts, struct lookup_scope scope)
{
	size_t size = (scope.count - 1) * sizeof(void *);
	struct tail *tail = verdicts->tails;

	for (; tail; tail = tail->next)
		if (tail->count == scope.count && !memcmp(tail->object, scope.object + 1, size))
			return tail->number;
	tail = malloc(sizeof *tail + size);
	if (!tail)
		return 0;
	tail->number = ++verdicts->last_tail;
	tail->count = scope.count;
	memcpy(tail->object, scope.object + 1, size);
	tail->next = verdicts->tails;
	verdicts->tails = tail;
	return tail->number;
}

static void number_tails(struct verdicts *verdicts)
{
	verdicts->tail[PLAIN] = tail_number(verdicts, tail_of(verdicts, PLAIN));
	verdicts->tail[OWN] = tail_number(verdicts, tail_of(verdicts, OWN));
}

static struct lookup_found look_in_tail(const struct verdicts *verdicts,
					const struct lookup_reference *reference,
					struct file_reference *kept, int which)
{
	struct lookup_scope tail = tail_of(verdicts, which), module = { tail.object, 1 };
	struct lookup_found found = lookup_in(&module, reference);

	if (found.object)
		return found;
	if (!verdicts->tail[which] || kept->tail[which] != verdicts->tail[which]) {
		tail.object++;
		tail.count--;
		kept->found[which] = lookup_in(&tail, reference);
		kept->tail[which] = verdicts->tail[which];
	}
	return kept->found[which];
}

static void look_in_heads(const struct interpreter *interpreter,
			  const struct lookup_reference *reference, struct file_reference *kept)
{
	struct lookup_scope plain = head_of(interpreter, PLAIN), own = head_of(interpreter, OWN);

	kept->global = lookup_in(&plain, reference);
	kept->shared = lookup_in(&own, reference);
	kept->is_known = true;
}

static struct lookup_found search(const struct verdicts *verdicts, const struct file *from,
				  const struct lookup_reference *reference,
				  struct file_reference *kept, int which)
{
	const struct lookup_object *self = &from->object;
	struct lookup_scope only = { &self, 1 };
	struct lookup_found found = { NULL, 0 };

	if (self->is_symbolic)
		found = lookup_in(&only, reference);
	if (!found.object && !kept->is_known)
		look_in_heads(verdicts->interpreter, reference, kept);
	if (!found.object)
		found = which == PLAIN ? kept->global : kept->shared;
	return found.object ? found : look_in_tail(verdicts, reference, kept, which);
}

/* A protected symbol of the object itself: whatever is found, its own counts, unless that is
 * the address of a function that the program has taken (dl-lookup.c,
 * _dl_lookup_symbol_x). */
static struct lookup_found protect(const struct verdicts *verdicts, const struct file *from,
				   const struct lookup_reference *reference,
				   const struct file_reference *kept, struct lookup_found found,
				   int which)
{
	struct lookup_reference call = *reference;
	struct file_reference again = { .symbol = kept->symbol };
	struct lookup_found other = found;

	if (ELF64_ST_VISIBILITY(from->elf.symbols.sym[kept->symbol].st_other) != STV_PROTECTED ||
	    !found.object)
		return found;
	call.class = LOOKUP_PLT;
	if (reference->class != LOOKUP_PLT)
		other = search(verdicts, from, &call, &again, which);
	if (other.object && other.object != &from->object)
		return (struct lookup_found){ &from->object, kept->symbol };
	return found;
}

static struct lookup_found bind(struct verdicts *verdicts, const struct file *from,
				const struct lookup_reference *reference,
				struct file_reference *kept, int which)
{
	struct lookup_found found = search(verdicts, from, reference, kept, which);

	if (lookup_is_unique(&found))
		found = once(verdicts, which, reference, found);
	return protect(verdicts, from, reference, kept, found, which);
}

/* ---- the verdict ---- */

static bool is_weak(const struct binding *binding)
{
	const ElfW(Sym) *sym = &binding->from->elf.symbols.sym[binding->reference->symbol];

	return ELF64_ST_BIND(sym->st_info) == STB_WEAK;
}

static bool is_own(const struct verdicts *verdicts, const struct file *file)
{
	return file && !file->is_host && file != verdicts->interpreter->api;
}

static enum verdict_kind judge(const struct verdicts *verdicts, const struct binding *binding)
{
	const struct file *plain = binding->plain, *own = binding->own;

	if (!plain || !plain->is_base)
		return BINDING_PLAIN;
	if (!own)
		return is_weak(binding) ? BINDING_PLAIN : BINDING_UNLISTED;
	if (!is_own(verdicts, own))
		return BINDING_PLAIN;
	if (plain == own)
		return BINDING_SAME;
	return plain->is_host ? BINDING_HOST : BINDING_HIJACKED;
}

static struct file *file_found(const struct verdicts *verdicts, struct lookup_found found)
{
	return found.object ? interpreter_file(verdicts->interpreter, found.object) : NULL;
}

static void bind_all(struct verdicts *verdicts, struct file *from)
{
	for (size_t i = 0; i < from->reference_count; i++) {
		struct file_reference *kept = &from->reference[i];
		struct lookup_reference reference;
		struct binding binding = { .from = from, .reference = kept };

		reference = lookup_reference(&from->object, kept->symbol, kept->class,
					     kept->hash);
		if (from->mark == verdicts->mark)
			binding.plain = file_found(verdicts, bind(verdicts, from, &reference,
								  kept, PLAIN));
		binding.own = file_found(verdicts, bind(verdicts, from, &reference, kept, OWN));
		binding.kind = judge(verdicts, &binding);
		if (!binding.plain && !is_weak(&binding) && from->mark == verdicts->mark)
			fails(verdicts, "undefined symbol %s in %s", reference.name, from->name);
		add_binding(verdicts, &binding);
	}
}

static void bind_references(struct verdicts *verdicts, struct file *from)
{
	if (file_refer(from))
		bind_all(verdicts, from);
	else
		verdicts->no_memory = true;
}

static void forget(struct verdicts *verdicts)
{
	size_t used = verdicts->arena.used < verdicts->arena.size ? verdicts->arena.used
								  : verdicts->arena.size;

	memset(verdicts->arena.base, 0, used);
	memset(verdicts->unique, 0, sizeof verdicts->unique);
	verdicts->arena.used = 0;
	verdicts->binding_count = 0;
	verdicts->clash_count = 0;
	verdicts->reason[0] = '\0';
	verdicts->by_clash = false;
	verdicts->room = NULL;
	verdicts->mark++;
}

bool verdicts_of(struct verdicts *verdicts, struct file *module, struct diag *diag)
{
	struct closure_search search;
	struct closure closure;

	forget(verdicts);
	if (module->wrong)
		return diag_set(diag, "%s", module->wrong);
	if (!plain_closure(verdicts, &closure, &search, module, diag) ||
	    !own_closure(verdicts, module, diag))
		return false;
	number_tails(verdicts);
	/* ld.so relocates what is needed first. */
	for (size_t i = verdicts->plain_count; i-- > 0;) {
		struct file *from = file_of(verdicts->plain[i]);

		if (!from->is_base)
			bind_references(verdicts, from);
	}
	return !verdicts->no_memory || diag_set(diag, "no memory");
}

bool verdicts_of_loaded(struct verdicts *verdicts, struct file *module,
			struct file *const *own, const bool *is_new, size_t count,
			struct verdicts_room *room, struct diag *diag)
{
	struct closure_search search;
	struct closure closure;

	forget(verdicts);
	if (count > CLOSURE_OBJECTS_MAX)
		return too_many(diag, module);
	if (!plain_closure(verdicts, &closure, &search, module, diag))
		return false;
	for (verdicts->own_count = 0; verdicts->own_count < count; verdicts->own_count++)
		verdicts->own[verdicts->own_count] = &own[verdicts->own_count]->object;
	verdicts->room = room;
	number_tails(verdicts);
	/* What stands for a mirror refers to nothing. */
	for (size_t i = count; i-- > 0;)
		if (is_new[i] && is_own(verdicts, own[i]))
			bind_references(verdicts, own[i]);
	return !verdicts->no_memory || diag_set(diag, "no memory");
}
