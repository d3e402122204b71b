#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A module that vendors five libraries which pypy3 is linked to: whose does it get?
# The versions come from calls, the owners from addresses of functions and data.
# shellcheck disable=SC2154	# set by helper.bash

load helper

setup_file() {
  provide five
  build_slotwalk
}

setup() {
  export PYTHONPATH=$cache/five/site-packages
  show=$root/tests/fixture/vendored/show.py
}

# The SONAMEs of the interpreter's and of the vendored five.
interpreters='libbz2\.so\.1\.0|libexpat\.so\.1|libffi\.so\.8|libtinfo\.so\.6|libz\.so\.1'
vendored='lib[a-z0-9]+-[0-9a-f]{8}\.so\..*'

# Five lines, all working, with both owners matching.
expect_owners() {
  assert_success
  assert_equal "${#lines[@]}" 5
  for line in "${lines[@]}"; do
    assert_regex "$line" "^lib[a-z0-9]+ [^ ]+ works ($1) ($1)\$"
  done
}

versions() {
  awk '{ print $1, $2 }' <<<"$output"
}

@test "five: plain pypy3 gives the module its own libraries, not the vendored" {
  plain pypy3 "$show"
  expect_owners "$interpreters"
}

@test "five: isolated, functions and data of all five are the vendored" {
  isolated pypy3 "$show"
  expect_owners "$vendored"
}

@test "five: each version that the module is told changes" {
  plain pypy3 "$show"
  before=$(versions)
  isolated pypy3 "$show"
  assert_equal "$(comm -12 <(echo "$before") <(versions))" ''
  assert_equal "$(join <(echo "$before") <(versions) | wc -l)" 5
}

@test "five: what the interpreter itself uses stays the same" {
  cat >"$BATS_TEST_TMPDIR/own.py" <<'PY'
import bz2, ctypes, pyexpat, zlib, five
five.report()
print(pyexpat.EXPAT_VERSION, zlib.ZLIB_RUNTIME_VERSION)
print(bz2.decompress(bz2.compress(b"x")), ctypes.CDLL(None).labs(-3))
PY
  plain pypy3 "$BATS_TEST_TMPDIR/own.py"
  assert_success
  before=$output
  isolated pypy3 "$BATS_TEST_TMPDIR/own.py"
  assert_equal "$output" "$before"
}

@test "five: slots of the plain process point into all five of the interpreter's" {
  walk "$show"
  assert_equal "$status" 1
  for library in libbz2.so.1.0 libexpat.so.1 libffi.so.8 libtinfo.so.6 libz.so.1; do
    assert_regex "$output" "hijack _five[^ ]+ [A-Za-z0-9_]+ $library"
  done
}

@test "five: no slot of the isolated process does, bound lazily or at once" {
  walk "$root/pypy-isolate" "$show"
  expect_clean_walk
  LD_BIND_NOW=1 walk "$root/pypy-isolate" "$show"
  expect_clean_walk
  assert_equal "$(reported lazy)" 0
}

@test "five: and slotwalk would see it, when a policy lets one through" {
  echo 'share libz.so.1' >"$BATS_TEST_TMPDIR/share.conf"
  cat >"$BATS_TEST_TMPDIR/z.c" <<'C'
#include <Python.h>
extern const char *zlibVersion(void);
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, .m_name = "z", .m_size = -1 };
PyMODINIT_FUNC PyInit_z(void)
{
	return zlibVersion() ? PyModule_Create(&module) : NULL;
}
C
  mkdir "$BATS_TEST_TMPDIR/site-packages"
  export PYTHONPATH=$BATS_TEST_TMPDIR/site-packages
  gcc -shared -fPIC -o "$PYTHONPATH/z$(pypy3 -c \
    'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')" \
    -I"$(pypy3 -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
    "$BATS_TEST_TMPDIR/z.c" -Wl,--no-as-needed "$cache"/five/tree/usr/lib/*/libz.so.1
  echo 'import z' >"$BATS_TEST_TMPDIR/main.py"
  walk "$root/pypy-isolate" "$BATS_TEST_TMPDIR/main.py"
  expect_clean_walk
  export PYPY_ISOLATE_CONF=$BATS_TEST_TMPDIR/share.conf
  walk "$root/pypy-isolate" "$BATS_TEST_TMPDIR/main.py"
  assert_equal "$status" 1
  assert_regex "$output" 'leak z[^ ]+ zlibVersion libz.so.1'
}
