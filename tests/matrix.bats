#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The matrix of releases and architectures: what it prints, and what README.md says of it.

# shellcheck disable=SC2154	# set by run

load helper

# in_readme: its table of architectures
in_readme() {
  sed -n '/^| suite /,/^$/p' "$root/README.md"
}

# results ROW TEXT: what a file of tests said in a row, in a copy of the matrix
results() {
  mkdir -p "cache/roots/$1/srv/results"
  printf 'glibc 2.36\npypy -\npypy3 7.3.11\npython3 3.11.2\n' >"cache/roots/$1/srv/results/about"
  printf '%b\n# status %s\n' "$2" "$3" >"cache/roots/$1/srv/results/run_libc.tap"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  mkdir tests
  cp -r "$root/tests/matrix" tests/
}

@test "matrix: README's table has the rows that make check-arch runs, as table prints them" {
  run "$root/tests/matrix/table" --short
  assert_success
  assert_equal "$(in_readme | head -1 | tr -d ' ')" "$(head -1 <<<"$output" | tr -d ' ')"
  assert_equal "$(in_readme | awk 'NR > 2 && NF { print $2 }')" "$("$root/tests/matrix/foreign" rows)"
}

@test "matrix: each row has a compiler in Makefile's sense, and is native or emulated" {
  local row
  for row in $("$root/tests/matrix/foreign" rows); do
    run "$root/tests/matrix/foreign" compiler "$row"
    assert_output --regexp '^[a-z0-9_]+-linux-gnu[a-z]*$'
    run "$root/tests/matrix/foreign" emulator "$row"
    assert_output --regexp '^[a-z0-9]+$'
  done
  run "$root/tests/matrix/foreign" compiler bookworm-vax
  assert_failure 2
}

@test "matrix: a failing cell says which invariant broke" {
  results one '1..2\nok 1 a\nnot ok 2 b' 1
  results two '1..2\nok 1 a\nok 2 b' 0
  run tests/matrix/table one two
  assert_failure 1
  assert_line --regexp '^\| one .* \| 2 +\| 1 +\| 1 +\| 0 +\| 0 +\| one libc \(1\) +\|$'
  assert_line --regexp '^\| two .* \| 2 +\| 2 +\| 0 +\| 0 +\| 0 +\| - +\|$'
  assert_line 'one run_libc: b'
}

@test "matrix: what was not run, or was skipped, has failed; what does not apply has not" {
  results one '1..3\nok 1 a\nok 2 b # skip no gcc here' 0
  results two '1..2\nok 1 a\nok 2 b # skip not applicable: too old' 0
  run tests/matrix/table one
  assert_failure 1
  assert_line --regexp '\| 3 +\| 1 +\| 2 +\| 0 +\| 0 +\| one libc \(2\)'
  run tests/matrix/table two
  assert_success
  assert_line --regexp '\| 2 +\| 1 +\| 0 +\| 0 +\| 1 +\| -'
}
