/* SPDX-License-Identifier: MIT */
/* One load as a story: which file, which verdict, which namespace, and then
 * base's dlmopen. Read load_module() first. */
#include "audit/load.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base.h"
#include "audit/facts.h"
#include "audit/host.h"
#include "audit/place.h"
#include "audit/process.h"
#include "audit/record.h"
#include "audit/scope.h"
#include "audit/search.h"
#include "audit/unlisted.h"

/* Of a longer path a message says the last part only. */
#define PATTERN_WHOLE 200

struct load {
	const struct object *interpreter;
	const char *file;		/* as it was asked for */
	int mode;
	char path[PATH_MAX];		/* the same, absolute */
	char room[PACKAGE_MAX];
	const char *package;		/* what the rules isolate as one; or NULL */
	struct namespace *namespace;
	bool has_entered;		/* the namespace, by place_module() */
	struct unlisted_gifts unlisted;
	bool inside;			/* asked for by a module */
	unsigned libraries;		/* that it was given, which no search finds */
	const struct rule *why;		/* the rule that isolates it or leaves it; or NULL */
	struct record_load record;
	bool lazily;			/* a symbol is missing that nobody has: bind lazily */
	struct diag *diag;
};

/* The shortest pattern that means this file: a long path is hard to copy. */
static void pattern_of(const char *path, char *pattern, size_t size)
{
	const char *name = strrchr(path, '/');

	if (strlen(path) <= PATTERN_WHOLE) {
		glob_quote(path, pattern, size);
		return;
	}
	pattern[0] = '*';
	glob_quote(name, pattern + 1, size - 1);
}

/* For messages: the rule that decided, or what stands for a default. */
static const struct rule *named(const struct rule *why)
{
	static const struct rule unwritten = { .file = "default" };

	return why ? why : &unwritten;
}

/* Says which symbol, of which library, and the line that would allow it. */
static void refuse_unlisted(struct load *load, const char *symbol,
			    const struct object *definer, const struct rule *why)
{
	const char *whose = definer->kind == OBJECT_INTERPRETER
				    ? "is no part of its C API"
				    : "the interpreter uses for itself";
	char pattern[4 * NAME_MAX];

	pattern_of(load->path, pattern, sizeof pattern);
	diag_set(load->diag,
		 "%s: needs the symbol %s and does not bring it; %s has it, which %s, so "
		 "pypy-isolate keeps it out of reach (%s:%u: unlisted deny); to allow it, put "
		 "this line into %s: unlisted warn \"%s\"",
		 load->path, symbol, object_path(definer), whose, named(why)->file,
		 named(why)->line,
		 process.settings.conf_name ? process.settings.conf_name : SETTINGS_CONF_FILE,
		 pattern);
}

/* The policy's word on a symbol that only base has. Mode permissive allows it to
 * what is loaded inside, where there is no other way to load it as without us. */
static bool allow_unlisted(struct load *load, const char *symbol, const struct object *definer)
{
	const struct rule *why;
	enum unlisted verdict = rules_unlisted(&process.settings.rules, load->path, &why);
	bool is_lenient = load->inside && process.settings.mode == MODE_PERMISSIVE;

	if (verdict == UNLISTED_DENY && !is_lenient) {
		refuse_unlisted(load, symbol, definer, why);
		return false;
	}
	process_log(LOG_LEVEL_WARNING, "%s: gets %s from %s (%s:%u: %s)", load->path, symbol,
		    object_path(definer), named(why)->file, named(why)->line,
		    verdict == UNLISTED_DENY ? "unlisted deny, but mode permissive"
					     : "unlisted warn");
	return true;
}

/* A symbol was missing. True: it can be had now. */
static bool mend_symbol(struct load *load, const char *symbol)
{
	const struct object *definer = scope_promoter(load->namespace, symbol);
	bool allowed = definer, was_lazy = load->lazily, given;

	if (!definer && (definer = unlisted_definer(symbol)))
		allowed = allow_unlisted(load, symbol, definer);
	if (definer) {
		given = allowed && unlisted_give(&load->unlisted, definer, symbol, load->diag);
		object_unpin(definer);
		return given;
	}
	/* Nobody has it, so plain loading fails, too, but with RTLD_LAZY only when it
	 * is called. */
	load->lazily = load->mode & RTLD_LAZY;
	return load->lazily && !was_lazy;
}

/* What is loaded elsewhere by that name: in base, but not from its start, for those a
 * search finds; or in another namespace of the interpreter. */
static const struct object *loaded_as(const struct load *load, const char *name)
{
	const struct object *object = object_late(LM_ID_BASE, name);
	struct namespace *each;

	for (unsigned n = 0; !object && (each = namespace_number(n)); n++)
		if (each != load->namespace && each->interpreter == load->interpreter)
			object = object_late(each->lmid, name);
	return object;
}

#define LIBRARIES_MAX 64	/* that no search finds, of one load */

/* A library was missing: then ld.so's text begins with its name. Plain loading would take
 * what has been opened before by its path. True: it can be had now. */
static bool mend_library(struct load *load)
{
	const char *error = load->diag->text;
	size_t length = strcspn(error, ":/");
	const struct object *object;
	char name[NAME_MAX + 1];
	bool adopted;

	if (length == 0 || length > NAME_MAX || load->libraries++ == LIBRARIES_MAX)
		return false;
	snprintf(name, sizeof name, "%.*s", (int)length, error);
	object = loaded_as(load, name);
	if (!object || !object_pin(object))
		return false;
	adopted = object_is_called(object, name) &&
		  namespace_adopt(load->namespace, object, name, load->diag);
	if (adopted)
		process_log(LOG_LEVEL_INFO, "%s: needs %s, which no search finds; it gets %s, "
			    "which has been opened", load->path, name, object->path);
	object_unpin(object);
	return adopted;
}

/* Mirrors have no name, so where ld.so would name the library that lacks a version it
 * names the program; and what they were opened by says nothing to a person. */
static void name_file(struct load *load)
{
	const char *text = load->diag->text, *rest = NULL;
	char kept[1024];

	if (memfile_is_path(text))
		rest = strstr(text, ": ");
	else if (text[0] != '/')
		rest = strstr(text, ": version `");
	if (!rest)
		return;
	snprintf(kept, sizeof kept, "%s", rest);
	if (memfile_is_path(load->path))
		diag_set(load->diag, "%s", kept + strlen(": "));
	else
		diag_set(load->diag, "%s%s", load->path, kept);
}

/* Always RTLD_NOW at first: a symbol that only base has must be an error here,
 * not the end of the process at its first call. */
static int binding_mode(const struct load *load)
{
	bool stays = load->lazily || !(load->mode & RTLD_LAZY);

	return stays ? load->mode : (load->mode & ~RTLD_LAZY) | RTLD_NOW;
}

/* A load failed. True: what was missing can be had now, so it is worth another try. */
static bool mend(struct load *load)
{
	char symbol[512];

	if (unlisted_symbol(load->diag->text, symbol, sizeof symbol))
		return mend_symbol(load, symbol);
	return mend_library(load);
}

/* The handle, or NULL with the reason in diag. */
static void *open_mended(struct load *load)
{
	void *handle;

	do
		handle = scope_open(load->namespace, load->file, binding_mode(load),
				    load->unlisted.path, load->unlisted.count, load->diag);
	while (!handle && !(load->mode & RTLD_NOLOAD) && mend(load));
	if (!handle)
		name_file(load);
	unlisted_end(&load->unlisted);
	return handle;
}

/* Is the file one that ld.so can be trusted with? The elf points into the file. */
static enum file_status inspect(struct load *load, struct file *file, struct elf *elf)
{
	enum file_status status = process_open(file, load->file, load->diag);

	if (status != FILE_OPEN ||
	    elf_read(elf, load->path, file->bytes, file->size, load->diag))
		return status;
	process_close(file);
	return FILE_ODD;
}

/* The last word on a load that failed: in mode permissive it goes on as if we were not
 * there. What a module asks for the real dlopen loads into the namespace, too, but it
 * crashes there if the mode is RTLD_GLOBAL. */
static enum load_outcome failed(struct load *load)
{
	load->record.refused = load->diag->text;
	if (process.settings.mode == MODE_ENFORCE || (load->inside && load->mode & RTLD_GLOBAL))
		return LOAD_FAILED;
	if (!load->inside)
		process_log(LOG_LEVEL_WARNING, "not isolated (mode permissive): %s",
			    load->diag->text);
	return LOAD_PASS;
}

/* Remembers what is opened RTLD_GLOBAL. The root, which dlopen(NULL) gives, has no
 * name, and is in everybody's scope. */
static bool promote(const struct load *load, const void *handle)
{
	const struct object *object;

	if (!(load->mode & RTLD_GLOBAL) || !handle)
		return true;
	object = object_of_map(handle);
	if (!object || !object->name[0])
		return true;
	if (namespace_of(object->lmid))
		return scope_promote(namespace_of(object->lmid), object->path, object->file);
	return object->lmid != LM_ID_BASE ||
	       scope_note_base(object->path, object->file, true);
}

/* Closed again, and NULL, if it cannot be promoted as its mode says. */
static void close_unpromoted(const struct load *load, void **handle)
{
	if (promote(load, *handle))
		return;
	process.base.dlclose(*handle);
	*handle = NULL;
	diag_set(load->diag, "%s: no memory to remember that it is opened RTLD_GLOBAL",
		 load->path);
}

static enum load_outcome open_promoted(struct load *load, void **handle)
{
	*handle = open_mended(load);
	if (*handle)
		close_unpromoted(load, handle);
	if (*handle)
		return LOAD_DONE;
	if (load->has_entered)
		namespace_leave(load->namespace);
	return load->mode & RTLD_NOLOAD ? LOAD_DONE : failed(load);
}

/* What the real function gave it, which is NULL where dlerror() says why. */
static enum load_outcome promote_given(struct load *load, void **handle)
{
	bool given = *handle;

	if (given)
		close_unpromoted(load, handle);
	return *handle || !given ? LOAD_DONE : failed(load);
}

/* A libc.so.6 of its own, say: base has it, and ld.so takes it for that one by its
 * SONAME. In a namespace it would be a second libc. */
static bool is_host(const struct elf *elf)
{
	return elf->soname && rules_shared(&process.settings.rules, elf->soname, NULL);
}

static bool may_double(const struct object *object)
{
	const struct rules *rules = &process.settings.rules;

	return rules_duplicate(rules, object->name, NULL) ||
	       rules_duplicate(rules, object->soname, NULL);
}

/* One file, one copy: what is loaded as the file at load->path, but not in lmid, where
 * it would go; in base only if that counts, or the program has opened it. NULL if it may
 * as well be loaded there. */
static const struct object *loaded_elsewhere(const struct load *load, Lmid_t lmid,
					     bool base_counts)
{
	const struct object *loaded;
	struct namespace *namespace;
	struct status status;

	if (!namespace_number(0) || !status_of_path(load->path, &status))
		return NULL;
	loaded = scope_object_of(status.identity, lmid, base_counts);
	if (!loaded || loaded->lmid == lmid || may_double(loaded))
		return NULL;
	namespace = namespace_of(loaded->lmid);
	if (loaded->lmid != LM_ID_BASE &&
	    (!namespace || namespace->interpreter != load->interpreter))
		return NULL;
	return loaded;
}

static void log_placed(struct load *load)
{
	const struct rule *why = named(load->why);

	load->record.reason = record_text(load->diag->text);
	process_log(LOG_LEVEL_DEBUG, "%s: namespace %ld%s%s: %s (%s:%u)", load->path,
		    (long)load->namespace->lmid, load->package ? ", package " : "",
		    load->package ? load->package : "", load->diag->text, why->file, why->line);
}

static bool choose_namespace(struct load *load, const struct object *loaded,
			     const struct elf *elf)
{
	struct namespace *has = loaded ? namespace_of(loaded->lmid) : NULL;

	if (has && has->interpreter == load->interpreter) {
		diag_set(load->diag, "it is loaded there");
		load->namespace = has;
	} else {
		load->package = facts_package(load->path, load->room);
		load->namespace = place_module(load->interpreter, load->path, load->package,
					       elf, load->diag);
		load->has_entered = load->namespace;
	}
	return load->namespace;
}

/* Verdict "isolate", and a sound file: where to, and in. Gives the file back. */
static enum load_outcome isolate(struct load *load, struct file *file, const struct elf *elf,
				 void **handle)
{
	const struct object *loaded = object_of_file(file->identity, LM_ID_BASE, true);
	bool in_base = (loaded && loaded->lmid == LM_ID_BASE) || is_host(elf);
	bool only_asked = !loaded && (load->mode & RTLD_NOLOAD);
	bool chosen = !in_base && !only_asked && choose_namespace(load, loaded, elf);

	process_close(file);
	if (in_base || only_asked)
		return LOAD_PASS;
	if (!chosen) {
		diag_locate(load->diag, load->path);
		return failed(load);
	}
	log_placed(load);
	return open_promoted(load, handle);
}

/* Verdict "leave": it goes to base, unless a namespace has it. */
static enum load_outcome leave(struct load *load, void **handle)
{
	const struct object *loaded = loaded_elsewhere(load, LM_ID_BASE, true);
	struct status status;

	if (loaded) {
		load->namespace = namespace_of(loaded->lmid);
		load->file = load->path;
		diag_set(load->diag, "it is loaded there");
		log_placed(load);
		return open_promoted(load, handle);
	}
	if (!(load->mode & RTLD_NOLOAD) && status_of_path(load->path, &status)) {
		load->record.reason = "it is left in base";
		scope_note_base(load->path, status.identity, load->mode & RTLD_GLOBAL);
	}
	return LOAD_PASS;
}

/* No file is there now; but ld.so knows what it has loaded by its path. */
static enum load_outcome open_absent(struct load *load, void **handle)
{
	struct object *object = object_next(NULL);

	while (object && (object->lmid == LM_ID_BASE || !namespace_of(object->lmid) ||
			  strcmp(object->path, load->path) != 0))
		object = object_next(object);
	if (!object)
		return LOAD_PASS;
	load->namespace = namespace_of(object->lmid);
	load->file = load->path;
	return open_promoted(load, handle);
}

/* Where a bare name leads: what base has of that name goes first. */
static bool find_bare(const char *name, char *path, size_t size)
{
	const struct object *object = object_in_base(name);

	if (!object)
		return search_file("", name, path, size);
	return snprintf(path, size, "%s", object->path) < (int)size;
}

static enum load_outcome decide(struct load *load, void **handle)
{
	struct file found;
	struct elf elf;

	if (!settings_complete(&process.settings, &process.arena)) {
		diag_set(load->diag, "%s: no memory for the rules", load->file);
		return failed(load);
	}
	/* A bare name is searched for by ld.so, and what it finds is the system's. */
	if (!strchr(load->file, '/'))
		return find_bare(load->file, load->path, sizeof load->path)
			       ? leave(load, handle) : LOAD_PASS;
	if (!process_absolute(load->file, load->path, sizeof load->path))
		return LOAD_PASS;
	if (rules_verdict(&process.settings.rules, load->path, &load->why) == VERDICT_LEAVE)
		return leave(load, handle);
	switch (inspect(load, &found, &elf)) {
	case FILE_ABSENT:
		return open_absent(load, handle);
	case FILE_ODD:
		return failed(load);
	case FILE_OPEN:
		break;
	}
	return isolate(load, &found, &elf, handle);
}

/* Of what has come of it, not of a file that is not there. */
static void record(struct load *load, void *handle)
{
	struct record_load *this = &load->record;

	if (!handle && !this->reason && !this->refused)
		return;
	this->handle = handle;
	this->lmid = handle ? load->namespace->lmid : LM_ID_BASE;
	this->inside = load->inside;
	this->path = load->path;
	this->package = load->package;
	this->rule = load->why;
	record_load(this);
}

enum load_outcome load_module(const struct object *interpreter, const char *file, int mode,
			      void **handle, struct diag *diag)
{
	struct load load = {
		.interpreter = interpreter,
		.file = file,
		.mode = mode,
		.diag = diag,
		.record.since = record_away_begin(),
	};
	enum load_outcome outcome;

	*handle = NULL;
	outcome = decide(&load, handle);
	record(&load, *handle);
	return outcome;
}

/* Is there something of that name? That goes first. */
static bool is_loaded_here(const struct namespace *namespace, const char *file)
{
	void *loaded = process.base.dlmopen(namespace->lmid, file, RTLD_LAZY | RTLD_NOLOAD);

	if (loaded)
		process.base.dlclose(loaded);
	return loaded;
}

/* A name that every namespace answers itself: a mirror's, or the C API's. */
static const char *own_answer(const struct namespace *namespace, const char *file)
{
	const char *answer = namespace_search(namespace->lmid, file);

	if (answer)
		return answer;
	host_renew();
	answer = namespace_search(namespace->lmid, file);
	return answer ? answer : file;
}

/* Base's copy of a file that a module asks for by its path. */
static enum load_outcome open_in_base(struct load *load, void **handle)
{
	*handle = process.base.dlmopen(LM_ID_BASE, load->path, load->mode);
	return promote_given(load, handle);
}

enum load_outcome load_inside(struct namespace *namespace, struct link_map *caller,
			      const char *file, int mode, void **handle, struct diag *diag)
{
	struct load load = {
		.interpreter = namespace->interpreter,
		.inside = true,
		.mode = mode,
		.namespace = namespace,
		.diag = diag,
		.record.since = record_away_begin(),
	};
	enum load_outcome outcome;
	const struct object *loaded;
	char path[PATH_MAX];
	bool by_path;

	/* The program itself is out of reach; the namespace's own head is not. */
	load.file = file && *file ? own_answer(namespace, file) : namespace->root_path;
	by_path = strchr(load.file, '/');
	if (!by_path && !is_loaded_here(namespace, file) &&
	    search_for_caller(namespace, caller, file, path, sizeof path))
		load.file = path;
	if (!strchr(load.file, '/') ||
	    !process_absolute(load.file, load.path, sizeof load.path))
		snprintf(load.path, sizeof load.path, "%s", load.file);
	/* By a name alone a module gets nothing of base's but what the policy shares. */
	loaded = memfile_is_path(load.file)
			 ? NULL : loaded_elsewhere(&load, namespace->lmid, by_path);
	if (loaded && loaded->lmid == LM_ID_BASE)
		return open_in_base(&load, handle);
	if (loaded)
		load.namespace = namespace_of(loaded->lmid);
	outcome = open_promoted(&load, handle);
	record(&load, *handle);
	return outcome;
}

/* Not by the real dlmopen called by the caller: ld.so would ask us what the caller means
 * by a name, and would get a mirror. */
enum load_outcome load_outside(struct namespace *namespace, struct link_map *caller,
			       Lmid_t lmid, const char *file, int mode, void **handle,
			       struct diag *diag)
{
	struct load load = {
		.interpreter = namespace->interpreter,
		.file = file,
		.inside = true,
		.mode = mode,
		.diag = diag,
	};

	if (file && *file && !strchr(file, '/') &&
	    search_for_caller(namespace, caller, file, load.path, sizeof load.path))
		file = load.path;
	*handle = lmid == LM_ID_NEWLM ? base_new_namespace(file, mode)
				      : process.base.dlmopen(lmid, file, mode);
	return promote_given(&load, handle);
}
