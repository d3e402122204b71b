/* SPDX-License-Identifier: MIT */
/* What the files of doctor share. Private to launcher/doctor*.c.
 *
 *   doctor.c          the verb, and the order of the questions
 *   doctor_program.c  the interpreter's file, its ld.so and glibc
 *   doctor_scope.c    what starts with it: which object is the interpreter, how does it
 *                     get at dlopen, how much static TLS is needed
 *   doctor_setting.c  policy, environment, kernel
 *   doctor_start.c    it is started, and must isolate
 *
 * Each question prints its line or lines by report.h. */
#ifndef PYPY_ISOLATE_DOCTOR_PARTS_H
#define PYPY_ISOLATE_DOCTOR_PARTS_H

#include <limits.h>
#include <stdbool.h>

#include "audit/settings.h"
#include "launcher/program.h"
#include "launcher/report.h"

struct doctor {
	const char *word;		/* as it was typed */
	unsigned timeout;		/* seconds for the interpreter that is started */
	struct program file;		/* where PATH leads */
	struct program program;		/* the ELF file, its real path */
	bool is_script;			/* file is one, which program runs */
	struct arena arena;
	struct settings settings;
	const char *hindrance;		/* why it need not be started, or NULL */
	const struct rule *profile;	/* the interpreter's, or NULL: none was recognized */
	char interpreter[PATH_MAX];	/* its file */
	unsigned glibc;			/* 236 for 2.36; 0: not known */
};

/* False if it can never work with this program. */
bool doctor_program(struct doctor *doctor);

/* After doctor_program(). */
void doctor_scope(struct doctor *doctor);

/* The rules are needed before they are judged. */
void doctor_read_policy(struct doctor *doctor);
void doctor_policy(struct doctor *doctor);
void doctor_module(struct doctor *doctor);
void doctor_auditors(const struct doctor *doctor);
void doctor_kernel(void);

void doctor_start(struct doctor *doctor);

#endif
