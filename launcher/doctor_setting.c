/* SPDX-License-Identifier: MIT */
/* What can be set: the policy, the environment and the kernel. */
#include "launcher/doctor_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/status.h"
#include "audit/sys.h"
#include "launcher/peek.h"
#include "launcher/run.h"
#include "policy/version.h"

/* ---- policy ---- */

void doctor_read_policy(struct doctor *doctor)
{
	run_settings(&doctor->settings, &doctor->arena);
}

static void judge_errors(struct doctor *doctor)
{
	const char *conf = getenv("PYPY_ISOLATE_CONF");
	const struct conf_error *error = doctor->settings.errors;

	for (; error; error = error->next)
		report(FINDING_WRONG, "policy", "%s", error->text);
	if (!conf || !conf[0])
		conf = SETTINGS_CONF_FILE;
	if (access(conf, F_OK) == 0 && access(conf, R_OK) != 0)
		report(FINDING_WRONG, "policy", "%s cannot be read by user %u; chmod a+r it, "
		       "or let PYPY_ISOLATE_CONF name another file", conf, geteuid());
	doctor->hindrance = "there are errors in the settings";
}

static bool is_built_in(const char *file)
{
	return strncmp(file, CONF_BUILT_IN, strlen(CONF_BUILT_IN)) == 0;
}

static bool is_told(const struct rules *rules, const struct rule *rule)
{
	const struct rule *other = rules->last;

	while (other != rule && strcmp(other->file, rule->file) != 0)
		other = other->before;
	return other != rule;
}

/* A file that rules came from: those who may write to it decide. */
static void describe_file(const char *file)
{
	struct status status;

	if (is_built_in(file) || !status_of_path(file, &status))
		return;
	report(status.mode & 022 ? FINDING_NOTE : FINDING_OK, "policy",
	       "%s, of user %u, mode %04o%s", file, status.owner, status.mode,
	       status.mode & 022 ? "; root will not take it while others may write to it: "
				   "chmod go-w" : "");
}

static void describe_files(const struct settings *settings)
{
	const struct rule *rule = settings->rules.last;

	if (settings->conf_name)
		describe_file(settings->conf_name);
	else
		report(FINDING_OK, "policy", "the compiled-in rules; there is no "
		       SETTINGS_CONF_FILE);
	for (; rule; rule = rule->before) {
		if (!is_told(&settings->rules, rule) &&
		    (!settings->conf_name || strcmp(rule->file, settings->conf_name) != 0))
			describe_file(rule->file);
		if (rule->exports && strchr(rule->exports->file, '/') == rule->exports->file)
			describe_file(rule->exports->file);
	}
}

static void judge_mode(struct doctor *doctor)
{
	const struct rule *why;

	if (doctor->settings.mode == MODE_OFF) {
		why = run_rule_of_off(&doctor->settings);
		doctor->hindrance = "isolation is switched off";
		if (why)
			report(FINDING_WRONG, "mode", "off (%s:%u): nothing is isolated; take "
			       "that line out", why->file, why->line);
		else
			report(FINDING_WRONG, "mode", "PYPY_ISOLATE=off: nothing is isolated; "
			       "unset PYPY_ISOLATE");
	} else if (doctor->settings.mode == MODE_PERMISSIVE) {
		report(FINDING_NOTE, "mode", "permissive: what cannot be isolated is loaded as "
		       "without us, with a warning; `mode enforce` or PYPY_ISOLATE=enforce "
		       "refuses it");
	} else {
		report(FINDING_OK, "mode", "enforce");
	}
}

static void judge_log(const struct settings *settings)
{
	struct diag why;

	if (!run_can_log(settings, &why))
		report(FINDING_WRONG, "log", "%s", why.text);
}

void doctor_policy(struct doctor *doctor)
{
	if (doctor->settings.errors) {
		judge_errors(doctor);
		return;
	}
	describe_files(&doctor->settings);
	judge_mode(doctor);
	judge_log(&doctor->settings);
}

/* ---- the module ---- */

void doctor_module(struct doctor *doctor)
{
	char module[PATH_MAX];
	struct peek peek;
	struct diag why;
	size_t rest;
	bool is_ours, is_same;

	if (!run_find_module(module, &why) || !run_can_name(module, &why) ||
	    !peek_open(&peek, module, &why)) {
		report(FINDING_WRONG, "module", "%s", why.text);
		doctor->hindrance = "there is no module to start it with";
		return;
	}
	is_ours = peek_defines(&peek, "la_version");
	is_same = peek_find(&peek, NAME_AND_VERSION ",", &rest);
	peek_close(&peek);
	if (!is_ours)
		report(FINDING_WRONG, "module", "%s is no audit module (it has no la_version); "
		       "install pypy-isolate again", module);
	else if (!is_same)
		report(FINDING_WRONG, "module", "%s is not of the version of this program, "
		       PYPY_ISOLATE_VERSION "; install both again", module);
	else
		report(FINDING_OK, "module", "%s, version " PYPY_ISOLATE_VERSION, module);
}

/* ---- LD_AUDIT and GLIBC_TUNABLES ---- */

/* Not by atoi(), behind which newer headers put a function that glibc 2.28 has not. */
static unsigned number_of(const char *text)
{
	unsigned number = 0;

	while (*text >= '0' && *text <= '9' && number < 100000)
		number = number * 10 + (*text++ - '0');
	return number;
}

#define NNS_MAX		16	/* glibc, sysdeps/generic/ldsodefs.h: DL_NNS */
#define NNS_DEFAULT	4	/* elf/dl-tunables.list: glibc.rtld.nns */
#define NNS "glibc.rtld.nns="

static void judge_auditor(const char *item, size_t length)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%.*s", (int)length, item);
	if (strchr(path, '/') && !strchr(path, '$') && access(path, R_OK) != 0)
		report(FINDING_WRONG, "LD_AUDIT", "%s cannot be opened: %s; take it out of "
		       "LD_AUDIT", path, strerror(errno));
}

/* How many there will be, with ours. */
static unsigned count_auditors(void)
{
	const char *list = getenv("LD_AUDIT"), *item;
	unsigned count = 1;
	size_t length;

	while (list && run_next_item(&list, &item, &length))
		if (!run_is_ours(item, length)) {
			judge_auditor(item, length);
			++count;
		}
	return count;
}

/* As ld.so reads it: the last one counts. */
static unsigned namespaces_reserved(void)
{
	const char *list = getenv("GLIBC_TUNABLES"), *item;
	unsigned count = NNS_DEFAULT;
	size_t length;

	while (list && run_next_item(&list, &item, &length))
		if (!strncmp(item, NNS, strlen(NNS)))
			count = number_of(item + strlen(NNS));
	return count;
}

/* Since 2.32 static TLS is laid out for so many namespaces, and of the rest each auditor
 * takes one (glibc, elf/dl-tls.c, _dl_tls_static_surplus_init). */
void doctor_auditors(const struct doctor *doctor)
{
	unsigned auditors = count_auditors(), reserved = namespaces_reserved();
	int left = NNS_MAX - 1 - (int)auditors;

	if (reserved > NNS_MAX)
		reserved = NNS_MAX;
	if (doctor->glibc >= 232 && auditors > NNS_MAX - reserved) {
		report(FINDING_WRONG, "namespaces", "LD_AUDIT has %u audit modules, with ours, "
		       "and with glibc.rtld.nns=%u ld.so takes %u at most and ends the "
		       "program; take modules out of LD_AUDIT, or a larger glibc.rtld.nns out "
		       "of GLIBC_TUNABLES", auditors, reserved, NNS_MAX - reserved);
	} else if (left <= 0) {
		report(FINDING_WRONG, "namespaces", "none is left: of the 16 that glibc has, "
		       "LD_AUDIT takes %u, with ours; take modules out of LD_AUDIT", auditors);
	} else if (auditors > 1) {
		report(FINDING_NOTE, "namespaces", "%d are left for packages, and not 14: "
		       "LD_AUDIT has %u more audit module%s; if packages should have more, "
		       "take them out", left, auditors - 1, auditors > 2 ? "s" : "");
	} else {
		report(FINDING_OK, "namespaces", "%d for packages, and no other audit module",
		       left);
	}
}

/* ---- the kernel ---- */

/* The number in a file of /proc or /sys, or -1. */
static int number_in(const char *path)
{
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		sys_close(fd);
	return length > 0 ? (int)number_of(text) : -1;
}

static bool has_memfd(void)
{
	int fd = (int)syscall(SYS_memfd_create, "doctor", MFD_CLOEXEC);
	bool has;

	/* vm.memfd_noexec=2 wants a flag that older kernels do not know (Linux 6.3). */
	if (fd < 0)
		fd = (int)syscall(SYS_memfd_create, "doctor", MFD_CLOEXEC | 0x0008u);
	has = fd >= 0;
	if (has)
		sys_close(fd);
	return has;
}

void doctor_kernel(void)
{
	bool has_proc = access("/proc/self/fd", X_OK) == 0;

	if (!has_proc)
		report(FINDING_NOTE, "/proc", "not there: pypy-isolate uses temporary files "
		       "for what it would have in memory; mount -t proc proc /proc");
	else
		report(FINDING_OK, "/proc", "mounted");
	if (!has_memfd())
		report(FINDING_NOTE, "memfd_create", "%s: pypy-isolate uses temporary files "
		       "for what it would have in memory; allow memfd_create in the seccomp "
		       "filter of the container or service", strerror(errno));
	else
		report(FINDING_OK, "memfd_create", "allowed%s",
		       number_in("/proc/sys/vm/memfd_noexec") > 0
			       ? ", for files that are not executable, as ours are" : "");
	if (number_in("/sys/fs/selinux/enforce") == 1)
		report(FINDING_NOTE, "SELinux", "enforcing; if the trial below fails, look for "
		       "denials: ausearch -m avc -ts recent");
}
