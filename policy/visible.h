/* SPDX-License-Identifier: MIT */
/* Text with names of files in it -> text that is safe to show.
 *
 * Whoever names a file could otherwise end a line of the log and write the next
 * one, or send commands to the terminal of the person who reads it. */
#ifndef PYPY_ISOLATE_VISIBLE_H
#define PYPY_ISOLATE_VISIBLE_H

/* Puts '?' in place of each byte that is not of a printable character in UTF-8:
 * control characters of ASCII and of Unicode, what ends a line or turns the
 * direction of writing, and bytes that are no UTF-8. The length stays. */
void visible(char *text);

#endif
