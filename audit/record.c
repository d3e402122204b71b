/* SPDX-License-Identifier: MIT */
/* What happens in this process -> lines of a file, for `pypy-isolate explain`.
 *
 * Called from la_ callbacks, under ld.so's lock, and from loads, beside other threads. The
 * time that is ours cannot be kept for each thread (no thread-local variables here): of
 * loads of several threads at once the sums may be a little off, no more. */
#include "audit/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/namespace.h"
#include "audit/process.h"
#include "audit/sys.h"

#define LINE_MAX_BYTES	6144	/* a path fits, and it fits on a thread's stack */
#define TEXT_MAX_BYTES	600	/* of a reason */

static struct {
	const char *file;		/* NULL: nothing is recorded */
	pid_t pid;			/* whose lines these are */
	bool has_failed;		/* and that has been said */
	char asked[4096];		/* what ld.so searches for; under its lock */
	unsigned found;			/* and by which step */
	uint64_t callbacks, away, loads;	/* nanoseconds */
	uint64_t mirrors, inherited;	/* bytes */
} record;

/* ---- lines ---- */

struct line {
	size_t length;
	bool is_full;
	char text[LINE_MAX_BYTES];
};

static void put(struct line *line, char byte)
{
	/* Room for the end of the line is always left. */
	if (line->length == sizeof line->text - 1)
		line->is_full = true;
	else
		line->text[line->length++] = byte;
}

static void put_word(struct line *line, const char *word)
{
	static const char digits[] = "0123456789abcdef";

	put(line, '\t');
	for (; word && *word; word++) {
		unsigned char byte = (unsigned char)*word;

		if (byte >= ' ' && byte != '\\' && byte != 0x7f) {
			put(line, *word);
			continue;
		}
		put(line, '\\');
		put(line, 'x');
		put(line, digits[byte >> 4]);
		put(line, digits[byte & 15]);
	}
}

/* Of what a person reads the beginning will do. */
static void put_text(struct line *line, const char *text)
{
	char start[TEXT_MAX_BYTES];

	snprintf(start, sizeof start, "%s", text ? text : "");
	put_word(line, start);
}

static void __attribute__((format(printf, 2, 3)))
put_format(struct line *line, const char *format, ...)
{
	char word[128];
	va_list args;

	va_start(args, format);
	vsnprintf(word, sizeof word, format, args);
	va_end(args);
	for (const char *at = word; *at; at++)
		put(line, *at);
}

static void put_id(struct line *line, const void *map)
{
	put_format(line, "\t%lx", (unsigned long)map);
}

static void begin(struct line *line, const char *what)
{
	line->length = 0;
	line->is_full = false;
	put_format(line, "%ld\t%s", (long)record.pid, what);
}

/* A file that is not there any more: whoever wanted to know has what they need. */
static void end(struct line *line)
{
	line->text[line->length++] = '\n';
	if (line->is_full)
		errno = ENAMETOOLONG;
	else if (process_append(record.file, 0, line->text, line->length) || errno == ENOENT)
		return;
	if (!record.has_failed)
		process_log(LOG_LEVEL_WARNING, "%s: not all that happens can be recorded for "
			    "`pypy-isolate explain`: %s", record.file, strerror(errno));
	record.has_failed = true;
}

static uint64_t bytes_used(void)
{
	size_t used = process.arena.used;

	return (used < process.arena.size ? used : process.arena.size) + record.mirrors;
}

/* In a child of fork() that nobody has noted so far. */
static void __attribute__((noinline)) write_fork(void)
{
	pid_t parent = record.pid;
	struct line line;

	record.pid = getpid();
	record.callbacks = record.away = record.loads = 0;
	record.inherited = bytes_used();
	begin(&line, "fork");
	put_format(&line, "\t%ld", (long)parent);
	end(&line);
}

static bool is_on(void)
{
	if (!record.file)
		return false;
	if (getpid() != record.pid)
		write_fork();
	return true;
}

static void put_cost(struct line *line)
{
	put_format(line, "\t%llu\t%llu", (unsigned long long)record.callbacks + record.loads,
		   (unsigned long long)bytes_used() - record.inherited);
}

/* ---- the process ---- */

static void put_program(struct line *line)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	path[length > 0 ? length : 0] = '\0';
	put_word(line, path);
}

static void put_arguments(struct line *line)
{
	int fd = sys_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	char words[2048];
	ssize_t got = fd < 0 ? 0 : syscall(SYS_read, fd, words, sizeof words - 1);

	if (fd >= 0)
		sys_close(fd);
	if (got <= 0)
		return;
	words[got] = '\0';
	for (ssize_t at = 0; at < got; at += (ssize_t)strlen(words + at) + 1)
		put_word(line, words + at);
}

void record_begin(void)
{
	static const char *const modes[] = {
		[MODE_OFF] = "off", [MODE_PERMISSIVE] = "permissive", [MODE_ENFORCE] = "enforce",
	};
	struct line line;

	record.file = process.settings.record_file;
	if (!record.file)
		return;
	record.pid = getpid();
	begin(&line, "start");
	put_format(&line, "\t%ld\t%u\t%s", (long)getppid(), process.lav,
		   modes[process.settings.mode]);
	put_program(&line);
	put_arguments(&line);
	end(&line);
}

static void note_fork(void)
{
	is_on();
}

/* Base's own list of what to call in a child of fork(): it loads nothing, mostly, and
 * would not be seen. */
static void watch_forks(void)
{
	int (*register_atfork)(void (*)(void), void (*)(void), void (*)(void), void *) = NULL;

	for (struct object *object = object_next(NULL); object && !register_atfork;
	     object = object_next(object))
		if (object->kind == OBJECT_LIBC)
			register_atfork = object_address(object, "__register_atfork");
	if (register_atfork)
		register_atfork(NULL, NULL, note_fork, NULL);
}

void record_ready(void)
{
	struct line line;

	if (!is_on())
		return;
	begin(&line, "ready");
	put_word(&line, process.base.libc_version ? process.base.libc_version() : "");
	put_cost(&line);
	for (const struct link_map *map = process.main; map; map = map->l_next)
		put_id(&line, map);
	end(&line);
	watch_forks();
}

/* ---- objects ---- */

void record_search(const char *name, unsigned flag)
{
	if (!record.file)
		return;
	if (flag == LA_SER_ORIG) {
		snprintf(record.asked, sizeof record.asked, "%s", name);
	}
	record.found = flag;
}

static void __attribute__((noinline)) put_absolute(struct line *line, const char *path)
{
	char absolute[4096];

	put_word(line, process_absolute(path, absolute, sizeof absolute) ? absolute : path);
}

/* Who reads it is in another directory. */
static void put_path(struct line *line, const char *path)
{
	if (path[0] != '/' && strchr(path, '/'))
		put_absolute(line, path);
	else
		put_word(line, path);
}

static void record_needs(const struct object *object, struct line *line)
{
	const char *name;
	size_t n = 0;

	while ((name = object_needed(object, n))) {
		begin(line, "need");
		put_id(line, object->map);
		do
			put_word(line, name);
		while ((name = object_needed(object, ++n)) &&
		       line->length < sizeof line->text / 4);
		end(line);
	}
}

static void __attribute__((noinline)) write_object(const struct object *object)
{
	static const char *const kinds[] = {
		[OBJECT_OTHER] = "other", [OBJECT_LIBC] = "libc",
		[OBJECT_INTERPRETER] = "interpreter", [OBJECT_STDLIB] = "stdlib",
	};
	const char *path = object->map->l_name;
	struct line line;

	begin(&line, "object");
	put_format(&line, "\t%ld", (long)object->lmid);
	put_id(&line, object->map);
	put_format(&line, "\t%s\t%u", kinds[object->kind], record.found);
	put_path(&line, path);
	put_word(&line, object->soname);
	put_word(&line, path[0] == '/' && !strcmp(record.asked, path) ? "" : record.asked);
	end(&line);
	if (!object->at_start)
		record_needs(object, &line);
	record.asked[0] = '\0';
	record.found = 0;
}

/* Far down on a thread's stack: room for a line is taken there only if there is one. */
void record_object(const struct object *object)
{
	if (is_on())
		write_object(object);
}

void record_gone(const struct object *object)
{
	const struct namespace *namespace = namespace_of(object->lmid);
	struct line line;

	if (!is_on())
		return;
	begin(&line, "gone");
	put_id(&line, object->map);
	end(&line);
	/* The process ends: all the others will go. */
	if (object->at_start || (namespace && namespace->made && namespace->head == object->map))
		record.file = NULL;
}

void record_mirror(const char *path, const struct object *of, const char *label, size_t size)
{
	struct line line;

	if (!is_on())
		return;
	__atomic_fetch_add(&record.mirrors, size, __ATOMIC_RELAXED);
	begin(&line, "mirror");
	put_word(&line, path);
	put_id(&line, of ? of->map : NULL);
	put_word(&line, label);
	end(&line);
}

void record_given(const char *path, const struct unlisted_name *names)
{
	struct line line;

	if (!is_on())
		return;
	begin(&line, "give");
	put_word(&line, path);
	for (; names; names = names->before)
		put_word(&line, names->name);
	end(&line);
}

/* ---- time ---- */

uint64_t record_clock(void)
{
	struct timespec now = { 0 };

	if (record.file)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void record_callback_end(uint64_t begun)
{
	if (record.file)
		__atomic_fetch_add(&record.callbacks, record_clock() - begun, __ATOMIC_RELAXED);
}

struct record_away record_away_begin(void)
{
	if (!record.file)
		return (struct record_away){ 0 };
	return (struct record_away){ record_clock(), record.callbacks, record.away };
}

/* Loads that a constructor begins are inside: what they added is a part of this. */
void record_away_end(const struct record_away *since)
{
	if (record.file)
		record.away = since->away + (record_clock() - since->begun) -
			      (record.callbacks - since->callbacks);
}

/* ---- a load ---- */

const char *record_text(const char *text)
{
	return record.file ? arena_text(&process.arena, text, strlen(text)) : NULL;
}

/* Of all that has passed: not what ld.so took. */
static uint64_t own_time(const struct record_away *since)
{
	uint64_t all = record_clock() - since->begun, away = record.away - since->away;
	uint64_t callbacks = record.callbacks - since->callbacks;

	if (away > all || all - away < callbacks)
		return 0;
	__atomic_fetch_add(&record.loads, all - away - callbacks, __ATOMIC_RELAXED);
	return all - away;
}

void record_load(const struct record_load *load)
{
	char rule[512] = "";
	struct line line;
	uint64_t own;

	if (!is_on())
		return;
	own = own_time(&load->since);
	if (load->rule)
		snprintf(rule, sizeof rule, "%s:%u", load->rule->file, load->rule->line);
	begin(&line, "load");
	put_format(&line, "\t%ld", (long)load->lmid);
	put_id(&line, load->handle);
	put_format(&line, "\t%d\t%llu", load->inside, (unsigned long long)own);
	put_cost(&line);
	put_word(&line, load->path);
	put_word(&line, load->package);
	put_text(&line, load->reason);
	put_word(&line, rule);
	put_text(&line, load->refused);
	end(&line);
}
