#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Profilers, tracers and crash handlers with what is isolated: pypy-isolate-debug(7). gdb is
# in gdb.bats.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_debuggers

setup_file() {
  tracee_begin debuggers
}

setup() {
  tracee_test
}

# with COMMAND...: nothing may hang
with() {
  run --separate-stderr timeout -k 5 200 "$@"
}

# Of any kind: what it shows is no fault of ours.
other_auditor() {
  gcc -shared -fPIC -D_GNU_SOURCE -Wl,--no-as-needed -o "$1" -x c - <<'C'
#include <link.h>
unsigned la_version(unsigned offered) { return offered < LAV_CURRENT ? offered : LAV_CURRENT; }
C
}

@test "perf: samples have the names of a library in a namespace and of its function" {
  with perf record -q -e cpu-clock -F 5000 -g -o data "$built/pypy-isolate" pypy3 "$work" 50000
  assert_success
  with perf script -i data
  assert_line --regexp "pace\+0x[0-9a-f]+ \($SITE/tracee/libpace\.so\.1\)"
  refute_output --regexp '\(/memfd:'
}

@test "strace -k: the stack of a system call goes through the module" {
  printf '%s\n' 'from tracee import _tracee' 'import os' \
    '_tracee.walk(lambda n: os.write(1, b"called\n"), 1)' >called.py
  with strace -f -k -e trace=write -o trace "$built/pypy-isolate" /usr/bin/python3 called.py
  assert_output called
  run cat trace
  assert_line --regexp "^ > $SITE/tracee/libpace\.so\.1\(pace\+0x"
  assert_line --regexp "^ > $SITE/tracee/_tracee\..*\(walk\+0x"
}

@test "py-spy: the Python stack of a process, and with --native what lies between" {
  printf '%s\n' 'import sys' 'from tracee import _tracee' 'def hold(n):' \
    '    print("held", flush=True)' '    sys.stdin.readline()' '    return n' \
    '_tracee.walk(hold, 20)' >hold.py
  mkfifo end said
  "$built/pypy-isolate" /usr/bin/python3 hold.py <end >said 3>&- &
  exec 7>end 8<said
  read -r -u 8
  with "$cache/debuggers/cpython/bin/py-spy" dump --native -p $!
  exec 7>&- 8<&-
  wait $!
  assert_success
  assert_line --regexp 'hold \(hold\.py:5\)'
  assert_line --regexp 'pace \(pace\.c:7\)'
  assert_line --regexp 'walk \(module\.c:[0-9]+\)'
}

@test "memray: what is imported under its tracker and after it is isolated, each by itself" {
  # It puts functions of its own into the interpreter's slots, and back what libc's table has.
  cp -r "$SITE/tracee" ./later
  cat >track.py <<'PY'
import os
import memray
with memray.Tracker("allocations"):
    from tracee import _tracee
    print(_tracee.walk(lambda n: 7, 1))
from later import _tracee
print(_tracee.walk(lambda n: 7, 1))
print(memray.FileReader("allocations").metadata.total_allocations > 0)
os.remove("allocations")
PY
  PYTHONPATH+=:$PWD
  with "$cache/debuggers/cpython/bin/python" track.py
  assert_success
  local plain=$output name
  PYPY_ISOLATE_LOG=debug:$PWD/log with "$built/pypy-isolate" "$cache/debuggers/cpython/bin/python" track.py
  assert_success
  assert_output "$plain"
  for name in memray tracee later; do
    assert_equal "$(grep -cE ": namespace [0-9]+, package $name: a new one" log)" 1
  done
  assert_equal "$(grep -c ': made by' log)" 3
}

@test "faulthandler: the Python stack of a crash in a library of a namespace" {
  local python status_plain
  echo 'from tracee import _tracee
def below(): _tracee.fall()
below()' >fall.py
  for python in pypy3 /usr/bin/python3; do
    with "$python" -X faulthandler fall.py
    status_plain=$status
    plain=$stderr
    with "$built/pypy-isolate" "$python" -X faulthandler fall.py
    assert_equal "$status" "$status_plain"
    [[ $stderr == *'Segmentation fault'*'line 2'*below* ]] || fail "$stderr"
    assert_equal "$(grep -c fall.py <<<"$stderr")" "$(grep -c fall.py <<<"$plain")"
  done
}

# none_of_ours [at|by]: of the mistakes in log none is in a function of ours; or (by) in one of
# libc's that it calls. In the copied libc there are some: its string functions read in whole
# words. (ld.so has some of its own, with us or without.)
none_of_ours() {
  run cat log
  assert_line --partial 'ERROR SUMMARY'
  run awk -v by="${1:-at}" '/ at 0x/ { print; if (by == "by" && getline) print }' log
  refute_output --regexp '\((in .*libpypy-isolate\.so|('"$(cd "$root" && echo policy/*.c audit/*.c |
    sed 's/[a-z]*\/\([a-z_]*\)\.c/\1/g; s/ /|/g')"')\.c:[0-9]+)\)'
}

@test "valgrind, memcheck: no mistake of ours, with PyPy and CPython" {
  local python
  for python in pypy3 /usr/bin/python3; do
    with env LD_AUDIT="$built/libpypy-isolate.so" \
      valgrind --run-libc-freeres=no --log-file=log "$python" "$work"
    assert_output 41
    none_of_ours by
  done
}

@test "valgrind sees the heap, and what is lost of it" {
  with env LD_AUDIT="$built/libpypy-isolate.so" PYTHONMALLOC=malloc \
    valgrind --run-libc-freeres=no --leak-check=full --log-file=log /usr/bin/python3 "$work"
  assert_output 41
  run cat log
  # A million bytes that the module takes and forgets, by its name and line.
  assert_line --regexp '1,000,000 bytes in 1 blocks are .* lost'
  assert_line --regexp 'by 0x[0-9A-F]+: take \(module\.c:[0-9]+\)'
  none_of_ours
}

@test "massif: who took the memory" {
  with env LD_AUDIT="$built/libpypy-isolate.so" \
    valgrind --tool=massif --run-libc-freeres=no --massif-out-file=massif --log-file=log \
    pypy3 "$work"
  assert_output 41
  with ms_print massif
  assert_line --regexp '1,000,000B\).*: take \(module\.c:[0-9]+\)'
}

@test "callgrind: calls of a module and of its library are counted" {
  with env LD_AUDIT="$built/libpypy-isolate.so" valgrind --tool=callgrind \
    --callgrind-out-file=calls --log-file=log pypy3 "$work" 30
  assert_output 41
  with callgrind_annotate --auto=no --threshold=100 calls
  assert_line --regexp 'pace\.c:pace\b'
  assert_line --regexp 'module\.c:walk\b'
}

@test "heaptrack does not start with any auditor: what the manual says of it" {
  other_auditor other.so
  with heaptrack -o plain pypy3 "$work"
  assert_line 41
  # The rest of heaptrack waits for it.
  LD_AUDIT=$PWD/other.so run --separate-stderr timeout -k 5 20 heaptrack -o other pypy3 "$work"
  [[ $stderr$output == *'Segmentation fault'* ]] || fail "it starts: let the manual say so"
}

@test "who reads /proc/PID/maps finds modules where plain loading has them, by their paths" {
  cat >maps.py <<'PY'
import re
from tracee import _tracee
print(*sorted({path for path in re.findall(r"r-xp .* (/\S+)", open("/proc/self/maps").read())
               if "tracee" in path or "libpace" in path}), sep="\n")
PY
  with pypy3 maps.py
  local plain=$output
  assert_line "$SITE/tracee/libpace.so.1"
  with "$built/pypy-isolate" pypy3 maps.py
  assert_output "$plain"
}
