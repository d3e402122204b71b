#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Other people's tests, those that take seconds: each passes and fails with us as without,
# and the comparison sees it when something differs. `make suites` runs all of them.
# shellcheck disable=SC2154	# set by helper.bash

load helper

setup_file() {
  provide suites
}

# alike SUITE...: nothing differs. What it says is shown.
alike() {
  run "$root/tests/suites/run" "$@"
  assert_success
  printf '# %s\n' "${lines[@]}" >&3
}

# otherwise COMMAND: the launcher of a run whose isolated half is not as it should be.
otherwise() {
  printf '#!/bin/sh\n%s\n' "$1" >"$BATS_TEST_TMPDIR/launcher"
  chmod +x "$BATS_TEST_TMPDIR/launcher"
  ISOLATE=$BATS_TEST_TMPDIR/launcher run "$root/tests/suites/run" msgpack-cpython
  assert_failure 1
}

@test "suites: a run that isolates nothing does not count" {
  otherwise 'exec "$@"'
  assert_output --partial 'DIFFERS isolated: '
  assert_output --partial 'was in namespace 0'
}

@test "suites: a test that runs in one way only is named" {
  otherwise "export PYTEST_ADDOPTS='-k \"not test_array_header\"'
exec '$root/pypy-isolate' \"\$@\""
  assert_line --partial 'plain passed, isolated not run; alone'
}

@test "suites: an interpreter that dies half-way is a difference" {
  otherwise "(sleep 0.4; kill -9 \$\$) & exec '$root/pypy-isolate' \"\$@\""
  assert_line '    DIFFERS exit status: plain 0, isolated -9'
}

@test "suites: packages from PyPI under pypy3" {
  alike lxml-short-pypy bcrypt-pypy
}

@test "suites: packages from PyPI under python3" {
  alike msgpack-cpython regex-cpython bitarray-cpython
}

@test "suites: the standard library's own modules, isolated and left alone" {
  alike dynload-ctypes dynload-capi cpython-ctypes pypylib-ssl
}
