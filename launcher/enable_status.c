/* SPDX-License-Identifier: MIT */
/* `pypy-isolate status [INTERPRETER...]`: what is in force, by which means, and is it whole? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/enable.h"
#include "launcher/enable_parts.h"
#include "launcher/report.h"
#include "launcher/run.h"
#include "launcher/say.h"

enum { EXIT_NOT = 1, EXIT_TROUBLE = 2 };

/* ---- stand-ins ---- */

static bool judge_diversion(const struct place *place)
{
	if (place->diverter[0])
		return report(FINDING_WRONG, place->file, "its stand-in stays only until the "
			      "next upgrade, as it is diverted by %s; pypy-isolate disable %s",
			      place->diverter, place->file);
	if (place->owned[0] && !place->is_diverted)
		return report(FINDING_WRONG, place->file, "dpkg does not divert it, and the next "
			      "upgrade would end isolation; pypy-isolate enable %s", place->file);
	return true;
}

/* It is there, and for this place. */
static bool judge_standin(const struct place *place, const struct standin *standin)
{
	struct attributes attributes = { 0 };
	bool is_link;

	if (access(standin->program, X_OK))
		return report(FINDING_WRONG, place->file, "not isolated: its stand-in looks for "
			      "%s, which cannot be run; pypy-isolate enable %s",
			      standin->program, place->file);
	if (attributes_of(place->file, &attributes, &is_link) && attributes.mode & 022)
		return report(FINDING_WRONG, place->file, "others can write to its stand-in; "
			      "chmod go-w %s", place->file);
	if (!place_is_whole(place))
		return report(FINDING_WRONG, place->file, "its stand-in is not as this "
			      "pypy-isolate makes it: another version's, or somebody has changed "
			      "it; pypy-isolate enable %s", place->file);
	return judge_diversion(place) &&
	       report(FINDING_OK, place->file, "isolated, by a stand-in; the interpreter is %s%s",
		      place->original, place->is_diverted ? ", and dpkg knows" : "");
}

static bool judge_other(const struct place *place)
{
	if (place->is_diverted && exists(place->original))
		return report(FINDING_WRONG, place->file, "not isolated: somebody has replaced "
			      "its stand-in; mv %s %s.saved, then pypy-isolate enable %s",
			      place->file, place->file, place->original);
	if (place->is_recorded || place->is_diverted)
		return report(FINDING_WRONG, place->file, "not isolated: enable or disable was "
			      "interrupted, or it was installed anew; pypy-isolate enable %s, or "
			      "disable", place->file);
	return report(FINDING_NOTE, place->file, "not isolated; pypy-isolate enable %s",
		      place->file);
}

static bool judge_place_of_standin(const struct place *place)
{
	enum content content = place_content(place);
	struct standin *standin;
	bool good;

	if (content == CONTENT_OTHER)
		return judge_other(place);
	if (content == CONTENT_ABSENT && exists(place->original))
		return report(FINDING_WRONG, place->file, "is gone, but not the interpreter, %s; "
			      "pypy-isolate disable %s", place->original, place->file);
	if (!exists(place->original))
		return report(FINDING_WRONG, place->file, "the interpreter, %s, is gone; "
			      "pypy-isolate disable %s", place->original, place->file);
	standin = standin_of(place->file);
	good = standin && judge_standin(place, standin);
	free(standin);
	return good;
}

/* ---- the rest ---- */

static bool judge_made(const struct place *place)
{
	const char *how = place->kind == PLACE_LINKED ? "--linked " : "--env";
	const char *file = place->kind == PLACE_LINKED ? place->file : "";
	const char *what = place->original;

	if (!exists(place->file))
		return report(FINDING_WRONG, place->file, "is gone; pypy-isolate enable %s%s %s, or "
			      "disable %s%s", how, file, what, how, file);
	if (place->original[0] && !exists(place->original))
		return report(FINDING_WRONG, place->file, "what it is a copy of, %s, is gone; "
			      "pypy-isolate disable %s%s", what, how, file);
	if (!place_is_whole(place))
		return report(FINDING_WRONG, place->file, "is not as it would be made today%s; "
			      "pypy-isolate enable %s%s %s",
			      place->original[0] ? ": the interpreter has been upgraded" : "",
			      how, file, what);
	return place->kind == PLACE_LINKED ?
	       report(FINDING_OK, place->file, "isolated, by DT_AUDIT; a copy of %s", what) :
	       report(FINDING_OK, place->file, "isolates what is started with this in its "
		      "environment");
}

static void judge(struct place *place)
{
	struct diag diag;

	if (place->kind == PLACE_DIRECTORY)
		return;
	if (!dpkg_look(place, &diag))
		report(FINDING_WRONG, place->file, "%s", diag.text);
	else if (place->kind == PLACE_STANDIN)
		judge_place_of_standin(place);
	else
		judge_made(place);
}

static void judge_environment(void)
{
	const char *list = getenv("LD_AUDIT"), *mode = getenv("PYPY_ISOLATE"), *item;
	size_t length;

	while (list && run_next_item(&list, &item, &length))
		if (run_is_ours(item, length))
			report(FINDING_OK, "LD_AUDIT", "isolates what is started from here, by "
			       "%.*s", (int)length, item);
	if (mode && !strcmp(mode, "off"))
		report(FINDING_NOTE, "PYPY_ISOLATE", "is off: what is started from here is not "
		       "isolated; unset PYPY_ISOLATE");
}

/* Nothing that is enabled is in force if they are wrong, or say off. */
static void judge_rules(void)
{
	struct arena arena = { .base = calloc(1, SETTINGS_ARENA), .size = SETTINGS_ARENA };
	struct settings settings;
	const struct conf_error *error;
	const struct rule *why;

	if (arena.base && !run_settings(&settings, &arena)) {
		for (error = settings.errors; error; error = error->next)
			report(FINDING_WRONG, "policy", "%s", error->text);
	} else if (arena.base && rules_mode(&settings.rules, &why) == MODE_OFF) {
		report(FINDING_NOTE, "mode", "off (%s:%u): nothing is isolated; take that line "
		       "out", why->file, why->line);
	}
	free(arena.base);
}

/* ---- all ---- */

/* The recorded, and what PATH has; or those named. */
static bool collect(struct places *places, char **words, struct diag *diag)
{
	struct places *recorded = calloc(1, sizeof *recorded);
	bool good = recorded && record_read(recorded, diag);

	if (good && !*words) {
		*places = *recorded;
		find_all(places);
	}
	for (; good && *words; words++)
		good = find_interpreter(places, *words, diag);
	for (size_t i = 0; good && i < places->count; i++)
		for (size_t j = 0; j < recorded->count; j++)
			places->place[i].is_recorded |=
				places->place[i].kind == recorded->place[j].kind &&
				!strcmp(places->place[i].file, recorded->place[j].file);
	free(recorded);
	return good;
}

int status_main(int argc, char **argv)
{
	static struct places places;
	struct diag diag = { "" };

	if (argc > 1 && argv[1][0] == '-') {
		say("pypy-isolate: unexpected '%s'", argv[1]);
		fputs("usage: pypy-isolate status [INTERPRETER...]\n", stderr);
		return EXIT_TROUBLE;
	}
	if (!collect(&places, argv + 1, &diag)) {
		say("pypy-isolate: %s", diag.text);
		return EXIT_TROUBLE;
	}
	judge_environment();
	judge_rules();
	for (size_t i = 0; i < places.count; i++)
		judge(&places.place[i]);
	if (!places.count)
		report(FINDING_NOTE, "interpreters", "nothing is enabled, and PATH has no pypy "
		       "or python; pypy-isolate status /PATH/TO/INTERPRETER");
	return report_wrong() ? EXIT_NOT : 0;
}
