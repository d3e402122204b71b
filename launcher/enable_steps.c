/* SPDX-License-Identifier: MIT */
/* The steps by which a place is made, and in the other order undone.
 *
 * Each is one change that is there or is not, says whether it is done, and may be done
 * again. Between any two the interpreter starts: its name always leads to the original, or
 * to a stand-in that finds the original beside it.
 *
 *	record	the place is in the record
 *	keep	what is there has its other name besides
 *	put	what is ours is there, in one rename()
 *	divert	dpkg puts upgrades where the original is
 *
 * Hard: which of two files is the interpreter, after an upgrade in the middle. Diverted,
 * it is the original; not diverted, dpkg puts it at its own name, and so it is there unless
 * a stand-in is. That is why divert comes last. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/enable_parts.h"
#include "launcher/peek.h"

struct step {
	const char *make, *undo;	/* with the place's file for %s, and its original */
	bool (*is_made)(const struct place *);
	bool (*do_make)(struct place *, struct diag *);
	bool (*do_undo)(struct place *, struct diag *);
};

/* ---- record ---- */

static bool is_recorded(const struct place *place)
{
	return place->is_recorded;
}

static bool make_record(struct place *place, struct diag *diag)
{
	place->is_recorded = record_add(place, diag);
	return place->is_recorded;
}

static bool undo_record(struct place *place, struct diag *diag)
{
	if (!record_remove(place, diag))
		return false;
	place->is_recorded = false;
	return true;
}

/* ---- keep ---- */

static bool is_kept(const struct place *place)
{
	return place->kind != PLACE_STANDIN || place_content(place) != CONTENT_OTHER ||
	       is_same_file(place->file, place->original);
}

static bool make_keep(struct place *place, struct diag *diag)
{
	return file_keep(place->file, place->original, diag);
}

/* The other name is of no use any more; or it is the only one that the original has, and
 * then undo_put() has given it back. */
static bool undo_keep(struct place *place, struct diag *diag)
{
	return place->kind != PLACE_STANDIN || !exists(place->file) ||
	       (file_remove(place->original, diag) && file_tidy(place->file, diag));
}

/* ---- put ---- */

static bool is_put(const struct place *place)
{
	if (place->kind == PLACE_DIRECTORY)
		return exists(place->file);
	return place_content(place) == CONTENT_OURS && place_is_whole(place);
}

/* As what it stands for may be used, but with no rights of its own, and never for others to
 * write. A link has no permissions that count: its target has. */
static bool choose_attributes(const struct place *place, struct attributes *attributes)
{
	bool is_link = true;

	*attributes = (struct attributes){
		.mode = 0644, .owner = geteuid(), .group = getegid(),
	};
	if (!place->original[0])
		return true;
	if (!attributes_of(place->original, attributes, &is_link))
		return false;
	attributes->mode = is_link ? 0755 : attributes->mode & 0755;
	if (place->kind == PLACE_LINKED) {
		attributes->owner = geteuid();
		attributes->group = getegid();
	}
	return true;
}

static bool make_put(struct place *place, struct diag *diag)
{
	struct attributes attributes;
	struct bytes bytes;
	bool good;

	if (place->kind == PLACE_DIRECTORY)
		return !mkdir(place->file, 0755) ||
		       diag_set(diag, "%s: %s", place->file, strerror(errno));
	if (!choose_attributes(place, &attributes))
		return diag_set(diag, "%s: %s", place->original, strerror(errno));
	if (!place_bytes(place, &bytes, diag))
		return false;
	good = file_put(place->file, &bytes, &attributes, diag);
	free(bytes.bytes);
	return good;
}

static bool undo_put(struct place *place, struct diag *diag)
{
	if (place->kind == PLACE_DIRECTORY)
		return !rmdir(place->file) || errno == ENOTEMPTY || errno == ENOENT ||
		       diag_set(diag, "%s: %s", place->file, strerror(errno));
	if (place->kind != PLACE_STANDIN)
		return file_remove(place->file, diag);
	if (place_content(place) == CONTENT_OTHER)
		return true;
	/* A package that was removed has taken its file with it. */
	return exists(place->original) ? file_move(place->original, place->file, diag) :
					 file_remove(place->file, diag);
}

/* ---- divert ---- */

static bool is_diverted(const struct place *place)
{
	return !place->owned[0] || place->is_diverted;
}

static bool make_divert(struct place *place, struct diag *diag)
{
	return dpkg_divert(place, true, diag);
}

static bool undo_divert(struct place *place, struct diag *diag)
{
	return !place->is_diverted || dpkg_divert(place, false, diag);
}

/* ---- all ---- */

static const struct step steps[] = {
	{ "record %s", "take %s out of the record",
	  is_recorded, make_record, undo_record },
	{ "keep %s as %s", "remove the other name of %s, %s, if it has two",
	  is_kept, make_keep, undo_keep },
	{ "put what is ours at %s", "put back what was at %s, which is %s",
	  is_put, make_put, undo_put },
	{ "have dpkg divert %s to %s", "have dpkg divert %s to %s no longer",
	  is_diverted, make_divert, undo_divert },
};

#define STEPS (sizeof steps / sizeof *steps)

/* "that is nobody's": cannot be changed here, and by whom it can. */
static bool may_write(const struct place *place, struct diag *diag)
{
	char directory[PATH_MAX];

	directory_of(place->file, directory);
	if ((!place->owned[0] || geteuid() == 0) &&
	    (!access(directory, W_OK) || (errno == ENOENT && place->kind != PLACE_STANDIN)))
		return true;
	if (errno == EROFS)
		return diag_set(diag, "%s: %s", place->file, strerror(errno));
	return diag_set(diag, "%s cannot be changed by you; as root: sudo pypy-isolate ...",
			place->file);
}

static bool is_program(const char *path)
{
	struct peek peek;
	struct diag diag;

	if (!peek_open(&peek, path, &diag))
		return false;
	peek_close(&peek);
	return true;
}

/* Somebody put a file of his own in place of a stand-in, and may not have a copy. Where dpkg
 * does not divert, that is how an upgrade comes; but a script, say, is none. */
static bool was_replaced(const struct place *place, struct diag *diag)
{
	return place->kind == PLACE_STANDIN && place_content(place) == CONTENT_OTHER &&
	       (place->is_recorded || place->is_diverted) && exists(place->original) &&
	       !is_same_file(place->file, place->original) &&
	       (place->is_diverted || !is_program(place->file)) &&
	       !diag_set(diag, "%s: somebody has replaced the stand-in; first move that file "
			 "away: mv %s %s.saved", place->file, place->file, place->file);
}

bool place_may_undo(struct place *place, struct diag *diag)
{
	return dpkg_look(place, diag) && !was_replaced(place, diag) && may_write(place, diag);
}

/* What is at that name already is somebody else's, unless we have recorded it. */
static bool is_free(const struct place *place, const char *path, struct diag *diag)
{
	return place->is_recorded || !exists(path) ||
	       diag_set(diag, "%s is there already, and not of our making; move it away", path);
}

bool place_may_make(struct place *place, struct diag *diag)
{
	if (!dpkg_look(place, diag) || was_replaced(place, diag) || !may_write(place, diag))
		return false;
	if (place->diverter[0])
		return diag_set(diag, "%s is diverted already, by %s", place->file,
				place->diverter);
	if (place->kind == PLACE_LINKED || place->kind == PLACE_TEXT)
		return is_free(place, place->file, diag);
	if (place->kind == PLACE_DIRECTORY)
		return true;
	if (place_content(place) == CONTENT_OTHER)
		return is_free(place, place->original, diag);
	return exists(place->original) ||
	       diag_set(diag, "%s: what it stands for, %s, is not there; `pypy-isolate disable "
			"%s`, then install the interpreter again", place->file,
			place->original, place->file);
}

static void show(const char *format, const struct place *place)
{
	printf(format, place->file, place->original);
	putchar('\n');
}

bool place_make(struct place *place, bool dry, struct diag *diag)
{
	for (const struct step *step = steps; step < steps + STEPS; step++) {
		if (step->is_made(place))
			continue;
		if (dry)
			show(step->make, place);
		else if (!step->do_make(place, diag))
			return false;
	}
	return true;
}

bool place_undo(struct place *place, bool dry, struct diag *diag)
{
	for (const struct step *step = steps + STEPS; step-- > steps;) {
		if (dry)
			show(step->undo, place);
		else if (!step->do_undo(place, diag))
			return false;
	}
	return true;
}
