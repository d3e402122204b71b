#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# PyPy 2.7, where a release still has it: modules with `init*`, cffi and ctypes, each with
# a library of its own where the interpreter has another.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper_live

# A module `mod` and a compiled cffi module `_api`, on the zlib that the package brings.
build() {
  local suffix include
  read -r include suffix < <(pypy -c 'import sysconfig as s, imp
print("%s %s" % (s.get_paths()["include"], imp.get_suffixes()[0][0]))')
  c_object site-packages/two.libs/libz.so.1 \
    <<<'const char *zlibVersion(void) { return "two"; }'
  # shellcheck disable=SC2016,SC2054 # $ORIGIN is for ld.so; commas for gcc
  local own=("$PWD/site-packages/two.libs/libz.so.1" -Wl,-rpath,'$ORIGIN/../two.libs')
  cat >mod.c <<'C'
#include <Python.h>
const char *zlibVersion(void);
static PyObject *version(PyObject *self, PyObject *none)
{
	return PyString_FromString(zlibVersion());
}
static PyMethodDef methods[] = { { "version", version, METH_NOARGS, "" }, { 0 } };
PyMODINIT_FUNC initmod(void) { Py_InitModule("mod", methods); }
C
  pypy - >&2 <<'PY'
import cffi
ffi = cffi.FFI()
ffi.cdef("const char *zlibVersion(void);")
ffi.set_source("two._api", "const char *zlibVersion(void);")
ffi.emit_c_code("_api.c")
PY
  mkdir -p site-packages/two
  touch site-packages/two/__init__.py
  gcc -shared -fPIC -I"$include" -o "site-packages/two/mod$suffix" mod.c "${own[@]}"
  gcc -shared -fPIC -I"$include" -o "site-packages/two/_api$suffix" _api.c "${own[@]}"
}

has_pypy2() {
  [ "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" = bullseye ]
}

setup_file() {
  has_pypy2 || return 0
  TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  ISOLATE=${ISOLATE:-$built/pypy-isolate}
  ZLIB=$(pypy -c 'import zlib; print(zlib.ZLIB_VERSION)')
  export TOP ISOLATE ZLIB
  cd "$BATS_FILE_TMPDIR" || return
  build >build.log 2>&1 || {
    cat build.log >&2
    return 1
  }
}

setup() {
  has_pypy2 || not_applicable "Debian has PyPy 2.7 up to release 11"
  SITE=
  live_test
  export PYTHON=pypy PYTHONPATH=$BATS_FILE_TMPDIR/site-packages
}

@test "python2: a C extension module sees the library that it brings" {
  script <<<'import two.mod; print(two.mod.version())'
  plain
  prints "$ZLIB"
  PYPY_ISOLATE_LOG=debug:$PWD/log isolated
  prints two
  grep -q 'two/mod\.pypy-73.*: namespace [1-9]' log
}

@test "python2: a compiled module of cffi sees the library that it brings" {
  script <<'PY'
from two._api import ffi, lib
print(ffi.string(lib.zlibVersion()))
PY
  plain
  prints "$ZLIB"
  isolated
  prints two
}

@test "python2: ctypes and cffi open by path what a package brings, in a hot loop, too" {
  script <<'PY'
import ctypes, sys
import cffi
ffi = cffi.FFI()
ffi.cdef("const char *zlibVersion(void);")
def turn():
    library = ctypes.CDLL(sys.argv[1])
    library.zlibVersion.restype = ctypes.c_char_p
    return library.zlibVersion(), ffi.string(ffi.dlopen(sys.argv[1]).zlibVersion())
print(sorted({turn() for _ in range(2000)}))
PY
  PYPY_ISOLATE_LOG=debug:$PWD/log isolated script.py "$BATS_FILE_TMPDIR/site-packages/two.libs/libz.so.1"
  prints "[('two', 'two')]"
  grep -q 'two.libs/libz.so.1: namespace [1-9]' log
}

@test "python2: a module that is not good: an ImportError, as without us" {
  mkdir bad
  head -c 5000 /dev/zero >bad/zero.pypy-73-x86_64-linux-gnu.so
  export PYTHONPATH=$PWD/bad
  plain -c 'import zero'
  assert_failure 1
  isolated -c 'import zero'
  assert_failure 1
  assert_regex "$stderr" 'ImportError: .*invalid ELF header'
}
