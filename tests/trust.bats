#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Who may decide, and what may be written: policy files that others could have
# written, names that forge a line of the log, a log that leads elsewhere.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

other=1234 # a user that is nobody here
as_other=(setpriv --reuid "$other" --regid "$other" --clear-groups)

setup_file() {
  live_begin
}

setup() {
  live_test
  [ "$(id -u)" = 0 ] || cannot "only root can be another user"
  ISO=$built/pypy-isolate
  # For a user who may not read our sources; ASan is not for AT_SECURE.
  cp "${built%/build/sanitize}/pypy-isolate" secure
  chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" .
  cat >t.conf <<<'mode permissive'
  chmod 644 t.conf
  export PYPY_ISOLATE_CONF=$PWD/t.conf
}

# refused FILE WHAT: root starts nothing, and says WHAT of FILE.
refused() {
  run "$ISO" touch started
  assert_failure 125
  assert_line --index 0 --partial "$1: $2"
  [ ! -e started ]
}

writable() {
  echo "mode $1 lets others than its owner write, and a process with privileges trusts no \
such file; chmod go-w it"
}

foreign() {
  echo "belongs to user $1, and a process with privileges trusts root's files and its own; \
copy it or chown it"
}

# ---- policy files ----

@test "trust: root takes no policy that its group or others may write" {
  local mode
  for mode in 0664 0646 0666 0620 0602 1777; do
    chmod "$mode" t.conf
    refused "PYPY_ISOLATE_CONF: $PWD/t.conf" "$(writable "$mode")"
  done
  for mode in 0644 0600 0400 4755; do
    chmod "$mode" t.conf
    run "$ISO" true
    assert_success
    assert_output ''
  done
}

@test "trust: root takes no policy of another user, behind a link neither" {
  chown -h "$other" t.conf
  refused "PYPY_ISOLATE_CONF: $PWD/t.conf" "$(foreign "$other")"
  chown root t.conf
  ln -s t.conf link
  chown -h "$other" link
  PYPY_ISOLATE_CONF=$PWD/link run "$ISO" true
  assert_success
  chown "$other" t.conf
  PYPY_ISOLATE_CONF=$PWD/link refused link "$(foreign "$other")"
}

@test "trust: an included file and an exports list are looked at, too" {
  echo 'include b.conf' >t.conf
  echo 'mode permissive' >b.conf
  chmod 666 b.conf
  refused "t.conf:1:9: $PWD/b.conf" "$(writable 0666)"
  echo 'interpreter pypy "libpypy*" exports a.list' >t.conf
  printf 'PyList_New\n' >a.list
  chown "$other" a.list
  refused "$PWD/a.list" "$(foreign "$other")"
}

@test "trust: pypy-isolate conf says it, too" {
  chmod 666 t.conf
  run "$ISO" conf t.conf
  assert_failure 125
  assert_output --partial "t.conf: $(writable 0666)"
}

@test "trust: without the launcher root's interpreter runs without us and says why" {
  chmod 666 t.conf
  export LD_AUDIT=$built/libpypy-isolate.so
  plain -c 'print("ran")'
  assert_success
  assert_output ran
  local said
  said="pypy-isolate: PYPY_ISOLATE_CONF: $PWD/t.conf: $(writable 0666); "
  assert_equal "${stderr:0:${#said}}" "$said"
  assert_regex "${stderr:${#said}}" '^/.*/libpypy3\S* runs without isolation .*conf'
}

@test "trust: a user without privileges decides for himself" {
  chmod 666 t.conf
  run "${as_other[@]}" ./secure conf
  assert_success
  assert_line --regexp 't\.conf:1 +mode permissive'
  chown 4321 t.conf
  run "${as_other[@]}" ./secure conf
  assert_success
  # No user at all of this namespace: as any other.
  [ -z "${ISOLATE_MATRIX:-}" ] || not_applicable "the kernel makes no user namespace in a chroot"
  unshare -r true 2>/dev/null || cannot "no user namespace may be made here"
  chmod 644 t.conf
  run unshare -r "$ISO" conf
  assert_failure 125
  assert_output --partial "$(foreign "$(</proc/sys/kernel/overflowuid)")"
}

@test "trust: with AT_SECURE the file of the system must be root's or the program's" {
  chown "$other" secure
  chmod 4755 secure
  local owner
  for owner in 0 "$other" 4321; do
    # shellcheck disable=SC2016
    run unshare -m sh -c 'mount -t tmpfs none /etc && cd /etc &&
      echo "per process" >pypy-isolate.conf && chown "$1" pypy-isolate.conf && cd - >/dev/null &&
      exec setpriv --reuid 99 --clear-groups ./secure conf' sh "$owner"
    if [ "$owner" = 4321 ]; then
      assert_failure 125
      assert_output "/etc/pypy-isolate.conf: $(foreign 4321)"
    else
      assert_success
      assert_line --regexp '^/etc/pypy-isolate.conf:1 +per process'
    fi
  done
}

# ---- the current directory ----

@test "trust: nothing is taken from the current directory that was not named" {
  unset PYPY_ISOLATE_CONF
  mkdir capi etc
  tee pypy-isolate.conf groups.conf capi/pypy.list capi/cpython.list etc/pypy-isolate.conf \
    libpypy-isolate.so libpypy3.9-c.so <<<nonsense >/dev/null
  PATH=$built:$PATH run --separate-stderr pypy-isolate pypy3 -c 'import own.mod
print(own.mod.version())'
  prints own
}

# bats test_tags=unsanitized
@test "trust: no audit module from the current directory, even if we do not know our own" {
  unshare -m true 2>/dev/null || cannot "no mount namespace may be made here"
  cp "$built/libpypy-isolate.so" .
  # Started by its descriptor, with nothing in /proc: it has no path at all.
  # shellcheck disable=SC2016
  run unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh /usr/bin/python3 -c '
import os, sys
os.execve(os.open(sys.argv[1], os.O_RDONLY), ["pypy-isolate", "env"], os.environ)' "$ISO"
  assert_failure 125
  assert_output --partial 'libpypy-isolate.so is neither in'
}

# ---- what is shown ----

# says BYTES TEXT: the launcher shows a name of these bytes (for printf) as TEXT.
says() {
  local name
  # shellcheck disable=SC2059
  name=$(printf "$1.")
  run -127 "$ISO" "./${name%.}"
  assert_output "pypy-isolate: ./$2: not found; is the path right?"
}

@test "trust: names are shown without what ends a line or drives a terminal" {
  says 'a b~' 'a b~'
  says 'a\nb\r\t\x7f' 'a?b???'
  says '\033[2J\033]0;title\007' '?[2J?]0;title?'
  says '\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d' 'é€🐍'
  # C1 of Unicode, which are commands to a terminal, and as bare bytes.
  says '\xc2\x9b2J' '??2J'
  says '\x9b2J' '?2J'
  # No UTF-8: cut off, too long for what they say, surrogates, past the end.
  says '\xc3' '?'
  says '\xc3a' '?a'
  says '\xe2\x82' '??'
  says '\xc0\xaf\xc1\x8a' '????'
  says '\xe0\x80\x8a' '???'
  says '\xf0\x80\x80\x8a' '????'
  says '\xed\xa0\x80' '???'
  says '\xf4\x90\x80\x80\xff\xfe' '??????'
  # Lines and paragraphs of Unicode, and directions of writing.
  says '\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6' '?????????'
  says '\xe2\x80\xa7\xe2\x80\xaf' $'\xe2\x80\xa7\xe2\x80\xaf'
}

@test "trust: a path cannot forge a line of the log" {
  local evil=$'evil\npypy-isolate: forged\e[2J\xc2\x9b'
  mkdir -p "$evil/site-packages"
  cp -r "$SITE"/own* "$evil/site-packages/"
  export PYPY_ISOLATE_LOG=debug:$PWD/log
  isolated -c 'import sys
sys.path[:0] = sys.argv[1:]
import own.mod
print(own.mod.version())' \
    "$PWD/$evil/site-packages"
  prints own
  grep -q '/evil?pypy-isolate: forged?\[2J??/site-packages/own/mod' log
  run grep -avP '^pypy-isolate: ' log
  assert_output ''
  run grep -c '^pypy-isolate: forged' log
  assert_output 0
  run env LC_ALL=C grep -cP '[^\x20-\x7e]' log
  assert_output 0
}

# ---- where the log goes ----

@test "trust: the log is where the process started, wherever it goes" {
  mkdir elsewhere
  PYPY_ISOLATE_LOG=debug:log isolated -c 'import os; os.chdir("elsewhere"); import own.mod'
  prints ''
  grep -q 'own/mod' log
  [ ! -e elsewhere/log ]
}

@test "trust: root's log follows no link of another user" {
  export PYPY_ISOLATE_LOG=debug:$PWD/log
  ln -s target log
  isolated -c 'import own.mod'
  assert_equal "$stderr" ''
  assert [ -s target ]
  rm target
  chown -h "$other" log
  isolated -c 'import own.mod'
  assert_success
  [ ! -e target ]
  assert_regex "$stderr" 'own/mod'
}

@test "trust: nor does the record that explain asks for, and it is never made" {
  export PYPY_ISOLATE_RECORD=$PWD/record
  isolated -c 'import own.mod'
  assert_success
  assert_equal "$stderr$(ls record* 2>/dev/null)" ''
  : >target
  ln -s target record
  isolated -c 'import own.mod'
  grep -q 'own/mod' target
  : >target
  chown -h "$other" record
  isolated -c 'import own.mod'
  assert_success
  [ ! -s target ]
}

@test "trust: a log that nobody reads does not hold the process" {
  mkfifo fifo
  PYPY_ISOLATE_LOG=debug:$PWD/fifo isolated -c 'import own.mod; print("ran")'
  assert_success
  assert_output ran
  assert_regex "$stderr" 'own/mod'
}
