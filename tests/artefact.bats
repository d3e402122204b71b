#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The built files themselves, and the direction of the includes.

load helper

# shellcheck disable=SC2154 # set by helper
module=$root/libpypy-isolate.so

@test "artefact: the module exports what ld.so looks for, and nothing else" {
  run bash -c "nm -D --defined-only '$module' | sed 's/.* //' | LC_ALL=C sort | tr '\n' ' '"
  assert_output "la_activity la_objclose la_objopen la_objsearch la_preinit la_symbind64 la_version "
}

@test "artefact: the module needs libc alone, in versions of glibc 2.28 and older" {
  run bash -c "readelf -dW '$module' | grep NEEDED"
  assert_output --regexp '^[^[]*\[libc\.so\.6\]$'
  run bash -c "readelf -VW '$module' | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1"
  assert_output --regexp '^GLIBC_2\.(2[0-8]|1?[0-9])$'
}

@test "artefact: read-only after relocation, bound at once, no thread-local storage" {
  run readelf -lW "$module"
  assert_line --partial GNU_RELRO
  refute_line --regexp '^ *TLS '
  refute_line --regexp 'LOAD .* RWE '
  assert_line --regexp 'GNU_STACK .* RW '
  run readelf -dW "$module"
  assert_line --partial NOW
  refute_line --partial TEXTREL
  refute_line --partial RUNPATH
  refute_line --partial RPATH
}

# Nothing of these may be called inside somebody's process.
@test "artefact: the module neither allocates, nor exits, nor uses stdio streams" {
  run bash -c "nm -D --undefined-only '$module' | sed 's/.* //; s/@.*//'"
  for name in malloc calloc realloc free exit _exit abort __assert_fail setenv putenv fopen \
    fprintf printf puts pthread_create pthread_mutex_lock signal sigaction; do
    refute_line "$name"
  done
}

# includes FOLDER...: what the sources include of the project, by folder.
includes() {
  (cd "$root" && grep -ho '#include "[a-z]*/' "$@" | sort -u | tr -d '\n')
}

@test "artefact: policy includes policy alone, and nothing includes the launcher" {
  assert_equal "$(includes policy/*.[ch])" '#include "policy/'
  assert_equal "$(includes audit/*.[ch])" '#include "audit/#include "policy/'
}

@test "artefact: what is pure asks the process nothing" {
  # source->read() is the caller's.
  run grep -nE '(^|[^a-z_>])(getenv|open|read|write|mmap|syscall|stat|getpid)\(' \
    "$root"/policy/*.c "$root"/audit/{elf_*,image,closure,ld_cache}.c
  assert_output ''
}

@test "a broken policy without the launcher: one line, and the program runs without us" {
  cd "$BATS_TEST_TMPDIR"
  printf 'mode\nisolat "*"\n' >t.conf
  export PYPY_ISOLATE_CONF=t.conf LD_AUDIT=$module
  run --separate-stderr pypy3 -c 'print("ran")'
  assert_success
  assert_output ran
  # shellcheck disable=SC2154 # set by run
  assert_equal "$(wc -l <<<"$stderr")" 1
  assert_regex "$stderr" '^pypy-isolate: t\.conf:1:1: .*libpypy3.*runs without isolation'
  run --separate-stderr cat t.conf
  assert_equal "$stderr" ''
}
