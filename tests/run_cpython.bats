#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# CPython in all its forms: Debian's program, which holds the interpreter, with its options,
# in venvs and zipapps; and programs made here of Debian's libpython, shared and static, as
# linkers make them. In each of them five vendored libraries are the module's own, the C API is
# the interpreter's to the address, and slotwalk finds no slot that leads astray.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

export PYTHON=/usr/bin/python3
load helper_both
load helper_embed

setup_file() {
  provide five
  build_slotwalk
  site_begin capi
  FIVE=$cache/five/site-packages
  read -r VERSION LIBPL INCLUDE LIBS <<<"$("$PYTHON" -c 'import sysconfig as s
print(*map(s.get_config_var, ("LDVERSION", "LIBPL", "INCLUDEPY", "LIBS")))')"
  export FIVE VERSION LIBPL INCLUDE LIBS
}

setup() {
  embed_test
  cat >work.py <<PY
import sys
sys.path[:0] = ["$FIVE", "$SITE"]
exec(compile(open("$show").read(), "show.py", "exec"))
import builtins, excs, kinds, singles
for found in excs.exceptions(), kinds.builtin_types():
    print(len(found), [name for name in found if found[name] is not getattr(builtins, name)])
print(*map(singles.name_of, (None, True, False, Ellipsis, NotImplemented, 0)))
PY
  api="64 []
17 []
None True False Ellipsis NotImplemented another"
}

# Nothing may hang.
plain() {
  run --separate-stderr timeout -k 5 100 "$@"
}

isolated() {
  plain "$built/pypy-isolate" "$@"
}

# brings COUNT: of five libraries so many are the interpreter's, the others the module's own;
# the C API is right.
brings() {
  assert_equal "$stderr" ''
  assert_success
  assert_equal "$(grep -Ec ' works ' <<<"$output") $(grep -Ec " ($hosts)\$" <<<"$output") $(
    grep -Ec " ($own)\$" <<<"$output")" "5 $1 $((5 - $1))"
  assert_equal "$(tail -n 3 <<<"$output")" "$api"
}

# proves COUNT PYTHON [OPTION...]: plain gives a module so many of the interpreter's libraries.
proves() {
  plain "${@:2}" work.py
  brings "$1"
  isolated "${@:2}" work.py
  brings 0
  run --separate-stderr "$slotwalk" "$root/policy/capi/cpython.list" "$built/pypy-isolate" \
    "${@:2}" "$root/tests/fixture/slotwalk.py" work.py
  expect_clean_walk
}

# readelf_of FILE PATTERN: such a line is there
has() {
  run readelf -aW "$1"
  assert_output --regexp "$2"
}

# --- Debian's ---

@test "cpython: Debian's python3, not a PIE, with copies of libc's variables" {
  has "$PYTHON" 'Type: +EXEC'
  has "$PYTHON" '_COPY .*environ'
  proves 2 "$PYTHON"
  # slotwalk does see what plain loading does.
  run --separate-stderr "$slotwalk" "$root/policy/capi/cpython.list" "$PYTHON" \
    "$root/tests/fixture/slotwalk.py" work.py
  assert_line --regexp '^hijack libz-[^ ]+ inflate libz\.so\.1$'
}

@test "cpython: what run_capi.bats asks of pypy3" {
  run bats "$BATS_TEST_DIRNAME/run_capi.bats"
  assert_success
}

@test "cpython: -I, and -S, -E and the like" {
  proves 2 "$PYTHON" -I
  proves 2 "$PYTHON" -S
  proves 2 "$PYTHON" -E -s -B -O
  proves 2 "$PYTHON" -X dev -W ignore
}

# venv [OPTION...]: with the packages in it
venv() {
  "$PYTHON" -m venv --without-pip "$@" venv
  cp -R "$FIVE"/five* "$SITE"/* venv/lib/python3*/site-packages/
  sed -i '/sys.path/d' work.py
}

@test "cpython: a venv of symbolic links" {
  venv
  [ -L venv/bin/python3 ]
  proves 2 venv/bin/python3
  PATH=$PWD/venv/bin:$PATH proves 2 python3
}

@test "cpython: a venv with a copy of the program" {
  venv --copies
  [ ! -L venv/bin/python3 ]
  proves 2 venv/bin/python3
}

@test "cpython: a zipapp that unpacks its packages, by itself and as an argument" {
  mkdir -p app/site-packages
  cp -R "$FIVE"/five* "$SITE"/* app/site-packages/
  # As shiv does: a module cannot be loaded out of a zip file.
  cat >app/__main__.py <<PY
import os, sys, zipfile
home = os.environ["APP_HOME"]
if not os.path.exists(home):
    zipfile.ZipFile(sys.argv[0]).extractall(home)
sys.path.insert(0, home + "/site-packages")
$(grep -v sys.path work.py)
PY
  "$PYTHON" -m zipapp -c -p "$PYTHON" app -o app.pyz
  export APP_HOME=$PWD/unpacked
  plain ./app.pyz
  brings 2
  isolated ./app.pyz
  brings 0
  rm -r unpacked
  isolated "$PYTHON" app.pyz
  brings 0
}

# --- made here ---

five=(-l:libexpat.so.1 -l:libz.so.1 -l:libbz2.so.1.0 "-l:$(
  cd / && basename /usr/lib/*/libffi.so.[78])" -l:libtinfo.so.6)

# shared [GCC-ARGUMENT...]: ./python of the shared libpython, with the source of the program
shared() {
  gcc -O1 -I"$INCLUDE" -o python -x c - -x none "$@" -Wl,--no-as-needed "${five[@]}" \
    "-lpython$VERSION"
  has python "NEEDED.*\[libpython$VERSION\.so"
}

MAIN='#include <Python.h>
int main(int argc, char **argv) { return Py_BytesMain(argc, argv); }'
# Of what code like this needs, a program that is no PIE has copies: the interpreter's own
# objects are then in the program.
COPIES='#include <Python.h>
int main(int argc, char **argv)
{
	void *volatile copied[] = { &_Py_NoneStruct, &PyLong_Type, &PyExc_ValueError };
	return copied[0] ? Py_BytesMain(argc, argv) : 1;
}'

# static [-pic] [GCC-ARGUMENT...]: ./python of the static libpython, as Debian links its own
static() {
  [ "${VERSION#3.}" -lt 13 ] ||
    not_applicable "since 3.13 Debian's libpython*.a lacks a part, HACL*: it cannot be linked"
  local archive=$LIBPL/libpython$VERSION.a
  if [ "$1" = -pic ]; then
    archive=$LIBPL/libpython$VERSION-pic.a
    shift
  fi
  # Some of it is needed by modules alone.
  # shellcheck disable=SC2086 # they are several words
  gcc -O1 -o python "$@" "$LIBPL/python.o" -Wl,-E -Wl,--whole-archive "$archive" \
    -Wl,--no-whole-archive -Wl,--no-as-needed "${five[@]}" $LIBS -lm
  refute_libpython
}

refute_libpython() {
  run readelf -dW python
  refute_output --partial libpython
}

@test "cpython: a program with the shared libpython, PIE" {
  shared -pie -fPIE <<<"$MAIN"
  has python 'Type: +DYN'
  proves 5 ./python
}

@test "cpython: ... not a PIE, with copies of the C API's variables" {
  shared -no-pie -fno-pie <<<"$COPIES"
  has python 'Type: +EXEC'
  has python '_COPY .*_Py_NoneStruct'
  has python '_COPY .*PyLong_Type'
  has python '_COPY .*PyExc_ValueError'
  proves 5 ./python
}

@test "cpython: ... bound before it starts" {
  shared -Wl,-z,now <<<"$MAIN"
  has python 'Flags:.* NOW'
  proves 5 ./python
}

@test "cpython: the static libpython, PIE" {
  static -pic -pie
  has python 'Type: +DYN'
  proves 5 ./python
}

@test "cpython: ... not a PIE" {
  static -no-pie
  has python 'Type: +EXEC'
  proves 5 ./python
}

@test "cpython: ... without lazy binding" {
  static -no-pie -Wl,-z,now
  has python 'BIND_NOW'
  proves 5 ./python
  static -pic -pie -Wl,-z,now
  has python 'Flags:.* NOW'
  proves 5 ./python
}

@test "cpython: ... with lazy binding, DT_HASH alone, no RELRO" {
  static -pic -pie -Wl,-z,lazy -Wl,-z,norelro -Wl,--hash-style=sysv
  proves 5 ./python
}

@test "cpython: ... code not apart from constants" {
  static -no-pie -Wl,-z,noseparate-code
  proves 5 ./python
  static -pic -pie -Wl,-z,noseparate-code
  proves 5 ./python
}

@test "cpython: ... packed relative relocations" {
  ! glibc_before 2.36 || not_applicable "ld.so reads DT_RELR since glibc 2.36"
  static -pic -pie -Wl,-z,pack-relative-relocs
  has python '\(RELR\)'
  proves 5 ./python
}
