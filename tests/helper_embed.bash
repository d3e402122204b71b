# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of programs that embed an interpreter.
#
# embed_begin in setup_file(), embed_test in setup(). A server answers at $origin, and is
# asked through `ask` and `walk_process`. `recipe` makes a file out of the manual's text.

# Bats sets stderr; the variables of a test are its own.
# shellcheck disable=SC2154,SC2030,SC2031,SC2034

load "${BASH_SOURCE[0]%/*}/helper.bash"

embed=$root/tests/embed
show=$root/tests/fixture/vendored/show.py
# The owners of the five libraries of show.py: the embedder's, and the module's own.
hosts='libexpat\.so\.1|libz\.so\.1|libbz2\.so\.1\.0|libffi\.so\.[78]|libtinfo\.so\.6'
own='lib[a-z0-9]+-[0-9a-f]{8}\.so\..*'

embed_begin() {
  provide embed five
  build_slotwalk
  # The interpreter that is embedded, with the same wheels: what is right.
  PYTHON=$cache/embed/cpython/bin/python3
  FIVE=$cache/five/site-packages
  WHEELS=$(echo "$cache"/embed/cpython/lib/python3*/site-packages)
  export PYTHON WHEELS FIVE
}

embed_test() {
  cd "$BATS_TEST_TMPDIR" || return
  unset LD_AUDIT LD_PRELOAD LD_BIND_NOW PYTHONPATH
  export PYTHONDONTWRITEBYTECODE=1
  pids=()
}

# stop_server, in teardown(): the process group of $server, and nothing of it is said.
stop_server() {
  [ -n "${server:-}" ] || return 0
  kill -KILL -- "-$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
}

# source_of SITE SCRIPT [WORD...]: the Python text that runs a script
source_of() {
  local words
  printf -v words '"%s", ' "${@:2}"
  printf '%s\n' 'import sys' "sys.path[:0] = [\"\", \"$1\"]" "sys.argv = [$words]" \
    'exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"))'
}

# gets OWNERS: five libraries are told of by show.py, all work, and are of such an owner
gets() {
  assert_success
  assert_equal "${#lines[@]} $(grep -Ec "^lib[a-z0-9]+ [^ ]+ works ($1) ($1)\$" <<<"$output")" '5 5'
}

# soon COMMAND...: waits until it succeeds, a minute at most.
soon() {
  local turn
  for turn in {1..600}; do
    "$@" && return
    sleep 0.1
  done
  fail "never: $*"
}

# A port that is free; the server that gets it binds it a moment later.
free_port() {
  python3 -c 'import socket
print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'
}

# ask REQUESTS SCRIPT [WORD...]: sets output: what the script printed, the same from each
# process of pids, after at least so many requests.
ask() {
  run --separate-stderr python3 "$embed/ask.py" "$origin" "$1" "$(IFS=,; echo "${pids[*]}")" \
    "${@:2}"
  [ "$status" = 0 ] || fail "${output: -300} ${stderr: -300} $(<server.log)"
}

# right SCRIPT [WORD...]: prints what the script prints where nobody embeds anything.
right() {
  "$PYTHON" "$@"
}

# answers_right REQUESTS SCRIPT [WORD...]
answers_right() {
  ask "$@"
  assert_output "$(right "${@:2}")"
}

# walk_process PID: $output is slotwalk's report of a process that waits for a request.
walk_process() {
  # shellcheck disable=SC2016 # it is the other shell's
  run --separate-stderr "$slotwalk" "$root/policy/capi/${CAPI:-cpython}.list" bash -c '
    read -r ready done <<<"$SLOTWALK"
    echo "$1" >&"$ready"
    read -r -u "$done" || true' hold "$1"
}

# walks_clean: each process of pids has modules outside base, and no slot where it must not.
walks_clean() {
  local pid
  for pid in "${pids[@]}"; do
    walk_process "$pid"
    expect_clean_walk
  done
}

# recipe NAME FILE [FROM TO]...: the manual's example of that name, FROM replaced by TO.
recipe() {
  "$root/tests/fixture/recipe" "$root/man/${PAGE:-pypy-isolate.1}" "$1" "${@:3}" >"$2" ||
    fail "the recipe $1"
}
