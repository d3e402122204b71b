/* SPDX-License-Identifier: MIT */
/* A load that failed for a symbol -> who of base has it. This is the slow path:
 * one symbol at a time, because only ld.so knows what is really missing. */
#include "audit/unlisted.h"

#include <string.h>

#include "audit/process.h"
#include "audit/record.h"

bool unlisted_symbol(const char *error, char *name, size_t size)
{
	static const char words[] = "undefined symbol: ";
	const char *start = strstr(error, words);
	size_t length;

	if (!start)
		return false;
	start += strlen(words);
	length = strcspn(start, ", ");
	if (length == 0 || length >= size)
		return false;
	memcpy(name, start, length);
	name[length] = '\0';
	return true;
}

const struct object *unlisted_definer(const char *name)
{
	const struct object *object = object_next(NULL);

	while (object && !(object->lmid == LM_ID_BASE && object_pin_definer(object, name)))
		object = object_next(object);
	return object;
}

static bool is_given(const void *context, const char *name)
{
	const struct unlisted_name *each = context;

	while (each && strcmp(each->name, name) != 0)
		each = each->before;
	return each != NULL;
}

static struct unlisted_giver *giver_of(struct unlisted_gifts *unlisted,
				       const struct object *object)
{
	size_t i = 0;

	while (i < unlisted->count && unlisted->giver[i].object != object)
		i++;
	if (i == UNLISTED_MAX)
		return NULL;
	if (i == unlisted->count) {
		unlisted->giver[i].object = object;
		unlisted->path[i] = unlisted->giver[i].mirror.file.path;
	}
	return &unlisted->giver[i];
}

static struct unlisted_name *make_name(struct unlisted_gifts *unlisted, const char *name)
{
	struct unlisted_name *given;

	if (!unlisted->memory.base && !process_scratch(&unlisted->memory))
		return NULL;
	given = arena_take(&unlisted->memory, sizeof *given);
	if (!given || !(given->name = arena_text(&unlisted->memory, name, strlen(name))))
		return NULL;
	return given;
}

bool unlisted_give(struct unlisted_gifts *unlisted, const struct object *object,
		   const char *name, struct diag *diag)
{
	struct unlisted_name *given = make_name(unlisted, name);
	struct unlisted_giver *giver = giver_of(unlisted, object);
	struct mirror_filter filter = { .passes = is_given };

	if (!given)
		return diag_set(diag, "no memory to give it %s", name);
	if (!giver)
		return diag_set(diag, "it needs symbols of more than %d libraries",
				UNLISTED_MAX);
	if (is_given(giver->names, name))
		return diag_set(diag, "%s was given to it and is still missing", name);
	if (giver->names)
		memfile_close(&giver->mirror.file);
	given->before = giver->names;
	filter.context = given;
	if (!mirror_make(&giver->mirror, object, "unlisted", &filter, NULL, 0, diag))
		return false;
	record_given(giver->mirror.file.path, given);
	if (!giver->names)
		unlisted->count++;
	giver->names = given;
	return true;
}

void unlisted_end(struct unlisted_gifts *unlisted)
{
	for (size_t i = 0; i < unlisted->count; i++)
		memfile_close(&unlisted->giver[i].mirror.file);
	if (unlisted->memory.base)
		process_scratch_end(&unlisted->memory);
}
