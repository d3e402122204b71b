#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# cffi and ctypes: compiled modules, libraries by path, and what is the process's
# own. `own` brings a library of the version "own"; the interpreter has zlib.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
}

setup() {
  live_test
}

@test "cffi: a module in API mode binds to its own library, calls and data" {
  script <<'PY'
from own._api import ffi, lib
@ffi.def_extern()
def add(a, b):
    return a + b
print(ffi.string(lib.zlibVersion()).decode(), ffi.string(lib.through_pointer()).decode())
print(lib.half(5.0), lib.counted, lib.call_add(2, 3))
lib.counted = 8
print(lib.counted, ffi.typeof(lib.half).cname)
PY
  plain
  prints "$ZLIB $ZLIB
2.5 7 5
8 double(*)(double)"
  isolated
  prints "own own
2.5 7 5
8 double(*)(double)"
}

@test "cffi: a module in API mode is loaded outside base" {
  script <<'PY'
from own import _api, dl
address = int(_api.ffi.cast("long", _api.ffi.addressof(_api.lib, "half")))
print(dl.where(address)[0] == _api.__file__, dl.where(address)[2] > 0)
PY
  plain
  prints 'True False'
  isolated
  prints 'True True'
}

@test "cffi: ffi.dlopen of a path binds to its own library" {
  script <<'PY'
import os, sys
from cffi import FFI
ffi = FFI()
ffi.cdef("""const char *version(void); extern int counter; int fail(void);
const char *call_back(const char *(*)(const char *));""")
kept = []
@ffi.callback("const char *(const char *)")
def twice(text):
    kept.append(ffi.new("char[]", ffi.string(text) * 2))
    return kept[-1]
for path in sys.argv[1:]:
    lib = ffi.dlopen(path)
    print(ffi.string(lib.version()).decode(), lib.counter,
          ffi.string(lib.call_back(twice)).decode(), lib.fail(), ffi.errno)
PY
  plain script.py "$SITE/own/libabi.so" "$ROUTES/elsewhere/libabi.so"
  prints "$ZLIB 5 $ZLIB$ZLIB -1 2
$ZLIB 6 $ZLIB$ZLIB -1 2"
  isolated script.py "$SITE/own/libabi.so" "$ROUTES/elsewhere/libabi.so"
  prints 'own 5 ownown -1 2
own 6 ownown -1 2'
}

@test "ctypes: every way to name a path binds to the library's own" {
  script <<'PY'
import ctypes, os, sys
os.chdir(sys.argv[1])
def version(lib):
    lib.version.restype = ctypes.c_char_p
    return lib.version().decode()
print(version(ctypes.CDLL(sys.argv[1] + "/libabi.so")))
print(version(ctypes.CDLL("./libabi.so")))
print(version(ctypes.CDLL("../own/libabi.so")))
print(version(ctypes.cdll.LoadLibrary(sys.argv[1] + "/libabi.so")))
print(version(ctypes.CDLL(sys.argv[1] + "/libabi.so", mode=ctypes.RTLD_GLOBAL)))
print(version(ctypes.CDLL(sys.argv[1] + "/libabi.so", mode=os.RTLD_LAZY)))
PY
  plain script.py "$SITE/own"
  prints "$(for _ in 1 2 3 4 5 6; do echo "$ZLIB"; done)"
  isolated script.py "$SITE/own"
  prints "$(for _ in 1 2 3 4 5 6; do echo own; done)"
}

@test "ctypes: data, errno and callbacks of an isolated library" {
  script <<'PY'
import ctypes, sys
lib = ctypes.CDLL(sys.argv[1], use_errno=True)
print(ctypes.c_int.in_dll(lib, "counter").value)
ctypes.c_int.in_dll(lib, "counter").value = 9
print(ctypes.c_int.in_dll(ctypes.CDLL(sys.argv[1]), "counter").value)
print(lib.fail(), ctypes.get_errno())
kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)
seen = []
lib.call_back(kind(lambda text: seen.append(text) or 0))
print(seen[0].decode() in ("own", sys.argv[2]))
PY
  same script.py "$SITE/own/libabi.so" "$ZLIB"
  prints '5
9
-1 2
True'
}

@test "ctypes: a library that an isolated module has loaded is the same copy" {
  script <<'PY'
import ctypes, sys
import own.mod, look
lib = ctypes.CDLL(sys.argv[1])
lib.zlibVersion.restype = ctypes.c_char_p
print(lib.zlibVersion().decode(), own.mod.version())
print(look.mapped("libz-own"))
PY
  isolated script.py "$SITE/own.libs/libz-own.so.1"
  prints 'own own
1'
}

@test "ctypes: CDLL(None) is the process as ever" {
  script <<'PY'
import ctypes, sys, os
process = ctypes.CDLL(None, use_errno=True)
print(process.getpid() == os.getpid())
process.zlibVersion.restype = ctypes.c_char_p
print(process.zlibVersion().decode(), hasattr(process, "pypy_main_startup"))
print(process.open(b"/nonexistent", 0), ctypes.get_errno())
print(hasattr(process, "promoted_answer"))
PY
  same
  prints "True
$ZLIB True
-1 2
False"
}

@test "ctypes: CDLL(\"libc.so.6\") is the one libc" {
  script <<'PY'
import ctypes, os
libc, process = ctypes.CDLL("libc.so.6"), ctypes.CDLL(None)
address = lambda lib, name: ctypes.cast(getattr(lib, name), ctypes.c_void_p).value
print(address(libc, "strtol") == address(process, "strtol"), libc._handle != process._handle)
libc.setenv(b"ROUTE", b"libc", 1)
process.getenv.restype = ctypes.c_char_p
print(process.getenv(b"ROUTE"))
libm = ctypes.CDLL("libm.so.6")
libm.cos.restype, libm.cos.argtypes = ctypes.c_double, [ctypes.c_double]
print(libm.cos(0.0))
PY
  same
  prints "True True
b'libc'
1.0"
}

@test "ctypes: pythonapi is as ever" {
  script <<'PY'
import ctypes
try:
    print(ctypes.pythonapi._name, ctypes.pythonapi.Py_IsInitialized())
except AttributeError as error:	# PyPy up to 7.3.11 has none
    print(error)
api = ctypes.CDLL(None)
print(hasattr(api, "PyPy_GetVersion"), hasattr(api, "PyPyLong_FromLong"),
      api.PyPy_IsInitialized())
PY
  same
  assert_success
  assert_line --index 1 'True True 1'
}

@test "ctypes and cffi: a bare name is searched for as ever" {
  script <<'PY'
import ctypes, ctypes.util
from cffi import FFI
ffi = FFI()
ffi.cdef("const char *zlibVersion(void); const char *version(void);")
print(ffi.string(ffi.dlopen("libz.so.1").zlibVersion()).decode())
print(ffi.string(ffi.dlopen("z").zlibVersion()).decode())
print(ctypes.util.find_library("z"), ctypes.CDLL("libz.so.1")._name)
print(ffi.string(ffi.dlopen("libabi.so").version()).decode() != "")
PY
  LD_LIBRARY_PATH=$SITE/own same
  assert_success
  assert_line --index 0 "$ZLIB"
  assert_line --index 2 'libz.so.1 libz.so.1'
}

@test "cffi: dlclose ends a library, and it can be opened again" {
  script <<'PY'
import sys
import look
from cffi import FFI
ffi = FFI()
ffi.cdef("const char *version(void); int counter;")
lib = ffi.dlopen(sys.argv[1])
lib.counter = 77
print(look.mapped(sys.argv[1]))
ffi.dlclose(lib)
try:
    lib.counter
except Exception as error:
    print(type(error).__name__, str(error).replace(sys.argv[1], "FILE"))
print(look.mapped(sys.argv[1]))
lib = ffi.dlopen(sys.argv[1])
print(lib.counter, ffi.string(lib.version()).decode() in ("own", sys.argv[2]))
PY
  same script.py "$SITE/own/libabi.so" "$ZLIB"
  assert_success
  assert_line --index 0 1
  assert_line --index 2 0
  assert_line --index 3 '5 True'
}

@test "cffi: 1,500 times open and close leaves nothing behind" {
  script <<'PY'
import sys
import look
from cffi import FFI
ffi = FFI()
ffi.cdef("const char *version(void);")
def use():
    lib = ffi.dlopen(sys.argv[1])
    version = ffi.string(lib.version()).decode()
    ffi.dlclose(lib)
    return version
def count():
    return look.descriptors(), look.mapped("/")
versions = {use() for _ in range(100)}
before = count()
versions |= {use() for _ in range(1400)}
print(versions, count() == before)
PY
  isolated script.py "$SITE/own/libabi.so"
  prints "{'own'} True"
}

@test "dlerror: a missing file, dependency or symbol reads as without us" {
  script <<'PY'
import ctypes, os, sys
import loaded
from cffi import FFI
ffi = FFI()
ffi.cdef("int nope(void);")
def failure(function, *arguments):
    try:
        function(*arguments)
        print("no failure:", *arguments)
    except Exception as error:
        print(type(error).__name__, error)
here = sys.argv[1]
for path in ("/nonexistent/lib.so", here + "/own/nofile.so", "libnowhere.so.5",
             here + "/own/mod.py/x.so", here + "/broken/libneedsgone.so", "", "./no.so"):
    failure(ctypes.CDLL, path)
    failure(ffi.dlopen, path)
lib = ctypes.CDLL(here + "/own/libabi.so")
failure(getattr, lib, "nope")
failure(ctypes.c_int.in_dll, lib, "nope")
failure(getattr, ffi.dlopen(here + "/own/libabi.so"), "nope")
failure(getattr, ctypes.CDLL(None), "nope")
failure(__import__, "broken.gone")
process = ctypes.CDLL(None)
process.dlsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
process.dlerror.restype = ctypes.c_char_p
print(process.dlsym(loaded.handle(lib), b"nope"), process.dlerror(), process.dlerror())
PY
  same script.py "$SITE"
  assert_success
  assert_line --index 0 --partial '/nonexistent/lib.so: cannot open shared object file'
  assert_line --partial 'libgone.so: cannot open shared object file: No such file or directory'
  assert_line --partial 'libabi.so: undefined symbol: nope'
}

@test "dlerror: each of 8 threads reads its own error" {
  script <<'PY'
import ctypes, sys, threading
wrong = []
def worker(number):
    # One that we refuse, one that ld.so does not find.
    paths = ["%s/odd%d.so" % (sys.argv[1], number), "%s/missing%d.so" % (sys.argv[1], number)]
    for turn in range(400):
        path = paths[turn % 2]
        try:
            ctypes.CDLL(path)
        except OSError as error:
            # The interpreter says it once, dlerror() once.
            if str(error).count(path) != 2:
                wrong.append(str(error))
threads = [threading.Thread(target=worker, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(wrong[:3])
PY
  for n in {0..7}; do
    printf 'no library, but as long as an ELF header: %050d\n' 0 >"odd$n.so"
  done
  same script.py "$BATS_TEST_TMPDIR"
  prints '[]'
}

@test "dlopen by its address, which ctypes has from dlvsym: isolated" {
  script <<'PY'
import ctypes, sys
process = ctypes.CDLL(None)
process.dlsym.restype = process.dlvsym.restype = ctypes.c_void_p
process.dlsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
process.dlvsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
versions = b"GLIBC_2.34", b"GLIBC_2.17", b"GLIBC_2.2.5", b"GLIBC_2.1", b"GLIBC_2.0"
address = next(filter(None, (process.dlvsym(None, b"dlopen", each) for each in versions)))
dlopen = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)(address)
version = process.dlsym(dlopen(sys.argv[1].encode(), 2), b"version")
print(ctypes.CFUNCTYPE(ctypes.c_char_p)(version)().decode(), process.dlvsym(None, b"dlopen", b"GLIBC_9"))
PY
  plain script.py "$SITE/own/libabi.so"
  prints "$ZLIB None"
  isolated script.py "$SITE/own/libabi.so"
  prints 'own None'
}

@test "dlopen by its address, which ctypes has from dlsym: isolated" {
  script <<'PY'
import ctypes, os, sys
process = ctypes.CDLL(None)
process.dlopen.restype = process.dlsym.restype = ctypes.c_void_p
process.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
process.dlsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
handle = process.dlopen(sys.argv[1].encode(), os.RTLD_NOW)
version = process.dlsym(handle, b"version")
print(ctypes.CFUNCTYPE(ctypes.c_char_p)(version)().decode())
PY
  plain script.py "$SITE/own/libabi.so"
  prints "$ZLIB"
  isolated script.py "$SITE/own/libabi.so"
  prints own
}

@test "dlerror: a refusal is told once, and a later dlopen clears it" {
  script <<'PY'
import ctypes, os, sys
process = ctypes.CDLL(None)
process.dlopen.restype = ctypes.c_void_p
process.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
process.dlerror.restype = ctypes.c_char_p
odd, good = (path.encode() for path in sys.argv[1:])
print(process.dlopen(odd, os.RTLD_NOW), odd in process.dlerror(), process.dlerror())
print(process.dlopen(odd, os.RTLD_NOW), process.dlopen(good, os.RTLD_NOW) != None,
      process.dlerror())
print(process.dlopen(odd, os.RTLD_NOW), process.dlopen(b"/nonexistent", os.RTLD_NOW),
      b"/nonexistent" in process.dlerror(), process.dlerror())
print(process.dlopen(b"/nonexistent", os.RTLD_NOW), process.dlopen(odd, os.RTLD_NOW),
      odd in process.dlerror(), process.dlerror())
PY
  printf 'no library\n' >odd.so
  same script.py "$BATS_TEST_TMPDIR/odd.so" "$SITE/own/libabi.so"
  prints 'None True None
None True None
None None True None
None None True None'
}
