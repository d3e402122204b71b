#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What happens while an interpreter is enabled: upgrades, removals, kill -9 at any step.

load helper_enable

setup_file() {
  enable_begin
}

# For the shell inside: package VERSION DIRECTORY [BYTES] makes DIRECTORY/pypy3.deb of the real
# one, with that version and with BYTES after the interpreter's own.
# shellcheck disable=SC2016 # for the shell inside
PACKAGE='
  printf "no-triggers\nforce-unsafe-io\n" >/etc/dpkg/dpkg.cfg.d/quick
  package() {
    rm -rf unpacked
    dpkg-deb -R "$TOP/cache/enable/pypy3.deb" unpacked
    sed -i "s/^Version: .*/Version: $1/" unpacked/DEBIAN/control
    printf %s "${3:-}" >>unpacked/usr/bin/pypy3.9
    # What is in there has its own sums.
    rm -f unpacked/DEBIAN/md5sums
    mkdir -p "$2"
    dpkg-deb --root-owner-group -Znone -b unpacked "$2/pypy3.deb" >/dev/null
  }
  # apt DEB: at ease about older versions, and with nothing to ask
  apt() {
    apt-get install -qq -y --allow-downgrades --reinstall "$1" >apt.log 2>&1 || fail "$(cat apt.log)"
  }
  ours() {
    sha256sum <"$1" | cut -c 1-64
  }
'

@test "enable: apt upgrades, installs again, and takes back; disable gives what is newest" {
  inside <<SH
    $PACKAGE
    version=\$(dpkg-query -Wf '\${Version}' pypy3)
    package "\$version+later" new newer
    later=\$(ours unpacked/usr/bin/pypy3.9)
    package "\$version" same
    snapshot >before
    pypy-isolate enable pypy3
    for i in 1 2; do
      apt ./new/pypy3.deb
      equal version "\$(dpkg-query -Wf '\${Version}' pypy3)" "\$version+later"
      equal kept "\$(ours /usr/bin/pypy3.9.distrib)" "\$later"
      is_isolated pypy3
      pypy-isolate status pypy3
    done
    pypy-isolate disable pypy3
    equal restored "\$(ours /usr/bin/pypy3.9)" "\$later"
    is_plain pypy3
    # Another enable, and the old version once more: as if nothing had been.
    pypy-isolate enable pypy3
    dpkg --unpack same/pypy3.deb >/dev/null 2>&1
    is_isolated pypy3
    pypy-isolate disable pypy3
    unchanged before
SH
}

@test "enable: an interpreter that is removed, and one that comes back" {
  inside <<SH
    $PACKAGE
    package "\$(dpkg-query -Wf '\${Version}' pypy3)" same
    pypy-isolate enable pypy3
    dpkg -r --force-depends pypy3 >/dev/null 2>&1
    if pypy-isolate status /usr/bin/pypy3.9 >out; then fail "\$(cat out)"; fi
    grep -q 'the interpreter, /usr/bin/pypy3.9.distrib, is gone; pypy-isolate disable' out
    if /usr/bin/pypy3.9 -c 1 >out 2>&1; then fail "what ran?"; fi
    grep -q '/usr/bin/pypy3.9.distrib: No such file or directory; .pypy-isolate status' out
    dpkg --unpack same/pypy3.deb >/dev/null 2>&1
    is_isolated pypy3
    dpkg -r --force-depends pypy3 >/dev/null 2>&1
    pypy-isolate disable /usr/bin/pypy3.9
    ! ls /usr/bin/pypy3* 2>/dev/null | grep -v clean || fail "left"
    equal diversions "\$(dpkg-divert --list '*pypy*')" ''
SH
}

# KILLED: at SYSCALL, the COUNTth: dies there, or has status 0 and there is none
# shellcheck disable=SC2016 # for the shell inside
KILLS='
  calls="mkdir link unlink rename clone rmdir"
  # Status 1: it was killed at the count of that call; 0: it has no more of them.
  spared() {
    local status=0
    strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
      "${@:3}" >/dev/null 2>&1 || status=$?
    [ $status = 0 ] || [ $status = 137 ] || fail "$*: status $status"
    return $((status != 0))
  }
'

@test "enable: killed before any change, it can be undone, and can be ended" {
  inside <<SH
    $KILLS
    snapshot >before
    for call in \$calls; do
      for count in \$(seq 20); do
        if spared \$call \$count pypy-isolate enable python3; then
          pypy-isolate disable python3 >/dev/null
          break
        fi
        echo "\$call \$count" >>killed
        got=\$(/usr/bin/python3 -c 'print(2)' 2>&1)
        equal "\$call \$count" "\$got" 2
        pypy-isolate disable python3 >/dev/null
        unchanged before
        ! spared \$call \$count pypy-isolate enable python3 || fail "not killed again"
        pypy-isolate enable python3 >/dev/null
        is_isolated python3
        pypy-isolate status python3 >/dev/null
        pypy-isolate disable python3 >/dev/null
        unchanged before
      done
    done
    [ "\$(wc -l <killed)" -gt 15 ] || fail "\$(cat killed)"
SH
}

@test "disable: killed before any change, it can be ended, and enabled again" {
  inside <<SH
    $KILLS
    snapshot >before
    for call in \$calls; do
      for count in \$(seq 20); do
        pypy-isolate enable python3 >/dev/null
        if spared \$call \$count pypy-isolate disable python3; then
          unchanged before
          break
        fi
        echo "\$call \$count" >>killed
        got=\$(/usr/bin/python3 -c 'print(2)' 2>&1)
        equal "\$call \$count" "\$got" 2
        pypy-isolate enable python3 >/dev/null
        is_isolated python3
        pypy-isolate status python3 >/dev/null
        ! spared \$call \$count pypy-isolate disable python3 || fail "not killed again"
        pypy-isolate disable python3 >/dev/null
        unchanged before
        is_plain python3
      done
    done
    [ "\$(wc -l <killed)" -gt 10 ] || fail "\$(cat killed)"
SH
}

@test "enable: an upgrade between a kill and what ends it" {
  inside <<SH
    $KILLS
    $PACKAGE
    version=\$(dpkg-query -Wf '\${Version}' pypy3)
    package "\$version+later" new newer
    newer=\$(ours unpacked/usr/bin/pypy3.9)
    package "\$version" same
    older=\$(ours unpacked/usr/bin/pypy3.9)
    # After the original has its second name; after the stand-in is there; and dpkg-divert,
    # the fourth program that is started, has not been.
    while read -r call count verb; do
      ! spared \$call \$count pypy-isolate enable pypy3 || fail "\$call \$count: not killed"
      dpkg --unpack new/pypy3.deb >/dev/null 2>&1
      pypy3 -c 1
      pypy-isolate \$verb pypy3 >/dev/null
      if [ \$verb = enable ]; then
        is_isolated pypy3
        pypy-isolate disable pypy3 >/dev/null
      fi
      equal "\$call \$count" "\$(ours /usr/bin/pypy3.9)" "\$newer"
      [ ! -e /usr/bin/pypy3.9.distrib ] || fail "\$call \$count: left"
      dpkg --unpack --force-downgrade same/pypy3.deb >/dev/null 2>&1
      equal older "\$(ours /usr/bin/pypy3.9)" "\$older"
    done <<'AT'
rename 3 enable
rename 3 disable
clone 4 enable
AT
SH
}
