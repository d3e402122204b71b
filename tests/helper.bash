# SPDX-License-Identifier: MIT
# What the .bats files share. In: nothing. Out: $root, $cache, the assertions of
# bats, and the functions below.
# shellcheck shell=bash disable=SC2034,SC2154	# used by the files; set by run

bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load.bash
load /usr/lib/bats/bats-assert/load.bash

root=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
cache=$root/cache
# Where the built files are; `make sanitize` has others.
built=${ISOLATE_BUILT:-$root}
# How the pure parts are compiled: the first mistake ends a test. What a fixture has not
# given back when it ends is none.
strict=(-g -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all)
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
unset PYPY_ISOLATE PYPY_ISOLATE_CONF PYPY_ISOLATE_LOG
# A minimal machine has none set, and then names in UTF-8 cannot be printed.
export LC_ALL=C.UTF-8

# A test that cannot run here is skipped, but where everything must work it fails.
cannot() {
  [ "${ISOLATE_MUST_WORK:-}" != 1 ] || fail "must work, but: $*"
  skip "$*"
}

# glibc_before VERSION: is the one here older?
glibc_before() {
  local here
  here=$(getconf GNU_LIBC_VERSION)
  [ "${here#* }" != "$1" ] && printf '%s\n' "${here#* }" "$1" | sort -CV
}

# What this release of the system is too old for, or too new: told by its version, never by
# what does not work. So this is no failure where everything must work, and `make
# check-matrix` counts it by these words.
not_applicable() {
  skip "not applicable: $*"
}

# Installs what tests/setup is told to, once.
provide() {
  "$root/tests/setup" "$@" || cannot "tests/setup $* failed"
}

# Compiles slotwalk for a file of tests. Out: $slotwalk
build_slotwalk() {
  slotwalk=$BATS_FILE_TMPDIR/slotwalk
  export slotwalk
  "$root/tests/fixture/slotwalk/build" "$slotwalk"
}

# The name of uWSGI's plugin for the python3 that is here.
uwsgi_plugin() {
  basename -s _plugin.so /usr/lib/uwsgi/plugins/python3[0-9]*_plugin.so
}

plain() {
  run --separate-stderr "$@"
}

isolated() {
  run --separate-stderr "$built/pypy-isolate" "$@"
}

# walk [COMMAND-BEFORE-PYTHON...] SCRIPT: $output is slotwalk's report, of pypy3 or PYTHON.
walk() {
  local python=${PYTHON:-pypy3}
  local capi=pypy
  [[ $python == *pypy* ]] || capi=cpython
  run --separate-stderr "$slotwalk" "$root/policy/capi/$capi.list" "${@:1:$#-1}" \
    "$python" "$root/tests/fixture/slotwalk.py" "${@: -1}"
}

# reported WORD: the number after it in the report, or of its lines.
reported() {
  awk -v word="$1" '$1 == word { n += NF == 2 ? $2 : 1 } END { print n + 0 }' <<<"$output"
}

# No slot of a module points where it must not, and there were modules, all of them seen.
expect_clean_walk() {
  assert_equal "$(reported violations) violations, status $status: $output $stderr" \
    "0 violations, status 0: $output $stderr"
  assert_equal "$(reported in-base) $(reported incomplete)" '0 0'
  [ "$(reported objects)" -gt 0 ] || fail "no module was looked at: $output"
}
