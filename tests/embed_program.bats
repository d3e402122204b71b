#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# C programs that embed PyPy or CPython, linked to libraries that modules bring in another
# version: five of them, or libxml2 and libyaml.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2153,SC2154

load helper_embed

setup_file() {
  embed_begin
  PYPY=$(readlink -f "$(pypy3 -c 'print([line.split()[-1] for line in open("/proc/self/maps")
    if "/libpypy" in line][0])')")
  CPYTHON=$(readlink -f /usr/lib/*/libpython3.11.so.1.0)
  export PYPY CPYTHON
}

setup() {
  embed_test
  echo 'import gc' >none.py
}

five=(-l:libexpat.so.1 -l:libz.so.1 -l:libbz2.so.1.0 -l:libffi.so.8 -l:libtinfo.so.6)
# program pypy|cpython [GCC-ARGUMENT...]: builds it; linked to the interpreter, unless one
# of the arguments is -DLIBRARY.
program() {
  local interpreter=$PYPY define=-DPYPY="\"$PYPY\""
  list=$root/policy/capi/pypy.list
  if [ "$1" = cpython ]; then
    interpreter=$CPYTHON define=-DCPYTHON
    list=$root/policy/capi/cpython.list
  fi
  [[ " ${*:2}" != *' -DLIBRARY'* ]] || interpreter=
  gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE "$define" -o program "$embed/program.c" \
    -Wl,--no-as-needed "${@:2}" ${interpreter:+"$interpreter"}
}

# plugin [GCC-ARGUMENT...]: one with these libraries
plugin() {
  gcc -shared -fPIC -o plugin.so -x c - -x none -Wl,--no-as-needed "$@" <<<'int plugin;'
}

# source SITE SCRIPT [WORD...]: the Python text that runs a script
source_of() {
  local words
  printf -v words '"%s", ' "${@:2}"
  printf '%s\n' 'import sys' "sys.path[:0] = [\"\", \"$1\"]" "sys.argv = [$words]" \
    'exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"))'
}

# Nothing may hang.
plain() {
  run --separate-stderr timeout -k 5 100 ./program "$@"
}

isolated() {
  run --separate-stderr timeout -k 5 100 "$built/pypy-isolate" ./program "$@"
}

# walks_clean WORD...: slotwalk looks at the program when it has run these and show.py.
walks_clean() {
  run --separate-stderr "$slotwalk" "$list" "$built/pypy-isolate" ./program "$@" \
    "$(source_of "$FIVE" "$root/tests/fixture/slotwalk.py" "$show")"
  expect_clean_walk
}

@test "PyPy in a C program: five vendored libraries are the module's own" {
  program pypy "${five[@]}"
  plain "$(source_of "$FIVE" "$show")"
  gets "$hosts"
  isolated "$(source_of "$FIVE" "$show")"
  gets "$own"
  assert_equal "$stderr" ''
  walks_clean
}

@test "CPython in a C program" {
  program cpython "${five[@]}"
  plain "$(source_of "$FIVE" "$show")"
  gets "$hosts"
  isolated "$(source_of "$FIVE" "$show")"
  gets "$own"
  assert_equal "$stderr" ''
  walks_clean
}

@test "PyPy in a library that cffi makes, for a program that knows of no Python" {
  ln -s "$PYPY" libpypy3-c.so	# cffi's name of it
  cat >make.py <<'PY'
import cffi
ffi = cffi.FFI()
ffi.embedding_api("int work(int);")
ffi.embedding_init_code("""
from worker import ffi
@ffi.def_extern()
def work(number):
    import os
    exec(os.environ["WORK"], {})
    return number + 1
""")
ffi.set_source("worker", "", library_dirs=["."])
ffi.compile(target="libworker.so")
PY
  pypy3 make.py
  patchelf --replace-needed libpypy3-c.so "$PYPY" libworker.so
  gcc -o program -x c - -x none ./libworker.so -Wl,-rpath,"$PWD" \
    <<<'int work(int); int main(void) { return work(41) - 42; }'
  WORK=$(source_of "$FIVE" "$show")
  export WORK
  plain
  gets "$hosts"
  isolated
  gets "$own"
  assert_equal "$stderr" ''
}

@test "the manual's recipe for a C program: it asks for us itself" {
  local flags
  recipe program command '(pypy-isolate' "($built/pypy-isolate"
  eval "flags=$(grep -o -e '-Wl,--audit="[^"]*"' command)"
  program pypy "$flags"
  plain "$(source_of "$FIVE" "$show")"
  gets "$own"
  assert_equal "$stderr" ''
}

@test "... and what the interpreter itself uses stays the program's" {
  echo 'import bz2, ctypes, pyexpat, zlib, five
five.report()
print(pyexpat.EXPAT_VERSION, zlib.ZLIB_RUNTIME_VERSION, bz2.compress(b"x")[:3])' >uses.py
  for which in pypy cpython; do
    program "$which" "${five[@]}"
    plain "$(source_of "$FIVE" uses.py)"
    assert_success
    local before=$output
    isolated "$(source_of "$FIVE" uses.py)"
    assert_equal "$stderr" ''
    assert_output "$before"
  done
}

# arrives INTERPRETER FLAGS: opened by the program, and five in a plugin that comes then
arrives() {
  local path=$PYPY
  [ "$1" = pypy ] || path=$CPYTHON
  program "$1" -DLIBRARY="\"$path\"" -DFLAGS="$2" "${five[@]}"
  plain "$(source_of "$FIVE" "$show")"
  gets "$hosts"
  isolated "$(source_of "$FIVE" "$show")"
  gets "$own"
  assert_equal "$stderr" ''
  walks_clean
}

@test "PyPy that arrives by dlopen, RTLD_GLOBAL" {
  arrives pypy 'RTLD_LAZY | RTLD_GLOBAL'
  arrives pypy 'RTLD_NOW | RTLD_GLOBAL'
}

@test "CPython that arrives by dlopen, RTLD_GLOBAL" {
  arrives cpython 'RTLD_LAZY | RTLD_GLOBAL'
  arrives cpython 'RTLD_NOW | RTLD_GLOBAL'
}

# later INTERPRETER: between the first import and the next a plugin brings five libraries
# for all; the first module has its own even plainly, the next one has not.
later() {
  program "$1"
  plugin "${five[@]}"
  local words=("$(source_of "$FIVE" none.py)" "$PWD/plugin.so" "$(source_of "$FIVE" "$show")")
  plain "${words[@]}"
  gets "$hosts"
  isolated "${words[@]}"
  gets "$own"
  assert_equal "$stderr" ''
  walks_clean "${words[@]:0:2}"
}

@test "a plugin that is opened RTLD_GLOBAL after the first import is kept out: PyPy" {
  later pypy
}

@test "... CPython" {
  later cpython
}

@test "CPython in a C program with libxml2 and libyaml: wheels of lxml and PyYAML" {
  program cpython -l:libxml2.so.2 -l:libyaml-0.so.2
  echo 'from lxml import etree
import yaml
print("icu" in etree.LIBXML_FEATURES, yaml._yaml.get_version_string(), etree.XML("<a>1</a>").text)' \
    >xml.py
  plain "$(source_of "$WHEELS" xml.py)"
  assert_output "True 0.2.5 1"
  isolated "$(source_of "$WHEELS" xml.py)"
  assert_equal "$stderr" ''
  assert_output "False 0.2.6 1"
}
