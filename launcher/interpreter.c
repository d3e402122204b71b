/* SPDX-License-Identifier: MIT */
/* An interpreter -> what modules meet in it.
 *
 * Hard: what a person calls an interpreter is often a script that goes on to exec one
 * (pyenv's shims). So the interpreter says itself what file it is. */
#include "launcher/interpreter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher/ask.h"
#include "launcher/program.h"
#include "policy/package.h"

/* A line each: what, and a path or suffix. Python 2 has no importlib.machinery. */
static const char questions[] =
	"import os, site, sys\n"
	"try:\n"
	"    from importlib.machinery import EXTENSION_SUFFIXES as suffixes\n"
	"except ImportError:\n"
	"    import imp\n"
	"    suffixes = [s[0] for s in imp.get_suffixes() if s[2] == imp.C_EXTENSION]\n"
	"sites = getattr(site, 'getsitepackages', list)()\n"
	"sites += [p for p in sys.path if p.endswith(('site-packages', 'dist-packages'))]\n"
	"words = [('program', os.readlink('/proc/self/exe'))]\n"
	"words += [('suffix', s) for s in suffixes]\n"
	"words += [('site', os.path.realpath(s)) for s in sites if os.path.isdir(s)]\n"
	"out = getattr(sys.stdout, 'buffer', sys.stdout)\n"
	"encode = getattr(os, 'fsencode', str)\n"
	"for word, text in words:\n"
	"    out.write(encode(word) + encode(' ') + encode(text) + encode('\\n'))\n";

/* ---- the interpreter's own answers ---- */

static bool add_word(const char ***list, size_t *count, const char *word)
{
	const char **more;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*list)[i], word) == 0)
			return true;
	more = realloc(*list, (*count + 2) * sizeof *more);
	if (!more)
		return false;
	*list = more;
	more[(*count)++] = word;
	more[*count] = NULL;
	return true;
}

/* The words stay where they are, in text. */
static bool read_answers(struct interpreter *interpreter, char *text)
{
	size_t sites = 0, suffixes = 0;
	char *rest, *line;
	bool good = true;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *word = strchr(line, ' ');

		if (!word)
			continue;
		*word++ = '\0';
		if (!strcmp(line, "program"))
			snprintf(interpreter->program, sizeof interpreter->program, "%s", word);
		else if (!strcmp(line, "suffix"))
			good &= add_word(&interpreter->suffix, &suffixes, word);
		else if (!strcmp(line, "site"))
			good &= add_word(&interpreter->site, &sites, word);
	}
	return good && interpreter->program[0] && suffixes;
}

static bool ask_interpreter(struct interpreter *interpreter, const char *word,
			    struct diag *diag)
{
	/* -I: without the user's directories and PYTHON variables; Python 2 has no -I. */
	static const char *const options[] = { "-I", "-Es" };
	char *text = NULL;
	int status = 1;

	for (size_t i = 0; i < 2 && status; i++) {
		char *argv[] = { (char *)word, (char *)options[i], (char *)"-c",
				 (char *)questions, NULL };

		free(text);
		text = ask(argv, &status);
		if (!text)
			return diag_set(diag, "%s: %s", word, strerror(errno));
		if (status == 127)
			return diag_set(diag, "%s: cannot be run; is it installed?", word);
	}
	if (!status && read_answers(interpreter, text))
		return true;
	free(text);
	return diag_set(diag, "%s: does not answer as a Python interpreter does (exit status %d)",
			word, status);
}

/* ---- ld.so's answer ---- */

static const char *loader_of(const struct file *file)
{
	for (size_t i = 0; i < file->elf.phnum; i++) {
		const ElfW(Phdr) *phdr = &file->elf.phdr[i];
		const char *text = (const char *)file->elf.bytes + phdr->p_offset;

		if (phdr->p_type == PT_INTERP && phdr->p_offset < file->elf.size &&
		    memchr(text, '\0', file->elf.size - phdr->p_offset))
			return text;
	}
	return NULL;
}

static bool add_object(struct interpreter *interpreter, const char *name, const char *path,
		       struct diag *diag)
{
	struct file *file = files_read(&interpreter->files, path, true);

	if (!file)
		return diag_set(diag, "%s: cannot be read as a shared object", path);
	if (file->wrong)
		return diag_set(diag, "%s", file->wrong);
	if (file->is_base)
		return true;
	if (interpreter->count == SCOPE_MAX)
		return diag_set(diag, "%s: more than %d libraries", path, SCOPE_MAX);
	file->is_base = true;
	file->object.is_program = interpreter->count == 0;
	interpreter->name[interpreter->count] = strdup(name);
	interpreter->scope[interpreter->count++] = &file->object;
	return interpreter->name[interpreter->count - 1] || diag_set(diag, "no memory");
}

/* "\tNAME => PATH (0xADDRESS)", "\tPATH (0xADDRESS)", or the kernel's, which is no file. */
static bool read_line(struct interpreter *interpreter, char *line, struct diag *diag)
{
	char *name = line + strspn(line, "\t "), *path = strstr(name, " => ");
	char *end = strstr(name, " (0x");

	if (path && !strcmp(path, " => not found"))
		return diag_set(diag, "%s: its library %.*s is not found", interpreter->program,
				(int)(path - name), name);
	if (end)
		*end = '\0';
	if (path) {
		*path = '\0';
		path += strlen(" => ");
	} else {
		path = name;
	}
	return path[0] != '/' || add_object(interpreter, name, path, diag);
}

static bool read_list(struct interpreter *interpreter, char *text, struct diag *diag)
{
	char *rest, *line;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!read_line(interpreter, line, diag))
			return false;
	return true;
}

static bool ask_loader(struct interpreter *interpreter, struct diag *diag)
{
	struct file *file = files_read(&interpreter->files, interpreter->program, true);
	const char *loader = file && !file->wrong ? loader_of(file) : NULL;
	char *argv[] = { (char *)loader, (char *)"--list", interpreter->program, NULL };
	char *text;
	int status;
	bool good;

	if (file && file->wrong)
		return diag_set(diag, "%s", file->wrong);
	if (!loader)
		return diag_set(diag, "%s: no dynamic ELF program for this machine: in a static "
				"one no module can be loaded", interpreter->program);
	text = ask(argv, &status);
	if (!text)
		return diag_set(diag, "%s: %s", loader, strerror(errno));
	good = add_object(interpreter, interpreter->program, interpreter->program, diag) &&
	       read_list(interpreter, text, diag);
	free(text);
	if (good && status)
		return diag_set(diag, "%s --list %s: exit status %d", loader,
				interpreter->program, status);
	return good;
}

/* ---- roles ---- */

static bool shows(const void *exports, const char *name)
{
	return capi_allows(exports, name, NULL);
}

static bool has_probe(const struct file *file, const struct rule *profile)
{
	return profile && symbols_find(&file->elf.symbols, profile->exports->probe);
}

static const struct rule *profile_of(const struct rules *rules, const struct file *file)
{
	const struct rule *profile = rules_interpreter(rules, package_file_name(file->path));

	if (has_probe(file, profile))
		return profile;
	for (size_t n = 0; file->object.is_program && (profile = rules_executable(rules, n)); n++)
		if (has_probe(file, profile))
			return profile;
	return NULL;
}

static void find_api(struct interpreter *interpreter)
{
	for (size_t i = 0; i < interpreter->count && !interpreter->api; i++) {
		struct file *file = file_of(interpreter->scope[i]);
		const struct rule *profile = profile_of(interpreter->rules, file);

		if (!profile)
			continue;
		interpreter->api = file;
		interpreter->exports = profile->exports;
		interpreter->api_view = file->object;
		interpreter->api_view.shows = shows;
		interpreter->api_view.context = profile->exports;
		interpreter->shared[interpreter->shared_count++] = &interpreter->api_view;
	}
}

static struct file *base_file(const struct interpreter *interpreter, const char *name)
{
	for (size_t i = 0; i < interpreter->count; i++) {
		struct file *file = file_of(interpreter->scope[i]);

		if (strcmp(interpreter->name[i], name) == 0 ||
		    (file->elf.soname && strcmp(file->elf.soname, name) == 0))
			return file;
	}
	return NULL;
}

/* One unwinder for the process, but only one that finds frames of all namespaces
 * (audit/host.c). */
static bool may_share(const struct interpreter *interpreter, const struct file *file,
		      const char *name)
{
	const struct file *libc;

	if (strcmp(name, "libgcc_s.so.1") != 0)
		return true;
	libc = base_file(interpreter, "libc.so.6");
	return libc && symbols_unwind_all(&file->elf.symbols, &libc->elf.symbols);
}

/* What all would get that base does not have yet. */
static struct file *search(struct interpreter *interpreter, const char *name)
{
	struct closure_search where;
	struct closure closure;
	char memory[16384] = { 0 };
	struct arena arena = { .base = memory, .size = sizeof memory };
	const char *path;

	if (!interpreter_closure(interpreter, &closure, &where, false, &arena))
		return NULL;
	path = closure_find(&closure, where.program, name);
	return path ? files_read(&interpreter->files, path, false) : NULL;
}

static bool is_loader(const struct interpreter *interpreter, const char *name)
{
	const char *loader = loader_of(file_of(interpreter->scope[0]));

	return loader && strcmp(package_file_name(loader), name) == 0;
}

struct file *interpreter_host(struct interpreter *interpreter, const char *name)
{
	struct file *file;

	if (!rules_shared(interpreter->rules, name, NULL) && !is_loader(interpreter, name))
		return NULL;
	file = base_file(interpreter, name);
	if (!file)
		file = search(interpreter, name);
	if (!file || file->wrong || !may_share(interpreter, file, name))
		return NULL;
	file->is_host = true;
	return file;
}

/* Those that any module may bind to without listing them. */
static void find_shared(struct interpreter *interpreter)
{
	const struct file *libc = base_file(interpreter, "libc.so.6");
	struct symbols none = { 0 };
	const char *const *names;
	size_t count = symbols_unlisted_family(libc ? &libc->elf.symbols : &none, &names);

	for (size_t i = 0; i < interpreter->count; i++) {
		struct file *file = file_of(interpreter->scope[i]);
		const char *name = file->elf.soname ? file->elf.soname : interpreter->name[i];

		file->is_host = interpreter_host(interpreter, name) == file;
	}
	for (size_t i = 0; i < count; i++) {
		struct file *file = interpreter_host(interpreter, names[i]);

		if (file)
			interpreter->shared[interpreter->shared_count++] = &file->object;
	}
	for (size_t i = 1; i < interpreter->count; i++)
		if (is_loader(interpreter, package_file_name(file_of(interpreter->scope[i])->path)))
			interpreter->shared[interpreter->shared_count++] = interpreter->scope[i];
}

/* ---- embedders ---- */

/* A plugin, which embedders open RTLD_GLOBAL, and what it needs join the scope. */
static bool add_plugin(struct interpreter *interpreter, const char *path, struct arena *arena,
		       struct diag *diag)
{
	struct closure_search where;
	struct closure closure;
	struct closure_object *object;

	if (!interpreter_closure(interpreter, &closure, &where, true, arena))
		return diag_set(diag, "no memory");
	object = closure_open(&closure, path);
	if (!object)
		return diag_set(diag, "%s: no shared object for this machine", path);
	if (!closure_complete(&closure))
		return diag_set(diag, "%s: needs too many libraries", path);
	for (; object; object = object->next) {
		if (!object->path)
			return diag_set(diag, "%s: its library %s is not found", path,
					object->name);
		if (!add_object(interpreter, object->name, object->path, diag))
			return false;
	}
	return true;
}

static bool add_plugins(struct interpreter *interpreter, char *rest, struct diag *diag)
{
	struct arena arena = { .size = (size_t)4 << 20 };
	char real[PATH_MAX], *plugin;
	bool good = true;

	while (good && (plugin = strtok_r(NULL, ",", &rest))) {
		arena.base = calloc(1, arena.size);
		arena.used = 0;
		if (!arena.base || !realpath(plugin, real))
			good = diag_set(diag, "%s: %s", plugin, strerror(errno));
		else
			good = add_plugin(interpreter, real, &arena, diag);
		free(arena.base);
	}
	return good;
}

static bool find_embedder(struct interpreter *interpreter, const char *embedder,
			  struct diag *diag)
{
	char *words = strdup(embedder), *rest = NULL;
	const char *word = words ? strtok_r(words, ",", &rest) : NULL;
	struct program program;
	bool good;

	if (!word || !program_find(&program, word) || !program_follow(&program)) {
		free(words);
		return diag_set(diag, "%s: no program of that name is found", embedder);
	}
	memcpy(interpreter->program, program.path, sizeof program.path);
	good = ask_loader(interpreter, diag) && add_plugins(interpreter, rest, diag);
	free(words);
	return good;
}

/* ---- all of it ---- */

static bool knows(void *context, const char *path, struct closure_object *found)
{
	struct interpreter *interpreter = context;
	struct file *file = files_read(&interpreter->files, path, false);

	if (file)
		file_describe(file, found);
	return file;
}

static void give_cache(void *context, struct ld_cache *cache)
{
	struct interpreter *interpreter = context;

	if (!interpreter->has_cache)
		interpreter->map_cache(context, &interpreter->cache);
	interpreter->has_cache = true;
	*cache = interpreter->cache;
}

/* Whatever can be opened is known. */
static bool cannot_open(void *context, const char *path, struct closure_file *file)
{
	(void)context, (void)path, (void)file;
	return false;
}

static void begin(struct interpreter *interpreter, const struct rules *rules)
{
	memset(interpreter, 0, sizeof *interpreter);
	interpreter->rules = rules;
	library_source_begin(&interpreter->source);
	interpreter->map_cache = interpreter->source.source.cache;
	interpreter->source.source.cache = give_cache;
	interpreter->source.source.knows = knows;
	interpreter->source.source.open = cannot_open;
	libraries_find(&interpreter->libraries, getenv("LD_LIBRARY_PATH"), program_own_libc());
}

bool interpreter_of_process(struct interpreter *interpreter, const char *const *names,
			    const char *const *paths, size_t count, const struct rules *rules,
			    struct diag *diag)
{
	begin(interpreter, rules);
	snprintf(interpreter->program, sizeof interpreter->program, "%s", paths[0]);
	for (size_t i = 0; i < count; i++)
		if (!add_object(interpreter, names[i], paths[i], diag))
			return false;
	find_api(interpreter);
	find_shared(interpreter);
	return interpreter->api || diag_set(diag, "%s: none of its libraries is an interpreter",
					    paths[0]);
}

bool interpreter_find(struct interpreter *interpreter, const char *word, const char *embedder,
		      const struct rules *rules, struct diag *diag)
{
	begin(interpreter, rules);
	if (!ask_interpreter(interpreter, word, diag))
		return false;
	if (!(embedder ? find_embedder(interpreter, embedder, diag)
		       : ask_loader(interpreter, diag)))
		return false;
	find_api(interpreter);
	if (!interpreter->api)
		return diag_set(diag, "%s: none of its libraries is one that the rules know as an "
				"interpreter; see `interpreter` in pypy-isolate.conf(5)",
				interpreter->program);
	find_shared(interpreter);
	return true;
}

struct file *interpreter_file(const struct interpreter *interpreter,
			      const struct lookup_object *object)
{
	return object == &interpreter->api_view ? interpreter->api : file_of(object);
}

bool interpreter_closure(struct interpreter *interpreter, struct closure *closure,
			 struct closure_search *where, bool with_objects, struct arena *arena)
{
	struct closure_object object = { .name = interpreter->name[0] };
	struct closure_object *program = arena_take(arena, sizeof *program);

	if (!program)
		return false;
	*where = interpreter->libraries.search;
	file_describe(file_of(interpreter->scope[0]), &object);
	where->machine = object.machine;
	where->program = program;
	*program = object;
	closure_start(closure, where, &interpreter->source.source, arena);
	for (size_t i = 0; with_objects && i < interpreter->count; i++) {
		struct closure_object *added;

		object = (struct closure_object){ .name = interpreter->name[i] };
		file_describe(file_of(interpreter->scope[i]), &object);
		added = closure_add(closure, &object);
		if (!added)
			return false;
		if (i == 0)
			where->program = added;
	}
	return true;
}
