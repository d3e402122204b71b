# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of threads, forks and signals: packages that need no source of their own.
#
# threads_begin in setup_file(), threads_test in setup(). PYTHONS are the interpreters;
# below $BATS_FILE_TMPDIR/site-packages there are, for each of them, packages old and n0
# to n7 (a module `mod`, whose next() counts its calls, and lib.so, which needs a library
# of the system and some of libc's family) and t0 to t39 (lib.so, on one library, which
# says which it is).

# Bats sets stderr; the variables of a test are its own.
# shellcheck disable=SC2154,SC2030,SC2031,SC2034

load helper_live

PYTHONS=(/usr/bin/python3 pypy3)

build_modules() {
  local python include suffix name
  cat >mod.c <<'C'
#include <Python.h>
static PyObject *next(PyObject *self, PyObject *none)
{
	static int calls;
	return PyLong_FromLong(++calls);
}
static PyMethodDef methods[] = { { "next", next, METH_NOARGS, "" }, { 0 } };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "mod", 0, -1, methods };
PyMODINIT_FUNC PyInit_mod(void) { return PyModule_Create(&module); }
C
  for python in "${PYTHONS[@]}"; do
    read -r include suffix < <("$python" -c 'import sysconfig as s
print(s.get_paths()["include"], s.get_config_var("EXT_SUFFIX"))')
    gcc -shared -fPIC -I"$include" -o mod.so mod.c
    for name in old n{0..7}; do
      mkdir -p "site-packages/$name"
      cp mod.so "site-packages/$name/mod$suffix"
    done
  done
}

build_libraries() {
  local n
  c_object system/libdep.so.1 <<<'int dep(void) { static int calls; return calls++ >= 0; }'
  c_object two.so -lm -lresolv system/libdep.so.1 \
    <<<'int dep(void); int two(void) { return 1 + dep(); }'
  for n in old n{0..7}; do
    cp two.so "site-packages/$n/lib.so"
  done
  for n in {0..39}; do
    c_object "site-packages/t$n/lib.so" system/libdep.so.1 \
      <<<"int dep(void); int which(void) { return dep() ? $n : -1; }"
  done
  mkdir -p leave
  gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -shared -fPIC -o leave/driver.so \
    "$TOP/tests/fixture/threads/driver.c" -lpthread
}

threads_begin() {
  live_begin
  cd "$BATS_FILE_TMPDIR" || return
  { build_modules && build_libraries; } >build.log 2>&1 || {
    cat build.log >&2
    return 1
  }
}

threads_test() {
  live_test
  BUILT=$BATS_FILE_TMPDIR
  export BUILT PYTHONPATH=$BUILT/site-packages:$TOP/tests/fixture
  export LD_LIBRARY_PATH=$BUILT/system PYPY_ISOLATE_CONF=$PWD/policy
  echo "leave \"$BUILT/leave/*\"" >policy
}

# everywhere TEXT [ARGUMENT...]: each interpreter prints TEXT, with us and without. A word
# ISOLATED in TEXT stands for what loaded.namespaces() says of a module then.
everywhere() {
  for PYTHON in "${PYTHONS[@]}"; do
    plain script.py "${@:2}"
    prints "${1//ISOLATED/False}"
    isolated script.py "${@:2}"
    prints "${1//ISOLATED/True}"
  done
}
