/* SPDX-License-Identifier: MIT */
/* An object -> all that ld.so would load with it, and from where.
 *
 * Only headers, the dynamic section and its strings are read: of a file of
 * 57 MB that is a few KB. Hard: the bytes are foreign. They come as copies,
 * through piece(), which checks bounds and sizes; no offset of the file is ever
 * followed in memory. */
#include "audit/closure.h"

#include <limits.h>
#include <string.h>

#if __ELF_NATIVE_CLASS == 64
#define NATIVE_CLASS ELFCLASS64
#else
#define NATIVE_CLASS ELFCLASS32
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_DATA ELFDATA2LSB
#else
#define NATIVE_DATA ELFDATA2MSB
#endif

#define PHDR_MAX 256	/* real objects have 8 to 14 */
#define DYN_MAX 65535	/* entries, as ld.so counts them; real objects have 20 to 100 */

/* ---- one file ---- */

struct reading {
	const struct closure_source *source;
	struct closure_file file;
	struct arena *arena;
	const ElfW(Dyn) *dyn;		/* dyn_count entries before DT_NULL */
	size_t dyn_count;
};

/* A copy of bytes of the file, in the arena; NULL if they are not there. */
static const void *piece(const struct reading *reading, uint64_t offset, size_t size)
{
	const struct closure_source *source = reading->source;
	void *copy;

	if (offset > reading->file.size || size > reading->file.size - offset)
		return NULL;
	copy = arena_take(reading->arena, size);
	if (!copy || !source->read(source->context, &reading->file, offset, copy, size))
		return NULL;
	return copy;
}

static bool read_headers(const struct reading *reading, struct closure_object *object)
{
	const ElfW(Ehdr) *ehdr = piece(reading, 0, sizeof *ehdr);

	if (!ehdr || memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (ehdr->e_ident[EI_CLASS] != NATIVE_CLASS || ehdr->e_ident[EI_DATA] != NATIVE_DATA)
		return false;
	if (ehdr->e_type != ET_DYN && ehdr->e_type != ET_EXEC)
		return false;
	if (ehdr->e_phentsize != sizeof *object->phdr || ehdr->e_phnum > PHDR_MAX)
		return false;
	object->machine = ehdr->e_machine;
	object->phnum = ehdr->e_phnum;
	object->phdr = piece(reading, ehdr->e_phoff, object->phnum * sizeof *object->phdr);
	return object->phdr;
}

/* The place in the file of what is loaded at address; *most: bytes from there to
 * the end of the segment. */
static bool find_loaded(const struct closure_object *object, uint64_t address,
			uint64_t *offset, uint64_t *most)
{
	const ElfW(Phdr) *phdr;
	size_t i;

	for (i = 0; i < object->phnum; ++i) {
		phdr = &object->phdr[i];
		if (phdr->p_type != PT_LOAD || address < phdr->p_vaddr ||
		    address - phdr->p_vaddr >= phdr->p_filesz)
			continue;
		*most = phdr->p_filesz - (address - phdr->p_vaddr);
		*offset = phdr->p_offset + (address - phdr->p_vaddr);
		return *offset >= phdr->p_offset;
	}
	return false;
}

static bool find_strings(const struct reading *reading, struct closure_object *object)
{
	uint64_t address = 0, size = 0, most;
	size_t i;

	for (i = 0; i < reading->dyn_count; ++i) {
		if (reading->dyn[i].d_tag == DT_STRTAB)
			address = reading->dyn[i].d_un.d_ptr;
		else if (reading->dyn[i].d_tag == DT_STRSZ)
			size = reading->dyn[i].d_un.d_val;
	}
	if (!find_loaded(object, address, &object->str_offset, &most))
		return false;
	object->str_size = size < most ? size : most;
	return true;
}

/* NULL for one that is out of bounds, does not end, or is too long for a path. */
static const char *string_at(const struct reading *reading,
			     const struct closure_object *object, uint64_t offset)
{
	uint64_t from = object->str_offset + offset, most;
	const char *text;
	size_t size;

	if (offset >= object->str_size || from < offset || from >= reading->file.size)
		return NULL;
	most = object->str_size - offset;
	if (most > reading->file.size - from)
		most = reading->file.size - from;
	/* Names are short: one read of a few bytes nearly always has the NUL. */
	for (size = 128; size <= PATH_MAX; size *= 2) {
		text = piece(reading, from, most < size ? most : size);
		if (!text || memchr(text, '\0', most < size ? most : size))
			return text;
		if (most <= size)
			return NULL;
	}
	return NULL;
}

static const char *dyn_string(const struct reading *reading,
			      const struct closure_object *object, ElfW(Sxword) tag)
{
	size_t i;

	for (i = 0; i < reading->dyn_count; ++i)
		if (reading->dyn[i].d_tag == tag)
			return string_at(reading, object, reading->dyn[i].d_un.d_val);
	return NULL;
}

/* A name that cannot be read is left out. */
static bool read_needed(const struct reading *reading, struct closure_object *object)
{
	const char **needed, *name;
	size_t i, count = 0;

	for (i = 0; i < reading->dyn_count; ++i)
		count += reading->dyn[i].d_tag == DT_NEEDED;
	needed = arena_take(reading->arena, (count + 1) * sizeof *needed);
	if (!needed)
		return false;
	object->needed = needed;
	for (i = 0; i < reading->dyn_count; ++i) {
		if (reading->dyn[i].d_tag != DT_NEEDED)
			continue;
		name = string_at(reading, object, reading->dyn[i].d_un.d_val);
		if (name)
			*needed++ = name;
	}
	return true;
}

static bool read_dynamic(struct reading *reading, struct closure_object *object,
			 const ElfW(Phdr) *phdr)
{
	size_t most = phdr->p_filesz / sizeof *reading->dyn;

	if (most > DYN_MAX)
		most = DYN_MAX;
	reading->dyn = piece(reading, phdr->p_offset, most * sizeof *reading->dyn);
	if (!reading->dyn)
		return false;
	while (reading->dyn_count < most && reading->dyn[reading->dyn_count].d_tag != DT_NULL)
		++reading->dyn_count;
	if (!find_strings(reading, object))
		return false;
	object->soname = dyn_string(reading, object, DT_SONAME);
	object->runpath = dyn_string(reading, object, DT_RUNPATH);
	/* glibc, elf/get-dynamic-info.h: with a RUNPATH the RPATH does not exist. */
	object->rpath = object->runpath ? NULL : dyn_string(reading, object, DT_RPATH);
	return read_needed(reading, object);
}

/* A program without a dynamic section is static: it needs nothing. */
static bool read_object(struct reading *reading, struct closure_object *object)
{
	size_t i;

	if (!read_headers(reading, object))
		return false;
	for (i = 0; i < object->phnum; ++i)
		if (object->phdr[i].p_type == PT_DYNAMIC)
			return read_dynamic(reading, object, &object->phdr[i]);
	return true;
}

/* ---- the list ---- */

void closure_start(struct closure *closure, const struct closure_search *search,
		   const struct closure_source *source, struct arena *arena)
{
	memset(closure, 0, sizeof *closure);
	closure->search = search;
	closure->source = source;
	closure->arena = arena;
}

struct closure_object *closure_add(struct closure *closure,
				   const struct closure_object *found)
{
	struct closure_object *object;

	if (closure->count >= CLOSURE_OBJECTS_MAX)
		return NULL;
	object = arena_take(closure->arena, sizeof *object);
	if (!object)
		return NULL;
	*object = *found;
	++closure->count;
	if (closure->last)
		closure->last->next = object;
	else
		closure->first = object;
	return closure->last = object;
}

static struct closure_object *find_name(const struct closure *closure, const char *name)
{
	struct closure_object *object;

	for (object = closure->first; object; object = object->next)
		if (!strcmp(object->name, name) ||
		    (object->soname && !strcmp(object->soname, name)))
			return object;
	return NULL;
}

static struct closure_object *find_file(const struct closure *closure,
					const struct closure_object *found)
{
	struct closure_object *object;

	for (object = closure->first; object; object = object->next)
		if (object->path && object->inode == found->inode &&
		    object->device == found->device)
			return object;
	return NULL;
}

/* ---- the search ---- */

/* Where one search stands. */
struct quest {
	struct closure *closure;
	const char *name;
	struct closure_object found;
	char path[PATH_MAX];
	size_t length;
};

static bool is_for_us(const struct closure *closure, const struct closure_object *object)
{
	if (closure->search->machine)
		return object->machine == closure->search->machine;
	return !closure->first || object->machine == closure->first->machine;
}

/* Like ld.so, goes on when the file is one for another machine. */
static bool try_path(struct quest *quest, const char *path)
{
	const struct closure *closure = quest->closure;
	const struct closure_source *source = closure->source;
	struct reading reading = { .source = source, .arena = closure->arena };
	struct closure_object *found = &quest->found;
	bool good;

	memset(found, 0, sizeof *found);
	if (source->knows && source->knows(source->context, path, found))
		return true;
	if (!source->open(source->context, path, &reading.file))
		return false;
	good = read_object(&reading, found) && is_for_us(closure, found);
	source->close(source->context, &reading.file);
	if (!good)
		return false;
	found->device = reading.file.device;
	found->inode = reading.file.inode;
	found->path = arena_text(closure->arena, path, strlen(path));
	return found->path;
}

static bool put(struct quest *quest, const char *text, size_t length)
{
	if (length >= sizeof quest->path - quest->length)
		return false;
	memcpy(quest->path + quest->length, text, length);
	quest->length += length;
	quest->path[quest->length] = '\0';
	return true;
}

static size_t word_length(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

/* "$WORD" or "${WORD}" at text: its length, or 0. */
static size_t token_length(const char *text, const char **word, size_t *length)
{
	bool curly = text[0] == '$' && text[1] == '{';

	if (text[0] != '$')
		return 0;
	*word = text + 1 + curly;
	*length = word_length(*word);
	if (!curly)
		return 1 + *length;
	return (*word)[*length] == '}' ? *length + 3 : 0;
}

/* What a token stands for; false if it is none. */
static bool token_value(const struct quest *quest, const struct closure_object *object,
			const char *word, size_t length, const char **value, size_t *size)
{
	const struct closure_search *search = quest->closure->search;
	const char *slash;

	if (length == 6 && !memcmp(word, "ORIGIN", length)) {
		slash = strrchr(object->path, '/');
		*value = slash ? object->path : ".";
		*size = slash ? (size_t)(slash - object->path) : 1;
		return true;
	}
	if (length == 3 && !memcmp(word, "LIB", length))
		*value = search->lib;
	else if (length == 8 && !memcmp(word, "PLATFORM", length))
		*value = search->platform;
	else
		return false;
	*size = *value ? strlen(*value) : 0;
	return true;
}

/* Appends text with its $ORIGIN and so on replaced by what they are in object. */
static bool put_expanded(struct quest *quest, const struct closure_object *object,
			 const char *text, size_t length)
{
	const char *end = text + length, *word, *value;
	size_t step, word_size, size;

	while (text < end) {
		step = token_length(text, &word, &word_size);
		if (step && text + step <= end &&
		    token_value(quest, object, word, word_size, &value, &size)) {
			if (!value || !put(quest, value, size))
				return false;
			text += step;
			continue;
		}
		for (step = 1; text + step < end && text[step] != '$';)
			++step;
		if (!put(quest, text, step))
			return false;
		text += step;
	}
	return true;
}

/* One directory of a list that object gave. An empty one is the current one. */
static bool try_directory(struct quest *quest, const struct closure_object *object,
			  const char *directory, size_t length)
{
	quest->length = 0;
	if (!put_expanded(quest, object, length ? directory : ".", length ? length : 1))
		return false;
	return put(quest, "/", 1) && put(quest, quest->name, strlen(quest->name)) &&
	       try_path(quest, quest->path);
}

static bool try_list(struct quest *quest, const struct closure_object *object,
		     const char *list, const char *separators)
{
	size_t length;

	if (!list || !list[0])
		return false;
	for (;; list += length + 1) {
		length = strcspn(list, separators);
		if (try_directory(quest, object, list, length))
			return true;
		if (!list[length])
			return false;
	}
}

static const struct closure_object *program_of(const struct closure *closure)
{
	return closure->search->program ? closure->search->program : closure->first;
}

/* Those of the loader, of its loader, and so on, and the program's. */
static bool try_rpaths(struct quest *quest, const struct closure_object *loader)
{
	const struct closure_object *program = program_of(quest->closure);
	bool met_program = false;

	if (loader->runpath)
		return false;
	for (; loader; loader = loader->loader) {
		met_program |= loader == program;
		if (try_list(quest, loader, loader->rpath, ":"))
			return true;
	}
	return program && !met_program && try_list(quest, program, program->rpath, ":");
}

static const struct ld_cache *cache_of(struct closure *closure)
{
	const struct closure_source *source = closure->source;

	if (!closure->has_cache)
		source->cache(source->context, &closure->cache);
	closure->has_cache = true;
	return &closure->cache;
}

static bool try_cache(struct quest *quest)
{
	const struct ld_cache *cache = cache_of(quest->closure);
	const char *path;
	size_t n;

	for (n = 0; (path = ld_cache_find(cache, quest->name, n)); ++n)
		if (try_path(quest, path))
			return true;
	return false;
}

/* glibc, elf/dl-load.c, _dl_map_object, in its order. */
static bool search(struct quest *quest, const struct closure_object *loader)
{
	const struct closure_search *search = quest->closure->search;

	if (strchr(quest->name, '/'))
		return try_path(quest, quest->name);
	return try_rpaths(quest, loader) ||
	       try_list(quest, program_of(quest->closure), search->library_path, ":;") ||
	       try_list(quest, loader, loader->runpath, ":") ||
	       try_cache(quest) ||
	       try_list(quest, loader, search->defaults, ":");
}

struct closure_object *closure_open(struct closure *closure, const char *path)
{
	struct quest quest = { .closure = closure };

	if (!try_path(&quest, path))
		return NULL;
	quest.found.name = quest.found.path;
	return closure_add(closure, &quest.found);
}

const char *closure_find(struct closure *closure, const struct closure_object *loader,
			 const char *name)
{
	struct quest quest = { .closure = closure, .name = name };

	return search(&quest, loader) ? quest.found.path : NULL;
}

struct closure_object *closure_need(struct closure *closure,
				    const struct closure_object *loader, const char *name)
{
	struct quest quest = { .closure = closure };
	struct closure_object *object;
	/* If it does not, ld.so finds nothing; what else is needed counts all the same. */
	bool expands = put_expanded(&quest, loader, name, strlen(name));
	const char *text = expands ? quest.path : name;

	object = find_name(closure, text);
	if (object)
		return object;
	quest.name = arena_text(closure->arena, text, strlen(text));
	if (!quest.name)
		return NULL;
	if (!expands || !search(&quest, loader))
		memset(&quest.found, 0, sizeof quest.found);
	object = quest.found.path ? find_file(closure, &quest.found) : NULL;
	if (object)
		return object;
	quest.found.name = quest.name;
	quest.found.loader = loader;
	return closure_add(closure, &quest.found);
}

static bool passes_over(const struct closure *closure, const char *name)
{
	return closure->search->passes_over && closure->search->passes_over(name);
}

bool closure_complete(struct closure *closure)
{
	const struct closure_object *object;
	const char *const *name;

	for (object = closure->first; object; object = object->next)
		for (name = object->needed; name && *name; ++name)
			if (!passes_over(closure, *name) &&
			    !closure_need(closure, object, *name))
				return false;
	return true;
}
