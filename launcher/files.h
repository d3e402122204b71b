/* SPDX-License-Identifier: MIT */
/* Paths -> shared objects that have been read, each file once. For `check`.
 *
 * A file that was read stays mapped until file_drop(): libraries that many modules share
 * are read once. One that is cut off by somebody meanwhile ends the program (SIGBUS). */
#ifndef PYPY_ISOLATE_LAUNCHER_FILES_H
#define PYPY_ISOLATE_LAUNCHER_FILES_H

#include "audit/closure.h"
#include "audit/lookup.h"
#include "audit/status.h"

/* Something that a relocation of a file refers to. */
struct file_reference {
	uint32_t symbol;
	enum lookup_class class;
	uint32_t hash;			/* hash_gnu() of its name */
	uint8_t counted;		/* by check: a bit for each sum that it is in */
	bool is_known;			/* the next two are set */
	struct lookup_found global;	/* what the interpreter's scope gives */
	struct lookup_found shared;	/* what all namespaces have gives */
	/* What the libraries of the tail of that number gave, plainly and isolated. */
	unsigned tail[2];
	struct lookup_found found[2];
};

struct file {
	struct lookup_object object;	/* the first member: &file->object is the file */
	const char *path;		/* the first that led here, absolute */
	const char *name;		/* the last part of its real path, which has a version */
	const char *place;		/* the path without links among its directories */
	struct identity identity;
	const char *wrong;		/* "path: why it cannot be read", or NULL */
	struct elf elf;
	const char *const *needed;	/* DT_NEEDED, NULL-terminated */
	struct file_reference *reference;	/* reference_count of them; file_refer() */
	size_t reference_count;
	bool has_references;
	bool is_reached;		/* a module needs it */
	bool is_base;			/* the interpreter has it at start */
	bool is_host;			/* all namespaces share it */
	unsigned mark, own_mark;	/* the last module whose closure it was in */
	unsigned paths;			/* that lead here */
	struct file *next;		/* of the same bucket */
	void *bytes;			/* mapped, or NULL */
};

#define FILES_BUCKETS 4096

struct file_path {
	struct file_path *next;
	const char *path;
	struct file *file;
};

struct files {
	struct file *by_identity[FILES_BUCKETS];
	struct file_path *by_path[FILES_BUCKETS];
	bool no_memory;
};

/* The file at path, read when it is asked for the first time; NULL if there is no
 * regular file that is ELF for this machine, or memory is out. is_program: it is what
 * a process starts with, and so may be an executable. */
struct file *files_read(struct files *files, const char *path, bool is_program);

/* The same file for an interface that knows lookup objects. */
static inline struct file *file_of(const struct lookup_object *object)
{
	return (struct file *)object;
}

/* What its closure_object says, but for the name that it was asked for by. */
void file_describe(const struct file *file, struct closure_object *object);

/* Fills in file->reference. False when memory is out. */
bool file_refer(struct file *file);

/* The path to show: the interpreter's as ld.so says it, others without `dir/..` in them. */
static inline const char *file_shown(const struct file *file)
{
	return file->is_base ? file->path : file->place;
}

/* Forgets the file, if only one path leads to it. */
void files_drop(struct files *files, struct file *file);

#endif
