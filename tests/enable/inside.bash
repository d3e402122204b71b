# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts of tests/enable*.bats share, in the root directory to throw away.

set -euo pipefail
cd /root

fail() {
  printf '%s\n' "$@"
  exit 1
}

# equal WHAT GOT WANTED
equal() {
  [ "$2" = "$3" ] || fail "$1" "got:    $2" "wanted: $3"
}

# The module is in the process; for pypy3 that it isolates one, too.
cat >/root/probe.py <<'PY'
import sys
words = ["isolated" if "/libpypy-isolate.so" in open("/proc/self/maps").read() else "plain"]
if hasattr(sys, "pypy_version_info"):
    import own.mod
    words.append(own.mod.version())
print(*words)
PY

# The answers of it when isolated, and when not; of CPython, and of PyPy.
is_isolated() {
  local got
  got=$("$@" /root/probe.py 2>&1) || fail "$*: status $?: $got"
  [[ $got == isolated || $got == 'isolated own' ]] || fail "$* is not isolated: $got"
}

is_plain() {
  local got
  got=$("$@" /root/probe.py 2>&1) || fail "$*: status $?: $got"
  [[ $got == plain || $got == "plain $ZLIB" ]] || fail "$* is not plain: $got"
}

# snapshot [FILE...]: all that enabling could change, of the system and of these: kind, mode,
# owner, size, time of change, contents.
snapshot() {
  {
    find /usr/bin /usr/local/bin /etc /home /var/lib/*isolate* "$@" \
      \( -type f -o -type l \) -printf '%p %y %m %U %G %s %T@ %l\n' 2>/dev/null || :
    find /usr/bin /etc/profile.d /etc/systemd "$@" -name '*py*' -type f \
      -exec sha256sum {} + || :
    dpkg-divert --list
  } | LC_ALL=C sort
}

# unchanged SNAPSHOT [MORE-FOR-IT...]
unchanged() {
  local before=$1
  snapshot "${@:2}" >/root/after
  diff "$before" /root/after >/root/difference || fail "not as before:" "$(cat /root/difference)"
}
