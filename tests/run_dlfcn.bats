#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# dlfcn.h across packages: one file is one copy, whoever opens it and how, and what is
# closed is gone.
#
# loaded.call() calls a function by its address: library_count() counts from 1.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_packages

setup_file() {
  packages_begin
}

setup() {
  packages_test
  export GIVEN=$SITE/giver/libgiven.so CLOSED=$SITE/closer/libclosed.so
  export LEFT=$PACKAGES/left/libleft.so COMMON=$SYSTEM/libcommon.so.1
}

# --- what base has loaded ---

@test "a module opens by path the file of a stdlib extension: base's copy" {
  script <<'PY'
import ctypes, os
import _resource_cffi
import other.dl as dl
import loaded
path, symbol = _resource_cffi.__file__, "_cffi_pypyinit__resource_cffi"
address = dl.sym(dl.open(path, os.RTLD_NOW), symbol)
print(address == loaded.address(ctypes.CDLL(path), symbol), loaded.namespace(address))
print(len(loaded.starts(os.path.realpath(path))))
PY
  both 'True 0
1'
}

@test "a module opens by path a library that ctypes has loaded into base: one counter" {
  echo "leave \"$PACKAGES/left/*\"" >"$POLICY"
  script <<'PY'
import ctypes, os
import loaded, look
library = ctypes.CDLL(os.environ["LEFT"])
address = loaded.address(library, "library_count")
print(library.library_count(), loaded.namespace(address))
import other.dl as dl
inside = dl.sym(dl.open(os.environ["LEFT"], os.RTLD_NOW), "library_count")
print(inside == address, loaded.call(inside), library.library_count())
print(look.mapped("/libleft.so"))
PY
  both '1 0
True 2 3
1'
}

@test "... also under another name of the file, and without opening it (RTLD_NOLOAD)" {
  echo "leave \"$PACKAGES/left/*\"" >"$POLICY"
  ln -s "$LEFT" alias.so
  script <<'PY'
import ctypes, os
import other.dl as dl
import loaded, look
def open_inside(path, flags):
    try:
        return loaded.call(dl.sym(dl.open(path, flags), "library_count"))
    except OSError as error:
        return "not there"
print(open_inside(os.environ["LEFT"], os.RTLD_NOW | os.RTLD_NOLOAD))
library = ctypes.CDLL(os.environ["LEFT"])
print(library.library_count())
print(open_inside(os.environ["LEFT"], os.RTLD_NOW | os.RTLD_NOLOAD))
print(open_inside("./alias.so", os.RTLD_NOW))
print(library.library_count(), look.mapped("/libleft.so"))
PY
  both 'not there
1
2
3
4 1'
}

# --- what another package has loaded ---

@test "a module opens by path a library that another package has loaded: that copy" {
  script <<'PY'
import os
import other.dl as dl
import tensor.mod
import loaded, look
library = dl.open(os.path.dirname(tensor.mod.__file__) + "/lib/libb.so", os.RTLD_NOW)
print(tensor.mod.count(), loaded.call(dl.sym(library, "library_count")), tensor.mod.count())
print(look.mapped("/libb.so"), dl.close(library), tensor.mod.count())
PY
  both '1 2 3
1 0 4'
}

@test "a module opens by path another package's module: that copy" {
  script <<'PY'
import os
import other.dl as dl, taker.mod
import look
handle = dl.open(taker.mod.__file__, os.RTLD_NOW)
print(dl.where(dl.sym(handle, "PyInit_mod"))[0] == taker.mod.__file__,
      look.mapped("/taker/mod."))
PY
  both 'True 1'
}

@test "a module opens by its bare name a library of the system's that another has" {
  script <<'PY'
import os
import giver.dl, system0.mod, other.dl
import loaded, look
def open_inside(dl, flags):
    return loaded.call(dl.sym(dl.open("libcommon.so.1", flags), "library_count"))
print(system0.mod.count(), open_inside(giver.dl, os.RTLD_NOW),
      open_inside(other.dl, os.RTLD_NOW | os.RTLD_NOLOAD), system0.mod.count())
print(look.mapped("/libcommon.so.1"))
PY
  both '1 2 3 4
1'
}

@test "a module opens a library of the system's by bare name, then another needs it" {
  script <<'PY'
import os
import other.dl as dl
import loaded, look
library = dl.open("libcommon.so.1", os.RTLD_NOW)
print(loaded.call(dl.sym(library, "library_count")))
import system0.mod, system1.mod
print(system0.mod.count(), system1.mod.count(), look.mapped("/libcommon.so.1"))
PY
  both '1
2 3 1'
}

# --- ctypes, and a library that a namespace has ---

# The same however the policy sees the library: the default is that it is isolated.
shares_with_ctypes() {
  script <<'PY'
import ctypes, os
import loaded, look
def probe(name):
    try:
        return ctypes.CDLL(name, mode=os.RTLD_NOW | os.RTLD_NOLOAD).library_count()
    except OSError as error:
        return None
path, name = os.environ["COMMON"], "libcommon.so.1"
print(probe(path), probe(name))
import system0.mod
print(system0.mod.count(), probe(path), probe(name))
print(ctypes.CDLL(path).library_count(), ctypes.CDLL(name).library_count(),
      system0.mod.count(), look.mapped("/libcommon.so.1"))
PY
  both 'None None
1 2 3
4 5 6 1'
}

@test "ctypes opens a library that a module needs: that copy, by path and by name" {
  shares_with_ctypes
}

@test "... also when the policy leaves the library's directory alone" {
  echo "leave \"$SYSTEM/*\"" >"$POLICY"
  shares_with_ctypes
}

@test "ctypes opens by path, left by the policy, what a module has opened: that copy" {
  echo "leave \"$PACKAGES/left/*\"" >"$POLICY"
  script <<'PY'
import ctypes, os
import other.dl as dl
import loaded, look
inside = dl.sym(dl.open(os.environ["LEFT"], os.RTLD_NOW), "library_count")
library = ctypes.CDLL(os.environ["LEFT"])
print(loaded.call(inside), library.library_count(), loaded.call(inside),
      look.mapped("/libleft.so"))
PY
  both '1 2 3 1'
}

@test "cffi opens by bare name a library of the system's that a module needs: that copy" {
  script <<'PY'
import system0.mod
import look
from cffi import FFI
ffi = FFI()
ffi.cdef("int library_count(void);")
library = ffi.dlopen("libcommon.so.1")
print(system0.mod.count(), library.library_count(), system0.mod.count())
ffi.dlclose(library)
print(system0.mod.count(), look.mapped("/libcommon.so.1"))
PY
  both '1 2 3
4 1'
}

# --- dlclose ---

@test "ctypes: a library that nobody refers to is closed, and fresh when opened again" {
  # PyPy has no _ctypes.dlclose; its CDLL objects close what they have opened.
  script <<'PY'
import ctypes, gc, os
import look
path = os.environ["CLOSED"]
library, again = ctypes.CDLL(path), ctypes.CDLL(path)
print(library.library_count(), again.library_count(), look.mapped("/libclosed.so"))
del again
gc.collect(), gc.collect()
print(library.library_count(), look.mapped("/libclosed.so"))
del library
gc.collect(), gc.collect()
print(look.mapped("/libclosed.so"))
print(ctypes.CDLL(path).library_count(), look.mapped("/libclosed.so"))
PY
  both '1 2 1
3 1
0
1 1'
}

@test "dlclose by its address, which ctypes has: gone, and fresh when opened again" {
  script <<'PY'
import ctypes, os
import look, loaded
process = loaded.process
process.dlopen.restype = process.dlsym.restype = ctypes.c_void_p
process.dlclose.argtypes = [ctypes.c_void_p]
process.dlsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
for turn in range(3):
    handle = process.dlopen(os.environ["CLOSED"].encode(), os.RTLD_NOW)
    count = process.dlsym(handle, b"library_count")
    print(loaded.call(count), loaded.call(count), look.mapped("/libclosed.so"),
          process.dlclose(handle), look.mapped("/libclosed.so"))
PY
  both '1 2 1 0 0
1 2 1 0 0
1 2 1 0 0'
}

@test "a library that a module needs stays when ctypes closes it" {
  script <<'PY'
import ctypes
import shibo.mod
import look, loaded
from cffi import FFI
ffi = FFI()
ffi.cdef("int library_count(void);")
path = shibo.mod.__file__.rpartition("/")[0] + "/libshared.so"
library = ffi.dlopen(path)
print(library.library_count(), shibo.mod.count())
ffi.dlclose(library)
print(shibo.mod.count(), look.mapped("/libshared.so"))
PY
  both '1 2
3 1'
}

@test "a module opens, closes and opens again: fresh, and gone in between" {
  script <<'PY'
import os
import other.dl as dl
import look, loaded
for turn in range(3):
    library = dl.open(os.environ["CLOSED"], os.RTLD_NOW)
    count = dl.sym(library, "library_count")
    print(loaded.call(count), loaded.call(count), look.mapped("/libclosed.so"),
          dl.close(library), look.mapped("/libclosed.so"))
PY
  both '1 2 1 0 0
1 2 1 0 0
1 2 1 0 0'
}

@test "200 rounds of open and close by cffi, ctypes and a module: no mapping more" {
  script <<'PY'
import ctypes, os
import other.dl as dl
import look, loaded
from cffi import FFI
ffi = FFI()
ffi.cdef("int library_count(void);")
loaded.process.dlopen.restype = ctypes.c_void_p
loaded.process.dlclose.argtypes = [ctypes.c_void_p]
path, counts = os.environ["CLOSED"], set()
def turn():
    library = ffi.dlopen(path)
    counts.add(library.library_count())
    ffi.dlclose(library)
    handle = loaded.process.dlopen(path.encode(), os.RTLD_NOW)
    loaded.process.dlclose(handle)
    handle = dl.open(path, os.RTLD_NOW)
    counts.add(loaded.call(dl.sym(handle, "library_count")))
    dl.close(handle)
def files():
    return len([line for line in look.maps() if "/" in line]), look.descriptors()
for _ in range(20):
    turn()
before = files()
for _ in range(200):
    turn()
print(counts, files() == before, look.mapped("/libclosed.so"))
PY
  both '{1} True 0'
}

@test "a module that is imported again after del sys.modules is the same copy" {
  script <<'PY'
import sys
import shibo.mod as first
print(first.count(), first.text())
for turn in range(3):
    del sys.modules["shibo.mod"]
    del sys.modules["shibo"]
    import shibo.mod as again
    print(again.count(), again is first)
import look
print(look.mapped("/shibo/mod."), look.mapped("/libshared.so"))
PY
  same
  assert_success
  assert_line --index 0 '1 shibo'
  assert_line --index 3 --regexp '^4 '
  assert_line --index 4 '1 1'
}

# --- RTLD_NOLOAD ---

@test "RTLD_NOLOAD by ctypes: refused before a module has it, the same copy after" {
  script <<'PY'
import ctypes, os
path = os.environ["GIVEN"]
def probe():
    return ctypes.CDLL(path, mode=os.RTLD_NOW | os.RTLD_NOLOAD)
try:
    probe()
except OSError as error:
    print(str(error).replace(path, "FILE"))
import giver.opens, giver.after
print(giver.after.count(), probe().library_count(), giver.after.count())
PY
  same
  assert_success
  assert_line --index 1 '1 2 3'
}

@test "RTLD_NOLOAD by a module: by path and by SONAME, and dlclose takes back no more" {
  script <<'PY'
import os
import giver.dl as dl
import loaded
def probe(name):
    try:
        return dl.open(name, os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError as error:
        return str(error)
path = os.environ["GIVEN"]
print(probe(path), probe("libgiven.so"))
handle = dl.open(path, os.RTLD_NOW)
print(probe(path) == handle, probe("libgiven.so") == handle)
print(dl.close(handle), dl.close(handle), loaded.call(dl.sym(handle, "library_count")))
print(dl.close(handle), probe(path))
PY
  same
  assert_success
  assert_line --index 1 'True True'
  assert_line --index 2 '0 0 1'
}

@test "RTLD_NOLOAD by a module, of what another package has: the same copy" {
  script <<'PY'
import os
import taker.dl as dl
import loaded
def probe():
    try:
        return loaded.call(dl.sym(dl.open(os.environ["GIVEN"], os.RTLD_NOW | os.RTLD_NOLOAD),
                                  "library_count"))
    except OSError as error:
        return "not there"
print(probe())
import giver.opens, giver.after
print(giver.after.count(), probe(), giver.after.count())
PY
  both 'not there
1 2 3'
}

# --- dlopen(NULL), RTLD_DEFAULT ---

@test "dlsym(RTLD_DEFAULT) and dlopen(NULL) by ctypes: base, and no package's library" {
  script <<'PY'
import ctypes, os
import loaded, look
import vendor.mod
process = loaded.process
process.dlopen.restype = process.dlsym.restype = ctypes.c_void_p
process.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
process.dlsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
whole = process.dlopen(None, os.RTLD_NOW)
for handle in None, whole:
    for name in "zlibVersion", "getpid", "PyPyLong_FromLong":
        address = process.dlsym(handle, name.encode())
        print(address == loaded.address(process, name), loaded.namespace(address), end=" ")
    print(process.dlsym(handle, b"library_text"))
print(process.dlsym(None, b"zlibVersion") != process.dlsym(None, b"getpid"), vendor.mod.text())
PY
  both 'True 0 True 0 True 0 None
True 0 True 0 True 0 None
True vendor'
}

@test "dlsym(RTLD_DEFAULT) and dlopen(NULL) in a module: not what only its neighbours need" {
  script <<'PY'
import os
import giver.dl as dl
import giver.mod, shibo.mod, tensor.mod
for handle in 0, dl.open(None, os.RTLD_NOW):
    for name in "getpid", "PyPyLong_FromLong", "library_text":
        try:
            print(dl.where(dl.sym(handle, name))[2], end=" ")
        except OSError as error:
            print("undefined")
PY
  both '0 0 undefined
0 0 undefined'
}

# --- files that are gone, or not for us ---

@test "a library that is unlinked while it is loaded can be opened again, by its path" {
  mkdir -p site-packages/giver
  script <<'PY'
import ctypes, os, shutil
import look
path = os.path.abspath("site-packages/giver/gone.so")
shutil.copy(os.environ["GIVEN"], path)
library = ctypes.CDLL(path)
os.unlink(path)
print(library.library_count(), ctypes.CDLL(path).library_count(),
      ctypes.CDLL(path, os.RTLD_NOW | os.RTLD_NOLOAD).library_count(), library.library_count())
print(look.mapped("/gone.so"))
try:
    ctypes.CDLL(path + ".1")
except OSError as error:
    print(str(error).rpartition("/")[2])
PY
  both '1 2 3 4
1
gone.so.1: cannot open shared object file: No such file or directory'
}

# A module that opens libplugin.so by its bare name, and calls what that has.
build_opener() {
  # shellcheck disable=SC2016 # $ORIGIN is for ld.so
  c_object site-packages/opener/mod.so -Wl,-rpath,'$ORIGIN/other:$ORIGIN/plugins' <<'C'
#include <dlfcn.h>
int go(void)
{
	void *handle = dlopen("libplugin.so", RTLD_NOW);
	return handle ? ((int (*)(void))dlsym(handle, "plugin"))() : -1;
}
C
  c_object site-packages/opener/plugins/libplugin.so <<<'int plugin(void) { return 7; }'
  script <<'PY'
import ctypes, os
print(ctypes.CDLL(os.path.abspath("site-packages/opener/mod.so")).go())
PY
}

@test "a bare name in a module's RUNPATH, and 8 KB of LD_LIBRARY_PATH before it" {
  build_opener
  LD_LIBRARY_PATH=$(seq -s : -f '/nonexistent/directory/number/%g' 250)
  [ "${#LD_LIBRARY_PATH}" -gt 8000 ] || fail "it has ${#LD_LIBRARY_PATH} bytes"
  both 7
}

@test "a bare name in a module's RUNPATH, and a file for another machine before it" {
  build_opener
  c_object site-packages/opener/other/libplugin.so <<<'int plugin(void) { return 8; }'
  both 8
  "$root/tests/fixture/poke" site-packages/opener/other/libplugin.so e_machine 8
  both 7
}

@test "dlopen by a module with a mode of 0 fails as without us: a file, a name and NULL" {
  script <<'PY'
import os
import other.dl as dl
for name in os.environ["CLOSED"], "libcommon.so.1", None:
    for mode in 0, os.RTLD_GLOBAL, os.RTLD_LAZY:
        try:
            print(dl.open(name, mode) and "opened", end=" ")
        except OSError as error:
            print("".join(str(error).rpartition("invalid")[1:]))	# after its name for the file
PY
  local line='invalid mode for dlopen(): Invalid argument'
  both "$(printf '%s\n' "$line" "$line" "opened $line" "$line" "opened $line" "$line" 'opened ')"
}

@test "a bare name where only ld.so looks (glibc-hwcaps), with a library that all share" {
  glibc_before 2.33 && not_applicable "ld.so looks into glibc-hwcaps since glibc 2.33"
  local loader level
  loader=$(patchelf --print-interpreter "$(readlink -f "$(command -v pypy3)")")
  "$loader" --help >help
  ! grep -q '^No subdirectories of glibc-hwcaps' help ||
    not_applicable "ld.so of this architecture does not look into glibc-hwcaps"
  level=$(sed -n '/^Subdirectories of glibc-hwcaps/,/^$/s/^ *\(.*\) (supported, searched)/\1/p' help |
    tail -n 1)
  [ "$level" ] || cannot "ld.so does not look into glibc-hwcaps here"
  c_object "where/glibc-hwcaps/$level/libhidden.so" -lresolv <<<'int hidden(void) { return 6; }'
  script <<'PY'
import os
import other.dl as dl
import loaded
print(loaded.call(dl.sym(dl.open("libhidden.so", os.RTLD_NOW), "hidden")))
PY
  export LD_LIBRARY_PATH=$PWD/where:$SYSTEM
  both 6
}

@test "dlmopen of what is not there, by a module: its words, and the same in mode permissive" {
  c_object site-packages/asks/lib.so <<'C'
#include <dlfcn.h>
#include <stddef.h>
const char *ask(const char *name)
{
	Lmid_t here = -5;

	dlinfo(dlopen(NULL, RTLD_NOW), RTLD_DI_LMID, &here);
	return dlmopen(here, name, RTLD_NOW) ? "found" : dlerror();
}
C
  script <<'PY'
import ctypes
ask = ctypes.CDLL("./site-packages/asks/lib.so").ask
ask.restype = ctypes.c_char_p
for name in b"libnowhere.so.9", b"/nowhere/at.all":
    print(ask(name).decode())
PY
  local want='libnowhere.so.9: cannot open shared object file: No such file or directory
/nowhere/at.all: cannot open shared object file: No such file or directory'
  both "$want"
  export PYPY_ISOLATE=permissive
  both "$want"
}
