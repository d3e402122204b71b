/* SPDX-License-Identifier: MIT */
/* What starts with the program: its glibc, which object is the interpreter, how it gets at
 * dlopen, and how much static TLS is needed.
 *
 * By the same closure, rules and lists that the launcher and the module go by. */
#include "launcher/doctor_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher/peek.h"
#include "launcher/static_tls.h"
#include "policy/package.h"

/* ---- glibc ---- */

/* "stable release version 2.36" -> 236. Not by sscanf(), of which newer headers give
 * another that glibc 2.28 has not. */
static unsigned read_version(const struct peek *libc)
{
	size_t rest;
	const char *text = peek_find(libc, "release version ", &rest);
	unsigned major = 0, minor = 0;

	for (; text && rest && *text >= '0' && *text <= '9'; text++, rest--)
		major = major * 10 + (*text - '0');
	for (; text && rest > 1 && text[1] >= '0' && text[1] <= '9' && minor < 100;
	     text++, rest--)
		minor = minor * 10 + (text[1] - '0');
	return major * 100 + minor;
}

static void judge_glibc(struct doctor *doctor, const char *libc)
{
	struct peek peek;
	struct diag why;

	if (!libc || !peek_open(&peek, libc, &why)) {
		report(FINDING_NOTE, "glibc", "no libc.so.6 is found for it%s%s",
		       libc ? ": " : "", libc ? why.text : "");
		return;
	}
	doctor->glibc = read_version(&peek);
	peek_close(&peek);
	if (!doctor->glibc)
		report(FINDING_NOTE, "glibc", "%s does not say which version it is", libc);
	else if (doctor->glibc < 228)
		report(FINDING_WRONG, "glibc", "%s is version %u.%02u, and 2.28 is the oldest "
		       "that works; use a newer system", libc, doctor->glibc / 100,
		       doctor->glibc % 100);
	else if (doctor->glibc < 235)
		report(FINDING_NOTE, "glibc", "%s is version %u.%02u: before 2.35 any audit "
		       "module makes calls between libraries slow, until they are bound; "
		       "pypy-isolate sets LD_BIND_NOW=1, and so should who uses LD_AUDIT by "
		       "hand", libc, doctor->glibc / 100, doctor->glibc % 100);
	else
		report(FINDING_OK, "glibc", "%s is version %u.%02u", libc, doctor->glibc / 100,
		       doctor->glibc % 100);
}

/* ---- the interpreter ---- */

/* The newest profile of which the file defines the probe, whatever it is called. */
static const struct rule *any_profile(const struct rules *rules, const struct peek *peek)
{
	const struct rule *rule = rules->last;

	while (rule && !(rule->directive == DIRECTIVE_INTERPRETER &&
			 peek_defines(peek, rule->exports->probe)))
		rule = rule->before;
	return rule;
}

/* As audit/object.c, profile_of(). */
static const struct rule *profile_of(const struct rules *rules, const struct peek *peek,
				     bool is_main)
{
	const struct rule *profile;

	if (!is_main) {
		profile = rules_interpreter(rules, package_file_name(peek->path));
		return profile && peek_defines(peek, profile->exports->probe) ? profile : NULL;
	}
	for (size_t n = 0; (profile = rules_executable(rules, n)); n++)
		if (peek_defines(peek, profile->exports->probe))
			break;
	return profile;
}

static const char *const route_names[] = {
	"dlopen", "dlmopen", "dlsym", "dlvsym", "dlerror", "dl_iterate_phdr",
};

#define ROUTES (sizeof route_names / sizeof *route_names)

static void describe_use(struct diag *text, const struct peek_use *use)
{
	struct diag one;

	if (!use->calls && !use->addresses)
		return;
	diag_set(&one, "%s%s (", text->text[0] ? ", " : "", use->name);
	diag_add(text, one.text);
	diag_set(&one, use->calls ? "called through the PLT" : "");
	diag_add(text, one.text);
	diag_set(&one, "%s%u address%s in its data)", use->calls ? ", " : "", use->addresses,
		 use->addresses == 1 ? "" : "es");
	diag_add(text, use->addresses ? one.text : ")");
}

/* How it gets at dlopen and its like. Returns whether it does at all. */
static bool routes_of(const struct peek *peek, struct diag *text)
{
	struct peek_use uses[ROUTES];
	bool opens = false;

	text->text[0] = '\0';
	for (size_t i = 0; i < ROUTES; i++)
		uses[i] = (struct peek_use){ .name = route_names[i] };
	peek_uses(peek, uses, ROUTES);
	for (size_t i = 0; i < ROUTES; i++) {
		describe_use(text, &uses[i]);
		/* dlopen and dlmopen, or dlsym to get at them */
		opens |= i < 4 && uses[i].calls + uses[i].addresses;
	}
	return opens;
}

struct scope {
	struct doctor *doctor;
	bool opens;			/* an object of it can get at dlopen */
	bool is_told;			/* that a rule is lacking */
};

static void judge_routes(struct scope *scope, const struct peek *peek)
{
	struct diag text;

	if (routes_of(peek, &text))
		report(FINDING_OK, "routes", "%s refers to %s", package_file_name(peek->path),
		       text.text);
	else
		report(FINDING_WRONG, "routes", "%s never refers to dlopen, so it loads no "
		       "module that could be isolated; use a build of it that can load modules",
		       peek->path);
	scope->opens = true;
}

/* An interpreter by what it exports, but not by its name. */
static void judge_unknown(struct scope *scope, const struct peek *peek, bool is_main)
{
	const struct settings *settings = &scope->doctor->settings;
	const struct rule *like = any_profile(&settings->rules, peek);

	if (!like)
		return;
	scope->is_told = true;
	report(FINDING_WRONG, "interpreter", "%s has the C API of '%s' (%s:%u), but no rule "
	       "names it; put this line into %s: interpreter %s \"%s\" executable exports %s",
	       peek->path, like->words[0], like->file, like->line,
	       settings->conf_name ? settings->conf_name : SETTINGS_CONF_FILE, like->words[0],
	       is_main ? "libpython*.so*" : package_file_name(peek->path),
	       like->words[like->word_count - 1]);
}

static void judge_object(struct scope *scope, const struct closure_object *object,
			 bool is_main)
{
	struct doctor *doctor = scope->doctor;
	const struct rule *profile;
	struct peek peek;
	struct diag text;

	if (!object->path || !peek_open(&peek, object->path, NULL))
		return;
	profile = profile_of(&doctor->settings.rules, &peek, is_main);
	if (profile && !doctor->profile) {
		report(FINDING_OK, "interpreter", "%s, by the rule '%s' (%s:%u)", object->path,
		       profile->words[0], profile->file, profile->line);
		doctor->profile = profile;
		snprintf(doctor->interpreter, sizeof doctor->interpreter, "%s", object->path);
		judge_routes(scope, &peek);
	} else if (!profile && !doctor->profile) {
		judge_unknown(scope, &peek, is_main);
		scope->opens |= is_main && routes_of(&peek, &text);
	}
	peek_close(&peek);
}

static void judge_none(const struct scope *scope)
{
	const struct doctor *doctor = scope->doctor;

	if (scope->is_told)
		return;
	if (doctor->is_script)
		report(FINDING_WRONG, "interpreter", "%s is a script for %s, which is no "
		       "Python interpreter; what the script starts is not known: name that, as "
		       "`%s -c 'import sys; print(sys.executable)'` prints it",
		       doctor->file.path, doctor->program.path, doctor->word);
	else if (scope->opens)
		report(FINDING_WRONG, "interpreter", "none starts with %s; if it loads one "
		       "later, as uWSGI does, that one is recognized then, and "
		       "`PYPY_ISOLATE_LOG=debug pypy-isolate %s ...` shows it; else name a "
		       "Python interpreter", doctor->program.path, doctor->word);
	else
		report(FINDING_WRONG, "interpreter", "%s is none, and cannot load one: it "
		       "never refers to dlopen; name a Python interpreter",
		       doctor->program.path);
}

static bool needs(const struct closure_object *object, const char *name)
{
	const char *const *needed = object ? object->needed : NULL;

	while (needed && *needed && strcmp(*needed, name) != 0)
		++needed;
	return needed && *needed;
}

static void judge_missing(const struct closure_object *object)
{
	if (needs(object->loader, object->name))
		report(FINDING_WRONG, "program", "%s is not found, which %s needs; install it",
		       object->name, object->loader->path);
	else
		report(FINDING_NOTE, "LD_PRELOAD", "%s is not found, so ld.so passes over it",
		       object->name);
}

static void judge_objects(struct scope *scope, const struct closure *closure)
{
	const struct closure_object *object = closure->first;

	for (; object; object = object->next) {
		if (object->path)
			judge_object(scope, object, object == closure->first);
		else
			judge_missing(object);
	}
	if (!scope->doctor->profile)
		judge_none(scope);
}

static const char *libc_of(const struct closure *closure)
{
	const struct closure_object *object = closure->first;

	while (object && !(object->soname && !strcmp(object->soname, "libc.so.6")))
		object = object->next;
	return object ? object->path : NULL;
}

/* ---- static TLS ---- */

/* Before 2.32 there is no tunable for it, and this is what there is (glibc,
 * sysdeps/generic/dl-tls.h, TLS_STATIC_SURPLUS). */
#define SURPLUS_OLD 1664

static void judge_tls(struct doctor *doctor)
{
	struct start_up start_up;
	size_t needed;

	start_up_read(&start_up, doctor->program.path, &doctor->arena);
	needed = start_up.static_tls - STATIC_TLS_DEFAULT - STATIC_TLS_NAMESPACES;
	if (doctor->glibc && doctor->glibc < 232 && needed > SURPLUS_OLD)
		report(FINDING_WRONG, "static TLS", "libraries that start with it need %zu "
		       "bytes, and with any audit module this glibc has %d for them; take a "
		       "library out of LD_PRELOAD, or use glibc 2.32 or newer", needed,
		       SURPLUS_OLD);
	else
		report(FINDING_OK, "static TLS", "libraries that start with it need %zu bytes; "
		       "pypy-isolate sets GLIBC_TUNABLES=glibc.rtld.optional_static_tls=%zu",
		       needed, start_up.static_tls);
}

static void use_closure(void *context, const struct closure *closure)
{
	struct scope *scope = context;

	judge_glibc(scope->doctor, libc_of(closure));
	judge_objects(scope, closure);
}

void doctor_scope(struct doctor *doctor)
{
	struct scope scope = { .doctor = doctor };

	if (start_up_closure(doctor->program.path, &doctor->arena, use_closure, &scope))
		judge_tls(doctor);
	else
		report(FINDING_WRONG, "program", "%s: what it needs cannot be read: a broken "
		       "ELF file; install it again", doctor->program.path);
	if (!doctor->profile && !doctor->hindrance)
		doctor->hindrance = "no interpreter was recognized";
}
