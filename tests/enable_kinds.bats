#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The other ways to enable, what is refused, what status says, and the end of the package.

# shellcheck disable=SC2154	# set by helper

load helper_enable

setup_file() {
  enable_begin
}

@test "enable: an interpreter that is of no package, by root and by a user" {
  inside <<'SH'
    mkdir -p /srv/opt/python/bin
    cp /usr/bin/python3.11 /srv/opt/python/bin/python3.11
    ln -s python3.11 /srv/opt/python/bin/python
    touch -d @1000000000 /srv/opt/python/bin/python3.11
    snapshot /srv/opt/python >before
    pypy-isolate enable /srv/opt/python/bin/python
    is_isolated /srv/opt/python/bin/python
    equal executable "$(/srv/opt/python/bin/python -c 'import sys; print(sys.executable)')" \
      /srv/opt/python/bin/python
    equal diversions "$(dpkg-divert --list '*isolate*' '*opt*')" ''
    is_plain python3
    # Installed anew over the stand-in, and enabled again: the new one is what comes back.
    (cat /usr/bin/python3.11; echo) >/srv/opt/python/bin/new
    chmod 755 /srv/opt/python/bin/new
    mv /srv/opt/python/bin/new /srv/opt/python/bin/python3.11
    ! pypy-isolate status /srv/opt/python/bin/python >out || fail "$(cat out)"
    grep -q 'installed anew; pypy-isolate enable /srv/opt/python/bin/python3.11, or disable' out
    pypy-isolate enable /srv/opt/python/bin/python
    is_isolated /srv/opt/python/bin/python
    pypy-isolate disable /srv/opt/python/bin/python3.11
    equal size "$(stat -c %s /srv/opt/python/bin/python3.11)" $(($(stat -c %s /usr/bin/python3.11) + 1))
    cp /usr/bin/python3.11 /srv/opt/python/bin/python3.11
    touch -d @1000000000 /srv/opt/python/bin/python3.11
    unchanged before /srv/opt/python

    useradd -m one
    chmod a+x /root
    su one -c 'cp /usr/bin/python3.11 ~/python'
    snapshot /srv/opt/python >before
    run_as() { setpriv --reuid one --regid one --init-groups env HOME=/home/one "$@"; }
    run_as pypy-isolate enable /home/one/python
    is_isolated run_as /home/one/python
    is_isolated /home/one/python
    grep -q /home/one/python /home/one/.local/state/pypy-isolate/enabled
    run_as pypy-isolate disable --all
    is_plain run_as /home/one/python
    # What is above a record stays: it is not ours.
    rmdir /home/one/.local/state /home/one/.local
    unchanged before /srv/opt/python
    # The system's is not his.
    ! run_as pypy-isolate enable python3 >out 2>&1 || fail "$(cat out)"
    equal refused "$(cat out)" \
      'pypy-isolate: /usr/bin/python3.11 cannot be changed by you; as root: sudo pypy-isolate ...'
SH
}

@test "enable --venv: that environment alone" {
  inside <<'SH'
    python3 -m venv --without-pip links
    python3 -m venv --without-pip --copies copies
    pypy3 -m venv --without-pip pypy
    snapshot links copies pypy >before
    for venv in links copies pypy; do
      pypy-isolate enable --venv $venv
      for name in $venv/bin/py*; do
        [[ $name == *.distrib ]] || is_isolated $name
      done
      equal prefix "$($venv/bin/python -c 'import sys; print(sys.prefix)')" /root/$venv
      pypy-isolate status $venv/bin/python
    done
    is_plain python3
    is_plain pypy3
    # On top of the interpreter's own, which may come and go.
    pypy-isolate enable python3
    is_isolated links/bin/python
    is_isolated copies/bin/python
    pypy-isolate disable --venv links
    is_isolated links/bin/python
    pypy-isolate disable python3
    is_plain links/bin/python
    is_isolated copies/bin/python
    pypy-isolate disable --all
    unchanged before links copies pypy
SH
}

@test "enable --env: logins and systemd" {
  inside <<'SH'
    snapshot >before
    pypy-isolate enable --env
    is_isolated sh -lc 'exec pypy3 "$@"' sh
    is_isolated su -l root -c 'PYTHONPATH='"$PYTHONPATH"' exec pypy3 "$@"' -- sh
    # Once, and what is there stays; with each of the shells that read profile.d.
    for shell in dash bash; do
      got=$(LD_AUDIT=/theirs.so $shell -lc "exec $shell -lc 'echo \$LD_AUDIT \$GLIBC_TUNABLES'" 2>/dev/null)
      equal $shell "$got" '/usr/local/lib/pypy-isolate/libpypy-isolate.so:/theirs.so glibc.rtld.optional_static_tls=3072'
    done
    # What systemd's own program makes of it for a user's services, and that pid 1 reads its.
    /usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator >got
    grep -qx 'LD_AUDIT=/usr/local/lib/pypy-isolate/libpypy-isolate.so' got
    systemd-analyze cat-config systemd/system.conf |
      grep -x >/dev/null 'DefaultEnvironment=LD_AUDIT=/usr/local/lib/pypy-isolate/libpypy-isolate.so'
    ! /lib/systemd/systemd --test --system --log-target=console 2>&1 | grep -F pypy-isolate ||
      fail "systemd does not like it"
    pypy-isolate status
    echo >>/etc/profile.d/pypy-isolate.sh
    ! pypy-isolate status >out || fail "$(cat out)"
    grep -q '^wrong /etc/profile.d/pypy-isolate.sh: is not as it would be' out
    pypy-isolate enable --env
    pypy-isolate status
    pypy-isolate disable --env
    unchanged before
    is_plain sh -lc 'exec pypy3 "$@"' sh
SH
}

@test "enable --linked: no environment, and from anywhere" {
  inside <<'SH'
    mkdir -p /srv/opt/elsewhere
    snapshot /srv/opt >before
    for interpreter in pypy3 python3; do
      pypy-isolate enable --linked /srv/opt/elsewhere/$interpreter $interpreter
      is_isolated /srv/opt/elsewhere/$interpreter
      is_isolated env -i PYTHONPATH="$PYTHONPATH" /srv/opt/elsewhere/$interpreter
      (cd /; PATH=/srv/opt/elsewhere:$PATH is_isolated $interpreter)
      ln -s /srv/opt/elsewhere/$interpreter link-to-$interpreter
      is_isolated ./link-to-$interpreter
      # PyPy looks for its library from where it is: as a plain copy does, and beside the
      # interpreter it is the interpreter's.
      cp "$(readlink -f "$(command -v $interpreter)")" /srv/opt/elsewhere/plain
      for name in plain $interpreter; do
        /srv/opt/elsewhere/$name -c 'import sys; print(sys.prefix)' >prefix-$name
      done
      diff prefix-plain prefix-$interpreter
      rm /srv/opt/elsewhere/plain
      pypy-isolate enable --linked /usr/bin/$interpreter-linked $interpreter
      equal prefix "$($interpreter-linked -c 'import sys; print(sys.prefix)')" /usr
      pypy-isolate disable --linked /usr/bin/$interpreter-linked
      # Others that look at such files see nothing odd; strip(1) may change it.
      readelf -aW /srv/opt/elsewhere/$interpreter 2>&1 >/dev/null | tee odd
      [ ! -s odd ]
      strip -o stripped /srv/opt/elsewhere/$interpreter 2>/dev/null
      is_isolated ./stripped
    done
    pypy-isolate status /srv/opt/elsewhere/pypy3 || :
    timeout 100 gdb -nx -batch -ex 'catch syscall exit_group' -ex run -ex 'info sharedlibrary' \
      --args /srv/opt/elsewhere/pypy3 -c 1 2>&1 | grep >/dev/null 'Yes.*libpypy3.9-c.so'
    # With more rights than its user's, ld.so passes over it, and nothing is said.
    cp /srv/opt/elsewhere/python3 set-user-id
    chown 1234 set-user-id
    chmod 4755 set-user-id
    chmod a+x /root
    got=$(setpriv --reuid 99 --regid 99 --clear-groups ./set-user-id -c '
import ctypes
print(ctypes.CDLL(None).getauxval(23), "libpypy-isolate" in open("/proc/self/maps").read())' 2>&1)
    equal AT_SECURE "$got" '1 False'
    # $ORIGIN is where the interpreter was, and an auditor that it has stays, behind ours.
    cat >auditor.c <<'C'
#include <unistd.h>
unsigned la_version(unsigned v) { write(1, "theirs\n", 7); return v; }
C
    gcc -shared -fPIC -o auditor.so auditor.c
    mkdir -p own/bin own/lib
    echo 'int main(void) { return 0; }' | gcc -x c - -o /dev/null
    echo 'int answer(void) { return 42; }' | gcc -shared -fPIC -x c - -o own/lib/libanswer.so
    cat >own.c <<'C'
#include <stdio.h>
#include <string.h>
int answer(void);
int main(void) {
  static char line[4096]; int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) found |= !!strstr(line, "/libpypy-isolate.so");
  puts(found && answer() == 42 ? "True" : "False");
}
C
    gcc -o own/bin/own own.c -Lown/lib -lanswer -Wl,-rpath,'$ORIGIN/../lib:${ORIGIN}'
    pypy-isolate enable --linked /srv/opt/elsewhere/own own/bin/own
    equal 'with $ORIGIN' "$(/srv/opt/elsewhere/own)" True
    gcc -o own/bin/audited own.c -Lown/lib -lanswer -Wl,-rpath,"$PWD/own/lib" \
      -Wl,--audit="$PWD/auditor.so"
    cp own/bin/audited /srv/opt/elsewhere/before
    patched=$(/srv/opt/elsewhere/before)
    equal 'before' "$patched" $'theirs\nFalse'
    ! pypy-isolate enable --linked /srv/opt/elsewhere/before own/bin/audited 2>out || fail "overwritten"
    grep -q 'is there already, and not of our making' out
    rm /srv/opt/elsewhere/before
    # The trial asks for True.
    sed 's/"True"/"perhaps"/' own.c | gcc -o own/bin/audited -xc - -Lown/lib -lanswer \
      -Wl,-rpath,"$PWD/own/lib"
    ! pypy-isolate enable --linked /srv/opt/elsewhere/audited own/bin/audited 2>out || fail "no trial"
    grep -q 'started, it does not load the audit module (exit status 0), so it is taken back' out
    [ ! -e /srv/opt/elsewhere/audited ]
    pypy-isolate disable --linked /srv/opt/elsewhere/own
    # After an upgrade status says so, and the same command mends it.
    cp -a /usr/bin/python3.11 keep
    (cat keep; echo) >/usr/bin/python3.new
    chmod 755 /usr/bin/python3.new
    mv /usr/bin/python3.new /usr/bin/python3.11
    ! pypy-isolate status >out || fail "$(cat out)"
    grep -q '^wrong /srv/opt/elsewhere/python3: is not as it would be made today: the interpreter has been upgraded; pypy-isolate enable --linked /srv/opt/elsewhere/python3 /usr/bin/python3.11$' out
    pypy-isolate enable --linked /srv/opt/elsewhere/python3 /usr/bin/python3.11
    pypy-isolate status
    cp -a keep /usr/bin/python3.11
    pypy-isolate disable --all
    unchanged before /srv/opt
SH
}

@test "enable: what is refused, and nothing has changed" {
  inside <<'SH'
    refused() {
      local got
      ! got=$(pypy-isolate "${@:2}" 2>&1) || fail "not refused: $*"
      [[ $got == *"$1"* ]] || fail "got: $got" "wanted: $1"
    }
    mkdir -p /srv/opt
    cp /usr/bin/python3.11 /srv/opt/python-set
    chmod 4755 /srv/opt/python-set
    echo 'int main(void) { return 0; }' | gcc -static -x c - -o /srv/opt/python-static
    echo 'int main(void) { return 0; }' | gcc -x c - -o /srv/opt/python-none
    printf '#!/bin/sh\necho none\n' >/srv/opt/python-script
    chmod +x /srv/opt/python-script
    cp /usr/bin/python3.11 /srv/opt/python3
    echo theirs >/srv/opt/python3.distrib
    cp /usr/local/bin/pypy-isolate /srv/opt/
    mkdir -p /srv/opt/lib/pypy-isolate
    snapshot /srv/opt >before
    refused "set-user-ID or set-group-ID" enable /srv/opt/python-set
    refused "is linked statically" enable /srv/opt/python-static
    refused "it does not load the audit module" enable /srv/opt/python-none
    refused "is a script, and does not start an interpreter" enable /srv/opt/python-script
    refused "not found, or not executable; name an interpreter" enable /srv/opt/python-nowhere
    printf 'print(1)\n' >/srv/opt/app.py
    chmod +x /srv/opt/app.py
    refused "/srv/opt/app.py: no ELF program; name an interpreter" enable /srv/opt/app.py
    rm /srv/opt/app.py
    refused "no INTERPRETER after '/srv/opt/copy'" enable --linked /srv/opt/copy
    refused "/srv/opt/python3.distrib is there already" enable /srv/opt/python3
    refused "has no bin" enable --venv /srv/opt
    refused "unexpected '--sideways'" enable --sideways python3
    refused "not one thing to do" enable
    refused "not one thing to do" enable --env python3
    refused "not one thing to do" enable --all
    refused "not one thing to do" disable --all python3
    refused "not made by" disable --linked /srv/opt/python3
    equal 'not enabled' "$(pypy-isolate disable python3)" '/usr/bin/python3.11: is not enabled'
    pypy-isolate enable -n python3 >/dev/null
    pypy-isolate disable -n python3 >/dev/null
    unchanged before /srv/opt
    dpkg-divert --local --no-rename --divert /usr/bin/python3.11.other --add /usr/bin/python3.11 >/dev/null
    refused "is diverted already, by LOCAL to /usr/bin/python3.11.other" enable python3
    dpkg-divert --local --no-rename --remove /usr/bin/python3.11 >/dev/null
    # A program that another user may exchange is none for an interpreter to depend on.
    chmod a+w /usr/local/bin
    refused "others than you and root can write to /usr/local/bin" enable python3
    chmod a-w,u+w /usr/local/bin
    chown 1234 /usr/local/lib/pypy-isolate
    refused "others than you and root can write to /usr/local/lib/pypy-isolate" enable --env
    chown 0 /usr/local/lib/pypy-isolate
    unchanged before /srv/opt
SH
}

@test "status: whatever is not whole, and its command mends it" {
  inside <<'SH'
    # wrong TEXT: status says so; and what it says mends it.
    wrong() {
      ! pypy-isolate status python3 >out || fail "whole: $1" "$(cat out)"
      grep -q "^wrong /usr/bin/python3.11: .*$1" out || fail "wanted: $1" "$(cat out)"
      bash -euc "$(sed 's/.*; //; s/, or disable$//; s/, then /; /' out)" >/dev/null
      is_isolated python3
      pypy-isolate status python3 | grep '^ok ' >/dev/null || fail "not mended: $1"
    }
    snapshot >before
    equal none "$(pypy-isolate status python3)" \
      'note  /usr/bin/python3.11: not isolated; pypy-isolate enable /usr/bin/python3.11'
    pypy-isolate enable python3
    printf x | dd of=/usr/bin/python3.11 bs=1 seek=$(($(stat -c %s /usr/bin/python3.11) - 1)) conv=notrunc 2>/dev/null
    wrong 'its stand-in is not as this pypy-isolate makes it'
    chmod o+w /usr/bin/python3.11
    wrong 'others can write to its stand-in'
    dpkg-divert --package pypy-isolate --no-rename --remove /usr/bin/python3.11 >/dev/null
    wrong 'dpkg does not divert it'
    cp --remove-destination /usr/bin/python3.11.distrib /usr/bin/python3.11
    wrong 'somebody has replaced its stand-in'
    rm /usr/bin/python3.11.saved
    # By hand, as somebody would who does not know of `disable`.
    mv /usr/bin/python3.11.distrib /usr/bin/python3.11
    wrong 'enable or disable was interrupted'
    rm /usr/bin/python3.11
    ! pypy-isolate status >out || fail "$(cat out)"
    grep -q '^wrong /usr/bin/python3.11: is gone, but not the interpreter' out
    pypy-isolate disable /usr/bin/python3.11
    unchanged before
    # In the environment, too.
    pypy-isolate enable python3
    PYPY_ISOLATE=off pypy-isolate status python3 | grep '^note  PYPY_ISOLATE: is off' >/dev/null
    LD_AUDIT=/usr/local/lib/pypy-isolate/libpypy-isolate.so pypy-isolate status python3 |
      grep >/dev/null '^ok    LD_AUDIT: isolates what is started from here'
    # Not a word would leave one guessing.
    pypy-isolate disable python3
    status=$(PATH=/srv $(type -P pypy-isolate) status)
    equal nothing "$status" "note  interpreters: nothing is enabled, and PATH has no pypy or python; \
pypy-isolate status /PATH/TO/INTERPRETER"
SH
}

@test "enable: with the package goes all that it has enabled" {
  "$root/tests/fixture/debs" "$BATS_TEST_TMPDIR/build" >"$BATS_TEST_TMPDIR/build.log" 2>&1 ||
    fail "$(cat "$BATS_TEST_TMPDIR/build.log")"
  NOT_INSTALLED=1 inside "$BATS_TEST_TMPDIR"/build/{lib,}pypy-isolate_*.deb <<'SH'
    python3 -m venv --without-pip venv
    snapshot venv >before
    apt-get install -qq -y "$@" >/dev/null 2>&1
    enable_all() {
      pypy-isolate enable pypy3
      pypy-isolate enable python3
      pypy-isolate enable --venv venv
      pypy-isolate enable --env
      pypy-isolate enable --linked /usr/bin/python-linked python3
    }
    enable_all
    is_isolated python3
    # An upgrade, or the same once more, leaves it in force.
    dpkg -i "$@" >/dev/null 2>&1
    for interpreter in pypy3 python3 venv/bin/python python-linked; do
      is_isolated $interpreter
    done
    pypy-isolate status
    apt-get remove -qq -y pypy-isolate libpypy-isolate >/dev/null 2>&1
    is_plain python3
    dpkg --purge pypy-isolate libpypy-isolate >/dev/null 2>&1
    unchanged before venv
    # It cannot be undone, and so it cannot be removed; then it can.
    apt-get install -qq -y "$@" >/dev/null 2>&1
    enable_all
    cp --remove-destination /usr/bin/python3.11.distrib /usr/bin/python3.11
    ! dpkg -P pypy-isolate >out 2>&1 || fail "removed: $(cat out)"
    grep -q 'somebody has replaced the stand-in; first move that file away: mv /usr/bin/python3.11 ' out
    is_isolated pypy3
    mv /usr/bin/python3.11 /usr/bin/python3.11.saved
    dpkg -P pypy-isolate libpypy-isolate >/dev/null 2>&1
    rm /usr/bin/python3.11.saved
    unchanged before venv
SH
}
