#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the audit module has in place of a libc, against libc.

load helper

# libctest: a program of the built module's own functions
libctest() {
  local part parts=("$root"/build/bare/audit/libc/{text,format}.o)
  cd "$BATS_TEST_TMPDIR" || return
  for part in text format; do
    cp "$root/build/bare/audit/libc/$part.o" .
  done
  nm --defined-only "${parts[@]}" | sed -n -E 's/.* T (.*)/\1 bare_\1/p' | sort -u >names
  objcopy --redefine-syms=names text.o
  objcopy --redefine-syms=names format.o
  # It is libc's own functions that are to be called.
  gcc -std=gnu11 -Wall -Wno-format-security -O1 -fno-builtin -D_GNU_SOURCE -o libctest \
    "$root/tests/fixture/libctest.c" text.o format.o
}

# conversions: all that a source of the module gives to printf
conversions() {
  cat "$root"/policy/*.c "$root"/audit/*.[ch] | grep -oE '"([^"\\]|\\.)*"' |
    grep -oE '%[-+#0]*[0-9*]*([.]([0-9]+|[*]))?(hh|h|ll|l|z|j|t)?[a-zA-Z%]' | sort -u
}

@test "libc: memory, texts and each conversion that is used are as libc has them" {
  local all
  libctest
  mapfile -t all < <(conversions)
  [ "${#all[@]}" -gt 12 ]
  run ./libctest "${all[@]}"
  assert_success
  assert_output --regexp '^[0-9]{7} calls, 0 wrong$'
}

@test "libc: one that is not, and one that nobody knows, are found" {
  libctest
  run -1 ./libctest '%+d' '%f'
  assert_line 'differs: <%+d>%%%+d|'
  assert_line 'what is given to it? %f'
}
