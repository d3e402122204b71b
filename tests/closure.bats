#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a file needs, and where that is found: the answer is ld.so's own, of
# LD_TRACE_LOADED_OBJECTS, to the byte, on files made here and on all that are at hand.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper

setup_file() {
  cd "$BATS_TEST_DIRNAME/.." || return
  "${CC:-gcc}" -std=gnu11 -Wall -I. -D_GNU_SOURCE "${strict[@]}" -o "$BATS_FILE_TMPDIR/closuretest" \
    tests/fixture/closuretest.c audit/{closure,ld_cache,libraries,status}.c policy/arena.c
  LOADER=$(readelf -lW /bin/true | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
  export LOADER
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# oracle FILE...: what ld.so says, in closuretest's words; asked as ldd(1) asks, because
# for --list a name that is not found is the end. It adds the kernel's object.
oracle() {
  local file
  for file; do
    echo "$file"
    LD_TRACE_LOADED_OBJECTS=1 "$LOADER" "$file" 2>/dev/null |
      grep -v -e linux-vdso -e 'statically linked' |
      sed -E 's/^\t//; s/ \(0x[0-9a-f]+\)$//; s/ => not found$/ -/; s/ => / /; s,^(/[^ ]*)$,\1 \1,' |
      awk '!seen[$0]++'	# it lists a name that is missing once for each who needs it
  done
}

# The closures of the files are ld.so's; itself it lists whether needed or not.
expect_closure_of() {
  "$BATS_FILE_TMPDIR/closuretest" "$@" | grep -v "^\(.*/\)\?${LOADER##*/} " >ours
  oracle "$@" | grep -v "^\(.*/\)\?${LOADER##*/} " >its
  run diff its ours
  assert_output ''
}

# object FILE [GCC-ARGUMENT...]: a shared object; what it needs need not exist later.
object() {
  mkdir -p "$(dirname "$1")"
  gcc -shared -nostdlib -Wl,--no-as-needed,--allow-shlib-undefined -o "$1" -x c - -x none \
    "${@:2}" <<<"int object_${RANDOM};"
}

# build_imagetest: ./imagetest writes an object that needs what no linker would list.
build_imagetest() {
  (cd "$root" && gcc -std=gnu11 -D_GNU_SOURCE -I. -o "$BATS_TEST_TMPDIR/imagetest" \
    tests/fixture/imagetest.c audit/elf_*.c audit/image.c policy/diag.c)
}

# library DIRECTORY NAME [GCC-ARGUMENT...]
library() {
  object "$1/$2" -Wl,-soname,"$2" "${@:3}"
}

@test "closure: the oracle can say no" {
  library a liba.so
  object main.so a/liba.so -Wl,-rpath,"$PWD/a"
  expect_closure_of "$PWD/main.so"
  grep -qx "liba.so $PWD/a/liba.so" ours
  sed -i 's/a/b/' its
  run diff its ours
  assert_failure
}

@test "closure: RPATH goes from loader to loader, RUNPATH does not" {
  library deep libdeep.so
  library mid libmid.so deep/libdeep.so
  object rpath.so mid/libmid.so -Wl,--disable-new-dtags,-rpath,"$PWD/mid:$PWD/deep"
  object runpath.so mid/libmid.so -Wl,--enable-new-dtags,-rpath,"$PWD/mid:$PWD/deep"
  expect_closure_of "$PWD/rpath.so" "$PWD/runpath.so"
  grep -qx "libdeep.so -" ours
  grep -qx "libdeep.so $PWD/deep/libdeep.so" ours
}

@test "closure: the RPATH of an object in between serves what comes after it" {
  library last liblast.so
  library next libnext.so last/liblast.so
  library first libfirst.so next/libnext.so \
    -Wl,--disable-new-dtags,-rpath,"$PWD/next:$PWD/last"
  object main.so first/libfirst.so -Wl,--disable-new-dtags,-rpath,"$PWD/first"
  expect_closure_of "$PWD/main.so"
  grep -qx "liblast.so $PWD/last/liblast.so" ours
}

@test "closure: an object with RUNPATH does not look at RPATHs, its own or others'" {
  library one libx.so
  library two libx.so
  library mid libmid.so two/libx.so -Wl,--enable-new-dtags,-rpath,"$PWD/two"
  object main.so mid/libmid.so one/libx.so -Wl,--disable-new-dtags,-rpath,"$PWD/one:$PWD/mid"
  object other.so mid/libmid.so -Wl,--disable-new-dtags,-rpath,"$PWD/one:$PWD/mid"
  expect_closure_of "$PWD/main.so" "$PWD/other.so"
}

@test "closure: \$ORIGIN, \$LIB and \$PLATFORM, with and without braces, by a link, too" {
  local lib platform
  lib=$("$LOADER" --help | sed -nE 's,^ +/usr/(lib[^ ]*) \(system search path\),\1,p' | head -1)
  platform=$("$LOADER" --list-diagnostics | sed -nE 's/^dl_platform="(.*)"/\1/p')
  [ "$platform" ] || platform=$(LD_SHOW_AUXV=1 /bin/true | sed -n 's/^AT_PLATFORM: *//p')
  library libs liborigin.so
  library "where/$lib" liblib.so
  library "where/$platform" libplatform.so
  # shellcheck disable=SC2016
  object sub/main.so libs/liborigin.so "where/$lib/liblib.so" "where/$platform/libplatform.so" \
    '-Wl,-rpath,$ORIGIN/../libs:${ORIGIN}/../where/$LIB:$ORIGIN/../where/${PLATFORM}:$ORIGINAL'
  mkdir linked
  ln -s ../sub/main.so linked/main.so
  expect_closure_of "$PWD/sub/main.so"
  grep -qx "liborigin.so $PWD/sub/../libs/liborigin.so" ours
  assert_equal "$(grep -c -- ' -$' ours)" 0
  mkdir -p linked/elsewhere
  expect_closure_of "$PWD/linked/main.so"
}

@test "closure: LD_LIBRARY_PATH stands between RPATH and RUNPATH, with odd entries" {
  library own libx.so
  library env libx.so
  object rpath.so own/libx.so -Wl,--disable-new-dtags,-rpath,"$PWD/own"
  object runpath.so own/libx.so -Wl,--enable-new-dtags,-rpath,"$PWD/own"
  object nothing.so own/libx.so
  local value
  for value in "$PWD/env" "$PWD/none:$PWD/env" "$PWD/none;$PWD/env" ":$PWD/env:" "env" "" \
    "$PWD/env/" "$PWD//env"; do
    export LD_LIBRARY_PATH=$value
    "$BATS_FILE_TMPDIR/closuretest" "$PWD"/{rpath,runpath,nothing}.so | sed 's,/\+,/,g' >ours
    oracle "$PWD"/{rpath,runpath,nothing}.so | sed 's,/\+,/,g' >its
    run diff its ours
    assert_output ''
  done
}

@test "closure: cycles, and a name that is missing twice" {
  library ring liba.so
  library ring libb.so ring/liba.so
  library ring liba.so ring/libb.so
  library ring libgone.so
  object main.so ring/{liba,libb,libgone}.so -Wl,-rpath,"$PWD/ring"
  library ring libc1.so ring/libgone.so
  object more.so ring/libc1.so ring/libgone.so -Wl,-rpath,"$PWD/ring"
  rm ring/libgone.so
  expect_closure_of "$PWD/main.so" "$PWD/more.so"
}

@test "closure: one object by two names: of its file, or by its SONAME" {
  # At link time they have no SONAME, so both are listed by the names of their files.
  object link/one.so
  object link/two.so
  object link/libthree-1.so
  object link/libthree.so
  object main.so -Llink -l:one.so -l:two.so -l:libthree-1.so -l:libthree.so -Wl,-rpath,"$PWD/run"
  object run/one.so
  ln run/one.so run/two.so
  object run/libthree-1.so -Wl,-soname,libthree.so
  expect_closure_of "$PWD/main.so"
  assert_equal "$(grep -c three ours) $(grep -cE '^(one|two)' ours)" '1 1'
}

@test "closure: a file for another machine is passed over" {
  library good libx.so
  object main.so good/libx.so -Wl,-rpath,"$PWD/other:$PWD/good"
  mkdir -p other
  command -v aarch64-linux-gnu-gcc >/dev/null || cannot "no aarch64-linux-gnu-gcc"
  aarch64-linux-gnu-gcc -shared -nostdlib -o other/libx.so -x c - <<<'int x;'
  expect_closure_of "$PWD/main.so"
  grep -qx "libx.so $PWD/good/libx.so" ours
}

@test "closure: a NEEDED name with a slash, and one that is a SONAME of another file" {
  library here libslash.so
  object plain.so
  gcc -shared -nostdlib -o here/libnamed-1.so -Wl,-soname,libnamed.so -x c - <<<'int x;'
  ln -s libnamed-1.so here/libnamed.so
  gcc -shared -nostdlib -o here/unnamed.so -x c - <<<'int y;'
  # Without a SONAME the linker lists it as it was told: by its path.
  object main.so "$PWD/here/unnamed.so" here/libnamed.so here/libslash.so -Wl,-rpath,"$PWD/here"
  expect_closure_of "$PWD/main.so"
  grep -q "^$PWD/here/unnamed.so" ours
}

@test "closure: 5,000 needed names, of which the last is another" {
  build_imagetest
  object liba.so
  object libb.so
  # shellcheck disable=SC2046	# each is a word
  ./imagetest - "$PWD/main.so" '' $(printf "$PWD/liba.so %.0s" {1..4999}) "$PWD/libb.so"
  expect_closure_of "$PWD/main.so"
  grep -qx "$PWD/libb.so $PWD/libb.so" ours
}

@test "closure: a needed name too long for any path does not hide those after it" {
  build_imagetest
  object liba.so
  # It writes the file, and says that ld.so cannot open it.
  # shellcheck disable=SC2016	# $ORIGIN is for ld.so
  run ./imagetest - "$PWD/main.so" '' "$(printf '$ORIGIN/%.0s' {1..400})" "$PWD/liba.so"
  assert_failure
  "$BATS_FILE_TMPDIR/closuretest" "$PWD/main.so" >ours
  grep -qx "$PWD/liba.so $PWD/liba.so" ours
}

@test "closure: the system's programs and libraries" {
  local file files=()
  for file in /usr/bin/* /usr/lib/*/lib[a-m]*.so.*; do
    [ -L "$file" ] || ! head -c 4 "$file" 2>/dev/null | grep -qaP '^\x7fELF' ||
      files+=("$file")
  done
  [ "${#files[@]}" -gt 200 ] || fail "only ${#files[@]} files were found"
  expect_closure_of "${files[@]}"
}

@test "closure: every module and library of the packages from PyPI" {
  provide real
  local files=()
  mapfile -t files < <(find "$cache/real/site-packages" -name '*.so*' -type f | sort)
  [ "${#files[@]}" -gt 200 ] || fail "only ${#files[@]} files were found"
  expect_closure_of "${files[@]}"
}
