/* SPDX-License-Identifier: MIT */
/* Directories and wheels -> the shared objects in them. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/ask.h"
#include "launcher/check_parts.h"
#include "policy/package.h"

bool walk_is_module_name(const char *path, const char *const *suffix)
{
	const char *name = package_file_name(path);
	size_t stem = strcspn(name, ".");

	for (; *suffix; suffix++)
		if (strcmp(name + stem, *suffix) == 0)
			return stem > 0;
	return false;
}

/* libfoo.so, libfoo.so.1.2 */
static bool is_library_name(const char *name)
{
	const char *end = strstr(name, ".so");

	while (end && end[3] && strspn(end + 3, ".0123456789") != strlen(end + 3))
		end = strstr(end + 3, ".so");
	return end;
}

static bool add(struct walk *walk, const char *path, int error)
{
	size_t size = strlen(path) + 1;
	struct walk_entry *entry = malloc(sizeof *entry + size);

	if (!entry)
		return false;
	entry->next = NULL;
	entry->error = error;
	memcpy(entry->path, path, size);
	if (walk->last)
		walk->last->next = entry;
	else
		walk->first = entry;
	walk->last = entry;
	walk->count++;
	return true;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

bool walk_directory(struct walk *walk, const char *path)
{
	char *const roots[] = { (char *)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, by_name);
	FTSENT *entry;
	bool good = tree;

	while (good && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR)
			good = add(walk, entry->fts_path, entry->fts_errno);
		else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP &&
			 is_library_name(entry->fts_name))
			good = add(walk, entry->fts_path, 0);
	}
	if (tree)
		fts_close(tree);
	return good;
}

void walk_end(struct walk *walk)
{
	struct walk_entry *next;

	for (struct walk_entry *entry = walk->first; entry; entry = next) {
		next = entry->next;
		free(entry);
	}
}

/* ---- wheels ---- */

static const char extract[] =
	"import sys, zipfile\n"
	"zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])\n";

bool wheel_unpack(const char *wheel, const char *interpreter, char directory[PATH_MAX],
		  struct diag *diag)
{
	const char *temporary = getenv("TMPDIR");
	char site[PATH_MAX + 16];
	char *argv[] = { (char *)interpreter, (char *)"-Es", (char *)"-c", (char *)extract,
			 (char *)wheel, site, NULL };
	int status = 0;
	char *text;

	snprintf(directory, PATH_MAX, "%s/pypy-isolate-XXXXXX",
		 temporary && temporary[0] ? temporary : "/tmp");
	if (!mkdtemp(directory)) {
		diag_set(diag, "%s: no directory to unpack it in: %s: %s", wheel, directory,
			 strerror(errno));
		directory[0] = '\0';
		return false;
	}
	/* So that the rules see what they see when it is installed. */
	snprintf(site, sizeof site, "%s/site-packages", directory);
	text = ask(argv, &status);
	if (!text)
		return diag_set(diag, "%s: %s", interpreter, strerror(errno));
	free(text);
	return status == 0 || diag_set(diag, "%s: cannot be unpacked by zipfile of %s", wheel,
				       interpreter);
}

void directory_remove(const char *directory)
{
	char *const roots[] = { (char *)directory, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D)
			chmod(entry->fts_accpath, 0700);
		else if (entry->fts_info == FTS_DP)
			rmdir(entry->fts_accpath);
		else
			unlink(entry->fts_accpath);
	}
	if (tree)
		fts_close(tree);
}
