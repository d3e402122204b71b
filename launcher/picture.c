/* SPDX-License-Identifier: MIT */
/* What has been worked out of a run -> one HTML page that shows it.
 *
 * The page is compiled in as it stands in launcher/picture: page.html, in which a line @NAME@
 * stands for the file of that name, and @report@ for the JSON. What is in that comes from
 * anywhere: names of files, of symbols, of packages. In the page it is text of a <script> that
 * is not run, which only a '<' could end or turn into a comment, and json_text() writes none. */
#include <string.h>

#include "launcher/explain_parts.h"

/* Hidden: defined right here, so no reason to go through the GOT. */
#define TEXT(name, path)								\
	asm(".pushsection .rodata\n"							\
	    "picture_" #name ": .incbin \"launcher/picture/" path "\"\n"		\
	    "picture_" #name "_end:\n"							\
	    ".popsection\n");								\
	extern const char picture_##name[] __attribute__((visibility("hidden")));	\
	extern const char picture_##name##_end[] __attribute__((visibility("hidden")))

TEXT(page, "page.html");
TEXT(style, "style.css");
TEXT(model, "model.js");
TEXT(rooms, "rooms.js");
TEXT(arrows, "arrows.js");
TEXT(panel, "panel.js");
TEXT(start, "page.js");

static void put(FILE *out, const char *text, const char *end)
{
	fwrite(text, 1, (size_t)(end - text), out);
}

/* Is what stands for that line of page.html written? */
static bool put_part(FILE *out, const char *line, size_t length, const struct explain *explain)
{
	static const struct {
		const char *line, *text, *end;
	} parts[] = {
		{ "@style.css@\n", picture_style, picture_style_end },
		{ "@model.js@\n", picture_model, picture_model_end },
		{ "@rooms.js@\n", picture_rooms, picture_rooms_end },
		{ "@arrows.js@\n", picture_arrows, picture_arrows_end },
		{ "@panel.js@\n", picture_panel, picture_panel_end },
		{ "@page.js@\n", picture_start, picture_start_end },
		{ "@report@\n", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (length == strlen(parts[i].line) && !memcmp(line, parts[i].line, length)) {
			if (parts[i].text)
				put(out, parts[i].text, parts[i].end);
			else
				explain_json(explain, out);
			return true;
		}
	return false;
}

void explain_html(const struct explain *explain, FILE *out)
{
	for (const char *line = picture_page; line < picture_page_end;) {
		const char *end = memchr(line, '\n', (size_t)(picture_page_end - line));
		const char *next = end ? end + 1 : picture_page_end;

		if (!put_part(out, line, (size_t)(next - line), explain))
			put(out, line, next);
		line = next;
	}
}
