#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The messages that the sources can print, or those of the manual page, one a line.

    collect.py sources CC FILE.c...     collect.py page FILE.7

The compiler's preprocessor does the hard part: macros are gone, and what stands between
the quotes is what will be in the program. Then a message is

- any text of two words or more in policy/ and audit/: the words there go to nobody but a
  person, by whatever function;
- in launcher/ what is an argument of a function that shows messages, for the rest is the
  output that a person asked for. What doctor says has its cure in the line, and is left out.

A placeholder becomes {}, of a format (%s) and of the page (.Ar) alike.
"""
import re
import subprocess
import sys

TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|[A-Za-z_]\w*|\s+|.', re.S)
PLACEHOLDER = re.compile(r"%%|%[-#0+]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]")
SHOWS = {"say", "diag_set", "diag_add", "misuse", "trouble", "trouble_with", "perror"}
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'"}


def preprocessed(compiler, path):
    """The text of the file itself, without what it includes."""
    command = [compiler, "-E", "-std=gnu11", "-I.", "-D_GNU_SOURCE", path]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True)
    ours = False
    for line in text.stdout.splitlines():
        marker = re.match(r'# \d+ "(.*?)"', line)
        if marker:
            ours = marker.group(1) == path
        elif ours:
            yield line


def plain(literal):
    """What a string literal stands for."""
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), "?"), literal[1:-1])


def strings(text):
    """Each text, pieces side by side joined, and the functions that it is an argument of."""
    calls, name, piece = [], None, None
    for token in TOKEN.findall(text):
        if token.isspace():
            continue
        if token[0] == '"':
            piece = (piece or "") + plain(token)
            continue
        if piece is not None:
            yield piece, [call for call in calls if call]
            piece = None
        if token == "(":
            calls.append(name)
        elif token == ")":
            calls.pop()
        name = token if re.match(r"[A-Za-z_]", token) else None


def with_braces(text):
    return PLACEHOLDER.sub(lambda m: "%" if m.group() == "%%" else "{}", text)


def is_sentence(text):
    words = re.findall(r"[A-Za-z][a-z']*", PLACEHOLDER.sub(" ", text))
    return len(words) >= 2 and " " in text.strip()


def of_sources(compiler, paths):
    for path in paths:
        if "/doctor" in path:
            continue
        for text, calls in strings("\n".join(preprocessed(compiler, path))):
            if "\n" in text or "_Static_assert" in calls:
                continue
            shown = not path.startswith("launcher/") or SHOWS & set(calls)
            if shown and is_sentence(text):
                yield with_braces(text)


def of_page(path):
    """`.It` and what is behind it, in the part after `.Sh MESSAGES`."""
    with open(path, encoding="utf-8") as page:
        text = page.read().split(".Sh MESSAGES", 1)[1].split("\n.Sh ", 1)[0]
    for item in re.findall(r'^\.It "(.*)"$', text, re.M):
        item = re.sub(r"\\fI.*?\\fP", "{}", item)
        yield item.replace('""', '"').replace("\\e", "\\").replace("\\-", "-").replace("\\&", "")


# What the build puts there: the machine, and the version.
BUILT = [
    (r"(another machine, not) [-\w]+$", r"\1 {}"),
    (r"(encoding not) \w+-endian", r"\1 {}-endian"),
    (r"made by libpypy-isolate\.so [.\w]+,", "made by {},"),
]


def normal(text):
    """Where a piece begins or ends with a blank or a mark is of no matter to a person."""
    for pattern, replacement in BUILT:
        text = re.sub(pattern, replacement, text)
    return " ".join(text.split()).strip(" ;:,")


if __name__ == "__main__":
    if sys.argv[1] == "sources":
        found = of_sources(sys.argv[2], sys.argv[3:])
    else:
        found = of_page(sys.argv[2])
    print("\n".join(sorted({normal(text) for text in found})))
