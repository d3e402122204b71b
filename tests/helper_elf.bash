# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of elf_read(): elf_begin in setup_file(); then a test makes module.so by `build`
# or `module`, pokes it, and states by `accepted` or `refused` what becomes of it.

# Bats sets output, status and lines; files call the functions with arguments.
# shellcheck disable=SC2030,SC2031,SC2154,SC2119,SC2120

load helper

# elf_tool GCC-ARGUMENT...: compiles a tool with elf_read() into $BATS_FILE_TMPDIR
elf_tool() {
  (cd "$BATS_FILE_TMPDIR" && gcc -std=gnu11 -g -O1 -D_GNU_SOURCE -I"$root" -Wall -Wextra \
    -Werror "$root"/audit/elf_*.c "$root/policy/diag.c" "$@")
}

elf_begin() {
  elf_tool -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -o elfread \
    "$root/tests/fixture/elfread.c"
}

# build [GCC-ARGUMENT...]: the C on standard input, as module.so
build() {
  gcc -shared -fPIC -o module.so -x c - "$@"
}

# module [GCC-ARGUMENT...]: one with a bit of everything: libraries, versions, thread-local
# data, a constructor, pointers to data, an indirect function.
module() {
  build -lm "$@" <<'C'
#include <errno.h>
#include <math.h>
#include <stdio.h>

_Thread_local int count;
const char *const names[] = { "one", "two" };
static void plain(void) { }
static void (*choose(void))(void) { return plain; }
void chosen(void) __attribute__((ifunc("choose")));
__attribute__((constructor)) static void start(void) { count++; }
double PyInit_module(void) { errno = 0; chosen(); puts(names[count % 2]); return sin(count); }
C
}

accepted() {
  run elfread module.so
  assert_success
  assert_output --regexp '^module.so: soname -, [0-9]+ symbols'
}

# refused MESSAGE
refused() {
  run elfread module.so
  assert_output "module.so: $1"
  assert_equal "$status" 2
}

# poked WHAT VALUE... MESSAGE: a module with these fields is refused
poked() {
  [ -e good.so ] || { module && cp module.so good.so; }
  cp good.so module.so
  poke module.so "${@:1:$#-1}"
  refused "${*: -1}"
}

# value WHAT: of a field of the module
value() {
  poke module.so print "$1"
}
