/* SPDX-License-Identifier: MIT */
/* What a person names -> places.
 *
 * Hard: python3 is a link to python3.11, which may have a stand-in already, or is a script
 * of pyenv's that finds out where the interpreter is. Then it is asked. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "launcher/ask.h"
#include "launcher/enable_parts.h"
#include "launcher/peek.h"
#include "launcher/program.h"
#include "policy/package.h"

static bool add_standin(struct places *places, const char *file, struct diag *diag)
{
	char original[PATH_MAX];
	int length = snprintf(original, sizeof original, "%s" STANDIN_SUFFIX, file);

	return (length < PATH_MAX && places_add(places, PLACE_STANDIN, file, original)) ||
	       diag_set(diag, "%s: too long, or too many", file);
}

/* Where a stand-in says that it belongs: it may be a copy, made by `venv --copies`. */
static bool follow_standin(char path[PATH_MAX])
{
	struct standin *standin = standin_of(path);

	if (!standin)
		return false;
	strcpy(path, standin->file);
	free(standin);
	return true;
}

/* An original is named by those who ask the interpreter, or by status, when its stand-in is
 * gone. */
static void leave_original(char path[PATH_MAX])
{
	char *suffix = path + strlen(path) - strlen(STANDIN_SUFFIX);

	if (suffix <= path || strcmp(suffix, STANDIN_SUFFIX) != 0)
		return;
	*suffix = '\0';
	if (exists(path) && !standin_is(path))
		*suffix = STANDIN_SUFFIX[0];
}

static bool ask_where(char path[PATH_MAX])
{
	char *argv[] = { path, (char *)"-c", (char *)"import os; print(os.readlink('/proc/self/exe'))",
			 NULL };
	char *text;
	int status = 1;

	text = ask(argv, &status);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	if (!text || status || text[0] != '/' || strlen(text) >= PATH_MAX) {
		free(text);
		return false;
	}
	strcpy(path, text);
	free(text);
	return true;
}

/* An ELF program that glibc's ld.so starts and that gets no rights from its file: others
 * would not be isolated, whatever we do. */
static bool can_be_isolated(const char *path, struct diag *diag)
{
	struct attributes attributes;
	struct peek peek;
	struct diag why;
	bool good, is_link;

	if (!peek_open(&peek, path, &why))
		return diag_set(diag, "%s; name an interpreter, such as python3", why.text);
	good = peek_loader(&peek) ||
	       diag_set(diag, "%s is linked statically, so nothing of it can be isolated", path);
	peek_close(&peek);
	if (!good || !attributes_of(path, &attributes, &is_link))
		return good && diag_set(diag, "%s: %s", path, strerror(errno));
	return (!(attributes.mode & (S_ISUID | S_ISGID)) &&
		getxattr(path, "security.capability", NULL, 0) < 0) ||
	       diag_set(diag, "%s is set-user-ID or set-group-ID, or has capabilities: ld.so "
			"would not take the module; see SECURITY.md, AT_SECURE", path);
}

/* path, absolute and without links, becomes the file that is to be enabled. */
static bool find_file(const char *word, char path[PATH_MAX], struct diag *diag)
{
	struct program program;

	/* What was enabled may be gone, and is still to be disabled. */
	if (!program_find(&program, word) || !realpath(program.path, path))
		return diag_set(diag, "%s: not found, or not executable; name an interpreter, "
				"such as python3", word);
	if (follow_standin(path))
		return true;
	if (program_is_script(path) && !ask_where(path))
		return diag_set(diag, "%s is a script, and does not start an interpreter that "
				"says which file it is; name that file", path);
	leave_original(path);
	return true;
}

bool find_interpreter(struct places *places, const char *word, struct diag *diag)
{
	char path[PATH_MAX];

	return find_file(word, path, diag) &&
	       (standin_is(path) || !exists(path) || can_be_isolated(path, diag)) &&
	       add_standin(places, path, diag);
}

/* ---- a virtual environment ---- */

static bool is_name(const char *name)
{
	static const char *const starts[] = { "pypy", "python" };
	size_t length;

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		length = strlen(starts[i]);
		if (!strncmp(name, starts[i], length) &&
		    strspn(name + length, "0123456789.") == strlen(name + length))
			return true;
	}
	return false;
}

/* What has a target of its own: no link to another entry beside it. */
static bool is_own_entry(const char *path)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof target - 1);

	if (length < 0)
		return true;
	target[length] = '\0';
	return strchr(target, '/');
}

static bool add_entry(struct places *places, const char *bin, const char *name,
		      struct diag *diag)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", bin, name) >= PATH_MAX || !is_own_entry(path) ||
	    !realpath(path, real))
		return true;
	if (!standin_is(real) && !can_be_isolated(real, diag))
		return false;
	return add_standin(places, path, diag);
}

bool find_venv(struct places *places, const char *directory, struct diag *diag)
{
	char bin[PATH_MAX], real[PATH_MAX];
	size_t before = places->count;
	struct dirent *entry;
	bool good = true;
	DIR *open;

	if (!realpath(directory, real) ||
	    snprintf(bin, sizeof bin, "%s/bin", real) >= PATH_MAX || !(open = opendir(bin)))
		return diag_set(diag, "%s: no virtual environment, as it has no bin", directory);
	while (good && (entry = readdir(open)))
		if (is_name(entry->d_name))
			good = add_entry(places, bin, entry->d_name, diag);
	closedir(open);
	return good && (places->count > before ||
			diag_set(diag, "%s: there is no interpreter in its bin", directory));
}

/* ---- all ---- */

static void find_in(struct places *places, const char *directory)
{
	char path[2 * PATH_MAX];
	struct dirent *entry;
	struct diag diag;
	DIR *open = opendir(directory);

	if (!open)
		return;
	while ((entry = readdir(open))) {
		snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		/* Scripts among them lead to what is found in its own directory. */
		if (is_name(entry->d_name) && !program_is_script(path))
			find_interpreter(places, path, &diag);
	}
	closedir(open);
}

void find_all(struct places *places)
{
	const char *path = getenv("PATH");
	char directory[PATH_MAX];
	size_t length;

	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	for (;; path += length + 1) {
		length = strcspn(path, ":");
		if (length && path[0] == '/' && length < sizeof directory) {
			snprintf(directory, sizeof directory, "%.*s", (int)length, path);
			find_in(places, directory);
		}
		if (!path[length])
			return;
	}
}
