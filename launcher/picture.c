/* SPDX-License-Identifier: MIT */
/* The page is compiled in as it stands in launcher/picture: page.html, in which a line @NAME@
 * stands for the file of that name, and @data@ for the report.
 *
 * What is in the report comes from anywhere: names of files, of symbols, of packages. In the
 * page it is text of a <script> that is not run, which only a '<' could end or turn into a
 * comment; JSON has that in strings alone, where \u003c is the same. Bytes that are no UTF-8
 * are U+FFFD to every browser and take nothing after them along. */
#include "launcher/picture.h"

#include <string.h>

/* hidden: right here, so no reason to go through the GOT. */
#define TEXT(name, path)							\
	asm(".pushsection .rodata\n"						\
	    "picture_" #name ": .incbin \"launcher/picture/" path "\"\n"	\
	    "picture_" #name "_end:\n"						\
	    ".popsection\n");							\
	extern const char picture_##name[] __attribute__((visibility("hidden")));	\
	extern const char picture_##name##_end[] __attribute__((visibility("hidden")))

TEXT(page, "page.html");
TEXT(style, "style.css");
TEXT(model, "model.js");
TEXT(rooms, "rooms.js");
TEXT(arrows, "arrows.js");
TEXT(panel, "panel.js");
TEXT(start, "page.js");

static const struct {
	const char *line, *text, *end;
} parts[] = {
	{ "@style.css@\n", picture_style, picture_style_end },
	{ "@model.js@\n", picture_model, picture_model_end },
	{ "@rooms.js@\n", picture_rooms, picture_rooms_end },
	{ "@arrows.js@\n", picture_arrows, picture_arrows_end },
	{ "@panel.js@\n", picture_panel, picture_panel_end },
	{ "@page.js@\n", picture_start, picture_start_end },
};

static void put(FILE *out, const char *text, size_t length)
{
	fwrite(text, 1, length, out);
}

static void put_data(FILE *out, const char *json, size_t length)
{
	for (const char *end = json + length; json < end;) {
		const char *at = memchr(json, '<', (size_t)(end - json));
		size_t plain = (size_t)((at ? at : end) - json);

		put(out, json, plain);
		json += plain;
		if (at) {
			fputs("\\u003c", out);
			json++;
		}
	}
}

/* A line of page.html. */
static void put_line(FILE *out, const char *line, size_t length, const char *json, size_t size)
{
	if (length == strlen("@data@\n") && !memcmp(line, "@data@\n", length)) {
		put_data(out, json, size);
		return;
	}
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (length == strlen(parts[i].line) && !memcmp(line, parts[i].line, length)) {
			put(out, parts[i].text, (size_t)(parts[i].end - parts[i].text));
			return;
		}
	put(out, line, length);
}

bool picture_write(FILE *out, const char *json, size_t length)
{
	for (const char *line = picture_page; line < picture_page_end;) {
		const char *end = memchr(line, '\n', (size_t)(picture_page_end - line));
		const char *next = end ? end + 1 : picture_page_end;

		put_line(out, line, (size_t)(next - line), json, length);
		line = next;
	}
	return !fflush(out) && !ferror(out);
}
