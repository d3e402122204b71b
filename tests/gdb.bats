#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# gdb and what is isolated: names, symbols, lines, backtraces, in a process that it starts,
# in one that runs, and in a core file. The rest of pypy-isolate-debug(7) is in
# debuggers.bats.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_debuggers

setup_file() {
  tracee_begin gdb
}

setup() {
  tracee_test
  # As the manual says: what ld.so and gdb of the release want. Before glibc 2.35 ld.so
  # does not list namespaces; where it has probes (Debian's from 2.43 on), gdb takes the
  # lack of a name for a mistake.
  more=() symbols=echo
  ! glibc_before 2.35 || more+=(-x "$root/launcher/gdb.py") symbols=isolate-symbols
  ! readelf -n /lib64/ld-linux-x86-64.so.2 | grep -q stapsdt || more+=(-ex 'maint ignore-probes rtld')
}

# debug COMMAND... [-- ARGUMENT...]: gdb does these commands; what it prints and warns of is
# in $output.
debug() {
  local commands=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    commands+=(-ex "$1")
    shift
  done
  [ $# -eq 0 ] || shift
  run timeout -k 5 100 gdb -nx -batch -iex 'set debuginfod enabled off' "${more[@]}" \
    -ex 'set breakpoint pending on' "${commands[@]}" "$@" </dev/null
}

# From the library that a module brings, through the module, into the interpreter.
shows_the_stack() {
  assert_line --regexp '^#0 +pace \(inner=.*, n=20\) at .*/pace\.c:7$'
  assert_line --regexp '^#1 .* in walk \(.*\) at .*/module\.c:[0-9]+$'
  assert_line --regexp "$1"
}

# warnings: of $output, those that are not about the machine.
warnings() {
  grep -i warning <<<"$output" | grep -vE 'unexpected null char|0xffffffffff600000|reg-xstate|debuginfod'
}

interpreters=(pypy3 /usr/bin/python3)

@test "gdb: a breakpoint by file and line in a namespace, the stack, values, names" {
  local python
  for python in "${interpreters[@]}"; do
    debug 'break pace.c:7' run bt 'print n' 'info symbol pace' finish continue \
      -- --args "$built/pypy-isolate" "$python" "$work"
    assert_success
    shows_the_stack '(libpypy|PyEval_)'
    # shellcheck disable=SC2016 # it is gdb's
    assert_line '$1 = 20'
    assert_line "pace in section .text of $SITE/tracee/libpace.so.1"
    # shellcheck disable=SC2016
    assert_line 'Value returned is $2 = 41'
    assert_line --regexp 'exited normally'
    assert_equal "$(warnings)" ''
  done
}

@test "gdb: what it lists are modules and libraries by their names, and no mirror" {
  not_before_235
  debug 'break pace' run 'info sharedlibrary' -- --args "$built/pypy-isolate" pypy3 "$work"
  assert_line --regexp " Yes .* $SITE/tracee/libpace.so.1$"
  assert_line --regexp " Yes .* $SITE/tracee/_tracee\..*\.so$"
  refute_output --partial /proc/self/fd
  refute_output --partial memfd
}

not_before_235() {
  ! glibc_before 2.35 || not_applicable "ld.so lists base alone: gdb.py adds symbols by itself"
}

@test "gdb: each stop for the loading of something is one without a mirror's name" {
  cat >stops.gdb <<'GDB'
set stop-on-solib-events 1
run
python
while gdb.selected_inferior().pid:
    print(gdb.execute("info sharedlibrary", to_string=True))
    print(gdb.execute("continue", to_string=True))
GDB
  debug 'source stops.gdb' -- --args "$built/pypy-isolate" pypy3 "$work"
  assert_line --regexp '41$'	# after what gdb was printing
  assert_line --regexp 'libpypy'
  refute_output --partial /proc/self/fd
  assert_equal "$(warnings)" ''
}

@test "gdb: a process that runs already" {
  local python pid
  for python in "${interpreters[@]}"; do
    printf '%s\n' 'import sys' 'from tracee import _tracee' 'def hold(n):' \
      '    print("held", flush=True)' '    sys.stdin.readline()' '    return n' \
      '_tracee.walk(hold, 20)' >hold.py
    mkfifo end said
    "$built/pypy-isolate" "$python" hold.py <end >said 3>&- &
    pid=$!
    exec 7>end 8<said
    read -r -u 8
    debug "$symbols" bt detach -- -p "$pid"
    exec 7>&- 8<&-
    wait "$pid"
    rm end said
    assert_line --regexp '^#[0-9]+ .* in pace \(inner=.*\) at .*/pace\.c:7$'
    assert_line --regexp '^#[0-9]+ .* in walk \(.*\) at .*/module\.c:[0-9]+$'
    assert_equal "$(warnings)" ''
  done
}

@test "gdb: a core file, read later" {
  local python program
  for python in "${interpreters[@]}"; do
    program=$("$python" -c 'import os; print(os.path.realpath("/proc/self/exe"))')
    debug 'break pace.c:7' run 'generate-core-file core' kill \
      -- --args "$built/pypy-isolate" "$python" "$work"
    [ -s core ] || fail "$output"
    debug "$symbols" bt 'info symbol pace' \
      -- "$program" core
    shows_the_stack '(libpypy|PyEval_)'
    assert_line "pace in section .text of $SITE/tracee/libpace.so.1"
    # gdb 11 to 17 want every file that was mapped; there is nothing in mirrors to debug.
    assert_equal "$(warnings | grep -vE "Can't open file /memfd:[^ ]+ \(deleted\) during")" ''
    rm core
  done
}

@test "gdb: a module that crashes: where, and a core file of the kernel" {
  local pattern
  debug run bt -- --args "$built/pypy-isolate" pypy3 -c \
    'from tracee import _tracee; _tracee.fall()'
  assert_line --partial SIGSEGV
  assert_line --regexp '^#0 +.*tumble \(nowhere=.*0x0\) at .*/pace\.c:12$'
  assert_line --regexp '^#1 .* in fall \(.*\) at .*/module\.c:[0-9]+$'
  pattern=$(</proc/sys/kernel/core_pattern)
  [[ $pattern != *[/%\|]* ]] || return 0	# somebody else gets the kernel's
  run bash -c 'ulimit -c unlimited; exec "$@"' sh "$built/pypy-isolate" pypy3 -c \
    'from tracee import _tracee; _tracee.fall()'
  assert_equal "$status" 139
  debug "$symbols" bt \
    -- "$(pypy3 -c 'import os; print(os.path.realpath("/proc/self/exe"))')" core*
  assert_line --regexp '^#0 +.*tumble \(nowhere=.*0x0\) at .*/pace\.c:12$'
  assert_line --regexp '^#1 .* in fall \(.*\) at .*/module\.c:[0-9]+$'
}
