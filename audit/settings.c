/* SPDX-License-Identifier: MIT */
/* Environment and files -> the rules in force.
 *
 * In the audit module this runs while ld.so starts somebody's process: nothing
 * but system calls and the arena, no thread but ours, and every descriptor is
 * closed again before the next step. Hard: files are foreign here, too. One may
 * be a FIFO (opening must not wait), a directory, huge, or shrink under us; and
 * in a privileged process it may be somebody's who must not decide there. */
#include "audit/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/status.h"

struct reader {
	struct settings *settings;
	struct arena *arena;
	const struct conf_error **tail;	/* where the next error goes; NULL: nowhere */
	bool is_privileged;		/* may do what the owners of files may not */
};

/* An error must get through when there is no memory for its text. */
static const struct conf_error no_memory = {
	.text = "the policy is too large: no memory left for it",
};

static void add_error(struct reader *reader, const char *text)
{
	struct conf_error *error = arena_take(reader->arena, sizeof *error);

	if (!reader->tail)
		return;
	if (error)
		error->text = arena_text(reader->arena, text, strlen(text));
	if (!error || !error->text) {
		*reader->tail = &no_memory;
		reader->tail = NULL;
		return;
	}
	*reader->tail = error;
	reader->tail = &error->next;
}

static const char *value_of(const struct settings_input *input, const char *value)
{
	return !input->secure && value && value[0] ? value : NULL;
}

/* strerror() goes through gettext and, for a number it does not know, malloc. */
static const char *reason(int error)
{
	switch (error) {
	case ENOENT: return "no such file";
	case EACCES: return "permission denied";
	case ENOTDIR: return "a part of the path is not a directory";
	case ELOOP: return "too many symbolic links";
	case ENAMETOOLONG: return "the name is too long";
	case EMFILE:
	case ENFILE: return "no free file descriptor";
	case EIO: return "input/output error";
	default: return "cannot be read";
	}
}

/* On the open descriptor: what is read is what was asked about. */
static bool is_trusted(const struct status *status, const char *path, struct diag *diag)
{
	if (status->owner != 0 && status->owner != geteuid())
		return diag_set(diag, "%s: belongs to user %u, and a process with privileges "
				"trusts root's files and its own; copy it or chown it", path,
				status->owner);
	if (status->mode & (S_IWGRP | S_IWOTH))
		return diag_set(diag, "%s: mode %04o lets others than its owner write, and a "
				"process with privileges trusts no such file; chmod go-w it",
				path, status->mode);
	return true;
}

static bool is_readable(const struct reader *reader, int fd, const char *path, size_t *size,
			struct diag *diag)
{
	struct status status;

	if (!status_of_descriptor(fd, &status))
		return diag_set(diag, "%s: %s", path, reason(errno));
	if (!status.is_regular)
		return diag_set(diag, "%s: not a regular file", path);
	if (status.size > SETTINGS_CONF_MAX)
		return diag_set(diag, "%s: larger than %zu bytes", path, SETTINGS_CONF_MAX);
	*size = status.size;
	return !reader->is_privileged || is_trusted(&status, path, diag);
}

/* What the file has now, at most size bytes: it may have changed since. */
static bool read_bytes(int fd, char *bytes, size_t size, size_t *got)
{
	ssize_t step;

	*got = 0;
	while (*got < size) {
		step = read(fd, bytes + *got, size - *got);
		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0)
			return false;
		if (step == 0)
			break;
		*got += step;
	}
	return true;
}

static bool read_open(const struct reader *reader, int fd, const char *path,
		      struct conf_text *out, struct diag *diag)
{
	size_t size = 0;
	char *bytes;

	if (!is_readable(reader, fd, path, &size, diag))
		return false;
	bytes = arena_take(reader->arena, size + 1);
	if (!bytes)
		return diag_set(diag, "%s: no memory left for it", path);
	if (!read_bytes(fd, bytes, size, &out->length))
		return diag_set(diag, "%s: %s", path, reason(errno));
	out->name = path;
	out->text = bytes;
	return true;
}

/* path must live as long as the rules. *missing: there is no such file. */
static bool read_file(const struct reader *reader, const char *path,
		      struct conf_text *out, bool *missing, struct diag *diag)
{
	/* O_NONBLOCK: or a FIFO that nobody writes to would stop the process here. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool good;

	*missing = fd < 0 && errno == ENOENT;
	if (fd < 0)
		return diag_set(diag, "%s: %s", path, reason(errno));
	good = read_open(reader, fd, path, out, diag);
	close(fd);
	return good;
}

/* A relative word stands for a file beside the one that names it. */
static const char *path_beside(struct arena *arena, const char *from, const char *word)
{
	const char *slash = word[0] == '/' ? NULL : strrchr(from, '/');
	size_t directory = slash ? slash + 1 - from : 0;
	size_t length = strlen(word);
	char *path = arena_take(arena, directory + length + 1);

	if (path) {
		memcpy(path, from, directory);
		memcpy(path + directory, word, length + 1);
	}
	return path;
}

/* conf_source.read. The lists that we ship are found from anywhere, so that a
 * file of three lines can say `exports capi/pypy.list`. */
static bool read_word(void *context, const char *from, const char *word,
		      struct conf_text *out, struct diag *diag)
{
	struct reader *reader = context;
	const struct conf_text *ours = conf_built_in(word);
	bool missing = true;
	const char *path;

	if (word[0] == '/' || strcmp(from, CONF_BUILT_IN) != 0) {
		path = path_beside(reader->arena, from, word);
		if (!path)
			return diag_set(diag, "%s: no memory left for it", word);
		if (read_file(reader, path, out, &missing, diag))
			return true;
	} else {
		diag_set(diag, "%s: no compiled-in file of that name", word);
	}
	if (!missing || !ours)
		return false;
	*out = *ours;
	return true;
}

static void parse_as(struct reader *reader, const struct conf_text *text, bool trusted,
		     bool only_interpreters)
{
	const struct conf_source source = {
		.read = read_word, .context = reader, .trusted = trusted,
		.only_interpreters = only_interpreters,
	};
	const struct conf_error *errors = NULL;

	if (conf_parse(&reader->settings->rules, text, &source, reader->arena, &errors))
		return;
	if (!errors)
		errors = &no_memory;
	for (; errors; errors = errors->next)
		add_error(reader, errors->text);
}

static void parse(struct reader *reader, const struct conf_text *text)
{
	parse_as(reader, text, false, false);
}

static void parse_built_in(struct reader *reader, bool trusted, bool only_interpreters)
{
	parse_as(reader, conf_built_in("pypy-isolate.conf"), trusted, only_interpreters);
}

/* Reads the file, if it is there. False if it is not, and nobody has named it. */
static bool read_conf(struct reader *reader, const char *named, struct conf_text *text)
{
	const char *path = named ? named : SETTINGS_CONF_FILE;
	struct diag diag, whole;
	bool missing = false;

	path = arena_text(reader->arena, path, strlen(path));
	if (!path) {
		add_error(reader, no_memory.text);
	} else if (read_file(reader, path, text, &missing, &diag)) {
		reader->settings->conf_name = path;
		return true;
	} else if (named) {
		diag_set(&whole, "PYPY_ISOLATE_CONF: %s", diag.text);
		add_error(reader, whole.text);
	} else if (!missing) {
		add_error(reader, diag.text);
	}
	return false;
}

/* Is value, up to length, one of names? Then *which is its place among them. */
static bool find_name(const char *const *names, size_t count, const char *value,
		      size_t length, unsigned *which)
{
	for (*which = 0; *which < count; ++*which)
		if (strlen(names[*which]) == length && !memcmp(names[*which], value, length))
			return true;
	return false;
}

static void read_mode(struct reader *reader, const char *value)
{
	static const char *const names[] = {
		[MODE_OFF] = "off",
		[MODE_PERMISSIVE] = "permissive",
		[MODE_ENFORCE] = "enforce",
	};
	struct settings *settings = reader->settings;
	struct diag diag;
	unsigned which;

	if (!value && !settings->errors) {
		settings->mode = rules_mode(&settings->rules, NULL);
	} else if (value && find_name(names, 3, value, strlen(value), &which)) {
		settings->mode = which;
	} else if (value) {
		diag_set(&diag, "PYPY_ISOLATE: '%s' is no mode: off, permissive or enforce",
			 value);
		add_error(reader, diag.text);
	}
}

/* A copy: programs that set their title write over the environment. */
static const char *kept(struct reader *reader, const char *value)
{
	const char *copy = value ? arena_text(reader->arena, value, strlen(value)) : NULL;

	if (value && !copy)
		add_error(reader, no_memory.text);
	return copy;
}

static void read_log(struct reader *reader, const char *value)
{
	static const char *const names[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};
	size_t length = value ? strcspn(value, ":") : 0;
	struct diag diag;
	unsigned which;

	if (!value)
		return;
	if (!find_name(names, 4, value, length, &which) || !strcmp(value + length, ":")) {
		diag_set(&diag, "PYPY_ISOLATE_LOG: '%s' is not LEVEL or LEVEL:FILE; "
			 "the levels are error, warning, info and debug", value);
		add_error(reader, diag.text);
		return;
	}
	reader->settings->log_level = which;
	if (!value[length])
		return;
	reader->settings->log_file = kept(reader, value + length + 1);
}

static struct reader reader_of(struct settings *settings, const struct settings_input *input,
			       struct arena *arena)
{
	memset(settings, 0, sizeof *settings);
	settings->mode = MODE_ENFORCE;
	settings->log_level = LOG_LEVEL_WARNING;
	return (struct reader){
		.settings = settings,
		.arena = arena,
		.tail = &settings->errors,
		.is_privileged = input->secure || geteuid() == 0,
	};
}

/* A file can say anything, `mode off` and who is an interpreter, so that one is read at
 * once. The compiled-in rules say no `mode` but the one that holds without. */
static bool read_all(struct settings *settings, const struct settings_input *input,
		     struct arena *arena, bool is_early)
{
	struct reader reader = reader_of(settings, input, arena);
	const struct conf_error **tail;
	struct conf_text text;
	bool has_conf;

	settings->record_file = kept(&reader, value_of(input, input->record));
	has_conf = read_conf(&reader, value_of(input, input->conf), &text);
	tail = reader.tail;
	settings->is_begun = is_early && !has_conf;
	parse_built_in(&reader, is_early, settings->is_begun);
	settings->is_bare = reader.tail != tail;
	if (has_conf)
		parse(&reader, &text);
	read_log(&reader, value_of(input, input->log));
	read_mode(&reader, value_of(input, input->mode));
	return !settings->errors;
}

bool settings_read(struct settings *settings, const struct settings_input *input,
		   struct arena *arena)
{
	return read_all(settings, input, arena, false);
}

bool settings_begin(struct settings *settings, const struct settings_input *input,
		    struct arena *arena)
{
	return read_all(settings, input, arena, true);
}

/* Two threads that do so at once publish the same rules. */
bool settings_complete(struct settings *settings, struct arena *arena)
{
	struct settings whole = { 0 };
	struct reader reader = {
		.settings = &whole, .arena = arena, .tail = &whole.errors,
	};

	if (!__atomic_load_n(&settings->is_begun, __ATOMIC_ACQUIRE))
		return true;
	parse_built_in(&reader, true, false);
	if (whole.errors)
		return false;
	__atomic_store_n(&settings->rules.last, whole.rules.last, __ATOMIC_RELEASE);
	__atomic_store_n(&settings->is_begun, false, __ATOMIC_RELEASE);
	return true;
}
