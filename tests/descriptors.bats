#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Standard input, output and error that are closed, or become another file: what the
# program writes there is its own, and no byte of ours.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
}

setup() {
  live_test
  export PYPY_ISOLATE_LOG=debug
  # Each free number below 3 becomes a file of the program, and a load follows.
  script <<'PY'
import os
files = [os.open("file%d" % i, os.O_RDWR | os.O_CREAT, 0o644) for i in range(3)]
import own.mod, p0.mod
for file in files:
    os.write(file, b"the program's")
low = sorted(int(fd) for fd in os.listdir("/proc/self/fd") if int(fd) < 10)
with open("report", "w") as report:
    print(files, [fd for fd in low if os.path.exists("/proc/self/fd/%d" % fd)], file=report)
with open("../versions", "w") as versions:
    print(own.mod.version(), p0.mod.version(), file=versions)
try:
    print("to standard output", flush=True)
except OSError as error:
    with open("report", "a") as report:
        print(error, file=report)
PY
}

# started DIRECTORY "FD..." COMMAND...: there, with these of 0, 1 and 2 closed, and the
# others a file.
started() {
  mkdir "$1"
  (
    cd "$1" || exit
    exec <../input >output 2>errors 3>&-
    for fd in $2; do
      eval "exec $fd>&-"
    done
    timeout -k 5 60 "${@:3}" ../script.py
    status=$?
    echo "$status" >status
  )
}

@test "descriptors: closed 0, 1 and 2 in all combinations: the same files as plain" {
  : >input
  local closed
  for closed in '' 0 1 2 '0 1' '0 2' '1 2' '0 1 2'; do
    rm -rf plain ours
    started plain "$closed" pypy3
    # shellcheck disable=SC2086
    started ours "$closed" $ISOLATE pypy3
    echo "closed: $closed"
    assert_equal "$(<versions)" 'own p0'
    [[ $closed == *2* ]] || grep -q '^pypy-isolate: .*own/mod' ours/errors
    sed -i '/^pypy-isolate: /d' ours/errors
    diff -r plain ours
    assert_equal "$(<ours/status)" 0
    grep -q "the program's" ours/file2
  done
}

@test "descriptors: with a log file, too, and none is kept" {
  : >input
  local closed
  export PYPY_ISOLATE_LOG=debug:$PWD/log
  for closed in 2 '1 2' '0 1 2'; do
    rm -rf plain ours log
    started plain "$closed" pypy3
    # shellcheck disable=SC2086
    started ours "$closed" $ISOLATE pypy3
    diff -r plain ours
    grep -q 'own/mod' log
  done
}

@test "descriptors: the log file is closed again where standard error was not open" {
  # shellcheck disable=SC2016
  script <<'PY'
import own.mod, os
try:
    os.fstat(2)
    print("2 is open")
except OSError:
    print("2 is closed")
PY
  export PYPY_ISOLATE_LOG=debug:$PWD/log
  # shellcheck disable=SC2086
  run bash -c "$ISOLATE pypy3 script.py 2>&-"
  assert_output '2 is closed'
  grep -q 'own/mod' log
}

# late ACTION: the program does it before it loads a module; $output is what the file
# `data` then has.
late() {
  script <<PY
import os
$1
import own.mod
PY
  rm -f data
  isolated
  assert_success
  output=$(<data)
}

@test "descriptors: a file that the program opens as 2 gets nothing of ours" {
  local flags
  for flags in 'os.O_RDWR' 'os.O_WRONLY | os.O_APPEND'; do
    late "os.close(2); assert os.open('data', os.O_CREAT | $flags) == 2; os.write(2, b'its')"
    assert_output its
  done
  late "os.close(1); os.close(2)
assert os.open('data', os.O_CREAT | os.O_RDWR) == 1 and os.open('data', os.O_RDWR) == 2"
  assert_output ''
  # A connection of the program's.
  script <<'PY'
import os, socket
os.close(2)
ours, other = socket.socketpair()
assert ours.fileno() == 2
import own.mod
other.setblocking(False)
try:
    print(other.recv(1000))
except BlockingIOError:
    print("nothing")
PY
  isolated
  assert_output nothing
}

@test "descriptors: a daemon's log gets the messages" {
  late "log = os.open('data', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
os.dup2(log, 1); os.dup2(log, 2)"
  assert_output --partial 'own/mod'
}

@test "descriptors: standard error that came back is standard error" {
  script <<'PY'
import os
saved = os.dup(2)
os.close(2)
os.dup2(saved, 2)
import own.mod
PY
  isolated
  assert_regex "$stderr" 'own/mod'
}
