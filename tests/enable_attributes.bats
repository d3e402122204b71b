#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Files that have more than a mode, and file systems that have less.

load helper_enable

setup_file() {
  enable_begin
}

@test "enable: who may start the interpreter by an access list may start its stand-in" {
  inside <<'SH'
    mkdir /srv/own
    cp /usr/bin/python3.11 /srv/own/python3
    chmod 700 /srv/own/python3
    setfacl -m u:nobody:rwx /srv/own/python3
    acl() {
      getfacl -p "$1" | tail -n +2
    }
    acl /srv/own/python3 >before
    pypy-isolate enable /srv/own/python3
    sudo -u nobody /srv/own/python3 -c 'print(open("/proc/self/maps").read())' |
      grep libpypy-isolate.so >/dev/null
    ! sudo -u games /srv/own/python3 -c 1 2>/dev/null || fail "others may, too"
    # To start it, and no more.
    ! sudo -u nobody sh -c 'exec >>/srv/own/python3' 2>/dev/null || fail "it can be written to"
    diff before <(acl /srv/own/python3.distrib | sed 's/[.]distrib//')
    pypy-isolate status /srv/own/python3 >/dev/null
    pypy-isolate disable /srv/own/python3
    diff before <(acl /srv/own/python3)
SH
}

@test "enable: refused, with the reason, are capabilities, an immutable file, and no room" {
  inside <<'SH'
    refused() {
      local got
      ! got=$(pypy-isolate enable "$2" 2>&1) || fail "not refused: $2"
      [[ $got == *"$1"* ]] || fail "got: $got" "wanted: $1"
      [ ! -e "$2.distrib" ] || fail "left: $2.distrib"
      [ ! -e /var/lib/pypy-isolate ] || fail "left: a record"
    }
    mkdir /srv/own
    mount -t tmpfs -o size=7M own /srv/own
    cp /usr/bin/python3.11 /srv/own/python3
    setcap cap_net_bind_service+ep /srv/own/python3
    refused 'or has capabilities: ld.so would not take the module' /srv/own/python3
    equal capability "$(getcap /srv/own/python3)" '/srv/own/python3 cap_net_bind_service=ep'
    setcap -r /srv/own/python3
    if chattr +i /srv/own/python3 2>/dev/null; then
      refused 'Operation not permitted' /srv/own/python3
      chattr -i /srv/own/python3
    fi
    dd if=/dev/zero of=/srv/own/fill bs=1k 2>/dev/null || :
    refused 'No space left on device' /srv/own/python3
    mount -o remount,ro /srv/own
    refused '/srv/own/python3: Read-only file system' /srv/own/python3
    mount -o remount,rw /srv/own
    rm /srv/own/fill
    pypy-isolate enable /srv/own/python3
    is_isolated /srv/own/python3
    pypy-isolate disable /srv/own/python3
    equal left "$(ls -A /srv/own)" python3
SH
}

@test "enable: a name with no room for a longer one is refused, and leaves no record" {
  inside <<'SH'
    mkdir /srv/own
    # Of the 255 bytes that a name can have, .distrib would have room.
    file=/srv/own/python$(printf 3%.0s $(seq 234))
    cp /usr/bin/python3.11 "$file"
    ! got=$(pypy-isolate enable "$file" 2>&1) || fail "enabled"
    [[ $got == *"File name too long"* ]] || fail "got: $got"
    equal left "$(ls -A /srv/own)" "${file##*/}"
    [ ! -e /var/lib/pypy-isolate ] || fail "left: a record"
SH
}

@test "enable --linked: the interpreter is enabled and disabled, and the copy stays whole" {
  inside <<'SH'
    mkdir /srv/own
    pypy-isolate enable --linked /srv/own/first python3
    cp /srv/own/first before
    pypy-isolate enable python3
    pypy-isolate status >status || fail "$(cat status)"
    pypy-isolate enable --linked /srv/own/first python3
    pypy-isolate enable --linked /srv/own/second python3
    cmp before /srv/own/first
    cmp before /srv/own/second
    pypy-isolate disable python3
    pypy-isolate status >status || fail "$(cat status)"
    is_isolated /srv/own/second
SH
}
