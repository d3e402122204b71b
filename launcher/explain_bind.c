/* SPDX-License-Identifier: MIT */
/* The objects that a process had -> who is bound to whom, and who would have been without us.
 *
 * Nothing is asked of ld.so again: what it loaded, in which order and for whom, has been
 * recorded, and with that the lookup is the one of `check`, on the files. So a file that has
 * been replaced since is not the one that was loaded. */
#include <string.h>

#include "launcher/explain_parts.h"
#include "launcher/say.h"
#include "policy/package.h"

/* What processes with the same base have in common: the files, and what is found in them. */
struct world {
	struct world *before;
	const char *paths[SCOPE_MAX], *names[SCOPE_MAX];
	size_t count;
	bool is_good;
	struct interpreter interpreter;
	struct verdicts verdicts;
};

struct binder {
	struct explain *explain;
	struct seen_process *process;
	struct world *world;
	struct verdicts_room *room[NAMESPACES];
	struct seen_object **list;	/* a search list */
	struct file **file;		/* those of its objects that have one */
	bool *is_new;
};

/* ---- base ---- */

static bool is_vdso(const struct seen_object *object)
{
	return !strncmp(object->path, "linux-", strlen("linux-"));
}

static const char *path_of(const struct seen_process *process, const struct seen_object *object)
{
	return object == process->first ? process->program : object->path;
}

static const char *name_of(const struct seen_object *object)
{
	if (object->asked[0])
		return object->asked;
	return object->soname[0] ? object->soname : object->path;
}

static void add_to_scope(const struct seen_process *process, struct world *world,
			 const struct seen_object *object)
{
	const char *path = path_of(process, object);

	if (path[0] != '/' || is_vdso(object) || object->lmid || world->count == SCOPE_MAX)
		return;
	world->paths[world->count] = path;
	world->names[world->count++] = name_of(object);
}

/* ld.so's global scope. An interpreter that came later came with a plugin of the embedder's,
 * which those open RTLD_GLOBAL, before it loaded anything itself. */
static void find_scope(const struct seen_process *process, struct world *world)
{
	const struct seen_load *load = process->first_load;
	size_t left = load ? load->objects : process->objects;
	bool is_late = true;

	for (size_t i = 0; i < process->order.count; i++) {
		const struct seen_object *object = seen_at(process, process->order.map[i]);

		if (object && object->at_start)
			add_to_scope(process, world, object);
		is_late &= !(object && object->is_interpreter);
	}
	if (!is_late)
		return;
	for (const struct seen_object *object = process->first; object && left-- > 0;
	     object = object->next)
		if (!object->at_start && !object->is_gone)
			add_to_scope(process, world, object);
}

static bool is_same(const struct world *a, const struct world *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = !strcmp(a->paths[i], b->paths[i]) && !strcmp(a->names[i], b->names[i]);
	return same;
}

static struct world *world_of(struct explain *explain, const struct seen_process *process)
{
	struct world *world = explain_take(explain, sizeof *world), *known = explain->worlds;
	struct diag diag;

	find_scope(process, world);
	while (known && !is_same(known, world))
		known = known->before;
	if (known)
		return known;
	world->before = explain->worlds;
	explain->worlds = world;
	world->is_good = world->count &&
			 interpreter_of_process(&world->interpreter, world->names, world->paths,
						world->count, &explain->settings.rules, &diag) &&
			 verdicts_begin(&world->verdicts, &world->interpreter);
	if (!world->is_good)
		say("pypy-isolate: process %ld: its bindings are not known: %s", process->pid,
		    world->count ? diag.text : "it has no start in the record");
	return world;
}

/* ---- files and needs ---- */

static bool shows_given(const void *context, const char *name)
{
	const struct words *given = context;
	size_t i = 0;

	while (i < given->count && strcmp(given->word[i], name) != 0)
		i++;
	return i < given->count;
}

/* What a lookup finds in a mirror is what the original has. */
static struct file *mirror_file(struct explain *explain, const struct seen_object *object)
{
	struct file *file = object->mirror_of ? object->mirror_of->file : NULL, *part;

	if (!file || object->mirror_of->is_interpreter)
		return file;
	if (!object->mirror->given.count) {
		file->is_host = true;
		return file;
	}
	part = explain_take(explain, sizeof *part);
	*part = *file;
	part->is_host = true;
	part->object.shows = shows_given;
	part->object.context = &object->mirror->given;
	return part;
}

static void find_file(struct binder *binder, struct seen_object *object)
{
	const char *path = path_of(binder->process, object);

	if (object->mirror)
		object->file = mirror_file(binder->explain, object);
	else if (path[0] == '/')
		object->file = files_read(&binder->world->interpreter.files, path,
					  object == binder->process->first);
	if (object->file && object->file->wrong)
		object->file = NULL;
	if (!object->file || object->mirror)
		return;
	if (!object->soname[0] && object->file->elf.soname)
		object->soname = object->file->elf.soname;
	if (object->needed.count || !object->file->needed)
		return;
	object->needed.word = (char **)object->file->needed;
	while (object->needed.word[object->needed.count])
		object->needed.count++;
}

static bool is_called(const struct seen_object *object, const char *name)
{
	return !strcmp(object->asked, name) || !strcmp(object->path, name) ||
	       (object->soname[0] && !strcmp(object->soname, name)) ||
	       (object->mirror && !strcmp(object->mirror->path, name));
}

/* A name that has led to a file that was loaded by another is that one's, too: by the last
 * part of its path. */
static struct seen_object *find_needed(const struct seen_process *process, long lmid,
				       const char *name)
{
	struct seen_object *object, *found = NULL;

	for (object = process->first; object; object = object->next)
		if (object->lmid == lmid && is_called(object, name) && (!found || found->is_gone))
			found = object;
	for (object = process->first; object && !found; object = object->next)
		if (object->lmid == lmid && !object->is_gone &&
		    !strcmp(package_file_name(object->path), package_file_name(name)))
			found = object;
	return found;
}

/* The interpreter is needed by its own name, and is the root. */
static struct seen_object *root_of(const struct seen_process *process, long lmid)
{
	struct seen_object *object = process->first;

	while (object && !(object->lmid == lmid && object->mirror_of &&
			   object->mirror_of->is_interpreter))
		object = object->next;
	return object;
}

static void find_needs(struct binder *binder, struct seen_object *object)
{
	const struct rules *rules = &binder->explain->settings.rules;

	object->need = explain_take(binder->explain,
				    (object->needed.count + 1) * sizeof(void *));
	for (size_t i = 0; i < object->needed.count; i++) {
		const char *name = object->needed.word[i];

		object->need[i] = find_needed(binder->process, object->lmid, name);
		if (!object->need[i] && object->lmid &&
		    rules_interpreter(rules, package_file_name(name)))
			object->need[i] = root_of(binder->process, object->lmid);
	}
}

static bool is_linker(const struct seen_object *object)
{
	const char *name = package_file_name(object->path);

	return !object->lmid && (!strncmp(name, "ld-", 3) || !strncmp(name, "ld64.", 5) ||
				 !strncmp(name, "ld.so", 5));
}

static enum seen_kind kind_of(const struct seen_process *process,
			      const struct seen_object *object)
{
	if (object->mirror)
		return object->mirror->of ? SEEN_MIRROR : SEEN_SCOPE;
	if (is_vdso(object))
		return SEEN_VDSO;
	if (object->is_interpreter)
		return SEEN_INTERPRETER;
	if (object == process->first)
		return SEEN_PROGRAM;
	if (is_linker(object))
		return SEEN_LINKER;
	if (object->is_stdlib)
		return SEEN_MODULE;
	return !object->lmid && object->file && object->file->is_host ? SEEN_HOST : SEEN_LIBRARY;
}

static void find_all(struct binder *binder)
{
	struct seen_process *process = binder->process;
	static unsigned last_id;
	struct seen_object *object;

	for (object = process->first; object; object = object->next)
		find_file(binder, object);
	for (object = process->first; object; object = object->next) {
		find_needs(binder, object);
		object->kind = kind_of(process, object);
		if (!object->is_gone)
			object->id = ++last_id;
	}
	for (struct seen_load *load = process->first_load; load; load = load->next)
		if (load->object && !load->inside && load->object->kind == SEEN_LIBRARY)
			load->object->kind = SEEN_MODULE;
}

/* ---- bindings ---- */

/* A module that is opened beside what was opened RTLD_GLOBAL is needed by a scope object,
 * which is searched as it was opened. */
static struct seen_object *opened_as(const struct seen_process *process,
				     struct seen_object *module)
{
	struct seen_object *object = process->first, *found = module;

	for (; object; object = object->next)
		if (object->kind == SEEN_SCOPE && object->lmid == module->lmid &&
		    object->needed.count && !strcmp(object->needed.word[0], module->path))
			found = object;
	return found;
}

/* Breadth first, as ld.so has it. Returns how many. */
static size_t search_list(struct binder *binder, struct seen_object *top)
{
	size_t count = 0;

	binder->list[count++] = top;
	top->is_queued = true;
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < binder->list[i]->needed.count; n++) {
			struct seen_object *need = binder->list[i]->need[n];

			if (!need || need->is_queued)
				continue;
			need->is_queued = true;
			binder->list[count++] = need;
		}
	for (size_t i = 0; i < count; i++)
		binder->list[i]->is_queued = false;
	return count;
}

static const struct seen_object *with_file(const struct seen_process *process, long lmid,
					   const struct file *file)
{
	const struct seen_object *object = process->first, *found = NULL;

	for (; object && !(found && !found->is_gone); object = object->next)
		if (object->lmid == lmid && object->file == file)
			found = object;
	return found;
}

static const char *target_of(const struct seen_object *from, const struct seen_object *to)
{
	if (from == to)
		return "self";
	if (!to->mirror)
		return "own";
	if (to->mirror->given.count)
		return "unlisted";
	return to->mirror_of && to->mirror_of->is_interpreter ? "capi" : "host";
}

/* The entry that counts a reference of that kind. */
static struct seen_binding *entry_for(struct binder *binder, const struct seen_object *from,
				      const struct seen_object *to,
				      const struct seen_object *plain,
				      struct seen_binding *first)
{
	struct seen_process *process = binder->process;
	struct seen_binding *entry = first;

	while (entry && !(entry->to == to && (!plain || !entry->plain || entry->plain == plain)))
		entry = entry->next;
	if (!entry) {
		entry = explain_take(binder->explain, sizeof *entry);
		entry->from = from;
		entry->to = to;
		entry->target = target_of(from, to);
		if (process->last_binding)
			process->last_binding->next = entry;
		else
			process->first_binding = entry;
		process->last_binding = entry;
	}
	if (plain)
		entry->plain = plain;
	return entry;
}

static void count_hijack(struct explain *explain, struct seen_binding *entry,
			 const struct binding *binding)
{
	const struct symbols *symbols = &binding->from->elf.symbols;

	if (!entry->symbol)
		entry->symbol = explain_take(explain, SYMBOLS_MAX * sizeof *entry->symbol);
	if (entry->hijacked < SYMBOLS_MAX)
		entry->symbol[entry->hijacked] =
			symbols->str + symbols->sym[binding->reference->symbol].st_name;
	entry->hijacked++;
}

/* The call of a function, and its address, are one. */
static bool is_counted(const struct binding *binding, const struct binding *before)
{
	return before && before->from == binding->from && before->own == binding->own &&
	       before->reference->symbol == binding->reference->symbol;
}

static void count_bindings(struct binder *binder, long lmid)
{
	const struct verdicts *verdicts = &binder->world->verdicts;
	const struct seen_object *from = NULL;
	struct seen_binding *last = NULL;

	for (size_t i = 0; i < verdicts->binding_count; i++) {
		const struct binding *binding = &verdicts->binding[i];
		const struct seen_object *to, *plain = NULL;
		struct seen_binding *entry;

		if (!from || from->file != binding->from) {
			from = with_file(binder->process, lmid, binding->from);
			last = binder->process->last_binding;
		}
		if (!binding->own || is_counted(binding, i ? binding - 1 : NULL))
			continue;
		to = with_file(binder->process, lmid, binding->own);
		if (binding->kind == BINDING_HIJACKED)
			plain = with_file(binder->process, 0, binding->plain);
		if (!from || !to)
			continue;
		entry = entry_for(binder, from, to, plain,
				  last ? last->next : binder->process->first_binding);
		entry->count++;
		if (plain)
			count_hijack(binder->explain, entry, binding);
	}
}

static void bind_load(struct binder *binder, struct seen_load *load)
{
	struct seen_object *top = opened_as(binder->process, load->object);
	size_t count = search_list(binder, top), files = 0;
	struct verdicts_room **room = &binder->room[load->lmid];
	struct diag diag;

	if (!*room) {
		*room = explain_take(binder->explain, sizeof **room);
		(*room)->arena = &binder->explain->arena;
	}
	for (size_t i = 0; i < count; i++) {
		struct seen_object *object = binder->list[i];

		if (!object->file)
			continue;
		binder->file[files] = object->file;
		binder->is_new[files++] = !object->bound_by && !object->mirror;
		if (!object->bound_by && !object->mirror)
			object->bound_by = load;
	}
	if (!verdicts_of_loaded(&binder->world->verdicts, load->object->file, binder->file,
				binder->is_new, files, *room, &diag))
		say("pypy-isolate: %s: its bindings are not known: %s", load->path, diag.text);
	else
		count_bindings(binder, load->lmid);
}

static void bind_process(struct explain *explain, struct seen_process *process)
{
	struct binder binder = { .explain = explain, .process = process };
	struct seen_load *load;

	binder.world = process->world = world_of(explain, process);
	if (!binder.world->is_good)
		return;
	find_all(&binder);
	binder.list = explain_take(explain, process->objects * sizeof(void *));
	binder.file = explain_take(explain, process->objects * sizeof(void *));
	binder.is_new = explain_take(explain, process->objects * sizeof *binder.is_new);
	for (load = process->first_load; load; load = load->next)
		if (load->object && load->object->file && !load->object->bound_by &&
		    load->lmid > 0 && load->lmid < NAMESPACES)
			bind_load(&binder, load);
}

void explain_bind(struct explain *explain)
{
	struct seen_process *process;

	for (process = explain->first; process; process = process->next)
		if (process->is_interpreter && (!process->parent_seen || process->has_copy))
			bind_process(explain, process);
}
