/* SPDX-License-Identifier: MIT */
/* What a run has left -> the questions that its reports ask. */
#include <link.h>
#include <string.h>

#include "launcher/explain_parts.h"

struct seen_object *seen_next(const struct seen_process *process, long lmid,
			      const struct seen_object *object)
{
	struct seen_object *next = object ? object->next : process->first;

	while (next && (!next->id || next->lmid != lmid))
		next = next->next;
	return next;
}

static bool is_named_before(const struct seen_process *process, const struct seen_load *load)
{
	const struct seen_load *before = process->first_load;

	while (before != load && (before->lmid != load->lmid || !before->object ||
				  strcmp(before->package, load->package) != 0))
		before = before->next;
	return before != load;
}

const struct seen_load *seen_package(const struct seen_process *process, long lmid,
				     const struct seen_load *after)
{
	const struct seen_load *load = after ? after->next : process->first_load;

	while (load && (load->lmid != lmid || !load->object || !load->package[0] ||
			is_named_before(process, load)))
		load = load->next;
	return load;
}

const char *seen_namespace(const struct seen_process *process, long lmid)
{
	const struct seen_object *head = seen_next(process, lmid, NULL);
	const struct seen_load *first = seen_package(process, lmid, NULL);

	if (lmid == LM_ID_BASE)
		return "base";
	if (!head || !head->mirror_of || !head->mirror_of->is_interpreter)
		return "program";
	if (!first)
		return "root";
	return seen_package(process, lmid, first) ? "common" : "package";
}

const char *seen_name(const struct seen_process *process, const struct seen_object *object)
{
	if (object == process->first)
		return process->program;
	if (!object->mirror)
		return object->path;
	return object->asked[0] && object->asked[0] != '/' ? object->asked
							   : object->mirror->label;
}

const char *seen_from(const struct seen_object *object)
{
	if (object->mirror)
		return NULL;
	switch (object->found) {
	case LA_SER_LIBPATH: return "LD_LIBRARY_PATH";
	case LA_SER_RUNPATH: return "RPATH or RUNPATH";
	case LA_SER_CONFIG: return "ld.so.cache";
	case LA_SER_DEFAULT:
	case LA_SER_SECURE: return "default directory";
	case LA_SER_ORIG: return "path";
	default: return object->lmid || !object->at_start ? "path" : NULL;
	}
}

const char *seen_interpreter(const struct seen_process *process)
{
	const struct seen_object *object = process->first;

	if (process->parent_seen && !process->has_copy)
		return seen_interpreter(process->parent_seen);
	while (object && !object->is_interpreter)
		object = object->next;
	return object ? seen_name(process, object) : NULL;
}

bool seen_parent(const struct explain *explain, const struct seen_process *process)
{
	const struct seen_process *each = explain->first;

	while (each && (each == process || each->pid != process->parent))
		each = each->next;
	return each;
}

/* One that is asked for again is there already. */
bool seen_is_module(const struct seen_process *process, const struct seen_load *load)
{
	const struct seen_load *before = process->first_load;

	if (load->inside || !(load->object || load->refused[0]) ||
	    (load->object && load->object->at_start))
		return false;
	while (before != load && (!before->object || before->object != load->object))
		before = before->next;
	return before == load;
}
