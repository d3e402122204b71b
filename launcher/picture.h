/* SPDX-License-Identifier: MIT */
/* A report of `explain` as JSON -> one HTML page that shows it. */
#ifndef PYPY_ISOLATE_LAUNCHER_PICTURE_H
#define PYPY_ISOLATE_LAUNCHER_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes the page for length bytes of JSON. False, with errno, if out cannot be written to. */
bool picture_write(FILE *out, const char *json, size_t length);

#endif
