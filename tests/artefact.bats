#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The built files themselves, and the direction of the includes.

load helper

# shellcheck disable=SC2154 # set by helper
module=$root/libpypy-isolate.so

program=$root/pypy-isolate

# linked module|program FLAG...: prints the file that linking with these flags, too, makes.
linked() {
  local name=${1^^} file=$BATS_TEST_TMPDIR/bad
  rm -f "$file"
  make -s -C "$root" "$name=$file" LDFLAGS="${*:2}" "$file" >&2
  echo "$file"
}

# object [-x LANGUAGE]: prints the object file that standard input makes.
object() {
  gcc "${@:--xc}" -fPIC -fcf-protection -c -o "$BATS_TEST_TMPDIR/bad.o" -
  echo "$BATS_TEST_TMPDIR/bad.o"
}

# holds CHECK FLAG...: of both files, and of neither when it is linked with these flags.
holds() {
  "$1" "$module"
  "$1" "$program"
  notices "$1" module "${@:2}"
  notices "$1" program "${@:2}"
}

# notices CHECK module|program FLAG...
notices() {
  local file
  # The module has no libc, and what is to be noticed may want one.
  file=$(linked "${@:2}" -lc)
  run "$1" "$file"
  assert_failure
}

# ---- checks: each fails, with a reason, for a file that is not so ----

# dynamic FILE PATTERN: the entries of the dynamic section that match.
dynamic() {
  readelf -dW "$1" | grep -E "$2"
}

# lacks WHAT TEXT: nothing there that would be wrong.
lacks() {
  [ -z "$2" ] || { echo "$1: $2"; return 1; }
}

is_read_only_after_relocation() {
  readelf -lW "$1" | grep -q '^ *GNU_RELRO ' && is_bound_at_once "$1"
}

is_bound_at_once() {
  dynamic "$1" '\(FLAGS\).*BIND_NOW' >/dev/null && dynamic "$1" '\(FLAGS_1\).*NOW' >/dev/null
}

has_no_writable_code() {
  lacks "writable and executable" "$(readelf -lW "$1" | grep -E '^ *LOAD .* RWE ')"
}

has_no_text_relocation() {
  lacks "text relocations" "$(dynamic "$1" TEXTREL)"
}

has_no_thread_local_storage() {
  lacks "thread-local storage" "$(readelf -lW "$1" | grep -E '^ *TLS ')"
}

has_no_search_path() {
  lacks "search path" "$(dynamic "$1" 'RPATH|RUNPATH')"
}

has_no_executable_stack() {
  readelf -lW "$1" | grep -qE '^ *GNU_STACK .* RW '
}

has_a_random_place() {
  readelf -hW "$1" | grep -q 'Type: *DYN '
}

needs_libc_alone() {
  [ "$(dynamic "$1" NEEDED | grep -o '\[.*')" = '[libc.so.6]' ]
}

# A libc of its own in every process is what the audit module is to be without.
needs_nothing() {
  lacks "needed" "$(dynamic "$1" NEEDED)" &&
    lacks "undefined" "$(nm -D --undefined-only "$1")"
}

runs_on_glibc_2_28() {
  local newest
  newest=$(readelf -VW "$1" | grep -o 'GLIBC_[0-9.A-Z_]*' | sort -V | uniq |
    sed '/^GLIBC_2\.[0-9]$/d; /^GLIBC_2\.1[0-9]$/d; /^GLIBC_2\.2[0-8]$/d
      /^GLIBC_2\.[0-9]\.[0-9]$/d')
  lacks "newer than 2.28" "$newest"
}

exports_audit_functions_alone() {
  [ "$(nm -D --defined-only "$1" | sed 's/.* //' | LC_ALL=C sort | tr '\n' ' ')" = \
    'la_activity la_objclose la_objopen la_objsearch la_preinit la_version ' ]
}

# Nothing of these may be called inside somebody's process.
calls_nothing_forbidden() {
  lacks "calls" "$(nm -D --undefined-only "$1" | sed 's/.* //; s/@.*//' |
    grep -xE "malloc|calloc|realloc|free|_?exit|abort|__assert_fail|setenv|putenv|fopen|f?printf|puts|\
pthread_create|pthread_mutex_lock|signal|sigaction")"
}

has_no_constructor() {
  lacks "constructors or destructors" "$(dynamic "$1" '\((INIT|FINI|INIT_ARRAY|FINI_ARRAY)\)')"
}

has_cet_note() {
  readelf -nW "$1" | grep -q 'x86 feature: IBT, SHSTK'
}

# Addresses of functions that are exported, stand in data or are loaded by code: for the
# CET note to be true each begins with endbr64, as each entry of the PLT does.
landing_places() {
  nm -D --defined-only "$1" | awk '{ print $1 }'
  readelf -rW "$1" | awk '$3 == "R_X86_64_RELATIVE" { printf "%16s\n", $4 }' | tr ' ' 0
  objdump -d --no-show-raw-insn "$1" |
    awk '/\tlea .*# / && $NF !~ /\+/ { sub(/.*# /, ""); printf "%16s\n", $1 }' | tr ' ' 0
}

has_landing_pads() {
  local disassembled=$BATS_TEST_TMPDIR/disassembled places
  objdump -d --no-show-raw-insn "$1" >"$disassembled"
  places=$(landing_places "$1" | sort -u)
  # Places in code that are not the start of a function, labels of a switch, have none.
  lacks "no endbr64 at" "$(awk -v places="$places" '
    BEGIN { n = split(places, list); for (i = 1; i <= n; i++) wanted[list[i]] = 1 }
    /^[0-9a-f]+ <.*>:$/ { name = wanted[$1] ? $2 : ""; seen += wanted[$1]; next }
    name != "" { if ($2 != "endbr64") print name; name = "" }
    END { if (seen < 10) print "only " seen " functions" }' "$disassembled")"
}

# ---- tests ----

@test "artefact: all is read-only after relocation" {
  holds is_read_only_after_relocation -Wl,-z,norelro
}

@test "artefact: symbols are bound at once" {
  holds is_bound_at_once -Wl,-z,lazy
}

@test "artefact: nothing is writable and executable" {
  holds has_no_writable_code "$(object -xassembler <<<'.section .wx, "awx"; ret')"
}

@test "artefact: no text relocations" {
  holds has_no_text_relocation -Wl,-z,notext "$(object -xassembler <<<'.text; here: .quad here')"
}

@test "artefact: no thread-local storage" {
  holds has_no_thread_local_storage "$(object <<<'__thread int mine;')"
}

@test "artefact: no RUNPATH and no RPATH" {
  holds has_no_search_path -Wl,-rpath,/lib
  holds has_no_search_path -Wl,-rpath,/lib -Wl,--disable-new-dtags
}

@test "artefact: the stack is not executable" {
  holds has_no_executable_stack -Wl,-z,execstack
}

@test "artefact: both can be loaded anywhere" {
  has_a_random_place "$module"
  has_a_random_place "$program"
  notices has_a_random_place program -no-pie
}

@test "artefact: the module needs no library at all, the program libc alone" {
  needs_nothing "$module"
  notices needs_nothing module -Wl,--no-as-needed
  needs_libc_alone "$program"
  notices needs_libc_alone program -Wl,--no-as-needed -lm
}

@test "artefact: both start on glibc 2.28" {
  holds runs_on_glibc_2_28 "$(object <<<'int pthread_kill(); int (*use)() = pthread_kill;')"
  # What the start code would ask for without the Makefile's --wrap.
  cd "$BATS_TEST_TMPDIR"
  gcc -x c -o default - <<<'int main(void) { return 0; }'
  if ! runs_on_glibc_2_28 default; then
    readelf -VW default | grep -q GLIBC_2.34
  fi
}

@test "artefact: the module exports what ld.so looks for, and nothing else" {
  exports_audit_functions_alone "$module"
  cd "$BATS_TEST_TMPDIR"
  gcc -shared -fPIC -x c -o more.so - <<<"$(nm -D --defined-only "$module" |
    sed 's/.* \(.*\)/int \1(void) { return 0; }/') int more(void) { return 0; }"
  run exports_audit_functions_alone more.so
  assert_failure
}

@test "artefact: the module neither allocates, nor exits, nor uses stdio streams" {
  calls_nothing_forbidden "$module"
  notices calls_nothing_forbidden module \
    "$(object <<<'void abort(void); void (*use)(void) = abort;')"
}

@test "artefact: nothing of the module runs before ld.so calls it" {
  has_no_constructor "$module"
  notices has_no_constructor module \
    "$(object <<<'__attribute__((constructor)) static void early(void) { }')"
}

@test "artefact: the module's CET note, and that it is true" {
  [ "$(uname -m)" = x86_64 ] || cannot "CET is of x86-64"
  has_cet_note "$module"
  notices has_cet_note module "$(object -xassembler <<<'nop')"
  has_landing_pads "$module"
  notices has_landing_pads module "$(object -xassembler <<<'.text
.type bare, @function
bare: ret
.data
.quad bare')"
  notices has_landing_pads module "$(object -xassembler <<<'.text
.type user, @function
user: endbr64
lea bare(%rip), %rax
ret
.type bare, @function
bare: ret')"
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
