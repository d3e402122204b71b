#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# RTLD_GLOBAL across packages: who finds what somebody has promoted.
#
# giver has the library libgiven.so; giver.after and taker.after need its functions and
# say nowhere where they are. What run_routes.bats has is not repeated.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_packages

setup_file() {
  packages_begin
}

setup() {
  packages_test
  export GIVEN=$SITE/giver/libgiven.so
}

# --- modules ---

@test "without RTLD_GLOBAL neither package finds it" {
  script <<'PY'
import ctypes, os
library = ctypes.CDLL(os.environ["GIVEN"])
for name in "giver.after", "taker.after":
    try:
        __import__(name)
    except ImportError as error:
        print("undefined symbol: library_" in str(error))
PY
  both 'True
True'
}

@test "ffi.dlopen with RTLD_GLOBAL: modules of its package and of another find it" {
  script <<'PY'
import os
from cffi import FFI
ffi = FFI()
ffi.cdef("int library_count(void);")
library = ffi.dlopen(os.environ["GIVEN"], ffi.RTLD_NOW | ffi.RTLD_GLOBAL)
import giver.after, taker.after
import look
print(library.library_count(), giver.after.count(), taker.after.count(), taker.after.text())
print(look.mapped("libgiven"))
PY
  both '1 2 3 giver
1'
}

@test "ffi.dlopen with RTLD_GLOBAL: packages that are there already find it" {
  script <<'PY'
import os
import giver.mod, taker.mod
from cffi import FFI
ffi = FFI()
ffi.cdef("int library_count(void);")
library = ffi.dlopen(os.environ["GIVEN"], ffi.RTLD_LAZY | ffi.RTLD_GLOBAL)
import taker.after, giver.after
import look
print(library.library_count(), taker.after.count(), giver.after.count(),
      look.mapped("libgiven"))
PY
  both '1 2 3 1'
}

@test "ctypes with RTLD_GLOBAL: packages that are there already find it, one counter" {
  script <<'PY'
import ctypes, os
import giver.mod, taker.mod
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
import taker.after, giver.after
import look
print(library.library_count(), taker.after.count(), giver.after.count(),
      look.mapped("libgiven"))
PY
  both '1 2 3 1'
}

@test "a second open with RTLD_GLOBAL promotes what the first one did not" {
  script <<'PY'
import ctypes, os
library = ctypes.CDLL(os.environ["GIVEN"])
try:
    import taker.after
except ImportError as error:
    print("not yet")
ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
import taker.after, giver.after
print(library.library_count(), taker.after.count(), giver.after.count())
PY
  both 'not yet
1 2 3'
}

@test "a module opens a library RTLD_GLOBAL in its init: both packages find it" {
  script <<'PY'
import giver.opens, giver.after, taker.after
import look
print(giver.after.count(), taker.after.count(), giver.after.text(), look.mapped("libgiven"))
PY
  both '1 2 giver 1'
}

@test "... also a package that is there already" {
  script <<'PY'
import taker.mod, giver.opens, taker.after, giver.after
print(taker.after.count(), giver.after.count(), taker.mod.text(), taker.after.text())
PY
  both '1 2 alone giver'
}

@test "what is promoted does not go before what a package brings" {
  script <<'PY'
import ctypes, os
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)	# or it is closed
import shibo.mod, giver.after
print(shibo.mod.text(), shibo.mod.count(), giver.after.text(), giver.after.count())
PY
  differ 'giver 1 giver 2' 'shibo 1 giver 1'
}

# --- CDLL(None), RTLD_DEFAULT ---

@test "ctypes.CDLL(None) finds what ctypes has promoted, and not before" {
  script <<'PY'
import ctypes, os
import loaded
process = ctypes.CDLL(None)
library = ctypes.CDLL(os.environ["GIVEN"])
print(hasattr(process, "library_count"))
ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
print(process.library_count(), library.library_count(), process.library_count())
print(loaded.address(process, "library_count") == loaded.address(library, "library_count"))
PY
  both 'False
1 2 3
True'
}

@test "ctypes.CDLL(None) finds what a module has promoted in its init, data too" {
  script <<'PY'
import ctypes
import giver.opens, giver.after
process = ctypes.CDLL(None)
print(giver.after.count(), process.library_count())
counter = ctypes.c_int.in_dll(process, "library_counter")
counter.value = 41
print(giver.after.count(), counter.value)
PY
  both '1 2
42 42'
}

@test "ctypes.CDLL(None) finds a module that was imported with RTLD_GLOBAL" {
  PYTHONPATH=$PYTHONPATH:$ROUTES/site-packages
  script <<'PY'
import ctypes, os, sys
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import promote.provider
sys.setdlopenflags(os.RTLD_NOW)
process = ctypes.CDLL(None)
process.promoted_answer.restype = ctypes.c_char_p
print(process.promoted_answer())
PY
  both "b'provider'"
}

@test "what is the process's own goes before what is promoted" {
  # A promoted library with a function of the interpreter's: that stays what CDLL(None) has.
  script <<'PY'
import ctypes, sys
library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
process = ctypes.CDLL(None)
process.zlibVersion.restype = ctypes.c_char_p
print(process.zlibVersion().decode())
PY
  for how in plain isolated; do
    "$how" script.py "$ROUTES/site-packages/own.libs/libz-own.so.1"
    prints "$ZLIB"
  done
}

@test "dlsym(RTLD_DEFAULT) in a module finds what is promoted in its namespace" {
  script <<'PY'
import os
import giver.dl as dl
import loaded
try:
    dl.sym(0, "library_count")
except OSError as error:
    print("not yet")
dl.open(os.environ["GIVEN"], os.RTLD_NOW | os.RTLD_GLOBAL)
import giver.after
print(loaded.call(dl.sym(0, "library_count")), giver.after.count())
PY
  both 'not yet
1 2'
}

@test "dlsym(RTLD_DEFAULT) in a module finds what another package has promoted" {
  script <<'PY'
import ctypes, os
import taker.dl as dl
import loaded
try:
    dl.sym(0, "library_count")
except OSError as error:
    print("not yet")
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
print(loaded.call(dl.sym(0, "library_count")), library.library_count())
import other.dl
print(loaded.call(other.dl.sym(0, "library_count")), library.library_count())
PY
  both 'not yet
1 2
3 4'
}

@test "dlopen(NULL) in a module has what is promoted, by itself and by another package" {
  script <<'PY'
import ctypes, os
import taker.dl, giver.dl
import loaded
counts = []
for dl in giver.dl, taker.dl:
    process = dl.open(None, os.RTLD_NOW)
    try:
        dl.sym(process, "library_count")
    except OSError as error:
        counts.append("not yet")
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
for dl in giver.dl, taker.dl:
    process = dl.open(None, os.RTLD_NOW)
    counts.append(loaded.call(dl.sym(process, "library_count")))
print(*counts, library.library_count())
PY
  both 'not yet not yet 1 2 3'
}
