/* SPDX-License-Identifier: MIT */
/* The path of a shared object -> the package that it belongs to. */
#include "policy/package.h"

#include <string.h>

#define DIRECTORY_MAX 4096	/* bytes, PATH_MAX */

/* The last rule that says that packages are in this directory. */
static const struct rule *site_rule(const struct rules *rules, const char *path, size_t length)
{
	char directory[DIRECTORY_MAX];
	const struct rule *rule;

	if (length >= sizeof directory)
		return NULL;
	memcpy(directory, path, length);
	directory[length] = '\0';
	for (rule = rules->last; rule; rule = rule->before)
		if (rule->directive == DIRECTIVE_SITE && rule_matches(rule, 0, directory))
			break;
	return rule;
}

/* Where the path's directory of this length ends, going up; 0 at the top. */
static size_t up(const char *path, size_t length)
{
	while (length > 0 && path[length - 1] != '/')
		length--;
	while (length > 0 && path[length - 1] == '/')
		length--;
	return length;
}

/* How long the name of an entry is, up to its first '.': the first byte of
 * .libs_cffi_backend ends nothing. */
static size_t stem(const char *name)
{
	size_t dots = strspn(name, ".");

	return dots + strcspn(name + dots, "./");
}

bool package_in_site(const struct rules *rules, const char *path, char *out, size_t size,
		     const struct rule **why)
{
	const struct rule *rule = NULL;
	size_t length;

	for (length = up(path, strlen(path)); length > 0; length = up(path, length))
		if ((rule = site_rule(rules, path, length)))
			break;
	if (why)
		*why = rule;
	if (!rule)
		return false;
	package_below(path, length, out, size);
	return true;
}

void package_below(const char *path, size_t top, char *out, size_t size)
{
	const char *name = path + top + strspn(path + top, "/");
	size_t length = stem(name);

	if (size == 0)
		return;
	if (length >= size)
		length = size - 1;
	memcpy(out, name, length);
	out[length] = '\0';
}

const char *package_file_name(const char *path)
{
	const char *name = path;

	/* Not strrchr(): it reads past the end, and valgrind takes that for a mistake when
	 * ld.so tells us of what is preloaded. */
	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}
