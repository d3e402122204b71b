/* SPDX-License-Identifier: MIT */
/* What is wrong with a line -> one more error of the text. */
#include "policy/conf_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An error must get through when there is no memory for its text. */
static const struct conf_error no_memory = {
	.text = "the policy is too large: no memory left for it",
};

void conf_give_up(struct parser *parser)
{
	if (parser->tail)
		*parser->tail = &no_memory;
	parser->tail = NULL;
}

void conf_fail(struct parser *parser, struct line *line, unsigned column,
	       const char *format, ...)
{
	struct conf_error *error;
	struct diag what, all;
	va_list args;

	line->is_bad = true;
	if (!parser->tail)
		return;
	va_start(args, format);
	vsnprintf(what.text, sizeof what.text, format, args);
	va_end(args);
	diag_set(&all, "%s:%u:%u: %s", line->file->name, line->number, column, what.text);
	error = arena_take(parser->arena, sizeof *error);
	if (!error || !(error->text = arena_text(parser->arena, all.text, strlen(all.text)))) {
		conf_give_up(parser);
		return;
	}
	*parser->tail = error;
	parser->tail = &error->next;
}
