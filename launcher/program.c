/* SPDX-License-Identifier: MIT */
/* The word that a person typed -> the ELF file that the kernel will start.
 *
 * Hard: interpreters come as scripts (pyenv's shims, wrappers), and a script
 * comes with `#!/usr/bin/env -S NAME`. What a script itself goes on to exec is
 * beyond us. */
#include "launcher/program.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/status.h"
#include "policy/package.h"

#define LINE_MAX_KERNEL 256	/* Linux, BINPRM_BUF_SIZE: more of a #! line is cut */
#define DEPTH_MAX_KERNEL 5	/* Linux, exec_binprm(): scripts run by scripts */

static bool is_executable(const char *path)
{
	struct status status;

	return status_of_path(path, &status) && status.is_regular && !access(path, X_OK);
}

static bool set_path(struct program *program, const char *directory, int length,
		     const char *word)
{
	/* cppcheck-suppress ctuuninitvar // is written, not read */
	int size = snprintf(program->path, sizeof program->path, "%.*s%s%s", length, directory,
			    length ? "/" : "", word);

	return size > 0 && (size_t)size < sizeof program->path;
}

bool program_find(struct program *program, const char *word)
{
	const char *path = getenv("PATH");
	size_t length;

	if (strchr(word, '/'))
		return set_path(program, "", 0, word) && is_executable(program->path);
	if (!path)
		path = "/bin:/usr/bin";	/* glibc, confstr(_CS_PATH) */
	for (;; path += length + 1) {
		length = strcspn(path, ":");
		if (set_path(program, path, (int)length, word) && is_executable(program->path))
			return true;
		if (!path[length])
			return false;
	}
}

const char *program_default(void)
{
	static struct program program;
	const char *venv = getenv("VIRTUAL_ENV");

	if (venv && venv[0] && set_path(&program, venv, (int)strlen(venv), "bin/python") &&
	    is_executable(program.path))
		return program.path;
	return program_find(&program, "pypy3") ? "pypy3" : "python3";
}

/* The first line, without its "#!", or false if the file is no script. */
static bool read_script(const char *path, char line[LINE_MAX_KERNEL])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t size;

	if (fd < 0)
		return false;
	size = read(fd, line, LINE_MAX_KERNEL - 1);
	close(fd);
	if (size < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[size] = '\0';
	line[strcspn(line, "\n")] = '\0';
	memmove(line, line + 2, strlen(line + 2) + 1);
	return true;
}

bool program_is_script(const char *path)
{
	char line[LINE_MAX_KERNEL];

	return read_script(path, line);
}

/* The command among env's arguments: after options and assignments. */
static const char *env_command(char **rest)
{
	char *word;

	while ((word = strtok_r(NULL, " \t", rest))) {
		if (!strncmp(word, "-S", 2) && word[2])
			word += 2;
		if (word[0] != '-' && !strchr(word, '='))
			return word;
	}
	return NULL;
}

/* program := what runs the script of that first line. */
static bool step(struct program *program, char *line)
{
	char *rest, *word = strtok_r(line, " \t", &rest);
	const char *command;

	if (!word)
		return false;
	if (strcmp(package_file_name(word), "env") != 0)
		return set_path(program, "", 0, word);
	command = env_command(&rest);
	return command && program_find(program, command);
}

bool program_follow(struct program *program)
{
	char line[LINE_MAX_KERNEL], real[PATH_MAX];
	int depth;

	for (depth = 0; read_script(program->path, line); ++depth)
		if (depth == DEPTH_MAX_KERNEL || !step(program, line))
			return false;
	return realpath(program->path, real) && set_path(program, "", 0, real);
}

static int note_libc(struct dl_phdr_info *info, size_t size, void *path)
{
	const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;

	(void)size;
	if (!slash || strcmp(slash, "/libc.so.6") != 0)
		return 0;
	*(const char **)path = info->dlpi_name;
	return 1;
}

const char *program_own_libc(void)
{
	const char *path = "";

	dl_iterate_phdr(note_libc, &path);
	return path;
}
