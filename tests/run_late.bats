#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Libraries that the program has opened itself, before a module needs them; and threads
# that import at once. Each package here is a module on the library that it is about.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

# The library counts calls; the module hands the number on.
build() {
  read -r INCLUDE SUFFIX < <(pypy3 -c 'import sysconfig as s
print(s.get_paths()["include"], s.get_config_var("EXT_SUFFIX"))')
  cat >late.c <<'C'
static int calls;
int late_next(void) { return ++calls; }
C
  cat >tls.c <<'C'
__thread int late_thread_local;
int late_next(void) { return ++late_thread_local; }
C
  cat >module.c <<'C'
#include <Python.h>
int late_next(void);
static PyObject *next(PyObject *self, PyObject *none) { return PyLong_FromLong(late_next()); }
static PyMethodDef methods[] = { { "next", next, METH_NOARGS, "" }, { 0 } };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "mod", 0, -1, methods };
PyMODINIT_FUNC PyInit_mod(void) { return PyModule_Create(&module); }
C
  mkdir -p system site-packages/{needs,lacks}
  gcc -shared -fPIC -o system/liblate.so.1 late.c -Wl,-soname,liblate.so.1
  gcc -shared -fPIC -o system/libtls.so.1 tls.c -Wl,-soname,libtls.so.1
  gcc -shared -fPIC -I"$INCLUDE" -o "site-packages/needs/mod$SUFFIX" module.c system/liblate.so.1
  gcc -shared -fPIC -I"$INCLUDE" -o "site-packages/lacks/mod$SUFFIX" module.c
  gcc -shared -fPIC -I"$INCLUDE" -o "site-packages/tls.so" module.c system/libtls.so.1
  for n in {0..15}; do
    mkdir -p "site-packages/k$n"
    cp "site-packages/needs/mod$SUFFIX" "site-packages/k$n/"
  done
  mkdir -p site-packages/tls
  mv site-packages/tls.so "site-packages/tls/mod$SUFFIX"
}

setup_file() {
  live_begin
  cd "$BATS_FILE_TMPDIR" || return
  build >build.log 2>&1 || {
    cat build.log >&2
    return 1
  }
}

setup() {
  live_test
  export PYTHONPATH=$BATS_FILE_TMPDIR/site-packages:$TOP/tests/fixture
  SYSTEM=$BATS_FILE_TMPDIR/system
  export PYPY_ISOLATE_CONF=$PWD/policy PYPY_ISOLATE_LOG=debug:$PWD/log
  echo "leave \"$SYSTEM/*\"" >policy
}

# in_base: no line of the log has the library in a namespace.
in_base() {
  run grep -F "$SYSTEM/liblate.so.1: namespace" log
  assert_failure
}

@test "a library that the program has opened by its path is found by its name" {
  # libjvm.so and libR.so are such: in directories that no search looks into.
  script <<'PY'
import ctypes, sys
import look
late = ctypes.CDLL(sys.argv[1])
import needs.mod
print([needs.mod.next(), late.late_next(), needs.mod.next()], look.mapped("/liblate"))
PY
  plain script.py "$SYSTEM/liblate.so.1"
  prints '[1, 2, 3] 1'
  isolated script.py "$SYSTEM/liblate.so.1"
  prints '[1, 2, 3] 1'
  in_base
  grep -q 'needs/mod.*: needs liblate.so.1, which no search finds; it gets .*/system/liblate' log
}

@test "a library that nobody has opened is missed as without us" {
  script <<'PY'
try:
    import needs.mod
except ImportError as error:
    print(error)
PY
  same
  assert_output 'liblate.so.1: cannot open shared object file: No such file or directory'
}

@test "a library with a thread-local symbol, opened by its path, is not given: the reason" {
  script <<'PY'
import ctypes, sys
late = ctypes.CDLL(sys.argv[1])
try:
    import tls.mod
except ImportError as error:
    print(error)
PY
  isolated script.py "$SYSTEM/libtls.so.1"
  prints "$SYSTEM/libtls.so.1 cannot be shared: its symbol late_thread_local is thread-local"
}

@test "RTLD_GLOBAL by ctypes of a library that the policy leaves: a module finds its symbols" {
  script <<'PY'
import ctypes, sys
import look
late = ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
import lacks.mod
print([lacks.mod.next(), late.late_next(), lacks.mod.next()], look.mapped("/liblate"))
PY
  plain script.py "$SYSTEM/liblate.so.1"
  prints '[1, 2, 3] 1'
  isolated script.py "$SYSTEM/liblate.so.1"
  prints '[1, 2, 3] 1'
  in_base
}

@test "without RTLD_GLOBAL a module is refused what the program has opened for itself" {
  script <<'PY'
import ctypes, sys
late = ctypes.CDLL(sys.argv[1])
try:
    import lacks.mod
except ImportError as error:
    print("liblate.so.1 has it" in str(error), "unlisted deny" in str(error))
PY
  isolated script.py "$SYSTEM/liblate.so.1"
  prints 'True True'
}

@test "16 threads import 16 packages on one library at once: one copy" {
  script <<'PY'
import importlib, threading
import look
modules, barrier = [], threading.Barrier(16)
def load(number):
    barrier.wait()
    while True:
        try:
            return modules.append(importlib.import_module("k%d.mod" % number))
        except SystemError as error:    # PyPy 7.3.11 by itself, now and then
            if "StackOverflow" not in str(error):
                raise
threads = [threading.Thread(target=load, args=(n,)) for n in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(module.next() for module in modules) == list(range(1, 17)), look.mapped("/liblate"))
PY
  export LD_LIBRARY_PATH=$SYSTEM
  for _ in {1..10}; do
    isolated
    prints 'True 1'
  done
}

# --- found by its name, in base first ---

# libone.so.1 needs libtwo.so.1; needs/mod.so needs both. Each counts its calls.
build_two() {
  c_object system/libtwo.so.1 <<<'int two(void) { static int n; return ++n; }'
  c_object system/libone.so.1 system/libtwo.so.1 <<'C'
int two(void);
int one(void) { static int n; return ++n; }
int hand(void) { return two(); }
C
  c_object site-packages/needs/mod.so system/libone.so.1 system/libtwo.so.1 \
    <<<'int one(void), two(void); int ask(void) { return one() * 10 + two(); }'
  export LD_LIBRARY_PATH=$PWD/system
  : >policy
  script <<'PY'
import ctypes, os
import look
one = ctypes.CDLL("libone.so.1")
print(one.one(), one.hand())
module = ctypes.CDLL(os.path.abspath("site-packages/needs/mod.so"))
print(module.ask(), one.one(), one.hand(), ctypes.CDLL("libtwo.so.1").two())
print(look.mapped("/libone.so.1"), look.mapped("/libtwo.so.1"))
PY
}

@test "a library that the program has found by its name, and what that needs: one copy" {
  build_two
  plain
  prints '1 1
22 3 3 4
1 1'
  isolated
  prints '1 1
22 3 3 4
1 1'
}

@test "... but with duplicate a copy for each, and still one of what that needs" {
  build_two
  echo 'duplicate libone.so.1' >policy
  isolated
  prints '1 1
12 2 3 4
2 1'
}

# borrows INTERPRETER STDLIB-MODULE LIBRARY FUNCTION: a module needs a library that one of
# the interpreter's own has loaded.
borrows() {
  c_object site-packages/borrow/mod.so "-l:$3" \
    <<<"int $4(void); void *ask(void) { return (void *)$4; }"
  script <<'PY'
import ctypes, importlib, os, sys
import loaded, look
importlib.import_module(sys.argv[1])
before = look.mapped("/" + sys.argv[2])
module = ctypes.CDLL(os.path.abspath("site-packages/borrow/mod.so"))
module.ask.restype = ctypes.c_void_p
print(before, look.mapped("/" + sys.argv[2]), loaded.namespace(module.ask()) > 0)
PY
  export PYTHON=$1
  : >policy
  plain script.py "$2" "$3"
  prints '1 1 False'
  isolated script.py "$2" "$3"
  prints '1 2 True'
}

@test "what a module of the standard library needs is not given to others: pypy3's lzma" {
  borrows pypy3 lzma liblzma.so.5 lzma_version_number
}

@test "... nor the libcrypto of python3's ssl" {
  local ssl
  ssl=$(/usr/bin/python3 -c 'import _ssl; print(_ssl.__file__)')
  borrows /usr/bin/python3 ssl "$(ldd "$ssl" | grep -o 'libcrypto[^ ]*' | head -1)" \
    OpenSSL_version_num
}

# --- what the program has opened, and what came with it ---

@test "a library that the program has opened brings what it needs: a module that lists it alone" {
  gcc -shared -fPIC -Wl,--no-as-needed -o "$SYSTEM/libfront.so.1" -x c - -x none \
    "$SYSTEM/liblate.so.1" -Wl,-soname,libfront.so.1 <<<'int front;'
  mkdir -p site-packages/front
  read -r INCLUDE SUFFIX < <(pypy3 -c 'import sysconfig as s
print(s.get_paths()["include"], s.get_config_var("EXT_SUFFIX"))')
  gcc -shared -fPIC -I"$INCLUDE" -o "site-packages/front/mod$SUFFIX" -Wl,--no-as-needed \
    "$BATS_FILE_TMPDIR/module.c" "$SYSTEM/libfront.so.1" -Wl,--allow-shlib-undefined
  export PYTHONPATH=$PWD/site-packages:$PYTHONPATH LD_LIBRARY_PATH=$SYSTEM
  script <<'PY'
import ctypes
import look
kept, late = ctypes.CDLL("libfront.so.1"), ctypes.CDLL("liblate.so.1")
import front.mod
print([front.mod.next(), late.late_next(), front.mod.next()], look.mapped("/liblate"))
PY
  same
  assert_output '[1, 2, 3] 1'
}

@test "a library with a thread-local symbol that the program has opened: one for all modules" {
  mkdir -p site-packages/tls2
  cp "$BATS_FILE_TMPDIR"/site-packages/tls/mod* site-packages/tls2/
  export PYTHONPATH=$PWD/site-packages:$PYTHONPATH LD_LIBRARY_PATH=$SYSTEM
  script <<'PY'
import ctypes
import look
kept = ctypes.CDLL("libtls.so.1")
import tls.mod, tls2.mod
print([tls.mod.next(), tls2.mod.next(), tls.mod.next()])
PY
  isolated
  prints '[1, 2, 3]'
}

@test "a mirror whose descriptor the program has closed is made again" {
  # The first module fails, and its mirror goes with it; so the second asks for it anew.
  mkdir -p site-packages/bad
  gcc -shared -fPIC -Wl,-z,now -o site-packages/bad/lib.so -x c - -x none \
    "$SYSTEM/liblate.so.1" \
    <<<'int late_next(void), nobody(void); int ask(void) { return late_next() + nobody(); }'
  script <<'PY'
import ctypes, os, sys
late = ctypes.CDLL(sys.argv[1])
try:
    ctypes.CDLL(os.path.abspath("site-packages/bad/lib.so"))
except OSError as error:
    print("nobody" in str(error))
os.closerange(3, 4096)
import needs.mod
print([needs.mod.next(), late.late_next()])
PY
  plain script.py "$SYSTEM/liblate.so.1"
  prints $'True\n[1, 2]'
  isolated script.py "$SYSTEM/liblate.so.1"
  prints $'True\n[1, 2]'
}

@test "closed once too often by the program, what modules have stays" {
  script <<'PY'
import ctypes, sys
import loaded
late = ctypes.CDLL(sys.argv[1])
import needs.mod
close = ctypes.CDLL(None).dlclose
close.argtypes = [ctypes.c_void_p]
handle = loaded.handle(late)
close(handle), close(handle), close(handle)
print(needs.mod.next(), needs.mod.next())
PY
  isolated script.py "$SYSTEM/liblate.so.1"
  prints '1 2'
}

@test "libraries that no search finds, opened in two namespaces: a module that needs both" {
  mkdir -p one two site-packages/both
  gcc -shared -fPIC -o one/libone.so.1 -Wl,-soname,libone.so.1 -x c - <<<'int one(void) { return 1; }'
  gcc -shared -fPIC -o two/libtwo.so.1 -Wl,-soname,libtwo.so.1 -x c - <<<'int two(void) { return 2; }'
  gcc -shared -fPIC -o site-packages/both/lib.so -x c - -x none one/libone.so.1 two/libtwo.so.1 \
    <<<'int one(void), two(void); int both(void) { return one() + two(); }'
  script <<'PY'
import ctypes, os
kept = [ctypes.CDLL(os.path.abspath(name)) for name in ("one/libone.so.1", "two/libtwo.so.1")]
print(ctypes.CDLL(os.path.abspath("site-packages/both/lib.so")).both())
PY
  same
  assert_output 3
}

@test "bound lazily beside what was opened RTLD_GLOBAL: a function that nobody has is missed at its call" {
  bound_at_once
  mkdir -p site-packages/lazy
  gcc -shared -fPIC -o site-packages/lazy/global.so -x c - <<<'int global(void) { return 1; }'
  gcc -shared -fPIC -Wl,-z,lazy -o site-packages/lazy/lib.so -x c - \
    <<<'int nobody(void); int never(void) { return nobody(); } int ask(void) { return 7; }'
  # ctypes.CDLL() adds RTLD_NOW to what it is told.
  PYTHON=/usr/bin/python3
  script <<'PY'
import _ctypes, ctypes, os
kept = ctypes.CDLL(os.path.abspath("site-packages/lazy/global.so"), ctypes.RTLD_GLOBAL)
handle = _ctypes.dlopen(os.path.abspath("site-packages/lazy/lib.so"), os.RTLD_LAZY)
print(ctypes.CDLL(None, handle=handle).ask())
PY
  same
  assert_output 7
}
