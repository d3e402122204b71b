# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of `enable`: a script for bash in a root directory to throw away.
#
# enable_begin in setup_file(); then `inside` runs standard input in there, after
# enable/inside.bash, and fails with what that printed.

# shellcheck disable=SC2154	# set by helper

load helper

enable_begin() {
  [ "$(id -u)" = 0 ] || cannot "only root can mount a root directory"
  provide enable
  SITE=$("$root/tests/fixture/routes/build" 2>"$BATS_FILE_TMPDIR/build.log")/site-packages || {
    cat "$BATS_FILE_TMPDIR/build.log" >&2
    return 1
  }
  ZLIB=$(pypy3 -c 'import zlib; print(zlib.ZLIB_RUNTIME_VERSION)')
  export SITE ZLIB
}

# inside [ARGUMENT...] <SCRIPT
inside() {
  { cat "$root/tests/enable/inside.bash"; cat; } >"$BATS_TEST_TMPDIR/script"
  run "$root/tests/enable/root" "$BATS_TEST_TMPDIR" bash -c "$(cat "$BATS_TEST_TMPDIR/script")" \
    inside "$@"
  assert_success
}
