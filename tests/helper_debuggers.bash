# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of what looks into a process: a package `tracee` for both interpreters, with
# debug information, and a program that works with it ($work).

# Bats sets the names of its directories; the variables of a test are its own.
# shellcheck disable=SC2154,SC2034

load helper

# tracee_begin WORD: in setup_file(), with the word of tests/setup.
tracee_begin() {
  provide "$1"
  SITE=$BATS_FILE_TMPDIR/site-packages
  export SITE
  "$root/tests/fixture/debuggers/build" "$SITE" pypy3 /usr/bin/python3
}

tracee_test() {
  cd "$BATS_TEST_TMPDIR" || return
  unset LD_AUDIT LD_PRELOAD LD_BIND_NOW
  export PYTHONPATH=$SITE PYTHONDONTWRITEBYTECODE=1
  work=$root/tests/fixture/debuggers/work.py
}
