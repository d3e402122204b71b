/* SPDX-License-Identifier: MIT */
/* The interpreter's file: is it a program that glibc's ld.so starts, with auditors? */
#include "launcher/doctor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "audit/elf_machine.h"
#include "launcher/peek.h"
#include "launcher/standin.h"

#define WHAT "program"

static bool follow(struct doctor *doctor)
{
	char real[PATH_MAX];

	doctor->program = doctor->file;
	if (!program_follow(&doctor->program))
		return report(FINDING_WRONG, WHAT, "%s: what its #! line names is not there; "
			      "mend that line, or install what it names",
			      doctor->program.path);
	doctor->is_script = realpath(doctor->file.path, real) &&
			    strcmp(real, doctor->program.path) != 0;
	return true;
}

/* What it stands for is the interpreter. In a virtual environment that can be one, too. */
static void follow_standins(struct doctor *doctor)
{
	char *path = doctor->program.path, original[PATH_MAX];

	for (int i = 0; i < 2 && standin_original(path, original); i++) {
		report(FINDING_OK, WHAT, "%s is enabled: a stand-in, and the interpreter is %s",
		       path, original);
		if (!realpath(original, path))
			strcpy(path, original);
	}
}

/* The loader is glibc's if it has glibc's own version of symbols. */
static bool is_glibc(const char *loader, struct diag *why)
{
	struct peek peek;
	size_t rest;
	bool good;

	if (!peek_open(&peek, loader, why))
		return false;
	good = peek_find(&peek, "GLIBC_PRIVATE", &rest);
	peek_close(&peek);
	return good || diag_set(why, "%s is not glibc's", loader);
}

static bool judge_loader(const struct doctor *doctor, const char *loader)
{
	const char *path = doctor->program.path;
	struct diag why;

	if (!loader)
		return report(FINDING_WRONG, WHAT, "%s is linked statically: it has no ld.so, "
			      "and so nothing of it can be isolated; use an interpreter that "
			      "is linked dynamically", path);
	if (strstr(loader, "ld-musl"))
		return report(FINDING_WRONG, WHAT, "%s is made for musl (%s), which has no "
			      "audit interface and no namespaces; use an interpreter that is "
			      "made for glibc", path, loader);
	if (!is_glibc(loader, &why))
		return report(FINDING_WRONG, WHAT, "%s wants %s as its ld.so, and that is none "
			      "of glibc: %s; install the glibc that it was made for", path,
			      loader, why.text);
	return report(FINDING_OK, WHAT, "%s%s%s is an ELF program for %s, started by %s",
		      doctor->is_script ? doctor->file.path : "",
		      doctor->is_script ? " is a script; what runs it: " : "", path,
		      MACHINE_NAME, loader);
}

/* Will the kernel say AT_SECURE? Then ld.so takes no auditor by its path. */
static bool has_more_rights(const char *path)
{
	struct statx info;

	if (statx(AT_FDCWD, path, 0, STATX_MODE | STATX_UID | STATX_GID, &info) < 0)
		return false;
	if (info.stx_mode & S_ISUID && info.stx_uid != getuid())
		return true;
	if ((info.stx_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
	    info.stx_gid != getgid())
		return true;
	return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

static bool judge_rights(const char *path)
{
	if (!has_more_rights(path))
		return true;
	return report(FINDING_WRONG, WHAT, "%s gets rights from its file (set-user-ID, "
		      "set-group-ID or capabilities): then ld.so takes no module that a user "
		      "names; take them away (chmod ug-s, setcap -r), or see SECURITY.md, "
		      "AT_SECURE", path);
}

bool doctor_program(struct doctor *doctor)
{
	struct peek peek;
	struct diag why;
	bool good;

	if (!follow(doctor))
		return false;
	follow_standins(doctor);
	if (!peek_open(&peek, doctor->program.path, &why))
		return report(FINDING_WRONG, WHAT, "%s", why.text);
	good = judge_loader(doctor, peek_loader(&peek));
	peek_close(&peek);
	return good && judge_rights(doctor->program.path);
}
