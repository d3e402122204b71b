/* SPDX-License-Identifier: MIT */
/* What has been worked out of a run -> one HTML page that shows it.
 *
 * The page is compiled in as it stands in launcher/picture: page.html, in which a line @NAME@
 * stands for the file of that name, and @report@ for the JSON. What is in that comes from
 * anywhere: names of files, of symbols, of packages. In the page it is text of a <script> that is
 * not run, which only a '<' could end or turn into a comment, and json_text() writes none. */
#include <string.h>

#include "launcher/explain_parts.h"
#include "policy/compiled_in.h"

#define TEXT(symbol, name) COMPILED_IN(symbol, ".picture_text", name, "launcher/picture/" name)

TEXT(picture_page, "page.html");
TEXT(picture_style, "style.css");
TEXT(picture_model, "model.js");
TEXT(picture_rooms, "rooms.js");
TEXT(picture_arrows, "arrows.js");
TEXT(picture_panel, "panel.js");
TEXT(picture_start, "page.js");

static bool stands_for(const char *line, size_t length, const char *name)
{
	size_t its = strlen(name);

	return length == its + 3 && line[0] == '@' && !memcmp(line + 1, name, its) &&
	       line[its + 1] == '@';
}

/* A line of page.html, or what stands there. */
static void put_line(FILE *out, const char *line, size_t length, const struct explain *explain)
{
	static const struct conf_text *const parts[] = {
		&picture_style, &picture_model, &picture_rooms, &picture_arrows, &picture_panel,
		&picture_start, NULL,
	};

	if (stands_for(line, length, "report")) {
		explain_json(explain, out);
		return;
	}
	for (const struct conf_text *const *part = parts; *part; part++)
		if (stands_for(line, length, (*part)->name)) {
			fwrite((*part)->text, 1, (*part)->length, out);
			return;
		}
	fwrite(line, 1, length, out);
}

void explain_html(const struct explain *explain, FILE *out)
{
	const char *line = picture_page.text;
	size_t left = picture_page.length;

	while (left) {
		const char *end = memchr(line, '\n', left);
		size_t length = end ? (size_t)(end - line) + 1 : left;

		put_line(out, line, length, explain);
		line += length;
		left -= length;
	}
}
