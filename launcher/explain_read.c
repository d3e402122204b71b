/* SPDX-License-Identifier: MIT */
/* The lines of a record (audit/record.h) -> processes, their objects and loads.
 *
 * The lines of several processes come mixed. What a line says is not trusted: a program can
 * write to the file, and a full disk cuts lines off. One that makes no sense is counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/explain_parts.h"
#include "launcher/say.h"

#define LINE_WORDS_MAX 4096

/* A line while it is read: fields, and which is next. */
struct line {
	char *word[LINE_WORDS_MAX];
	size_t count, at;
};

/* ---- words ---- */

static int digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* \xHH, in place. */
static void unescape(char *word)
{
	char *to = word;

	for (; *word; word++) {
		if (word[0] == '\\' && word[1] == 'x' && digit(word[2]) >= 0 &&
		    digit(word[3]) >= 0) {
			*to++ = (char)(digit(word[2]) << 4 | digit(word[3]));
			word += 3;
		} else {
			*to++ = *word;
		}
	}
	*to = '\0';
}

static void split(struct line *line, char *text)
{
	line->count = line->at = 0;
	while (text && line->count < LINE_WORDS_MAX)
		line->word[line->count++] = strsep(&text, "\t");
	for (size_t i = 0; i < line->count; i++)
		unescape(line->word[i]);
}

static const char *word(struct line *line)
{
	return line->at < line->count ? line->word[line->at++] : "";
}

/* In that base; *good is false if it is none. */
static unsigned long long number(struct line *line, int base, bool *good)
{
	unsigned long long value = 0;
	const char *text = word(line);

	*good &= text[0] != '\0' && strlen(text) <= 20;
	for (; *text; text++) {
		int next = digit(*text);

		*good &= next >= 0 && next < base;
		value = value * (unsigned)base + (unsigned)(next < 0 ? 0 : next);
	}
	return value;
}

static struct words rest(struct explain *explain, struct line *line)
{
	struct words words = { .count = line->count - line->at };

	words.word = explain_take(explain, (words.count + 1) * sizeof *words.word);
	memcpy(words.word, line->word + line->at, words.count * sizeof *words.word);
	line->at = line->count;
	return words;
}

/* ---- processes ---- */

/* The last of that number: numbers are used again. */
static struct seen_process *find_process(const struct explain *explain, long pid)
{
	struct seen_process *process = explain->first, *found = NULL;

	for (; process; process = process->next)
		if (process->pid == pid)
			found = process;
	return found;
}

static struct seen_process *add_process(struct explain *explain, long pid, long parent)
{
	struct seen_process *process = explain_take(explain, sizeof *process);

	process->pid = pid;
	process->parent = parent;
	process->glibc = process->mode = process->program = "";
	if (explain->last)
		explain->last->next = process;
	else
		explain->first = process;
	explain->last = process;
	return process;
}

static void add_object(struct seen_process *process, struct seen_object *object)
{
	if (process->last)
		process->last->next = object;
	else
		process->first = object;
	process->last = object;
	process->objects++;
}

static void add_load(struct seen_process *process, struct seen_load *load)
{
	if (process->last_load)
		process->last_load->next = load;
	else
		process->first_load = load;
	process->last_load = load;
	process->loads++;
}

struct seen_object *seen_at(const struct seen_process *process, unsigned long map)
{
	struct seen_object *object = process->first, *found = NULL;

	for (; map && object; object = object->next)
		if (object->map == map && !object->is_gone)
			found = object;
	return found;
}

static void copy_parent(struct explain *explain, struct seen_process *process);

/* What it had when it was forked: that is asked for when it first has more. */
static void complete(struct explain *explain, struct seen_process *process)
{
	if (!process->parent_seen || process->has_copy)
		return;
	process->has_copy = true;
	copy_parent(explain, process);
}

static void copy_parent(struct explain *explain, struct seen_process *process)
{
	struct seen_process *parent = (struct seen_process *)process->parent_seen;
	struct seen_object *object;
	const struct seen_load *load;
	size_t left = process->parent_objects;

	complete(explain, parent);
	for (object = parent->first; object && left-- > 0; object = object->next) {
		struct seen_object *copy = explain_take(explain, sizeof *copy);

		*copy = *object;
		copy->next = NULL;
		copy->bound_by = NULL;
		object->copy = copy;
		/* What it mirrors came before it. */
		copy->mirror_of = object->mirror_of ? object->mirror_of->copy : NULL;
		add_object(process, copy);
	}
	left = process->parent_loads;
	for (load = parent->first_load; load && left-- > 0; load = load->next) {
		struct seen_load *copy = explain_take(explain, sizeof *copy);

		*copy = *load;
		copy->next = NULL;
		copy->is_inherited = true;
		copy->object = seen_at(process, load->map);
		add_load(process, copy);
	}
	process->order = parent->order;
	process->mirrors = parent->mirrors;
}

/* ---- lines ---- */

static bool read_start(struct explain *explain, struct line *line, long pid)
{
	bool good = true;
	long parent = (long)number(line, 10, &good);
	struct seen_process *process;

	if (!good)
		return false;
	process = add_process(explain, pid, parent);
	process->audit_interface = (unsigned)number(line, 10, &good);
	process->mode = word(line);
	process->program = word(line);
	process->command = rest(explain, line);
	return good;
}

static bool read_fork(struct explain *explain, struct line *line, long pid)
{
	bool good = true;
	long parent = (long)number(line, 10, &good);
	const struct seen_process *seen = good ? find_process(explain, parent) : NULL;
	struct seen_process *process;

	if (!seen)
		return false;
	process = add_process(explain, pid, parent);
	process->parent_seen = seen;
	process->parent_objects = seen->objects;
	process->parent_loads = seen->loads;
	process->audit_interface = seen->audit_interface;
	process->glibc = seen->glibc;
	process->mode = seen->mode;
	process->program = seen->program;
	process->command = seen->command;
	process->is_interpreter = seen->is_interpreter;
	return true;
}

static const struct seen_mirror *mirror_at(const struct seen_process *process, const char *path)
{
	const struct seen_mirror *mirror = process->mirrors;

	while (mirror && strcmp(mirror->path, path) != 0)
		mirror = mirror->before;
	return mirror;
}

static bool read_object(struct explain *explain, struct seen_process *process,
			struct line *line)
{
	struct seen_object *object = explain_take(explain, sizeof *object);
	bool good = true;
	const char *kind;

	object->lmid = (long)number(line, 10, &good);
	object->map = (unsigned long)number(line, 16, &good);
	kind = word(line);
	object->found = (unsigned)number(line, 10, &good);
	object->path = word(line);
	object->soname = word(line);
	object->asked = word(line);
	if (!good)
		return false;
	object->is_interpreter = !strcmp(kind, "interpreter");
	object->is_stdlib = !strcmp(kind, "stdlib");
	object->at_start = !process->order.count;
	object->mirror = object->lmid ? mirror_at(process, object->path) : NULL;
	if (object->mirror) {
		object->mirror_of = seen_at(process, object->mirror->of);
		object->path = "";
	}
	process->is_interpreter |= object->is_interpreter;
	add_object(process, object);
	return true;
}

static bool read_need(struct explain *explain, struct seen_process *process, struct line *line)
{
	bool good = true;
	struct seen_object *object = seen_at(process, (unsigned long)number(line, 16, &good));
	struct words more = rest(explain, line), all;

	if (!good || !object)
		return false;
	all.count = object->needed.count + more.count;
	all.word = explain_take(explain, (all.count + 1) * sizeof *all.word);
	if (object->needed.count)
		memcpy(all.word, object->needed.word, object->needed.count * sizeof *all.word);
	memcpy(all.word + object->needed.count, more.word, more.count * sizeof *all.word);
	object->needed = all;
	return true;
}

static bool read_gone(struct seen_process *process, struct line *line)
{
	bool good = true;
	struct seen_object *object = seen_at(process, (unsigned long)number(line, 16, &good));

	if (!good || !object)
		return false;
	object->is_gone = true;
	object->gone_at = process->time;
	if (!process->gone_since)
		process->gone_since = process->time;
	return true;
}

static bool read_cost(struct seen_process *process, struct line *line)
{
	bool good = true;

	process->nanoseconds = number(line, 10, &good);
	process->bytes = number(line, 10, &good);
	return good;
}

static bool read_ready(struct explain *explain, struct seen_process *process,
		       struct line *line)
{
	bool good;

	process->glibc = word(line);
	good = read_cost(process, line);
	process->order.map = explain_take(explain, line->count * sizeof *process->order.map);
	process->order.count = 0;
	while (good && line->at < line->count)
		process->order.map[process->order.count++] =
			(unsigned long)number(line, 16, &good);
	return good;
}

static bool read_mirror(struct explain *explain, struct seen_process *process,
			struct line *line)
{
	struct seen_mirror *mirror = explain_take(explain, sizeof *mirror);
	bool good = true;

	mirror->path = word(line);
	mirror->of = (unsigned long)number(line, 16, &good);
	mirror->label = word(line);
	mirror->before = process->mirrors;
	process->mirrors = mirror;
	return good;
}

static bool read_give(struct explain *explain, struct seen_process *process, struct line *line)
{
	struct seen_mirror *mirror = (struct seen_mirror *)mirror_at(process, word(line));

	if (mirror)
		mirror->given = rest(explain, line);
	return mirror;
}

static bool read_load(struct explain *explain, struct seen_process *process, struct line *line)
{
	struct seen_load *load = explain_take(explain, sizeof *load);
	bool good = true;

	load->lmid = (long)number(line, 10, &good);
	load->map = (unsigned long)number(line, 16, &good);
	load->inside = number(line, 10, &good);
	load->nanoseconds = number(line, 10, &good);
	good &= read_cost(process, line);
	load->path = word(line);
	load->package = word(line);
	load->reason = word(line);
	load->rule = word(line);
	load->refused = word(line);
	load->object = seen_at(process, load->map);
	load->objects = process->objects;
	if (good)
		add_load(process, load);
	return good;
}

/* What a process says of itself once it has started. */
static bool read_other(struct explain *explain, struct seen_process *process, const char *what,
		       struct line *line)
{
	process->time++;
	if (!strcmp(what, "gone"))
		return read_gone(process, line);
	process->gone_since = 0;
	if (!strcmp(what, "ready"))
		return read_ready(explain, process, line);
	complete(explain, process);
	if (!strcmp(what, "object"))
		return read_object(explain, process, line);
	if (!strcmp(what, "need"))
		return read_need(explain, process, line);
	if (!strcmp(what, "mirror"))
		return read_mirror(explain, process, line);
	if (!strcmp(what, "give"))
		return read_give(explain, process, line);
	return !strcmp(what, "load") && read_load(explain, process, line);
}

static bool read_line(struct explain *explain, char *text)
{
	static struct line line;
	struct seen_process *process;
	bool good = true;
	const char *what;
	long pid;

	split(&line, text);
	pid = (long)number(&line, 10, &good);
	what = word(&line);
	if (!good)
		return false;
	if (!strcmp(what, "start"))
		return read_start(explain, &line, pid);
	if (!strcmp(what, "fork"))
		return read_fork(explain, &line, pid);
	process = find_process(explain, pid);
	/* A forked child has nothing to close that its parent would not have. */
	if (process && process->parent_seen && !process->has_copy && !strcmp(what, "gone"))
		return true;
	return process && read_other(explain, process, what, &line);
}

static void read_lines(struct explain *explain)
{
	char *at = explain->rest, *end;

	while ((end = memchr(at, '\n', explain->rest_length - (size_t)(at - explain->rest)))) {
		char *text = explain_text(explain, at, (size_t)(end - at));

		explain->unread += !read_line(explain, text);
		at = end + 1;
	}
	explain->rest_length -= (size_t)(at - explain->rest);
	memmove(explain->rest, at, explain->rest_length);
}

void explain_read(struct explain *explain)
{
	ssize_t got;

	do {
		if (explain->rest_room - explain->rest_length < 65536) {
			explain->rest_room += 1 << 20;
			explain->rest = realloc(explain->rest, explain->rest_room);
		}
		if (!explain->rest) {
			explain->rest_room = explain->rest_length = 0;
			return;
		}
		got = read(explain->record, explain->rest + explain->rest_length,
			   explain->rest_room - explain->rest_length);
		if (got > 0)
			explain->rest_length += (size_t)got;
		if (got > 0)
			read_lines(explain);
	} while (got > 0 || (got < 0 && errno == EINTR));
}

/* ---- at the end ---- */

/* What went last, and after which nothing came, went because the process ended. */
static void bring_back(struct seen_process *process)
{
	struct seen_object *object;

	for (object = process->first; process->gone_since && object; object = object->next)
		if (object->is_gone && object->gone_at >= process->gone_since)
			object->is_gone = false;
}

static struct seen_object *of_base(const struct seen_process *process, const char *path)
{
	struct seen_object *object = process->first;

	while (object && (object->lmid || object->is_gone || strcmp(object->path, path) != 0))
		object = object->next;
	return object;
}

/* A fork for the sake of exec: what came of that is a process of its own. */
static bool is_replaced(const struct seen_process *process)
{
	const struct seen_process *later = process->next;

	while (later && later->pid != process->pid)
		later = later->next;
	return later && process->parent_seen && !process->has_copy;
}

void explain_settle(struct explain *explain)
{
	struct seen_process *process, **link = &explain->first;

	while ((process = *link))
		if (is_replaced(process))
			*link = process->next;
		else
			link = &process->next;
	for (process = explain->first; process; process = process->next) {
		bring_back(process);
		for (struct seen_load *load = process->first_load; load; load = load->next)
			if (!load->object && !load->lmid)
				load->object = of_base(process, load->path);
	}
}
