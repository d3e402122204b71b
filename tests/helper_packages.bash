# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of packages, with the fixtures of fixture/packages/build.
#
# packages_begin [releases] in setup_file(), packages_test in setup(). Modules are at
# SITE; what stands for the system's libraries is in SYSTEM, and LD_LIBRARY_PATH says
# so. Lines that are appended to the file POLICY are rules.

load helper_live

packages_begin() {
  live_begin
  PACKAGES=$("$TOP/tests/fixture/packages/build" "$@" 2>"$BATS_FILE_TMPDIR/build.log") || {
    cat "$BATS_FILE_TMPDIR/build.log" >&2
    return 1
  }
  SITE=$PACKAGES/site-packages
  SYSTEM=$PACKAGES/system
  SUFFIX=$(pypy3 -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
  export PACKAGES SITE SYSTEM SUFFIX
}

packages_test() {
  live_test
  POLICY=$BATS_TEST_TMPDIR/policy.conf
  : >"$POLICY"
  export LD_LIBRARY_PATH=$SYSTEM POLICY PYPY_ISOLATE_CONF=$POLICY
}

# both TEXT: this is printed without us and with us. What isolates nothing would print it,
# too: so at least one object must have gone into a namespace.
both() {
  plain
  prints "$1"
  PYPY_ISOLATE_LOG=debug:$PWD/both.log isolated
  prints "$1"
  grep -qE ': namespace [1-9]' both.log || fail "nothing was isolated"
}

# differ PLAIN ISOLATED: what is printed without us, and with us.
differ() {
  plain
  prints "$1"
  isolated
  prints "$2"
}
