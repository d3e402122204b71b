# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of the launcher alone: launcher_begin in setup_file(), launcher_test in setup().
# The launcher, $ISO, is a copy beside an auditor that does nothing, so that nothing but the
# launcher is tested; "audited" on standard error, when asked for, shows that it is loaded.

# Bats sets output and stderr_lines; the variables are for the tests.
# shellcheck disable=SC2154,SC2034

launcher_begin() {
  TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  BIN="$BATS_FILE_TMPDIR/bin"
  export TOP BIN
  mkdir "$BIN"
  cp "${ISOLATE_BUILT:-$TOP}/pypy-isolate" "$BIN/"
  auditor "$BIN/libpypy-isolate.so"
}

# auditor FILE
auditor() {
  gcc -shared -fPIC -x c -o "$1" - <<'C'
#include <stdlib.h>
#include <unistd.h>
unsigned int la_version(unsigned int version)
{
	if (getenv("AUDITOR_SAYS"))
		(void)!write(2, "audited\n", 8);
	return version < 2 ? version : 2;
}
C
}

launcher_test() {
  load /usr/lib/bats/bats-support/load
  load /usr/lib/bats/bats-assert/load
  ISO="$BIN/pypy-isolate"
  CONF="$BATS_TEST_TMPDIR/test.conf"
  DEFAULT=512 # glibc.rtld.optional_static_tls
  : >"$CONF"
  export PYPY_ISOLATE_CONF="$CONF"
  unset PYPY_ISOLATE PYPY_ISOLATE_LOG LD_AUDIT LD_PRELOAD LD_LIBRARY_PATH LD_BIND_NOW GLIBC_TUNABLES
  cd "$BATS_TEST_TMPDIR" || return 1
}

# The value of one variable in a process under the launcher.
value_of() {
  "$ISO" env | sed -n "s/^$1=//p"
}

# A mount namespace; in a chroot only root gets one, and needs no user namespace for it.
in_mounts() {
  if [ "$(id -u)" = 0 ]; then
    unshare -m "$@"
  else
    unshare -rm "$@"
  fi
}

# expect_failure STATUS LINE COMMAND...: that, on standard error, and nothing else there
expect_failure() {
  local status_wanted=$1 line=$2
  shift 2
  run "-$status_wanted" --separate-stderr "$@"
  assert_equal "$output" ""
  assert_equal "${stderr_lines[0]}" "$line"
}
