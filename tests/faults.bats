#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Whatever fails in us, one call at a time: the program is as without us, or isolated, or
# gets an ImportError that says why. FAULTS=all lets every single call fail.

# Bats sets stderr.
# shellcheck disable=SC2154

load helper_live

setup_file() {
  live_begin
  make -s -C "$TOP" faults
  # What has failed shows where the module is not what is tested: it must be built.
  [ -e "$TOP/build/faults/libpypy-isolate.so" ]
}

setup() {
  live_test
  echo 'unlisted warn "*/need/several*"' >t.conf
  export PYPY_ISOLATE_CONF=$PWD/t.conf PYPY_ISOLATE_LOG=warning
}

# sweep MODE
sweep() {
  run --separate-stderr python3 "$TOP/tests/fixture/faults/sweep.py" \
    "$TOP/build/faults/libpypy-isolate.so" "$SITE" "$ZLIB" "$1" ${FAULTS:+"$FAULTS"}
  echo "$output$stderr"
  assert_success
  # Otherwise nothing might have been tried.
  assert_line --regexp '^[0-9]{4,} calls, [0-9]{2,} places, [0-9]{3,} runs, 0 wrong$'
}

@test "mode enforce: any call that fails leads to a clear refusal, or to nothing" {
  sweep enforce
}

@test "mode permissive: any call that fails leads to plain loading, or to nothing" {
  sweep permissive
}

@test "a policy whose C API list cannot be read: one line, and the program runs without us" {
  script <<'PY'
import own.mod
print(own.mod.version())
PY
  echo 'interpreter pypy "libpypy*-c.so*" exports nowhere.list' >t.conf
  export LD_AUDIT=$TOP/libpypy-isolate.so
  plain
  assert_success
  assert_output "$ZLIB"
  assert_regex "$stderr" '^pypy-isolate: [^ ]*/t\.conf:1:[0-9]+: .*nowhere\.list: no such file; .*libpypy3.* runs without isolation'
}
