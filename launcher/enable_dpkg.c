/* SPDX-License-Identifier: MIT */
/* dpkg's book of diversions: where it puts the file of a package when that is upgraded.
 *
 * Only the book is dpkg's part: with --rename there would be an instant without an
 * interpreter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/ask.h"
#include "launcher/enable_parts.h"

#define OWNER "pypy-isolate"

/* What a command prints, or NULL: then it says no, or there is none of that name. */
static char *answer(char *const *argv)
{
	int status = 1;
	char *text = ask(argv, &status);

	if (status == 0)
		return text;
	free(text);
	return NULL;
}

/* "PACKAGE: FILE" is an owner; "diversion by PACKAGE from: FILE" is none, but with it a
 * package that is removed has still its place. */
static bool is_owned(const char *file)
{
	char *argv[] = { (char *)"dpkg", (char *)"-S", (char *)file, NULL };
	char *text = answer(argv), *rest = NULL, *line;
	bool owned = false;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		owned |= strncmp(line, "diversion by ", strlen("diversion by ")) != 0 ||
			 !strncmp(line, "diversion by " OWNER " from: ",
				  strlen("diversion by " OWNER " from: "));
	free(text);
	return owned;
}

static bool read_diversion(struct place *place, struct diag *diag)
{
	char *by[] = { (char *)"dpkg-divert", (char *)"--listpackage", place->owned, NULL };
	char *to[] = { (char *)"dpkg-divert", (char *)"--truename", place->owned, NULL };
	char *who = answer(by), *where = answer(to);

	if (!who || !where) {
		free(who);
		free(where);
		return diag_set(diag, "dpkg-divert --listpackage %s: fails; is dpkg whole?",
				place->owned);
	}
	who[strcspn(who, "\n")] = '\0';
	where[strcspn(where, "\n")] = '\0';
	place->is_diverted = !strcmp(who, OWNER);
	/* Nobody, or we: to another place, then it is not ours either. */
	if (who[0] && (!place->is_diverted || strcmp(where, place->original) != 0))
		snprintf(place->diverter, sizeof place->diverter, "%s to %s", who, where);
	free(who);
	free(where);
	return true;
}

bool dpkg_look(struct place *place, struct diag *diag)
{
	place->owned[0] = place->diverter[0] = '\0';
	place->is_diverted = false;
	if (place->kind != PLACE_STANDIN)
		return true;
	/* With /bin a link to /usr/bin, a package may still say /bin. */
	if (is_owned(place->file))
		strcpy(place->owned, place->file);
	else if (!strncmp(place->file, "/usr/", 5) && is_owned(place->file + 4))
		strcpy(place->owned, place->file + 4);
	else
		return true;
	return read_diversion(place, diag);
}

bool dpkg_divert(struct place *place, bool add, struct diag *diag)
{
	char *argv[] = { (char *)"dpkg-divert", (char *)"--quiet", (char *)"--package",
			 (char *)OWNER, (char *)"--no-rename", (char *)"--divert",
			 place->original, (char *)(add ? "--add" : "--remove"), place->owned,
			 NULL };
	char *text = answer(argv);

	if (!text)
		return diag_set(diag, "dpkg-divert %s %s: fails; see what it says: dpkg-divert "
				"--package " OWNER " --no-rename --divert %s %s %s",
				add ? "--add" : "--remove", place->owned, place->original,
				add ? "--add" : "--remove", place->owned);
	free(text);
	place->is_diverted = add;
	return true;
}
