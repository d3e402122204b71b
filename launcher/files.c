/* SPDX-License-Identifier: MIT */
/* Paths -> shared objects that have been read, each file once.
 *
 * Two tables: by path, so that a library is not even looked for again, and by identity,
 * so that one that is found by way of several directories is one. */
#include "launcher/files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "audit/elf_hash.h"
#include "audit/elf_machine.h"
#include "audit/sys.h"
#include "policy/package.h"

/* Bytes: 8 GiB, of which 32 bits can address a quarter. The largest libraries have 2 GB. */
#define FILE_MAX (SIZE_MAX >> (sizeof(size_t) == 8 ? 31 : 1))

static size_t path_bucket(const char *path)
{
	return hash_gnu(path) % FILES_BUCKETS;
}

static size_t identity_bucket(struct identity identity)
{
	return (size_t)(identity.inode * 31 + identity.device) % FILES_BUCKETS;
}

/* The file, if it was read as one in that directory, or is of the interpreter: installed
 * packages can have one file in common by links, and what $ORIGIN means is a matter of the
 * path. */
static struct file *by_identity(const struct files *files, struct identity identity,
				const char *place)
{
	struct file *file = files->by_identity[identity_bucket(identity)];

	while (file && !(identity_equal(file->identity, identity) &&
			 (file->is_base || strcmp(file->place, place) == 0)))
		file = file->next;
	return file;
}

static struct file_path *by_path(const struct files *files, const char *path)
{
	struct file_path *each = files->by_path[path_bucket(path)];

	while (each && strcmp(each->path, path) != 0)
		each = each->next;
	return each;
}

/* ---- one file ---- */

/* What ld.so passes over while it searches: no ELF, or for another machine. */
static bool is_for_us(const void *bytes, size_t size)
{
	const unsigned char class = sizeof(ElfW(Addr)) == 8 ? ELFCLASS64 : ELFCLASS32;
	const ElfW(Ehdr) *ehdr = bytes;

	return size >= sizeof *ehdr && !memcmp(ehdr->e_ident, ELFMAG, SELFMAG) &&
	       ehdr->e_ident[EI_CLASS] == class && ehdr->e_machine == MACHINE;
}

/* The path without links among its directories. */
static void find_place(const char *path, char place[PATH_MAX + NAME_MAX + 2])
{
	const char *name = package_file_name(path);
	char directory[PATH_MAX];

	snprintf(directory, sizeof directory, "%.*s", (int)(name - path), path);
	if (!realpath(directory, place))
		strcpy(place, directory);
	snprintf(place + strlen(place), NAME_MAX + 2, "/%s", name);
}

/* libz.so.1.2.13 for libz.so.1, a link to it. */
static char *real_name(const char *path)
{
	char real[PATH_MAX];

	return strdup(package_file_name(realpath(path, real) ? real : path));
}

static bool read_needed(struct file *file)
{
	const char **needed, *name;
	size_t at = 0, count = 0;

	while (elf_needed(&file->elf, &at))
		count++;
	needed = calloc(count + 1, sizeof *needed);
	file->needed = needed;
	for (at = 0; needed && (name = elf_needed(&file->elf, &at));)
		*needed++ = name;
	return file->needed;
}

static bool read_versions(struct file *file)
{
	size_t count = lookup_version_count(&file->elf.symbols);
	struct lookup_version *version = calloc(count, sizeof *version);

	file->object.version = version;
	file->object.version_count = count;
	if (version)
		lookup_versions(&file->elf.symbols, version);
	return version;
}

/* False when memory is out; a file that cannot be used has a reason. */
static bool read_elf(struct file *file, size_t size, bool is_program)
{
	struct diag diag = { "" };

	if (!(is_program ? elf_read_program : elf_read)(&file->elf, file->path, file->bytes, size,
							&diag)) {
		file->wrong = strdup(diag.text);
		return file->wrong;
	}
	file->object.symbols = &file->elf.symbols;
	file->object.is_symbolic = file->elf.is_symbolic;
	return read_needed(file) && read_versions(file);
}

static void release(struct file *file, size_t size)
{
	if (file->bytes)
		munmap(file->bytes, size);
	free(file->reference);
	free((void *)file->object.version);
	free((void *)file->needed);
	free((void *)file->wrong);
	free((void *)file->name);
	free((void *)file->place);
	free((void *)file->path);
	free(file);
}

/* NULL, and *no_memory is set or not. The bytes are the file's from now on. */
static struct file *make(const char *path, const char *place, const struct status *status,
			 void *bytes, bool is_program, bool *no_memory)
{
	struct file *file = calloc(1, sizeof *file);

	*no_memory = true;
	if (!file)
		return NULL;
	file->bytes = bytes;
	file->identity = status->identity;
	file->path = strdup(path);
	file->name = real_name(path);
	file->place = strdup(place);
	if (!file->path || !file->name || !file->place || !read_elf(file, status->size, is_program)) {
		file->bytes = NULL;
		release(file, 0);
		return NULL;
	}
	*no_memory = false;
	return file;
}

static struct file *read_open(struct files *files, int fd, const char *path, bool is_program)
{
	char place[PATH_MAX + NAME_MAX + 2];
	struct status status;
	struct file *file;
	void *bytes;

	if (!status_of_descriptor(fd, &status) || !status.is_regular || status.size == 0 ||
	    status.size > FILE_MAX)
		return NULL;
	find_place(path, place);
	file = by_identity(files, status.identity, place);
	if (file)
		return file;
	bytes = mmap(NULL, status.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return NULL;
	if (is_for_us(bytes, status.size))
		file = make(path, place, &status, bytes, is_program, &files->no_memory);
	if (!file) {
		munmap(bytes, status.size);
		return NULL;
	}
	file->next = files->by_identity[identity_bucket(file->identity)];
	files->by_identity[identity_bucket(file->identity)] = file;
	return file;
}

static struct file *remember(struct files *files, const char *path, struct file *file)
{
	struct file_path *each = calloc(1, sizeof *each);

	if (!each || !(each->path = strdup(path))) {
		free(each);
		files->no_memory = true;
		return NULL;
	}
	file->paths++;
	each->file = file;
	each->next = files->by_path[path_bucket(path)];
	files->by_path[path_bucket(path)] = each;
	return file;
}

struct file *files_read(struct files *files, const char *path, bool is_program)
{
	struct file_path *known = by_path(files, path);
	struct file *file;
	int fd;

	if (known)
		return known->file;
	/* O_NONBLOCK: a FIFO would hold us until somebody writes to it. */
	fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	file = read_open(files, fd, path, is_program);
	sys_close(fd);
	return file ? remember(files, path, file) : NULL;
}

static void forget_paths(struct files *files, const struct file *file)
{
	struct file_path **link = &files->by_path[path_bucket(file->path)], *each;

	while ((each = *link)) {
		if (each->file != file) {
			link = &each->next;
			continue;
		}
		*link = each->next;
		free((void *)each->path);
		free(each);
	}
}

void files_drop(struct files *files, struct file *file)
{
	struct file **link = &files->by_identity[identity_bucket(file->identity)];

	if (file->paths > 1)
		return;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	forget_paths(files, file);
	release(file, file->elf.size);
}

void file_describe(const struct file *file, struct closure_object *object)
{
	object->path = file->path;
	object->device = file->identity.device;
	object->inode = file->identity.inode;
	object->machine = file->elf.ehdr->e_machine;
	object->soname = file->elf.soname;
	object->runpath = file->elf.runpath;
	/* glibc, elf/get-dynamic-info.h: with a RUNPATH the RPATH does not exist. */
	object->rpath = file->elf.runpath ? NULL : file->elf.rpath;
	object->needed = file->needed;
	object->known = (void *)file;
}

/* ---- references ---- */

/* A bit for each class that a symbol is referred to with. */
static size_t mark(const struct elf *elf, uint8_t *marks)
{
	size_t at = 0, symbol, type, count = 0;

	while (elf_relocation(elf, &at, &symbol, &type)) {
		unsigned bit = 1U << lookup_class(type);

		if (lookup_is_local(&elf->symbols, symbol) || marks[symbol] & bit)
			continue;
		marks[symbol] |= bit;
		count++;
	}
	return count;
}

static void fill(struct file *file, const uint8_t *marks)
{
	struct file_reference *reference = file->reference;

	const struct symbols *symbols = &file->elf.symbols;

	for (size_t symbol = 0; symbol < symbols->count; symbol++)
		for (unsigned class = LOOKUP_DATA; class <= LOOKUP_PLT; class++)
			if (marks[symbol] >> class & 1)
				*reference++ = (struct file_reference){
					.symbol = (uint32_t)symbol,
					.class = class,
					.hash = hash_gnu(symbols->str + symbols->sym[symbol].st_name),
				};
}

bool file_refer(struct file *file)
{
	uint8_t *marks;

	if (file->has_references)
		return true;
	marks = calloc(file->elf.symbols.count + 1, 1);
	if (!marks)
		return false;
	file->reference_count = mark(&file->elf, marks);
	file->reference = calloc(file->reference_count + 1, sizeof *file->reference);
	if (file->reference)
		fill(file, marks);
	free(marks);
	file->has_references = file->reference;
	return file->has_references;
}
