#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Where a seccomp filter allows a process fewer system calls, or the kernel has fewer.

# helper.bash sets it.
# shellcheck disable=SC2154

load helper_live

setup_file() {
  live_begin
  provide enable
  REFUSE=$BATS_FILE_TMPDIR/refuse
  gcc -Wall -Wextra -Werror -O1 -o "$REFUSE" "$TOP/tests/fixture/faults/refuse.c"
  export REFUSE
}

setup() {
  live_test
  script <<'PY'
import own.mod
print(own.mod.version())
PY
}

# refused CALL ERROR|kill: script.py isolated
refused() {
  # shellcheck disable=SC2086 # it may be several words
  run --separate-stderr "$REFUSE" "$1" "$2" $ISOLATE pypy3 script.py
  prints own
}

# calls COMMAND...: the system calls of a run
calls() {
  strace -f -qq -o trace "$@" >/dev/null 2>&1
  sed -n -E 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' trace | sort -u
}

# allowed SET: a set of systemd's, with the sets in it
allowed() {
  local word
  systemd-analyze syscall-filter "$1" | sed -n -E 's/^ +([@a-z0-9_-]+).*/\1/p' |
    while read -r word; do
      if [ "${word#@}" = "$word" ]; then echo "$word"; else allowed "$word"; fi
    done
}

@test "filters: a unit with SystemCallFilter=@system-service may make each call of ours" {
  allowed @system-service | sort -u >service
  grep -q '^openat$' service
  calls pypy3 script.py | sort -u - service >plain
  # shellcheck disable=SC2086 # it may be several words
  calls $ISOLATE pypy3 script.py >isolated
  grep -q '^memfd_create$' isolated
  run comm -13 plain isolated
  assert_output ''
}

@test "filters: who may not ask for mincore() runs, an interpreter or not" {
  refused mincore kill
  run "$REFUSE" mincore kill env LD_AUDIT="$built/libpypy-isolate.so" true
  assert_success
}

@test "filters: without statx(), as Linux before 4.11 and old containers" {
  refused statx ENOSYS
  refused statx EPERM
}
