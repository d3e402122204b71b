#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# README.md's table of symptoms, as far as no other file has what stands there.

# '$ORIGIN' is for ld.so, bats sets stderr, and cache is of helper.bash.
# shellcheck disable=SC2016,SC2154

load helper_live

setup_file() {
  provide releases
  live_begin
}

setup() {
  live_test
}

# functions FILE: those that it exports
functions() {
  nm -D --defined-only "$1" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }' | LC_ALL=C sort
}

@test "symptom: undefined symbol, though the module brings the library that has it" {
  local own other new
  own=$(find "$cache/releases/own/tree" -name 'libexpat.so.1.*')
  other=$(find "$cache/releases/other/tree" -name 'libexpat.so.1.*')
  new=$(LC_ALL=C comm -13 <(functions "$own") <(functions "$other") | head -1)
  [ "$new" ] || not_applicable "this release has the newer libexpat"
  mkdir -p site-packages/newer.libs
  cp "$other" site-packages/newer.libs/libexpat.so.1
  # As wheels do that are not made by auditwheel: a library keeps its name.
  c_object site-packages/newer.so -I"$(pypy3 -c 'import sysconfig
print(sysconfig.get_path("include"))')" site-packages/newer.libs/libexpat.so.1 \
    -Wl,-rpath,'$ORIGIN/newer.libs' <<C
#include <Python.h>
extern void $new(void);
static void *volatile user;
static struct PyModuleDef def = { PyModuleDef_HEAD_INIT, "newer", NULL, -1, NULL };
PyMODINIT_FUNC PyInit_newer(void)
{
	user = $new;
	return PyModule_Create(&def);
}
C
  mv site-packages/newer.so \
    "site-packages/newer$(pypy3 -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')"
  export PYTHONPATH=$PWD/site-packages
  plain -c 'import newer'
  assert_failure
  assert_regex "$stderr" "ImportError: .*undefined symbol: $new"
  isolated -c 'import newer; print("found")'
  prints found
}
