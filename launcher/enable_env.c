/* SPDX-License-Identifier: MIT */
/* `enable --env`: the files from which logins and systemd take their environment.
 *
 * Each adds to what is there already, where its syntax can. */
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/enable_parts.h"
#include "launcher/static_tls.h"

#define HEADER "# Written by `pypy-isolate enable --env`; `pypy-isolate disable --env` removes it.\n"

enum syntax { SYNTAX_SHELL, SYNTAX_ENVIRONMENT, SYNTAX_MANAGER };

/* below: what must be there for the file to be of use; made: a directory that may be made. */
struct env_file {
	const char *path, *below, *made;
	enum syntax syntax;
};

static const struct env_file of_system[] = {
	{ "/etc/profile.d/pypy-isolate.sh", "/etc/profile.d", NULL, SYNTAX_SHELL },
	{ "/etc/environment.d/60-pypy-isolate.conf", "/etc/systemd", "/etc/environment.d",
	  SYNTAX_ENVIRONMENT },
	{ "/etc/systemd/system.conf.d/60-pypy-isolate.conf", "/etc/systemd",
	  "/etc/systemd/system.conf.d", SYNTAX_MANAGER },
};

/* Relative to what $XDG_CONFIG_HOME is, or is not. */
static const struct env_file of_user[] = {
	{ "environment.d/60-pypy-isolate.conf", "", "environment.d", SYNTAX_ENVIRONMENT },
};

static const struct env_file *files(size_t *count)
{
	bool root = geteuid() == 0;

	*count = root ? sizeof of_system / sizeof *of_system : sizeof of_user / sizeof *of_user;
	return root ? of_system : of_user;
}

static bool full_path(const char *path, char full[PATH_MAX], struct diag *diag)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int length;

	if (path[0] == '/')
		length = snprintf(full, PATH_MAX, "%s", path);
	else if (config && config[0] == '/')
		length = snprintf(full, PATH_MAX, "%s/%s", config, path);
	else if (home && home[0] == '/')
		length = snprintf(full, PATH_MAX, "%s/.config/%s", home, path);
	else
		return diag_set(diag, "HOME is not set");
	return length < PATH_MAX || diag_set(diag, "HOME is too long");
}

bool env_places(struct places *places, struct diag *diag)
{
	const struct env_file *file;
	char path[PATH_MAX], made[PATH_MAX], below[PATH_MAX];
	size_t count, before = places->count;

	for (file = files(&count); count; file++, count--) {
		if (!full_path(file->path, path, diag) || !full_path(file->below, below, diag) ||
		    !full_path(file->made ? file->made : "/", made, diag))
			return false;
		if (!exists(below))
			continue;
		if (file->made && !exists(made) &&
		    !places_add(places, PLACE_DIRECTORY, made, ""))
			return diag_set(diag, "too many places");
		if (!places_add(places, PLACE_TEXT, path, ""))
			return diag_set(diag, "too many places");
	}
	return places->count > before ||
	       diag_set(diag, "there is no directory here that a login or systemd would read");
}

/* What needs no quotes in any of the three. */
static bool is_plain(const char *path, struct diag *diag)
{
	return strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789/._+-@,") == strlen(path) ||
	       diag_set(diag, "%s: only letters, digits and /._+-@, may be in a path for --env; "
			"put pypy-isolate into another directory", path);
}

/* NULL: the variable is not for here. */
static void print_variable(FILE *out, enum syntax syntax, const char *name, const char *value)
{
	switch (syntax) {
	case SYNTAX_SHELL:
		/* A shell that a shell has started would add it again. */
		fprintf(out, "case \":$%s:\" in\n*:%s:*) ;;\n"
			"*) %s=%s${%s:+:$%s}; export %s ;;\nesac\n",
			name, value, name, value, name, name, name);
		break;
	case SYNTAX_ENVIRONMENT:
		fprintf(out, "%s=%s${%s:+:$%s}\n", name, value, name, name);
		break;
	case SYNTAX_MANAGER:
		fprintf(out, "DefaultEnvironment=%s=%s\n", name, value);
		break;
	}
}

static void print_text(FILE *out, enum syntax syntax, const char *module)
{
	char tunable[128];

	snprintf(tunable, sizeof tunable, "glibc.rtld.optional_static_tls=%d",
		 STATIC_TLS_DEFAULT + STATIC_TLS_NAMESPACES);
	fputs(HEADER, out);
	if (syntax == SYNTAX_MANAGER)
		fputs("[Manager]\n", out);
	print_variable(out, syntax, "LD_AUDIT", module);
	print_variable(out, syntax, "GLIBC_TUNABLES", tunable);
	/* Before 2.35 an auditor makes each call through a PLT that is bound late slow. */
	if (strverscmp(gnu_get_libc_version(), "2.35") < 0)
		print_variable(out, syntax, "LD_BIND_NOW", "1");
}

static bool syntax_of(const char *path, enum syntax *syntax)
{
	static const struct env_file *const all[] = { of_system, of_user };
	static const size_t counts[] = { sizeof of_system / sizeof *of_system,
					 sizeof of_user / sizeof *of_user };
	char full[PATH_MAX];

	for (size_t which = 0; which < 2; which++)
		for (size_t i = 0; i < counts[which]; i++) {
			*syntax = all[which][i].syntax;
			if (full_path(all[which][i].path, full, NULL) && !strcmp(full, path))
				return true;
		}
	return false;
}

bool env_text(const char *file, struct bytes *bytes, struct diag *diag)
{
	char module[PATH_MAX];
	enum syntax syntax;
	FILE *out;

	if (!own_module(module, diag) || !is_plain(module, diag))
		return false;
	if (!syntax_of(file, &syntax))
		return diag_set(diag, "%s: no file that --env writes", file);
	out = open_memstream(&bytes->bytes, &bytes->size);
	if (!out)
		return diag_set(diag, "no memory");
	print_text(out, syntax, module);
	return !fclose(out) || diag_set(diag, "no memory");
}
