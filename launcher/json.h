/* SPDX-License-Identifier: MIT */
/* Text -> a string of JSON. */
#ifndef PYPY_ISOLATE_LAUNCHER_JSON_H
#define PYPY_ISOLATE_LAUNCHER_JSON_H

#include <stdio.h>

/* Writes it with its quotation marks. What is not fit to be shown becomes '?', as
 * everywhere; and '<' is written as its number, so that it can stand in a <script>. */
void json_text(FILE *out, const char *text);

#endif
