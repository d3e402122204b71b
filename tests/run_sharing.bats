#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Packages and the system's libraries: loaded once, in whatever order they are met, as long
# as nobody has to give up a library of its own for it.
#
# A module here is a plain library at site-packages/PACKAGE/NAME.so with a function ask();
# that of the system's library NAME is NAME(), which counts its calls. A library of the
# same name that a package brings counts from 100.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_packages

# counter FILE [FROM] [GCC-ARGUMENT...]: a library with a counter, named as the file is
counter() {
  local name=${1##*/}
  name=${name%%.*}
  c_object "$1" "${@:3}" <<<"int ${name#lib}(void) { static int n = ${2:-0}; return ++n; }"
}

# module PACKAGE/NAME EXPRESSION [GCC-ARGUMENT...]: ask() gives that, made of x() and y()
module() {
  c_object "site-packages/$1.so" "${@:3}" <<<"int x(void), y(void); int ask(void) { return $2; }"
}

# What the packages of a test bring is found before what the user names.
# shellcheck disable=SC2016 # $ORIGIN is for ld.so
own=('-Wl,--disable-new-dtags' '-Wl,-rpath,$ORIGIN/libs')

build() {
  local package lib=system
  counter $lib/libx.so.1
  counter $lib/liby.so.1
  module a/mod 'x()' $lib/libx.so.1
  module b/mod 'y()' $lib/liby.so.1
  module c/mod 'x() * 10 + y()' $lib/libx.so.1 $lib/liby.so.1
  module d/first 1
  module d/mod 'y()' $lib/liby.so.1
  counter site-packages/v/libs/libx.so.1 100
  module v/mod 'x()' site-packages/v/libs/libx.so.1 "${own[@]}"
  # These cannot be together: each brings a libown.so.1.
  for package in p1 p2 p3; do
    counter site-packages/$package/libs/libown.so.1
  done
  module p1/mod 'x()' $lib/libx.so.1 site-packages/p1/libs/libown.so.1 "${own[@]}"
  module p2/mod 'y()' $lib/liby.so.1 site-packages/p2/libs/libown.so.1 "${own[@]}"
  module p3/mod 'y()' $lib/liby.so.1 site-packages/p3/libs/libown.so.1 "${own[@]}"
  # Of these one has a module that needs what the other brings, more than what its own does.
  local drawn=(site-packages/drawn/libs/lib{x,other}.so.1) whole=site-packages/whole/libs
  counter "${drawn[0]}"
  counter "${drawn[1]}"
  counter $whole/liby.so.1
  module drawn/mod 'x()' "${drawn[@]}" "${own[@]}"
  module whole/one 'y()' $whole/liby.so.1 "${own[@]}"
  # shellcheck disable=SC2016 # $ORIGIN is for ld.so
  module whole/two 'x() * 10 + y()' "${drawn[@]}" $whole/liby.so.1 "${own[@]}" \
    '-Wl,-rpath,$ORIGIN/../drawn/libs'
}

setup_file() {
  live_begin
  cd "$BATS_FILE_TMPDIR" || return
  build >build.log 2>&1 || {
    cat build.log >&2
    return 1
  }
}

setup() {
  live_test
  POLICY=$PWD/policy.conf
  : >"$POLICY"
  export LD_LIBRARY_PATH=$BATS_FILE_TMPDIR/system PYPY_ISOLATE_CONF=$POLICY
  SITE=$BATS_FILE_TMPDIR/site-packages
  # ask.py PACKAGE/NAME...: what each says when it is loaded; then how many copies of the
  # system's libraries there are, and a letter for the namespace of each.
  cat >ask.py <<'PY'
import ctypes, os, sys
import loaded, look
site = os.environ["SITE"]
for name in sys.argv[1:]:
    print(name, ctypes.CDLL("%s/%s.so" % (site, name)).ask())
print(look.mapped("/system/libx.so.1"), look.mapped("/system/liby.so.1"))
letters = {0: "base"}
for number in loaded.namespaces(*("%s/%s.so" % (site, name) for name in sys.argv[1:])):
    letters.setdefault(number, "abcdefghijklmn"[len(letters) - 1])
    print(letters[number], end=" ")
PY
  export SITE
}

# ask HOW PACKAGE/NAME...: runs ask.py. Out: $answers, and $where, the last line of it; as
# words. The output of one that is quiet has nothing on standard error.
ask() {
  "$1" ask.py "${@:2}"
  assert_success
  where=${output##*$'\n'} answers=${output%$'\n'*}
  answers=${answers//$'\n'/ }
}

ask_quietly() {
  ask "$@"
  assert_equal "$stderr" ''
}

# --- packages that bring nothing ---

@test "what needs only the system's libraries, in all orders of four packages: one copy each" {
  # d has a module that needs nothing, and so a namespace before it needs any.
  local order plain_answers
  run -0 python3 -c 'import itertools
for order in itertools.permutations(["a/mod", "b/mod", "c/mod", "d/first d/mod"]):
    print(*order)'
  local orders=("${lines[@]}")
  assert_equal "${#orders[@]}" 24
  for order in "${orders[@]}"; do
    # shellcheck disable=SC2086 # words
    ask_quietly plain $order
    plain_answers=$answers
    assert_regex "$answers" ' 1 1$'
    # shellcheck disable=SC2086
    ask_quietly isolated $order
    assert_equal "$order: $answers" "$order: $plain_answers"
    refute_regex "$where" base
  done
}

@test "... and one that brings a library of such a name keeps its own, in any order" {
  ask_quietly plain v/mod a/mod b/mod c/mod
  assert_equal "$answers" 'v/mod 101 a/mod 102 b/mod 1 c/mod 1032 0 1'
  ask_quietly isolated v/mod a/mod b/mod c/mod
  assert_equal "$answers: $where" 'v/mod 101 a/mod 1 b/mod 1 c/mod 22 1 1: a b b b '
  ask_quietly isolated a/mod v/mod b/mod c/mod
  assert_equal "$answers: $where" 'a/mod 1 v/mod 101 b/mod 1 c/mod 22 1 1: a b a a '
  ask_quietly isolated a/mod b/mod c/mod v/mod
  assert_equal "$answers: $where" 'a/mod 1 b/mod 1 c/mod 22 v/mod 101 1 1: a a a b '
}

# --- groups ---

@test "a group is in one namespace, also when one of it needs only the system's libraries" {
  # Without the group p1 is alone, for what it brings, and b is where such as b are.
  ask_quietly isolated p1/mod b/mod d/mod
  assert_equal "$where" 'a b b '
  echo 'group friends p1 b' >"$POLICY"
  ask_quietly isolated p1/mod b/mod
  assert_equal "$where" 'a a '
  ask_quietly isolated b/mod p1/mod
  assert_equal "$where" 'a a '
  # ... and also when what it needs is loaded elsewhere, which is a second copy
  ask isolated d/mod p1/mod b/mod
  assert_equal "$where" 'a b b '
  assert_regex "$stderr" '/b/mod\.so: gets a second copy of [^ ]*/liby\.so\.1 in .*, for d;'
}

# --- a copy too many ---

# group_line: the line that the warning proposes
group_line() {
  sed -n 's/.* put this line into [^ ]*: \(group [^)]*\)).*/\1/p' <<<"$stderr"
}

@test "a second copy: the warning has the package with the first, and a line that mends it" {
  # p3 cannot go to p2 because of its own libown.so.1, and both need liby.so.1.
  ask plain p2/mod p3/mod
  assert_equal "$answers" 'p2/mod 1 p3/mod 2 0 1'
  ask isolated p2/mod p3/mod
  assert_equal "$answers: $where" 'p2/mod 1 p3/mod 1 0 2: a b '
  assert_equal "$(wc -l <<<"$stderr")" 1
  assert_regex "$stderr" '/p3/mod\.so: gets a second copy of [^ ]*/liby\.so\.1 in .*, for p2 '
  assert_equal "$(group_line)" 'group NAME "p3" "p2"'
  group_line >"$POLICY"
  ask_quietly isolated p2/mod p3/mod
  assert_equal "$answers: $where" 'p2/mod 1 p3/mod 2 0 1: a a '
}

@test "... of one package, whose modules another package's library has separated" {
  # two goes to drawn, and liby.so.1 is where one of its own package is.
  ask isolated drawn/mod whole/one whole/two
  assert_equal "$answers: $where" 'drawn/mod 1 whole/one 1 whole/two 21 0 0: a b a '
  assert_regex "$stderr" '/whole/two\.so: gets a second copy of [^ ]*/liby\.so\.1 in .*, for whole '
  assert_equal "$(group_line)" 'group NAME "whole" "drawn"'
  group_line >"$POLICY"
  ask_quietly isolated drawn/mod whole/one whole/two
  assert_equal "$answers: $where" 'drawn/mod 1 whole/one 1 whole/two 22 0 0: a a a '
}

@test "... of two packages that cannot be together, and a third that needs what both have" {
  ask isolated p1/mod p2/mod c/mod
  assert_equal "$answers: $where" 'p1/mod 1 p2/mod 1 c/mod 21 1 2: a b a '
  assert_regex "$stderr" '/c/mod\.so: gets a second copy of [^ ]*/liby\.so\.1 in .*, for p2 '
  assert_equal "$(group_line)" 'group NAME "c" "p2"'
  group_line >"$POLICY"
  ask isolated p1/mod p2/mod c/mod
  # What was doubled is not, and what p1 has is; the warning says so.
  assert_equal "$answers: $where" 'p1/mod 1 p2/mod 1 c/mod 12 2 1: a b b '
  assert_regex "$stderr" '/c/mod\.so: gets a second copy of [^ ]*/libx\.so\.1 in .*, for p1;'
  echo 'group NAME p1' >>"$POLICY"
  ask_quietly isolated p1/mod p2/mod c/mod
  assert_equal "$answers: $where" 'p1/mod 1 p2/mod 1 c/mod 22 1 1: a a a '
}

# --- a need that is loaded where the module may not go ---

# q brings a libinner.so.1, and m3 needs libouter.so.1, which needs the system's.
build_needs() {
  c_object inner/libinner.so.1 <<<'int inner(void) { return 1; }'
  c_object inner/libouter.so.1 inner/libinner.so.1 "-Wl,-rpath,$PWD/inner" \
    <<<'int inner(void); int outer(void) { return inner(); }'
  c_object inner/libside.so.1 <<<'int side(void) { return 1; }'
  c_object site-packages/q/libs/libinner.so.1 <<<'int inner(void) { return 2; }'
  c_object site-packages/first/libs/libown.so.1 <<<'int own(void) { return 3; }'
  c_object site-packages/needs/libs/libown.so.1 <<<'int own(void) { return 4; }'
  local package search=('-Wl,--disable-new-dtags' "-Wl,-rpath,\$ORIGIN/libs:$PWD/inner")
  for package in first needs; do
    c_object site-packages/$package/mod.so inner/libouter.so.1 \
      site-packages/$package/libs/libown.so.1 "${search[@]}" \
      <<<'int outer(void), own(void); int ask(void) { return outer() * 10 + own(); }'
  done
  c_object site-packages/q/mod.so site-packages/q/libs/libinner.so.1 inner/libside.so.1 \
    "${search[@]}" \
    <<<'int inner(void), side(void); int ask(void) { return inner() * 10 + side(); }'
  c_object site-packages/needs/side.so inner/libside.so.1 "${search[@]}" \
    <<<'int side(void); int ask(void) { return side(); }'
}

@test "a library that is loaded where a module may not go: it gets all its own elsewhere" {
  # needs.mod may not go to first, for libown.so.1; and not to q, where its package is
  # already, for libinner.so.1, which libouter.so.1 needs: though that has been read before.
  build_needs
  SITE=$PWD/site-packages
  ask plain q/mod needs/side needs/mod
  assert_equal "$answers" 'q/mod 21 needs/side 1 needs/mod 24 0 0'
  ask isolated q/mod needs/side needs/mod
  assert_equal "$answers: $where" 'q/mod 21 needs/side 1 needs/mod 14 0 0: a a b '
  ask isolated first/mod q/mod needs/side needs/mod
  assert_equal "$answers: $where" \
    'first/mod 13 q/mod 21 needs/side 1 needs/mod 14 0 0: a b b c '
}

# --- namespaces are not used up, and shared libraries are many ---

@test "20 packages that fail to load take no namespace from the 14 after them" {
  local n
  counter site-packages/bad0/libs/libown.so.1
  c_object site-packages/bad0/mod.so site-packages/bad0/libs/libown.so.1 "${own[@]}" \
    <<<'int own(void), nobody(void); int ask(void) { return own() + nobody(); }'
  for n in {1..19}; do
    cp -R site-packages/bad0 "site-packages/bad$n"
  done
  for n in {0..13}; do
    mkdir "site-packages/good$n"
    cp "$SITE/d/first.so" "site-packages/good$n/mod.so"
  done
  script <<'PY'
import ctypes, os
import loaded, look
def load(name):
    try:
        return ctypes.CDLL(os.path.abspath("site-packages/%s/mod.so" % name), os.RTLD_NOW)
    except OSError as error:
        return str(error).rpartition("undefined")[1:]
print({load("bad%d" % n) for n in range(20)})
print(sum(load("good%d" % n).ask() for n in range(14)))
print(look.mapped("/bad"), len(set(loaded.namespaces(
    *("site-packages/good%d/mod.so" % n for n in range(14))))))
PY
  plain
  assert_success
  local lines_of_plain=("${lines[@]}")
  PYPY_ISOLATE_LOG=debug:$PWD/log isolated
  assert_equal "$stderr" ''
  assert_equal "$output" "${lines_of_plain[0]}
14
0 14"
  assert_line --index 0 "{('undefined', ' symbol: nobody')}"
  # None joined another's namespace: each of these had been given back.
  assert_equal "$(grep -c '/mod\.so: namespace [0-9]*, package [a-z0-9]*: a new one' log)" 34
  run -1 grep 'all are taken' log
}

@test "share with a pattern that 70 libraries match: each is base's, for two packages" {
  local n calls='' names=()
  gcc -c -fPIC -o one.o -x c - <<<'int calls(void) { static int n; return ++n; }'
  mkdir system
  for n in {10..79}; do
    objcopy --redefine-sym "calls=calls$n" one.o "calls$n.o"
    ld -shared -z noexecstack -soname "libsh$n.so" -o "system/libsh$n.so" "calls$n.o"
    calls+="+ calls$n()" names+=("calls$n(void)")
  done
  names=("${names[@]/%/,}" 'none(void)')
  for n in one two; do
    c_object "site-packages/$n/mod.so" system/libsh*.so \
      <<<"int ${names[*]}; int ask(void) { return 0 $calls; }"
  done
  LD_LIBRARY_PATH=$PWD/system
  echo 'share "libsh*.so"' >"$POLICY"
  script <<'PY'
import ctypes, os
import loaded, look
paths = [os.path.abspath("site-packages/%s/mod.so" % name) for name in ("one", "two")]
print(*[ctypes.CDLL(path).ask() for path in paths], look.mapped("/libsh"))
libraries = [(ctypes.CDLL("libsh%d.so" % n), "calls%d" % n) for n in range(10, 80)]
print({(loaded.namespace(loaded.address(*each)), getattr(*each)()) for each in libraries})
print(len(set(loaded.namespaces(*paths))))
PY
  differ '70 140 70
{(0, 3)}
1' '70 140 70
{(0, 3)}
2'
}

# --- loads that fail while others are under way ---

@test "a load that fails does not give away a namespace that another thread's load is in" {
  # slow holds ld.so's lock, while bad, and after it good, have found out where they go:
  # to a namespace that needs not be made, for spare has left it.
  local name
  for name in p own; do
    c_object "site-packages/$name/libsame.so.1" -Wl,-soname,libsame.so.1 \
      <<<"const char *same(void) { return \"$name\"; }"
  done
  # shellcheck disable=SC2016 # $ORIGIN is for ld.so
  local beside='-Wl,-rpath,$ORIGIN'
  c_object site-packages/slow/first.so <<<'void ask(void) { }'
  c_object site-packages/slow/slow.so <<'C'
#include <unistd.h>
__attribute__((constructor)) static void sleep_a_while(void) { usleep(1500000); }
C
  c_object site-packages/p/bad.so site-packages/p/libsame.so.1 "$beside" -Wl,-z,now \
    <<<'void nobody(void); void bad(void) { nobody(); }'
  mkdir site-packages/spare
  cp site-packages/p/{bad.so,libsame.so.1} site-packages/spare/
  c_object site-packages/p/good.so site-packages/p/libsame.so.1 "$beside" \
    <<<'const char *same(void); const char *ask(void) { return same(); }'
  c_object site-packages/own/own.so site-packages/own/libsame.so.1 "$beside" \
    <<<'const char *same(void); const char *ask(void) { return same(); }'
  script <<'PY'
import ctypes, os, threading, time
loaded = {}
def load(name, delay=0):
    time.sleep(delay)
    try:
        loaded[name] = ctypes.CDLL(os.path.abspath("site-packages/%s.so" % name))
        loaded[name].ask.restype = ctypes.c_char_p
    except (OSError, AttributeError):
        pass
load("slow/first")
load("spare/bad")
threads = [threading.Thread(target=load, args=each)
           for each in (("slow/slow", 0), ("p/bad", 0.4), ("p/good", 0.8))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
load("own/own")
print(sorted(loaded), loaded["p/good"].ask(), loaded["own/own"].ask())
PY
  isolated
  prints "['own/own', 'p/good', 'slow/first', 'slow/slow'] b'p' b'own'"
}
