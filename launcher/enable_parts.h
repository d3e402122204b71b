/* SPDX-License-Identifier: MIT */
/* What the files of `enable`, `disable` and `status` share. Private to launcher/enable*.c.
 *
 * All that can be enabled comes down to places: a file of ours each, perhaps with one of
 * somebody else's kept beside it. A place is made by the same few steps, whatever its kind. */
#ifndef PYPY_ISOLATE_ENABLE_PARTS_H
#define PYPY_ISOLATE_ENABLE_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "launcher/standin.h"
#include "policy/diag.h"

#define PLACES_MAX 256

enum place_kind {
	PLACE_STANDIN,		/* in an interpreter's place, which is kept as original */
	PLACE_LINKED,		/* a copy of original, with DT_AUDIT */
	PLACE_TEXT,		/* of `enable --env` */
	PLACE_DIRECTORY,	/* that such a text needs and the system had not */
};

struct place {
	enum place_kind kind;
	char file[PATH_MAX];
	char original[PATH_MAX];	/* of the first two kinds; else "" */
	char owned[PATH_MAX];		/* file, as dpkg has it, if it is of a package; or "" */
	bool is_recorded;
	bool is_diverted;		/* by us, in dpkg's book */
	char diverter[128];		/* who else diverts it, or "" */
};

struct places {
	size_t count;
	struct place place[PLACES_MAX];
};

/* ---- enable_files.c: single changes of the file system, each whole or not at all ---- */

struct bytes {
	char *bytes;		/* size of them, and then a NUL; from malloc() */
	size_t size;
};

/* Whose is what is there? */
enum content { CONTENT_ABSENT, CONTENT_OURS, CONTENT_OTHER };

/* A regular file's; false, with errno, if it cannot be had. */
bool bytes_read(struct bytes *bytes, const char *path);

/* Attributes of a new file. */
struct attributes {
	unsigned mode, owner, group;
	ssize_t acl_size;
	char acl[1024];		/* as the kernel has it; some 120 entries */
};

/* False, with errno. Of a link itself. */
bool attributes_of(const char *path, struct attributes *attributes, bool *is_link);

/* Of an absolute path, up to its last slash. */
void directory_of(const char *path, char directory[PATH_MAX]);

/* Is it there, if only as a link that leads nowhere? */
bool exists(const char *path);
bool is_same_file(const char *one, const char *other);

/* The rest return false with a reason in diag. What is at path before stays until all of the
 * new is on the disk. */
bool file_put(const char *path, const struct bytes *bytes, const struct attributes *attributes,
	      struct diag *diag);
/* Gives what is at path, a link also, another name besides, in place of what has that. */
bool file_keep(const char *path, const char *as, struct diag *diag);
bool file_move(const char *path, const char *to, struct diag *diag);
bool file_remove(const char *path, struct diag *diag);
/* Removes what a kill in one of these has left. */
bool file_tidy(const char *path, struct diag *diag);

/* ---- enable_content.c: what belongs at a place ---- */

/* NULL if the file at path is no stand-in; to be freed. */
struct standin *standin_of(const char *path);

/* The bytes that belong at a place; to be freed. */
bool place_bytes(const struct place *place, struct bytes *bytes, struct diag *diag);
/* Has the file at a place just those? */
bool place_is_whole(const struct place *place);
enum content place_content(const struct place *place);

/* The audit module and this program, for those who start interpreters later. */
bool own_module(char path[PATH_MAX], struct diag *diag);
bool own_program(char path[PATH_MAX], struct diag *diag);

/* The places of `enable --env`, and what belongs at one of them. */
bool env_places(struct places *places, struct diag *diag);
bool env_text(const char *file, struct bytes *bytes, struct diag *diag);

/* enable_linked.c: the program at a path, with DT_AUDIT for audit; $ORIGIN is as if it were
 * still there. */
bool linked_bytes(const char *path, const char *audit, struct bytes *bytes, struct diag *diag);

/* ---- enable_record.c: what is enabled, in a file ---- */

/* Only one of us at a time. -1 and a reason if that cannot be. */
int record_lock(struct diag *diag);
/* Where it is: of the system for root, else of the user. */
bool record_path(char path[PATH_MAX], struct diag *diag);
bool record_read(struct places *places, struct diag *diag);
bool record_add(const struct place *place, struct diag *diag);
bool record_remove(const struct place *place, struct diag *diag);

/* ---- enable_dpkg.c ---- */

/* Sets owned, is_diverted and diverter. */
bool dpkg_look(struct place *place, struct diag *diag);
bool dpkg_divert(struct place *place, bool add, struct diag *diag);

/* ---- enable_steps.c: the order of things ---- */

/* Can it be made, or taken back, without harm to what is somebody else's? */
bool place_may_make(struct place *place, struct diag *diag);
bool place_may_undo(struct place *place, struct diag *diag);

/* Each step that is not done yet (that is done); with dry, only says so. */
bool place_make(struct place *place, bool dry, struct diag *diag);
bool place_undo(struct place *place, bool dry, struct diag *diag);

/* ---- enable_find.c: what a person names -> places ---- */

bool find_interpreter(struct places *places, const char *word, struct diag *diag);
bool find_venv(struct places *places, const char *directory, struct diag *diag);
/* All that PATH leads to. */
void find_all(struct places *places);

/* A new place, or the one that is there; NULL if there is no room. */
struct place *places_add(struct places *places, enum place_kind kind, const char *file,
			 const char *original);

#endif
