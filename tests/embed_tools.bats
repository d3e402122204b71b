#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Programs of Debian that a person works with, and that embed CPython: gdb, which has
# libexpat, OpenSSL, Kerberos and some fifty more, and Vim, which has libz and libexpat.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_embed
load helper_postgres

setup_file() {
  embed_begin
  postgres_begin
  DATABASE="$embed/psycopg2_work.py $PG_PORT $PG/server.crt $PG/other.crt"
  export DATABASE
}

teardown_file() {
  postgres_end
}

setup() {
  embed_test
}

# in_gdb [COMMAND-BEFORE-gdb...] SITE SCRIPT-AND-WORDS
in_gdb() {
  # shellcheck disable=SC2048,SC2086 # the words
  source_of "${@:$#-1:1}" ${*: -1} >source.py
  run --separate-stderr timeout -k 5 100 "${@:1:$#-2}" gdb -nx -batch -ex 'source source.py'
}

# in_vim [COMMAND-BEFORE-vim...] SITE SCRIPT-AND-WORDS: what is printed goes into a file
in_vim() {
  # shellcheck disable=SC2048,SC2086 # the words
  { echo 'import sys; sys.stdout = open("printed", "w")'
    source_of "${@:$#-1:1}" ${*: -1}
    echo 'sys.stdout.close()'; } >source.py
  run --separate-stderr timeout -k 5 100 "${@:1:$#-2}" vim.nox -es -u NONE -i NONE \
    -c 'py3file source.py' -c 'qa!'
  assert_success
  output=$(<printed)
  mapfile -t lines <printed
}

# walked_gdb, walked_vim [COMMAND-BEFORE...] SITE SCRIPT-AND-WORDS
walked_gdb() {
  in_gdb "$slotwalk" "$root/policy/capi/cpython.list" "${@:1:$#-1}" \
    "$root/tests/fixture/slotwalk.py ${*: -1}"
}

walked_vim() {
  # shellcheck disable=SC2048,SC2086 # the words
  source_of "${@:$#-1:1}" "$root/tests/fixture/slotwalk.py" ${*: -1} >source.py
  run --separate-stderr timeout -k 5 100 "$slotwalk" "$root/policy/capi/cpython.list" \
    "${@:1:$#-2}" vim.nox -es -u NONE -i NONE -c 'py3file source.py' -c 'qa!'
}

@test "gdb: five vendored libraries are the module's own" {
  in_gdb "$FIVE" "$show"
  gets "$hosts"
  in_gdb "$built/pypy-isolate" "$FIVE" "$show"
  gets "$own"
  walked_gdb "$built/pypy-isolate" "$FIVE" "$show"
  expect_clean_walk
}

@test "gdb, plain: psycopg2, with gdb's OpenSSL, Kerberos and LDAP, does not get to its end" {
  in_gdb "$WHEELS" "$DATABASE"
  assert_failure
  refute_output --partial "another's certificate"
}

@test "gdb: psycopg2 works with its own, TLS to a server, and no slot points elsewhere" {
  local wanted
  # shellcheck disable=SC2048,SC2086 # the words
  wanted=$(right $DATABASE)
  in_gdb "$built/pypy-isolate" "$WHEELS" "$DATABASE"
  assert_output "$wanted"
  walked_gdb "$built/pypy-isolate" "$WHEELS" "$DATABASE"
  expect_clean_walk
}

@test "gdb still debugs: a program stops where it must, and prints what it holds" {
  gcc -g -O0 -o debuggee -x c - <<<'int stop(int n) { return n - 3; } int main(void) { return stop(3); }'
  source_of "$FIVE" "$show" >source.py
  run --separate-stderr timeout -k 5 100 "$built/pypy-isolate" gdb -nx -batch \
    -ex 'source source.py' -ex 'break stop' -ex run \
    -ex 'python print("n is", gdb.selected_frame().read_var("n"))' -ex continue ./debuggee
  assert_line 'n is 3'
  assert_line --partial 'exited normally'
}

@test "Vim: five vendored libraries are the module's own" {
  in_vim "$FIVE" "$show"
  assert_line --regexp '^libexpat 2\.5\.0 works libexpat\.so\.1 libexpat\.so\.1$'
  assert_line --regexp '^libz 1\.2\.13 works libz\.so\.1 libz\.so\.1$'
  in_vim "$built/pypy-isolate" "$FIVE" "$show"
  gets "$own"
  walked_vim "$built/pypy-isolate" "$FIVE" "$show"
  expect_clean_walk
}

@test "Vim: lxml has the zlib that it was linked with, and works as in python3" {
  local work=$root/tests/real/lxml_work.py
  walked_vim "$WHEELS" "$work"
  assert_line --regexp '^hijack etree[^ ]+ inflate libz\.so\.1$'
  in_vim "$built/pypy-isolate" "$WHEELS" "$work"
  assert_output "$(right "$work")"
  walked_vim "$built/pypy-isolate" "$WHEELS" "$work"
  expect_clean_walk
}
