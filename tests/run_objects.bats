#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What ld.so has loaded, as programs ask for it: dl_iterate_phdr() has all that plain
# loading would have, once each and nothing of ours; and dlmopen() is the program's own.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_packages

setup_file() {
  packages_begin
}

setup() {
  packages_test
  export CLOSED=$SITE/closer/libclosed.so LEFT=$PACKAGES/left/libleft.so
}

# --- dl_iterate_phdr ---

# list_objects EXPRESSION: it gives the entries, from base or from C code in a module
list_objects() {
  cat >script.py <<PY
import ctypes, os
import loaded
import other.objects, vendor.mod, tensor.mod, shibo.mod, giver.opens
library = ctypes.CDLL(os.environ["CLOSED"])
entries = $1
for text in loaded.misfits(entries):
    print("wrong:", text)
for entry in sorted(entries):
    print("[%s]" % entry[0])
PY
}

expect_same_objects() {
  local plain_output name
  plain
  assert_success
  for name in vendor/mod other/objects tensor/lib/libb.so shibo/libshared.so giver/libgiven.so \
    closer/libclosed.so vendor.libs/libcommon.so.1 /libz.so.1; do
    assert_equal "$name $(grep -c "$name" <<<"$output")" "$name 1"
  done
  refute_line --partial wrong
  plain_output=$output
  isolated
  assert_equal "$stderr" ''
  # Before glibc 2.34 base gets the members of glibc's family that it lacks: librt.
  ! glibc_before 2.34 || output=$(grep -v '/librt\.so\.1\]$' <<<"$output")
  assert_equal "$(grep -v 'libpypy-isolate\.so\]$' <<<"$output")" "$plain_output"
}

@test "dl_iterate_phdr by ctypes: what plain has, once each, at the right addresses" {
  list_objects 'loaded.phdrs()'
  expect_same_objects
}

@test "dl_iterate_phdr in a module: what plain has, once each, at the right addresses" {
  list_objects 'other.objects.phdrs()'
  expect_same_objects
}

@test "dl_iterate_phdr: two copies of one file are two entries" {
  echo 'duplicate libcommon.so.1' >"$POLICY"
  script <<'PY'
import loaded
import system0.mod, system1.mod, other.objects
print(system0.mod.count(), system1.mod.count())
for entries in loaded.phdrs(), other.objects.phdrs():
    print(sum("libcommon.so.1" in entry[0] for entry in entries), loaded.misfits(entries))
PY
  differ '1 2
1 []
1 []' '1 1
2 []
2 []'
}

@test "dl_iterate_phdr: what is closed is no longer listed" {
  script <<'PY'
import os
import other.dl as dl, other.objects
import loaded
def listed():
    return [sum("libclosed" in entry[0] for entry in entries)
            for entries in (loaded.phdrs(), other.objects.phdrs())]
print(listed())
handle = dl.open(os.environ["CLOSED"], os.RTLD_NOW)
print(listed())
dl.close(handle)
print(listed())
PY
  both '[0, 0]
[1, 1]
[0, 0]'
}

# --- dlmopen ---

@test "a module makes a namespace of its own by dlmopen: a real libm and libc in it" {
  script <<'PY'
import os
import other.objects as objects, other.dl as dl
import loaded
handle, number = objects.mopen(-1, "libm.so.6", os.RTLD_NOW)
cos = dl.sym(handle, "cos")
print(number > 0, dl.real(cos, 0.0), loaded.namespace(cos) == number)
getpid = dl.sym(handle, "getpid")
print(getpid != loaded.address(loaded.process, "getpid"), loaded.namespace(getpid) == number,
      loaded.call(getpid) == os.getpid())
second, same = objects.mopen(number, os.environ["LEFT"], os.RTLD_NOW)
print(same == number, loaded.call(dl.sym(second, "library_count")))
print(dl.close(second), dl.close(handle))
PY
  both 'True 1.0 True
True True True
True 1
0 0'
}

@test "a module opens a library in base by dlmopen: base's copy, and no other" {
  script <<'PY'
import ctypes, os
import other.objects as objects, other.dl as dl
import loaded, look
handle, number = objects.mopen(0, os.environ["LEFT"], os.RTLD_NOW)
count = dl.sym(handle, "library_count")
print(number, loaded.call(count), loaded.namespace(count))
library = ctypes.CDLL(os.environ["LEFT"])
print(library.library_count(), look.mapped("/libleft.so"))
handle, number = objects.mopen(0, "libz.so.1", os.RTLD_NOW)
print(number, dl.sym(handle, "zlibVersion") == loaded.address(loaded.process, "zlibVersion"))
PY
  echo "leave \"$PACKAGES/left/*\"" >"$POLICY"
  both '0 1 0
2 1
0 True'
}

@test "dlmopen by ctypes: a namespace of the program's own, with its own libc" {
  script <<'PY'
import ctypes, os
import tensor.mod
import loaded
process = loaded.process
process.dlmopen.restype = process.dlsym.restype = ctypes.c_void_p
process.dlmopen.argtypes = [ctypes.c_long, ctypes.c_char_p, ctypes.c_int]
process.dlsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
handle = process.dlmopen(-1, os.environ["LEFT"].encode(), os.RTLD_NOW)
count = process.dlsym(handle, b"library_count")
getpid = process.dlsym(handle, b"getpid")
print(loaded.call(count), loaded.namespace(count) > 0,
      loaded.namespace(count) == loaded.namespace(getpid), loaded.call(getpid) == os.getpid())
import shibo.mod
print(tensor.mod.count(), shibo.mod.count(),
      loaded.namespace(count) in loaded.namespaces(tensor.mod, shibo.mod))
PY
  both '1 True True True
1 1 False'
}
