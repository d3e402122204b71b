#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# AT_SECURE: a set-user-ID interpreter that somebody else starts, with everything in the
# environment that would make us do something.
#
# ld.so then takes an auditor from its own directories alone, and with the set-user-ID
# bit. So that we are in the process at all, the module is mounted, in a namespace of
# the test, on a file of glibc's that no program here needs.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
}

setup() {
  live_test
  [ "$(id -u)" = 0 ] || cannot "only root can make a set-user-ID file of another user"
  unshare -m true || cannot "no mount namespace may be made here"
  chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" .
  ulimit -c 0
  hidden=$(/sbin/ldconfig -p |
    awk '$1 == "libthread_db.so.1" && /x86-64|AArch64/ { print $NF }')
  mkdir site
  cp -rL "$SITE"/own* site/
  cp "$built/libpypy-isolate.so" module.so
  mkdir etc
  chmod 4755 module.so
  set_user_id "$(readlink -f "$(command -v pypy3)")"
  script <<'PY'
import ctypes, os, sys
sys.path.insert(0, "site")
import own.mod
if ctypes.CDLL(None).getauxval(23) != 1:
    print("not AT_SECURE")
print(own.mod.version(), "libthread_db" in open("/proc/self/maps").read())
PY
  unset PYTHONPATH
}

# set_user_id FILE: interpreter is a copy of it that is another user's.
set_user_id() {
  cp "$1" interpreter
  chown 1234 interpreter
  chmod 4755 interpreter
}

# as_user POLICY WORD=VALUE... : a third user starts it, with the module mounted, POLICY (or
# nothing) as /etc/pypy-isolate.conf, and this in the environment.
as_user() {
  # shellcheck disable=SC2016
  run --separate-stderr unshare -m sh -c '
    mount --bind module.so "$1" &&
    if [ -n "$2" ]; then
      cp -r /etc/ld.so* etc && cp "$2" etc/pypy-isolate.conf &&
      chown "$(stat -c %u "$2")" etc/pypy-isolate.conf && mount --bind etc /etc
    fi && shift 2 && exec setpriv --reuid 99 --regid 99 --clear-groups env "$@" \
      timeout -k 5 60 ./interpreter script.py' sh "$hidden" "$@"
}

@test "secure: a module by its path is not even loaded" {
  as_user '' LD_AUDIT="$PWD/module.so" PYPY_ISOLATE_LOG="debug:$PWD/log"
  prints "$ZLIB False"
  [ ! -e log ]
}

@test "secure: when we are loaded, modules are isolated" {
  as_user '' LD_AUDIT=libthread_db.so.1
  prints 'own True'
}

@test "secure: nothing in the environment is for us" {
  chmod a+rwx .
  echo nonsense >mine.conf
  local setting
  for setting in PYPY_ISOLATE=off PYPY_ISOLATE=nonsense "PYPY_ISOLATE_CONF=$PWD/mine.conf" \
    PYPY_ISOLATE_CONF=/nowhere PYPY_ISOLATE_LOG=nonsense PYPY_ISOLATE_LOG=debug \
    "PYPY_ISOLATE_LOG=debug:$PWD/log" "PYPY_ISOLATE_RECORD=$PWD/record"; do
    : >record
    chmod a+rw record
    as_user '' LD_AUDIT=libthread_db.so.1 "$setting"
    prints 'own True'
    [ ! -e log ]
    # That of timeout, which has no privileges, is another program's.
    run grep -F "$PWD/interpreter" record
    assert_output ''
  done
}

@test "secure: the system's policy counts, if it is root's or the program's" {
  echo 'leave "*"' >t.conf
  local owner
  for owner in 0 1234; do
    chown "$owner" t.conf
    as_user t.conf LD_AUDIT=libthread_db.so.1
    prints "$ZLIB True"
  done
  for owner in 99 4321; do
    chown "$owner" t.conf
    as_user t.conf LD_AUDIT=libthread_db.so.1
    assert_success
    assert_output "$ZLIB True"
    assert_regex "$stderr" "^pypy-isolate: /etc/pypy-isolate.conf: belongs to user $owner, .* \
runs without isolation"
  done
}

@test "secure: a real python3" {
  set_user_id /usr/bin/python3
  script <<'PY'
import ctypes
print(ctypes.CDLL(None).getauxval(23), "libthread_db" in open("/proc/self/maps").read())
PY
  as_user '' LD_AUDIT=libthread_db.so.1 PYPY_ISOLATE_LOG="debug:$PWD/log" \
    PYPY_ISOLATE_CONF=/nowhere
  prints '1 True'
}

@test "secure: a program that is linked with us, without LD_AUDIT" {
  gcc -o embedder -x c - -x none "$(pypy3 -c 'print([line.split()[-1]
for line in open("/proc/self/maps") if "libpypy" in line][0])')" \
    -Wl,--audit=libthread_db.so.1 <<'C'
int pypy_main_startup(int argc, char **argv);
int main(int argc, char **argv) { return pypy_main_startup(argc, argv); }
C
  set_user_id embedder
  as_user '' PYPY_ISOLATE=off PYPY_ISOLATE_LOG="debug:$PWD/log"
  prints 'own True'
}
