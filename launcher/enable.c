/* SPDX-License-Identifier: MIT */
/* `pypy-isolate enable` and `disable`: words -> places, and what becomes of them.
 *
 * First all places are looked at, and nothing is touched unless all may be. What enable has
 * begun and cannot end, it takes back. */
#include "launcher/enable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/ask.h"
#include "launcher/enable_parts.h"
#include "launcher/say.h"

enum { EXIT_NOT = 1, EXIT_TROUBLE = 2 };

struct request {
	const char *venv, *linked, *word;
	bool env, all, dry;
	struct places places;		/* what is recorded first, then what is named */
	size_t first;			/* of those named */
	bool wanted[PLACES_MAX];
};

static int misuse(const char *what, const char *word, const char *verb)
{
	say("pypy-isolate: %s '%s'", what, word);
	fprintf(stderr, "usage: pypy-isolate %s [-n] [--venv DIRECTORY | --linked FILE | --env%s] "
		"[INTERPRETER]\n", verb, verb[0] == 'd' ? " | --all" : "");
	return EXIT_TROUBLE;
}

static int fail(const struct diag *diag)
{
	say("pypy-isolate: %s", diag->text);
	return EXIT_TROUBLE;
}

static bool is(const char *word, const char *text, const char *more)
{
	return !strcmp(word, text) || (more && !strcmp(word, more));
}

/* NULL if all are understood, or the word that is not. */
static const char *read_words(struct request *request, char **words)
{
	for (; *words; words++) {
		if (is(*words, "--dry-run", "-n"))
			request->dry = true;
		else if (is(*words, "--env", NULL))
			request->env = true;
		else if (is(*words, "--all", NULL))
			request->all = true;
		else if (is(*words, "--venv", NULL) && words[1])
			request->venv = *++words;
		else if (is(*words, "--linked", NULL) && words[1])
			request->linked = *++words;
		else if ((*words)[0] == '-' || request->word)
			return *words;
		else
			request->word = *words;
	}
	return NULL;
}

/* Exactly one of the ways. */
static bool is_one_way(const struct request *request, bool enable)
{
	bool word = request->word && !(enable && request->linked);

	return request->env + !!request->venv + !!request->linked + request->all + word == 1 &&
	       !(enable && (request->all || (request->linked && !request->word)));
}

/* ---- which places ---- */

static void want(struct request *request, const struct place *place)
{
	request->wanted[place - request->places.place] = true;
}

static void want_if(struct request *request, enum place_kind kind, enum place_kind or_kind)
{
	for (size_t i = 0; i < request->places.count; i++)
		request->wanted[i] |= request->places.place[i].is_recorded &&
				      (request->places.place[i].kind == kind ||
				       request->places.place[i].kind == or_kind);
}

/* A file need not be there to be disabled. */
static bool want_recorded(struct request *request, enum place_kind kind, const char *word)
{
	bool found = false;

	for (size_t i = 0; i < request->places.count; i++)
		if (request->places.place[i].kind == kind &&
		    !strcmp(request->places.place[i].file, word))
			found = request->wanted[i] = true;
	return found;
}

/* The places that a lookup finds, which may be recorded already. */
static bool want_found(struct request *request, bool (*find)(struct places *, const char *,
							     struct diag *),
		       const char *word, struct diag *diag)
{
	struct places *found = calloc(1, sizeof *found);
	bool good = found && find(found, word, diag);

	for (size_t i = 0; good && i < found->count; i++) {
		struct place *place = places_add(&request->places, found->place[i].kind,
						 found->place[i].file, found->place[i].original);

		if (place)
			want(request, place);
		else
			good = diag_set(diag, "too many places");
	}
	free(found);
	return good;
}

/* An absolute path for a file that need not be there. */
static bool absolute(const char *word, char path[PATH_MAX], struct diag *diag)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(word, '/');

	snprintf(directory, sizeof directory, "%.*s", slash ? (int)(slash - word + 1) : 1,
		 slash ? word : ".");
	if (!realpath(directory, path))
		return diag_set(diag, "%s: %s", directory, strerror(errno));
	if (strlen(path) + strlen(slash ? slash + 1 : word) + 2 > PATH_MAX)
		return diag_set(diag, "%s: too long", word);
	strcat(strcmp(path, "/") ? strcat(path, "/") : path, slash ? slash + 1 : word);
	return true;
}

static bool find_linked(struct request *request, struct diag *diag)
{
	struct places *found = calloc(1, sizeof *found);
	struct place *place = NULL;
	char path[PATH_MAX];
	bool good = found && find_interpreter(found, request->word, diag) &&
		    absolute(request->linked, path, diag);

	if (good) {
		place = places_add(&request->places, PLACE_LINKED, path, found->place->file);
		good = place || diag_set(diag, "too many places");
	}
	if (place)
		want(request, place);
	free(found);
	return good;
}

static bool find_env(struct places *places, const char *word, struct diag *diag)
{
	(void)word;
	return env_places(places, diag);
}

static bool find_to_enable(struct request *request, struct diag *diag)
{
	if (request->linked)
		return find_linked(request, diag);
	if (request->env)
		return want_found(request, find_env, "", diag);
	if (request->venv)
		return want_found(request, find_venv, request->venv, diag);
	return want_found(request, find_interpreter, request->word, diag);
}

static bool find_to_disable(struct request *request, struct diag *diag)
{
	char path[PATH_MAX];

	if (request->all) {
		for (size_t i = 0; i < request->places.count; i++)
			request->wanted[i] = true;
		return true;
	}
	if (request->env) {
		want_if(request, PLACE_TEXT, PLACE_DIRECTORY);
		return true;
	}
	if (request->linked)
		return absolute(request->linked, path, diag) &&
		       (want_recorded(request, PLACE_LINKED, path) ||
			diag_set(diag, "%s: not made by `pypy-isolate enable --linked`", path));
	if (request->venv)
		return want_found(request, find_venv, request->venv, diag);
	return want_recorded(request, PLACE_STANDIN, request->word) ||
	       want_found(request, find_interpreter, request->word, diag);
}

/* ---- enable ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && !strcmp(text + length - strlen(end), end);
}

/* Does what was made do what it is for? */
static bool try_it(const struct place *place, struct diag *diag)
{
	char *argv[] = { (char *)place->file, (char *)"-c",
			 (char *)"print('/libpypy-isolate.so' in open('/proc/self/maps').read())",
			 NULL };
	char *text;
	int status = 0;
	bool good;

	if (place->kind != PLACE_STANDIN && place->kind != PLACE_LINKED)
		return true;
	/* Whatever the rules say today, and a sitecustomize prints. */
	if (setenv("PYPY_ISOLATE", "enforce", 1))
		return diag_set(diag, "no memory");
	text = ask(argv, &status);
	good = text && ends_with(text, "True\n");
	free(text);
	return good || diag_set(diag, "%s: started, it does not load the audit module (exit "
				"status %d), so it is taken back; see `pypy-isolate doctor %s`",
				place->file, status, place->file);
}

/* In the other order than they were made: texts before their directory. */
static bool undo_all(struct request *request, struct diag *diag)
{
	bool good = true;

	for (size_t i = request->places.count; i-- > 0;)
		if (request->wanted[i])
			good &= place_undo(&request->places.place[i], request->dry, diag);
	return good;
}

static int enable(struct request *request, struct diag *diag)
{
	struct place *place = request->places.place;
	bool good = true;
	int status;

	for (size_t i = 0; i < request->places.count; i++) {
		if (!request->wanted[i])
			continue;
		/* What was whole before stays when another place cannot be made. */
		request->wanted[i] = good && !request->dry;
		good = good && place_make(&place[i], request->dry, diag) &&
		       (request->dry || try_it(&place[i], diag));
	}
	if (!good) {
		status = fail(diag);
		if (!undo_all(request, diag))
			fail(diag);
		return status;
	}
	for (size_t i = 0; i < request->places.count; i++)
		if (request->wanted[i] && place[i].kind != PLACE_DIRECTORY)
			printf(place[i].kind == PLACE_TEXT ?
			       "%s: written; what logs in or is started by systemd from now on "
			       "is isolated\n" : "%s: isolated from now on\n", place[i].file);
	return 0;
}

/* ---- disable ---- */

static bool is_ours(const struct place *place)
{
	return place->is_recorded || place->is_diverted ||
	       place_content(place) == CONTENT_OURS;
}

static int disable(struct request *request, struct diag *diag)
{
	struct place *place = request->places.place;
	struct diag ignored;

	for (size_t i = 0; i < request->places.count; i++) {
		if (!request->wanted[i] || is_ours(&place[i]))
			continue;
		printf("%s: is not enabled\n", place[i].file);
		request->wanted[i] = false;
		/* A kill may have left an empty record. */
		if (!request->dry)
			record_remove(&place[i], &ignored);
	}
	if (!undo_all(request, diag))
		return fail(diag);
	for (size_t i = 0; i < request->places.count; i++)
		if (request->wanted[i] && !request->dry && place[i].kind != PLACE_DIRECTORY)
			printf(place[i].kind == PLACE_TEXT ?
			       "%s: removed; what runs already is isolated until it ends\n" :
			       "%s: no longer isolated\n", place[i].file);
	return 0;
}

/* ---- both ---- */

static bool may(struct request *request, bool (*may_be)(struct place *, struct diag *),
		struct diag *diag)
{
	for (size_t i = 0; i < request->places.count; i++)
		if (request->wanted[i] && !may_be(&request->places.place[i], diag))
			return false;
	return true;
}

static int both(char **argv, bool enabling)
{
	static struct request request;
	struct diag diag = { "" };
	const char *wrong = read_words(&request, argv + 1);

	if (wrong)
		return misuse("unexpected", wrong, argv[0]);
	if (enabling && request.linked && !request.word)
		return misuse("no INTERPRETER after", request.linked, argv[0]);
	if (!is_one_way(&request, enabling))
		return misuse("not one thing to do after", argv[0], argv[0]);
	if (record_lock(&diag) < 0 || !record_read(&request.places, &diag) ||
	    !(enabling ? find_to_enable : find_to_disable)(&request, &diag) ||
	    !may(&request, enabling ? place_may_make : place_may_undo, &diag))
		return fail(&diag);
	return (enabling ? enable : disable)(&request, &diag);
}

int enable_main(int argc, char **argv)
{
	(void)argc;
	return both(argv, true);
}

int disable_main(int argc, char **argv)
{
	(void)argc;
	return both(argv, false);
}
