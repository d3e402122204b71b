#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Files that are no modules, and a system that has run out of things: an
# ImportError as without us or a clearer one, never a crash, and the next import
# works.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
  SUFFIX=$(pypy3 -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
  export SUFFIX
}

setup() {
  live_test
  mkdir -p site-packages/bad
  BAD=$BATS_TEST_TMPDIR/site-packages/bad/underlinked$SUFFIX
  script <<'PY'
import importlib.machinery, importlib.util, sys
def load(path):
    loader = importlib.machinery.ExtensionFileLoader("underlinked", path)
    spec = importlib.util.spec_from_file_location("underlinked", path, loader=loader)
    return importlib.util.module_from_spec(spec)
for path in sys.argv[1:]:
    try:
        print("loaded:", load(path).version())
    except Exception as error:
        print(type(error).__name__, error)
import own.mod, p0.mod
print(own.mod.version(), p0.mod.version())
PY
}

# refused [WORDS]: the file BAD gives an ImportError with its path, and with WORDS;
# then good modules load, isolated. Without us it is an ImportError, too.
refused() {
  plain script.py "$BAD"
  assert_line --index 0 --partial 'ImportError'
  isolated script.py "$BAD"
  assert_equal "$stderr" ''
  assert_success
  assert_line --index 0 --partial 'ImportError'
  assert_line --index 0 --partial "$BAD"
  [ -z "${1:-}" ] || assert_line --index 0 --regexp "$1"
  assert_line --index 1 'own p0'
}

# refused_by_us [WORDS]: the same, but plain loading may do anything with it.
refused_by_us() {
  isolated script.py "$BAD"
  assert_equal "$stderr" ''
  assert_success
  assert_line --index 0 --partial "ImportError $BAD: "
  [ -z "${1:-}" ] || assert_line --index 0 --regexp "$1"
  assert_line --index 1 'own p0'
}

# as_plain: not a word is different without us.
as_plain() {
  plain script.py "$BAD"
  local want=${lines[0]}
  isolated script.py "$BAD"
  assert_equal "$stderr" ''
  assert_success
  assert_line --index 0 "$want"
  assert_line --index 1 'own p0'
}

@test "the good module, in the place of the bad ones, loads" {
  # Otherwise the tests below could refuse for the wrong reason.
  cp "$SITE/need/underlinked$SUFFIX" "$BAD"
  isolated script.py "$BAD"
  prints 'loaded: tanhf
own p0'
}

@test "an empty file" {
  : >"$BAD"
  refused
}

@test "a text file, a script, an archive, random bytes" {
  printf 'just words\n' >"$BAD"
  refused 'ELF|too short'
  printf '#!/bin/sh\nexit 0\n' >"$BAD"
  refused 'ELF|too short'
  printf '!<arch>\n' >"$BAD"
  refused 'ELF|too short'
  # A linker script, which is what libX.so often is in /usr/lib.
  printf 'INPUT(libc.so.6)\n' >"$BAD"
  refused 'ELF|too short'
  pypy3 -c 'import random, sys
random.seed(1)
sys.stdout.buffer.write(bytes(random.randrange(256) for _ in range(100000)))' >"$BAD"
  refused 'ELF'
}

@test "an ELF header and nothing after it" {
  head -c 64 "$SITE/need/underlinked$SUFFIX" >"$BAD"
  refused
}

@test "another architecture" {
  cp "$SITE/need/underlinked$SUFFIX" "$BAD"
  "$TOP/tests/fixture/poke" "$BAD" e_machine 8
  refused
}

@test "another class, by its header and by its all" {
  cp "$SITE/need/underlinked$SUFFIX" "$BAD"
  local other=-m32 class=1
  [ "$("$TOP/tests/fixture/poke" "$BAD" print @4)" = 2 ] || other=-m64 class=2
  "$TOP/tests/fixture/poke" "$BAD" @4 $class
  refused 'class|header'
  printf 'int underlinked;' >t.c
  # This needs no C library.
  if gcc $other -shared -nostdlib -o "$BAD" t.c 2>/dev/null; then
    refused 'class'
  fi
}

@test "a directory" {
  mkdir "$BAD"
  refused
}

@test "a FIFO does not hold us" {
  # Without us ld.so waits until somebody writes to it.
  mkfifo "$BAD"
  refused_by_us 'regular file'
}

@test "a device, a socket, and links to nowhere and to itself" {
  ln -s /dev/zero "$BAD"
  refused_by_us 'regular file'
  ln -sf /dev/null "$BAD"
  refused_by_us 'regular file'
  rm "$BAD"
  pypy3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$BAD"
  as_plain
  rm "$BAD"
  ln -s /nonexistent "$BAD"
  as_plain
  rm "$BAD"
  ln -s "$BAD" "$BAD"
  as_plain
}

@test "a file that is not there, below a file, with an endless name" {
  as_plain
  touch site-packages/file
  BAD=$PWD/site-packages/file/x$SUFFIX as_plain
  BAD=$PWD/site-packages/$(printf '%0300d' 0)$SUFFIX as_plain
  BAD=$PWD/$(printf 'd/%.0s' {1..2500})x$SUFFIX as_plain
}

@test "an unreadable file, and one in a directory that is closed to us" {
  # Somebody who is not root, and a place that this one can reach.
  local as=() open want
  open=$(mktemp -d /tmp/hostile.XXXXXX)
  chmod 755 "$open"
  [ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  "${as[@]}" test -r "$SITE/own/mod$SUFFIX" -a -x "${ISOLATE%% *}" ||
    cannot "nobody cannot reach the tests"
  cp script.py "$open/"
  mkdir -p "$open/site-packages/unreadable" "$open/site-packages/closed"
  cp "$SITE/need/underlinked$SUFFIX" "$open/site-packages/unreadable/"
  cp "$SITE/need/underlinked$SUFFIX" "$open/site-packages/closed/"
  chmod 0 "$open/site-packages/unreadable/underlinked$SUFFIX" "$open/site-packages/closed"
  for BAD in "$open"/site-packages/{unreadable,closed}/underlinked"$SUFFIX"; do
    run --separate-stderr "${as[@]}" pypy3 "$open/script.py" "$BAD"
    assert_line --index 0 --partial 'Permission denied'
    want=${lines[0]}
    # shellcheck disable=SC2086
    run --separate-stderr "${as[@]}" $ISOLATE pypy3 "$open/script.py" "$BAD"
    assert_equal "$stderr" ''
    assert_line --index 0 "$want"
    assert_line --index 1 'own p0'
  done
  rm -r "$open"
}

@test "a static and a position-independent executable" {
  echo 'int main(void) { return 0; }' >t.c
  gcc -static -o "$BAD" t.c || cannot "no static libc"
  refused
  gcc -pie -fPIE -o "$BAD" t.c
  refused
  gcc -no-pie -o "$BAD" t.c
  refused
  gcc -static-pie -o "$BAD" t.c
  refused
}

@test "an object file and a core of nothing" {
  echo 'int main(void) { return 0; }' >t.c
  gcc -c -o "$BAD" t.c
  refused
  cp "$SITE/need/underlinked$SUFFIX" "$BAD"
  printf '\4' | dd of="$BAD" bs=1 seek=16 conv=notrunc status=none
  refused
}

@test "a good shared object that is no module: ImportError as without us" {
  echo 'int words;' >t.c
  gcc -shared -fPIC -o "$BAD" t.c
  as_plain
  assert_line --index 0 --partial 'PyInit_underlinked'
}

@test "a bad library of a good module, and one that the module opens itself" {
  mkdir -p site-packages/m
  cp "$SITE"/need/underlinked* site-packages/bad/
  printf 'int used(void) { return 1; }\n' >used.c
  gcc -shared -fPIC -Wl,-soname,libused.so -o site-packages/bad/libused.so used.c
  cat >t.c <<'C'
#include <Python.h>
int used(void);
static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, "underlinked", 0, -1 };
PyMODINIT_FUNC PyInit_underlinked(void) { return used() ? PyModule_Create(&definition) : NULL; }
C
  local include
  include=$(pypy3 -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
  gcc -shared -fPIC -I"$include" -o "$BAD" t.c -Lsite-packages/bad -lused "-Wl,-rpath,\$ORIGIN"
  printf 'no library\n' >site-packages/bad/libused.so
  isolated script.py "$BAD"
  assert_line --index 0 --partial 'ImportError'
  assert_line --index 0 --partial 'libused.so'
  assert_line --index 1 'own p0'
  cat >opens.py <<'PY'
import os, sys
import own.dl as dl
try:
    dl.open(sys.argv[1], os.RTLD_NOW)
except OSError as error:
    print(error)
print(dl.version())
PY
  for content in '' 'no library' '!<arch>'; do
    printf '%s' "$content" >site-packages/bad/libused.so
    isolated opens.py "$PWD/site-packages/bad/libused.so"
    assert_success
    assert_line --index 0 --partial 'libused.so'
    assert_line --index 1 own
  done
}

@test "ctypes and cffi: bad files are refused, and the next library loads" {
  cat >opens.py <<'PY'
import ctypes, sys
from cffi import FFI
ffi = FFI()
for path in sys.argv[2:]:
    for opener in (ctypes.CDLL, ffi.dlopen):
        try:
            print("opened", opener(path))
        except OSError as error:
            print("OSError", path in str(error))
library = ctypes.CDLL(sys.argv[1])
library.version.restype = ctypes.c_char_p
print(library.version().decode())
PY
  : >empty.so
  echo words >words.so
  mkdir directory.so
  mkfifo fifo.so
  head -c 3000 "$SITE/own/libabi.so" >cut.so
  isolated opens.py "$SITE/own/libabi.so" "$PWD/"{empty,words,directory,fifo,cut}.so
  prints "$(for _ in {1..10}; do echo 'OSError True'; done)
own"
}

# blameless cuts|pokes MODULE: what dies isolated, dies without us, too, and few do.
blameless() {
  local deaths
  mkdir -p site-packages/spoiled site-packages/again
  isolated "$TOP/tests/fixture/hostile/spoil.py" "$1" "$2" site-packages/spoiled
  assert_success
  local isolated_output=$output
  echo "$isolated_output"
  mapfile -t deaths < <(awk '$1 == "died" { print $3 }' <<<"$output")
  [ "${#deaths[@]}" -lt 10 ]
  [ "${#deaths[@]}" -gt 0 ] || return 0
  plain "$TOP/tests/fixture/hostile/spoil.py" "$1" "$2" site-packages/again "${deaths[@]}"
  assert_equal "$(grep '^died' <<<"$output")" "$(grep '^died' <<<"$isolated_output")"
}

@test "truncated at 1,400 lengths: no import of one is a crash" {
  blameless cuts "$SITE/need/underlinked$SUFFIX"
  assert_line --partial "'died': 0}"
  refute_output --regexp "'refused': [0-9]{1,3},"
}

@test "every field of headers and dynamic section poked: no crash that is ours" {
  # What is left is code of the module that runs from a wrong place.
  blameless pokes "$SITE/need/underlinked$SUFFIX"
  blameless pokes "$SITE/own/mod$SUFFIX"
}

# --- a system that has run out of things ---

# survives COMMANDS: under the limits that they set modules load isolated, or are
# refused with an ImportError, or the interpreter itself cannot look for them; it lives in
# any case.
survives() {
  cat >poor.py <<'PY'
import sys
for name in ("own.mod", "p0.mod", "p1.mod"):
    try:
        module = __import__(name, fromlist=["x"])
        print(name, module.version())
    except ImportError as error:
        print("ImportError", error)
    except OSError as error:
        print(error)
print("alive")
PY
  run --separate-stderr timeout -k 5 60 bash -c "$1; exec $ISOLATE pypy3 poor.py"
  assert_success
  assert_line 'alive'
  refute_line --regexp '^(own|p0|p1).mod 1\.'
}

@test "no file may grow: RLIMIT_FSIZE 0" {
  survives 'ulimit -f 0'
}

@test "few descriptors: modules load, or are refused" {
  for limit in 8 9 10 11 12 13 14 16 20 64; do
    survives "exec 3>&- 4>&- 5>&- 6>&- 7>&-; ulimit -n $limit"
  done
}

@test "little address space: a load that failed for it works when there is more" {
  # Of 20,000 children of plain pypy3 one died of what was too little for its collector: one
  # may, here as there.
  plain "$TOP/tests/fixture/hostile/poor.py" "$SITE/own/libabi.so"
  assert_output --regexp "^\{'1\.[0-9.]+': (96|95, -6: 1)\}\$"
  isolated "$TOP/tests/fixture/hostile/poor.py" "$SITE/own/libabi.so"
  assert_success
  assert_output --regexp "^\{'own': (96|95, -6: 1)\}\$"
}

@test "no /proc: modules load, or are refused" {
  unshare -m true 2>/dev/null || cannot "no mount namespace may be made here"
  cat >poor.py <<'PY'
try:
    import own.mod
    print(own.mod.version())
except ImportError as error:
    print("ImportError", error)
print("alive")
PY
  # The launcher itself looks for its module by /proc.
  local audit
  # shellcheck disable=SC2086,SC2016
  audit=$($ISOLATE sh -c 'echo "$LD_AUDIT"')
  # shellcheck disable=SC2016
  run --separate-stderr unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh \
    env LD_AUDIT="$audit" pypy3 poor.py
  assert_success
  assert_line --index 0 --regexp '^(own|ImportError .*/proc.*)$'
  assert_line alive
}

@test "a file that changes while it is loaded: loaded or refused, never a crash" {
  local module=$SITE/need/underlinked$SUFFIX how
  for how in plain isolated; do
    rm -rf race && mkdir race
    (cd race && "$how" "$TOP/tests/fixture/hostile/race.py" "$module" "$SITE/own/libabi.so" 700
      echo "$stderr"
      assert_success
      assert_line --index 0 'loaded some')
  done
}

@test "a file that is exchanged between two imports: as without us" {
  cat >exchange.py <<'PY'
import ctypes, os, shutil, sys
def version(path):
    library = ctypes.CDLL(path)
    library.version.restype = ctypes.c_char_p
    return library.version().decode(), ctypes.c_int.in_dll(library, "counter").value, library
first = version("./lib.so")
os.rename(sys.argv[1], "lib.so")
second = version("./lib.so")
print(first[1], second[1], first[0] == second[0])
PY
  # A name that ld.so knows is not looked at again.
  local how want='5 5 True'
  export LD_LIBRARY_PATH=$SITE/own.libs
  for how in plain isolated; do
    cp "$SITE/own/libabi.so" lib.so
    cp "$ROUTES/elsewhere/libabi.so" new.so
    "$how" exchange.py new.so
    prints "$want"
  done
}
