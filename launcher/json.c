/* SPDX-License-Identifier: MIT */
/* Text -> a string of JSON. */
#include "launcher/json.h"

#include <stdlib.h>
#include <string.h>

#include "policy/visible.h"

void json_text(FILE *out, const char *text)
{
	char *copy = strdup(text);

	if (copy)
		visible(copy);
	putc('"', out);
	for (const char *at = copy ? copy : ""; *at; at++) {
		if (*at == '<') {
			fputs("\\u003c", out);
			continue;
		}
		if (*at == '"' || *at == '\\')
			putc('\\', out);
		putc(*at, out);
	}
	putc('"', out);
	free(copy);
}
