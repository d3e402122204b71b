# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests that run an interpreter, once with us and once without.
#
# live_begin in setup_file(), live_test in setup(); then a test writes a script
# with `script`, runs it by `plain` or `isolated`, and states by `prints` what it
# must have said. `same` states that both do the same. PYTHON is the interpreter.

# Bats sets stderr; the variables of a test are its own.
# shellcheck disable=SC2154,SC2030,SC2031,SC2034

load helper

# live_begin: ROUTES is where the fixtures are (tests/fixture/routes); ZLIB is the
# version of the interpreter's.
live_begin() {
  TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  ROUTES=$("$TOP/tests/fixture/routes/build" 2>"$BATS_FILE_TMPDIR/build.log") || {
    cat "$BATS_FILE_TMPDIR/build.log" >&2
    return 1
  }
  SITE=$ROUTES/site-packages
  # The one place that says what isolation is.
  ISOLATE=${ISOLATE:-$built/pypy-isolate}
  ZLIB=$(pypy3 -c 'import zlib; print(zlib.ZLIB_RUNTIME_VERSION)')
  export TOP ROUTES SITE ISOLATE ZLIB
}

live_test() {
  cd "$BATS_TEST_TMPDIR" || return
  export PYTHONPATH=$SITE:$TOP/tests/fixture PYTHONDONTWRITEBYTECODE=1
  unset PYPY_ISOLATE PYPY_ISOLATE_CONF PYPY_ISOLATE_LOG LD_AUDIT LD_PRELOAD LD_BIND_NOW
}

# Standard input becomes script.py.
script() {
  cat >script.py
}

# c_object FILE [GCC-ARGUMENT...]: standard input, in C, becomes FILE; that is its SONAME, too.
c_object() {
  mkdir -p "$(dirname "$1")"
  gcc -std=gnu11 -D_GNU_SOURCE -Wall -Werror -O1 -fPIC -shared -o "$1" \
    -Wl,-soname,"${1##*/}" -Wl,--no-as-needed -x c - -x none "${@:2}"
}

# Nothing here may hang: PATIENCE (60) seconds, and then it is a failure with status 124.
plain() {
  run --separate-stderr timeout -k 5 "${PATIENCE:-60}" "${PYTHON:-pypy3}" "${@:-script.py}"
}

isolated() {
  # shellcheck disable=SC2086 # it may be several words
  run --separate-stderr timeout -k 5 "${PATIENCE:-60}" $ISOLATE "${PYTHON:-pypy3}" "${@:-script.py}"
}

# For tests of modules that are bound lazily.
bound_at_once() {
  ! glibc_before 2.35 ||
    not_applicable "before glibc 2.35 the launcher sets LD_BIND_NOW=1: nothing is bound lazily"
}

# prints TEXT: this on standard output, nothing on standard error, status 0.
prints() {
  assert_equal "$stderr" ''
  assert_output "$1"
  assert_success
}

# same [ARGUMENT...]: output, errors and status are the same with us and without.
same() {
  local plain_output plain_stderr plain_status
  plain "$@"
  plain_output=$output plain_stderr=$stderr plain_status=$status
  isolated "$@"
  assert_equal "$output" "$plain_output"
  assert_equal "$stderr" "$plain_stderr"
  assert_equal "$status" "$plain_status"
}
