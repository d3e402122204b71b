#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The C API whitelists: their form, what they allow of real interpreters, and how
# they are made.

# Each test is a subshell, and bats sets status and output.
# shellcheck disable=SC2030,SC2031,SC2094,SC2154

bats_require_minimum_version 1.5.0

setup_file() {
  TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  LISTS="$TOP/policy/capi"
  CAPITEST="$BATS_FILE_TMPDIR/capitest"
  export TOP LISTS CAPITEST
  gcc -std=gnu11 -g -fsanitize=address,undefined -fno-sanitize-recover -D_GNU_SOURCE -I"$TOP" \
    -o "$CAPITEST" "$TOP"/tests/fixture/capitest.c "$TOP"/policy/{capi,arena,diag,glob}.c
}

setup() {
  bats_load_library bats-support
  bats_load_library bats-assert
  cd "$BATS_TEST_TMPDIR" || return
}

# A list on standard input, as the file `list`.
list() {
  cat >list
}

# repeat COUNT LETTER
repeat() {
  printf "%$1s" '' | tr ' ' "$2"
}

# names FILE: the names of a list, without its head
names() {
  grep -v '[# ]' "$1"
}

# exports FILE...: what ELF files define for others
exports() {
  nm -D --defined-only "$@" | awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort -u
}

# allowed LIST: those names on standard input that it allows
allowed() {
  "$CAPITEST" "$1" quick | awk '$2 == "yes" { print $1 }'
}

# expect_error LINE TEXT: the file `list` is refused with this message
expect_error() {
  run "$CAPITEST" list
  assert_failure 1
  assert_output "list:$1: $2"
}

# libpypy: the interpreter that pypy3 on this machine is linked to
libpypy() {
  local program
  program=$(command -v pypy3) && ldd "$program" | awk '/libpypy/ { print $3 }'
}

# need WHAT: a skip, which is a failure where everything must work
need() {
  [ -z "${ISOLATE_MUST_WORK:-}" ] || fail "$1 is not there"
  skip "$1 is not there"
}

@test "capi: a list is read back as it is written" {
  for which in pypy cpython; do
    "$CAPITEST" "$LISTS/$which.list" | diff - <(grep -v '^#' "$LISTS/$which.list")
  done
}

@test "capi: the lists are sorted by byte, without duplicates, and say where they come from" {
  for which in pypy cpython; do
    names "$LISTS/$which.list" | LC_ALL=C sort -cu
    grep -Eq '^#   (pypy3|python3\.11-minimal) [0-9][^ ]+ amd64, bookworm$' "$LISTS/$which.list"
    [ "$(names "$LISTS/$which.list" | wc -l)" -gt 1000 ]
  done
}

@test "capi: comments, blank lines, tabs, and a last line without newline are fine" {
  printf '# x\n\n\tprobe\tPyB  \n  # y\nnever PyInit_*\nnewer Py*\nnewer _Py?\nPyA\nPyB' |
    list
  run "$CAPITEST" list
  assert_success
  assert_output "$(printf '%s\n' 'probe PyB' 'never PyInit_*' 'newer Py*' 'newer _Py?' PyA PyB)"
  run "$CAPITEST" list why <<<$'PyA\nPyB'
  assert_output $'PyA yes listed\nPyB yes listed'
  printf 'probe PyA\nnewer Py*' | list
  run "$CAPITEST" list
  assert_success
  assert_output $'probe PyA\nnewer Py*'
}

@test "capi: each line that breaks a rule is named with file and line" {
  printf 'probe A\nB\nA\n' | list
  expect_error 3 "'A' cannot come after 'B': the order is that of LC_ALL=C sort -u"
  printf 'probe A\nA\nA\n' | list
  expect_error 3 "'A' cannot come after 'A': the order is that of LC_ALL=C sort -u"
  printf 'probe A\nPy_a\nPyA\n' | list
  expect_error 3 "'PyA' cannot come after 'Py_a': the order is that of LC_ALL=C sort -u"
  printf 'probe A\nA\n\nB\n' | list
  expect_error 3 "'' is no name that C could have"
  printf 'probe A\nA\nB-C\n' | list
  expect_error 3 "'B-C' is no name that C could have"
  printf 'probe A\n1A\n' | list
  expect_error 2 "'1A' is no name that C could have"
  printf 'probe A\nA\nB\0C\n' | list
  expect_error 3 'control character 0x00; only text, spaces and tabs are allowed'
  printf 'probe A\nA\r\n' | list
  expect_error 2 'control character 0x0d; only text, spaces and tabs are allowed'
  printf 'probe A\n# \033[2J\nA\n' | list
  expect_error 2 'control character 0x1b; only text, spaces and tabs are allowed'
  printf 'probe A\nA\nnever B\n' | list
  expect_error 3 "'never B' is no name that C could have"
  printf '# x\nalways A\n' | list
  expect_error 2 "unknown word 'always'; probe, never and newer may stand before the names"
  printf 'probe\nA\n' | list
  expect_error 1 "'probe' takes one name of C"
  printf 'probe A\r\nA\r\n' | list
  expect_error 1 'control character 0x0d; only text, spaces and tabs are allowed'
  printf 'probe A\nprobe B\n' | list
  expect_error 2 "a second probe; the first is in line 1"
  printf 'probe A\nnever\nA\n' | list
  expect_error 2 "'never' takes one pattern"
  printf 'probe A\nnewer A* B*\nA\n' | list
  expect_error 2 "'newer' takes one pattern"
  printf '\n\nA\n' | list
  expect_error 3 "no 'probe NAME' before the names"
  printf '' | list
  expect_error 1 "no 'probe NAME' before the names"
  printf '# x\nprobe C\nA\nB\n' | list
  expect_error 2 "the list does not allow its own probe 'C'"
  printf 'probe A\nnever A\nA\n' | list
  expect_error 1 "the list does not allow its own probe 'A'"
}

@test "capi: 64 patterns of a kind are fine, and the 65th is an error" {
  { echo probe A; yes 'never B*' | head -64; echo A; } | list
  run "$CAPITEST" list
  assert_success
  { echo probe A; yes 'never B*' | head -65; echo A; } | list
  expect_error 66 "more than 64 patterns of 'never'"
}

@test "capi: a list that does not fit into the arena is refused" {
  { echo probe A; echo never "$(repeat 65000 B)"; echo newer C; echo newer "$(repeat 900 D)"
    echo A; } | list
  expect_error 4 "no memory left"
}

@test "capi: a list cut off anywhere is read or refused, without a byte beyond its end" {
  printf '# c\nprobe PyA\nnever PyI*\nnewer Py[A-Z]*\n_Py_x\n' >whole
  for length in $(seq 0 "$(stat -c %s whole)"); do
    head -c "$length" whole | list
    run "$CAPITEST" list why <<<$'PyA\n\nPyAB\n_Py_\n_Py_x\n_Py_xy'
    [ "$status" -le 1 ] || fail "$length bytes: status $status: $output"
  done
}

@test "capi: a long line does not hide what is wrong with it" {
  printf 'probe A\n%s-\n' "$(repeat 5000 A)" | list
  run "$CAPITEST" list
  assert_failure 1
  assert_output --regexp "^list:2: 'A{100}' is no name that C could have$"
}

@test "capi: never wins over a name in the list and over newer, and the list over newer" {
  list <<'LIST'
probe PyList_New
never PyInit_*
newer Py[A-Z_]*
PyInit_zlib
PyList_New
pypy_init_threads
LIST
  local ask='PyInit_zlib PyInit_new PyList_New PyList_Newer pypy_init_threads pypy_init init'
  run "$CAPITEST" list why <<<"${ask// /$'\n'}"
  assert_output - <<'WANT'
PyInit_zlib no never
PyInit_new no never
PyList_New yes listed
PyList_Newer yes newer
pypy_init_threads yes listed
pypy_init no -
init no -
WANT
  # Asked without a why, the same.
  run "$CAPITEST" list quick <<<"${ask// /$'\n'}"
  assert_output "$("$CAPITEST" list why <<<"${ask// /$'\n'}" | cut -d' ' -f1,2)"
}

@test "capi: a name that begins as no never pattern does need not be compared with any" {
  local pattern name verdict
  # Special bytes early and late, names shorter than the bytes that are looked at.
  while read -r pattern name verdict; do
    printf 'probe Probed\nnever Py\nnever %s\nnewer *\nProbed\n' "$pattern" | list
    run "$CAPITEST" list quick <<<"$name"
    assert_output "$name $verdict"
  done <<'ASK'
PyAB PyAB no
PyAB PyA yes
PyAB PyABC yes
PyAB Py no
PyAB* PyABC no
PyAB* PyAC yes
PyA* PyA no
PyA[B] PyAB no
Py*B PyAB no
P?AB PyAB no
*AB AB no
[A-Z] A no
?? ab no
??? ab yes
ASK
}

@test "capi: the search finds every name, and nothing between two names" {
  for which in pypy cpython; do
    grep -v '^newer ' "$LISTS/$which.list" >list
    names list >all
    allowed list <all | diff - all
    # Each name without its last letter, and with one more.
    { sed 's/.$//' all; sed 's/$/_/' all; echo; echo A; echo zz; } | LC_ALL=C sort -u |
      LC_ALL=C comm -23 - all >others
    [ "$(wc -l <others)" -gt 1000 ]
    allowed list <others | diff - /dev/null
  done
}

@test "capi: all of the C API that this machine's PyPy exports is allowed, and nothing else" {
  local interpreter
  interpreter=$(libpypy) || need pypy3
  exports "$interpreter" >exported
  grep -E '^_?Py' exported | grep -v '^PyInit_' >capi
  [ "$(grep -c '^_\?PyPy' capi)" -gt 700 ]
  LC_ALL=C sort -u capi - <<'EMBEDDING' | LC_ALL=C comm -12 - exported >want
pypy_carefully_make_gil
pypy_execute_source
pypy_execute_source_ptr
pypy_init_embedded_cffi_module
pypy_init_threads
pypy_setup_home
pypy_thread_attach
rpython_startup_code
EMBEDDING
  allowed "$LISTS/pypy.list" <exported | diff - want
}

@test "capi: all of the C API that this machine's CPython exports is allowed, no more" {
  [ -x /usr/bin/python3 ] || need /usr/bin/python3
  exports /usr/bin/python3 >exported
  grep -E '^(_?Py|PY_TIMEOUT_MAX$)' exported | grep -v '^PyInit_' >capi
  [ "$(wc -l <capi)" -gt 1000 ]
  for name in PyInit_zlib environ stdin _end __bss_start _start; do
    grep -qx "$name" exported
  done
  allowed "$LISTS/cpython.list" <exported | diff - capi
}

@test "capi: the exact names know this machine's interpreters without a newer pattern" {
  local interpreter
  for which in pypy cpython; do
    [ $which = cpython ] || interpreter=$(libpypy) || need pypy3
    [ $which = pypy ] || interpreter=/usr/bin/python3
    exports "$interpreter" | grep -E '^_?Py' | grep -v '^PyInit_' >capi
    [ "$(wc -l <capi)" -gt 900 ]
    grep -v '^newer ' "$LISTS/$which.list" >list
    allowed list <capi | diff - capi
  done
}

@test "capi: nothing of a library that is linked statically into an interpreter is allowed" {
  cat >interpreter.c <<'C'
void PyImport_ImportModule(void) { }
void PyPyImport_ImportModule(void) { }
void PyInit_zlib(void) { }
void PyInitU_zlib(void) { }
void PyInitConfig_Create(void) { }
void PyModExport_zlib(void) { }
void PyExpat_XML_Parse(void) { }
void HPyInit_x(void) { }
void initzlib(void) { }
int main(void) { return 0; }
C
  gcc -rdynamic -o interpreter interpreter.c \
    -Wl,--whole-archive -l:libbz2.a -l:libz.a -Wl,--no-whole-archive
  exports interpreter >exported
  for name in BZ2_bzlibVersion BZ2_crc32Table zlibVersion inflate crc32 main _end; do
    grep -qx "$name" exported || fail "the interpreter does not export $name"
  done
  for which in pypy cpython; do
    run allowed "$LISTS/$which.list" <exported
    assert_output $'PyImport_ImportModule\nPyInitConfig_Create\nPyPyImport_ImportModule'
  done
}

# package SUITE NAME: the tree of that name -> a .deb where `generate` looks for it
package() {
  mkdir -p "$2/DEBIAN" "cache/$1"
  printf '%s\n' "Package: $2" 'Version: 1:7.3-2' 'Architecture: all' 'Maintainer: me <me@x.y>' \
    'Description: x' >"$2/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$2" "cache/$1/$2_7.3-2_all.deb" >/dev/null
}

# shared FILE: a library of the C on standard input
shared() {
  mkdir -p "$(dirname "$1")"
  gcc -shared -fPIC -x c -o "$1" -
}

fake_cache() {
  mkdir -p cache/{bullseye,bookworm,trixie,sid} pypy3-dev/usr/include/pypy3.9/internal
  shared pypy3/usr/lib/libpypy3.9-c.so <<'C'
void PyPyImport_ImportModule(void) { }
int _PyExc_ValueError, Pyro_core, environ, BZ2_crc32Table[9], PY_LIMIT;
void PyInit_zlib(void) { }
void BZ2_bzlibVersion(void) { }
void pypy_execute_source(char *source) { (void)source; }
void pypy_main_startup(void) { }
__thread int _Py_tss;
__attribute__((visibility("hidden"))) void PyHidden(void) { }
C
  cat >pypy3-dev/usr/include/pypy3.9/PyPy.h <<'H'
/* int BZ2_bzlibVersion(void); */
int pypy_execute_source(char *source);
int pypy_not_exported(void);
H
  cat >pypy3-dev/usr/include/pypy3.9/Python.h <<'H'
#define PyList_New PyPyList_New
PyAPI_FUNC(struct _object *(*)(int)) PyList_New(int);
PyAPI_FUNC(void) _Py_NO_RETURN
	Py_FatalError(const char *message); // PyAPI_FUNC(int) PyComment(void);
PyAPI_DATA(int) (*PyOS_InputHook)(void);
PyAPI_DATA(const int) PY_LIMIT;
PyAPI_DATA(const int) PY_NOT_EXPORTED;
PyAPI_FUNC(void) PyInit_zlib(void);
static inline int PyInline(void) { return PyCalled(1); }
H
  echo 'PyAPI_FUNC(int) _PyInternal(void);' >pypy3-dev/usr/include/pypy3.9/internal/x.h
  package bookworm pypy3
  package bookworm pypy3-dev
  shared python3.11-minimal/usr/bin/python3.11 <<<'void PyImport_ImportModule(void) { }'
  package sid python3.11-minimal
}

@test "capi: generate takes what is exported or declared, and is a name of the C API" {
  fake_cache
  cp "$LISTS/generate" .
  run ./generate cache
  assert_success
  assert_output "$(printf '%s\n' 'pypy.list: 7 names of 1 interpreters' \
    'cpython.list: 1 names of 1 interpreters')"
  run names pypy.list
  # PY_LIMIT and pypy_execute_source: exported, and a header declares them.
  assert_output "$(printf '%s\n' PY_LIMIT PyOS_InputHook PyPyImport_ImportModule \
    PyPyList_New Py_FatalError _PyExc_ValueError pypy_execute_source)"
  run grep '^#   ' pypy.list
  assert_output $'#   pypy3-dev 1:7.3-2 all, bookworm\n#   pypy3 1:7.3-2 all, bookworm'
  run "$CAPITEST" pypy.list
  assert_success
}

@test "capi: generate makes the same lists of the same cache, and leaves nothing in it" {
  fake_cache
  find cache | sort >before
  for where in one two; do
    mkdir $where
    cp "$LISTS/generate" $where
    $where/generate cache
  done
  cmp one/pypy.list two/pypy.list
  cmp one/cpython.list two/cpython.list
  find cache | sort | diff before -
}

@test "capi: generate refuses an interpreter without the probe" {
  fake_cache
  shared python3.9-minimal/usr/bin/python3.9 <<<'void PyImport_Other(void) { }'
  package sid python3.9-minimal
  cp "$LISTS/generate" .
  run ./generate cache
  assert_failure 1
  assert_line "generate: not every interpreter has PyImport_ImportModule"
}
