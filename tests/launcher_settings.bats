#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The launcher: which settings are in force, and what is said of those that cannot be.

# Each test is a subshell, 'sh -c' has its own variables, and bats sets stderr.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0

load helper_launcher

setup_file() {
  launcher_begin
}

setup() {
  launcher_test
}

@test "launcher: switched off, the program runs as if we were not there" {
  env | grep -v ^_= | sort >plain
  for off in variable file; do
    unset PYPY_ISOLATE
    if [ "$off" = variable ]; then
      export PYPY_ISOLATE=off
      echo "no such directive" >"$CONF"
    else
      echo "mode off" >"$CONF"
    fi
    "$ISO" env | grep -vE '^(_|PYPY_ISOLATE)=' | sort >ours
    run diff plain ours
    assert_output ""
  done
  rm "$BATS_TEST_TMPDIR"/* && cp "$ISO" alone
  PYPY_ISOLATE=off run ./alone echo started
  assert_output "started"
}

@test "launcher: PYPY_ISOLATE is stronger than the mode of the file" {
  echo "mode off" >"$CONF"
  PYPY_ISOLATE=permissive run value_of LD_AUDIT
  assert_output "$BIN/libpypy-isolate.so"
  PYPY_ISOLATE=enforce run value_of LD_AUDIT
  assert_output "$BIN/libpypy-isolate.so"
  PYPY_ISOLATE='' run value_of LD_AUDIT
  assert_output ""
}

@test "launcher: all errors are told at once, and nothing starts" {
  printf 'mode enforce\nisolat "*"\n\nper packages\ninclude more.conf\n' >"$CONF"
  printf 'mode perhaps\n' >more.conf
  PYPY_ISOLATE=on PYPY_ISOLATE_LOG=loud run --separate-stderr "$ISO" touch started
  assert_failure 125
  assert [ ! -e started ]
  assert_equal "$output" ""
  for start in "$CONF:2:1: " "$CONF:4:5: " "$BATS_TEST_TMPDIR/more.conf:1:6: " \
    "PYPY_ISOLATE_LOG: 'loud' is not LEVEL or LEVEL:FILE; the levels are error, warning, info and debug" \
    "PYPY_ISOLATE: 'on' is no mode: off, permissive or enforce" \
    "pypy-isolate: 5 errors, so nothing was started; "; do
    grep -qF "$start" <<<"$stderr" || fail "no '$start' in: $stderr"
  done
  assert_equal "${#stderr_lines[@]}" 6
}

@test "launcher: every log level is known, and a file name may have colons" {
  for log in error warning info debug "debug:$PWD/a:b" ""; do
    PYPY_ISOLATE_LOG=$log run "$ISO" true
    assert_success
  done
  for log in warn error: :file 'info ' INFO; do
    PYPY_ISOLATE_LOG=$log run "$ISO" true
    assert_failure 125
    assert_line --index 0 --partial "PYPY_ISOLATE_LOG: '$log' is not"
  done
}

@test "launcher: a conf file that cannot be read is named, with the reason" {
  mkfifo fifo
  mkdir directory
  truncate -s $((1024 * 1024 + 1)) large
  ln -s loop loop
  while read -r file reason; do
    PYPY_ISOLATE_CONF=$file run timeout 10 "$ISO" true
    assert_failure 125
    assert_line --index 0 "PYPY_ISOLATE_CONF: $file: $reason"
  done <<END
nowhere.conf no such file
$PWD/fifo not a regular file
directory not a regular file
/dev/zero not a regular file
large larger than 1048576 bytes
loop too many symbolic links
$CONF/x a part of the path is not a directory
END
}

@test "launcher: a long conf file is read to its end" {
  { yes '# comment' | head -c 65000; echo 'per bad'; } >"$CONF"
  run "$ISO" true
  assert_failure 125
  assert_line --index 0 --partial "$CONF:6501:5: "
}

@test "launcher: a relative name in a conf file is beside it, else one of ours" {
  mkdir -p etc/capi
  pattern='interpreter pypy "libpypy*-c.so*" exports'
  echo "$pattern capi/pypy.list" >etc/a.conf
  PYPY_ISOLATE_CONF=etc/a.conf run "$ISO" true
  assert_success
  echo "$pattern other.list" >etc/a.conf
  PYPY_ISOLATE_CONF=etc/a.conf run "$ISO" true
  assert_failure 125
  assert_line --index 0 --partial "etc/other.list: no such file"
  # One that is there is taken, even if it is bad.
  echo "$pattern capi/pypy.list" >etc/a.conf
  printf 'not sorted\nlist\n' >etc/capi/pypy.list
  PYPY_ISOLATE_CONF=$PWD/etc/a.conf run "$ISO" true
  assert_failure 125
  assert_line --index 0 --partial "$PWD/etc/capi/pypy.list:"
  echo "include $PWD/etc/b.conf" >etc/a.conf
  echo "mode off" >etc/b.conf
  PYPY_ISOLATE_CONF=etc/a.conf run value_of LD_AUDIT
  assert_output ""
}

@test "launcher: /etc/pypy-isolate.conf counts when no other file is named" {
  unset PYPY_ISOLATE_CONF
  in_etc='mount -t tmpfs none /etc && echo "$1" >/etc/pypy-isolate.conf && shift && "$@"'
  run in_mounts sh -c "$in_etc" sh "mode off" "$ISO" env
  assert_success
  refute_line --partial LD_AUDIT
  run in_mounts sh -c "$in_etc" sh "mode perhaps" "$ISO" env
  assert_failure 125
  assert_line --index 0 --partial "/etc/pypy-isolate.conf:1:6: "
  PYPY_ISOLATE_CONF=$CONF run in_mounts sh -c "$in_etc" sh "mode off" "$ISO" env
  assert_success
  assert_line --partial LD_AUDIT
}

@test "launcher: a log that cannot be written is said, and the program runs" {
  PYPY_ISOLATE_LOG=debug:/nowhere/log run --separate-stderr "$ISO" pypy3 -c 'print(7)'
  assert_success
  assert_output 7
  assert_equal "$stderr" "pypy-isolate: /nowhere/log of PYPY_ISOLATE_LOG cannot be written: \
No such file or directory; name a file that can"
}
