/* SPDX-License-Identifier: MIT */
/* The only door to the process: its environment, files, memory, log, and the dl
 * functions of base's own libc.
 *
 * Everything that changes while the process runs hangs from the one struct
 * here. There are no locks, because a fork could leave one held for ever: what
 * threads may do at once is built in private and published with one
 * compare-and-swap. */
#ifndef PYPY_ISOLATE_PROCESS_H
#define PYPY_ISOLATE_PROCESS_H

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/settings.h"
#include "audit/status.h"
#include "policy/arena.h"
#include "policy/diag.h"

/* Functions of base's libc. Ours would act on the audit module's namespace:
 * dlerror() and errno are one a libc, and dlopen() looks at who calls it. */
struct base {
	void *(*dlopen)(const char *, int);
	void *(*dlmopen)(Lmid_t, const char *, int);
	int (*dlclose)(void *);
	char *(*dlerror)(void);
	void *(*dlsym)(void *, const char *);
	void *(*dlvsym)(void *, const char *, const char *);
	int (*dladdr1)(const void *, Dl_info *, void **, int);
	int (*dlinfo)(void *, int, void *);
	int (*dl_iterate_phdr)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
	int *(*errno_location)(void);
	const char *(*libc_version)(void);
};

struct process {
	unsigned lav;			/* the audit interface of this ld.so; 0: we stay out */
	bool started;			/* la_preinit has been: start-up objects are ready */
	struct arena arena;
	struct settings settings;
	struct identity console;	/* standard error as it was at the start */
	const char *library_path;	/* $LD_LIBRARY_PATH, which ld.so reads once; or NULL */
	struct link_map *main;		/* the program; the handle of base's global scope */
	const struct link_map *last;	/* of base, of those that came before la_preinit */
	struct link_map *nameless;	/* a mirror that ld.so has not announced yet; or NULL */
	bool has_entries;		/* somebody calls them instead of dlopen() and its like */
	struct base base;		/* all NULL until base_find() */
};

extern struct process process;

/* Sets up arena and settings, once, from la_version. False when we must stay
 * out of this process; what was wrong has been logged if a person can mend it. */
bool process_begin(unsigned lav);

/* One line to the log, when level is in force (settings.h). No newline in format; what
 * is not fit to be shown becomes '?'. Without a file for it the log is standard error,
 * while that is still a place for messages. */
void process_log(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a line to a file, with flags beside those of the log: 0, or O_CREAT. False, with
 * errno, if it could not be written as a whole. */
bool process_append(const char *file, int flags, const char *line, size_t length);

/* An absolute path without "." and ".." parts, in the caller's size bytes: by text
 * alone, as Python does, but with a ".." in it the kernel's answer, if there is one.
 * False if it does not fit. */
bool process_absolute(const char *path, char *out, size_t size);

/* Memory for the time of one load: what is taken from process.arena never comes back,
 * and a thread's stack may be small. False if there is none. */
bool process_scratch(struct arena *scratch);
void process_scratch_end(struct arena *scratch);

struct file {
	void *bytes;		/* private, read-only; NULL for an empty file */
	size_t size;		/* bytes */
	struct identity identity;
	bool is_copy;		/* they are: of a small one */
};

enum file_status {
	FILE_OPEN,		/* file is set; give it back with process_close() */
	FILE_ABSENT,		/* cannot be opened: let ld.so say why */
	FILE_ODD,		/* no regular file, no memory, no descriptor: diag says what */
};

enum file_status process_open(struct file *file, const char *path, struct diag *diag);
void process_close(struct file *file);

#endif
