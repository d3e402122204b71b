/* SPDX-License-Identifier: MIT */
/* What is enabled, a line each: KIND FILE [ORIGINAL], with tabs between.
 *
 * It is the first that is written and the last that goes, so that whatever was begun is
 * found again. Read, changed and put in place as a whole, by one of us at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/enable_parts.h"

static const char *const kinds[] = {
	[PLACE_STANDIN] = "stand-in", [PLACE_LINKED] = "linked",
	[PLACE_TEXT] = "text", [PLACE_DIRECTORY] = "directory",
};

/* ---- where ---- */

/* Its directory is made by us and goes with it; what is above that stays. */
static bool base_path(char path[PATH_MAX], struct diag *diag)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length;

	if (geteuid() == 0)
		length = snprintf(path, PATH_MAX, "/var/lib");
	else if (state && state[0] == '/')
		length = snprintf(path, PATH_MAX, "%s", state);
	else if (home && home[0] == '/')
		length = snprintf(path, PATH_MAX, "%s/.local/state", home);
	else
		return diag_set(diag, "HOME is not set");
	return length < PATH_MAX - 32 || diag_set(diag, "HOME is too long");
}

static bool directory_path(char path[PATH_MAX], struct diag *diag)
{
	if (!base_path(path, diag))
		return false;
	strcat(path, "/pypy-isolate");
	return true;
}

bool record_path(char path[PATH_MAX], struct diag *diag)
{
	if (!directory_path(path, diag))
		return false;
	strcat(path, "/enabled");
	return true;
}

static bool make_directories(const char *path, struct diag *diag)
{
	char part[PATH_MAX];

	strcpy(part, path);
	for (char *slash = part; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return diag_set(diag, "what is enabled is noted in %s, and that cannot be "
					"made: %s", part, strerror(errno));
		if (slash)
			*slash = '/';
	}
	return true;
}

int record_lock(struct diag *diag)
{
	char path[PATH_MAX];
	int fd = -1;

	if (!base_path(path, diag) || !make_directories(path, diag))
		return -1;
	/* What is always there: the directory of the record comes and goes. Not closed by exec:
	 * a dpkg-divert that outlives us still holds it. */
	fd = open(path, O_RDONLY | O_DIRECTORY);
	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	diag_set(diag, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- what ---- */

struct place *places_add(struct places *places, enum place_kind kind, const char *file,
			 const char *original)
{
	struct place *place = places->place;

	for (; place < places->place + places->count; place++)
		if (place->kind == kind && !strcmp(place->file, file))
			return place;
	if (places->count == PLACES_MAX || strlen(file) >= PATH_MAX ||
	    strlen(original) >= PATH_MAX)
		return NULL;
	*place = (struct place){ .kind = kind };
	strcpy(place->file, file);
	strcpy(place->original, original);
	places->count++;
	return place;
}

static bool read_line(struct places *places, char *line)
{
	char *file = strchr(line, '\t'), *original;
	struct place *place;

	if (!file)
		return false;
	*file++ = '\0';
	original = strchr(file, '\t');
	if (original)
		*original++ = '\0';
	for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
		if (strcmp(line, kinds[kind]) != 0 || file[0] != '/')
			continue;
		place = places_add(places, (enum place_kind)kind, file, original ? original : "");
		if (place)
			place->is_recorded = true;
		return place;
	}
	return false;
}

bool record_read(struct places *places, struct diag *diag)
{
	char path[PATH_MAX], *rest, *line;
	struct bytes bytes;
	bool good = true;

	if (!record_path(path, diag))
		return false;
	if (!bytes_read(&bytes, path))
		return errno == ENOENT || diag_set(diag, "%s: %s", path, strerror(errno));
	for (line = strtok_r(bytes.bytes, "\n", &rest); good && line;
	     line = strtok_r(NULL, "\n", &rest))
		good = read_line(places, line) ||
		       diag_set(diag, "%s: '%s' is no line of ours; take it out", path, line);
	free(bytes.bytes);
	return good;
}

static void print(const struct places *places, const struct place *but, FILE *out)
{
	const struct place *place = places->place;

	for (; place < places->place + places->count; place++)
		if (!but || place->kind != but->kind || strcmp(place->file, but->file) != 0)
			fprintf(out, "%s\t%s%s%s\n", kinds[place->kind], place->file,
				place->original[0] ? "\t" : "", place->original);
}

static bool write_record(const struct places *places, const struct place *but, struct diag *diag)
{
	const struct attributes attributes = {
		.mode = 0644, .owner = geteuid(), .group = getegid(),
	};
	struct bytes bytes = { 0 };
	char path[PATH_MAX];
	FILE *out = open_memstream(&bytes.bytes, &bytes.size);
	bool good;

	if (!out)
		return diag_set(diag, "no memory");
	print(places, but, out);
	if (fclose(out) || !record_path(path, diag))
		return diag_set(diag, "no memory");
	good = bytes.size ? file_put(path, &bytes, &attributes, diag) : file_remove(path, diag);
	free(bytes.bytes);
	return good;
}

static bool change(const struct place *place, bool add, struct diag *diag)
{
	struct places *places = calloc(1, sizeof *places);
	char directory[PATH_MAX];
	bool good;

	if (!places)
		return diag_set(diag, "no memory");
	good = directory_path(directory, diag) && make_directories(directory, diag) &&
	       record_read(places, diag);
	if (good && add)
		good = places_add(places, place->kind, place->file, place->original) ||
		       diag_set(diag, "%d places are enabled, and no more can be", PLACES_MAX);
	good = good && write_record(places, add ? NULL : place, diag);
	free(places);
	/* Empty now, or not. */
	if (good && !add)
		rmdir(directory);
	return good;
}

bool record_add(const struct place *place, struct diag *diag)
{
	if (strpbrk(place->file, "\t\n") || strpbrk(place->original, "\t\n"))
		return diag_set(diag, "%s: a path with a tab or a new line cannot be recorded",
				place->file);
	return change(place, true, diag);
}

bool record_remove(const struct place *place, struct diag *diag)
{
	return change(place, false, diag);
}
