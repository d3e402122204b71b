#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is installed, by make and as a Debian package: it works from there, and goes without
# a trace.

# Bats sets stderr.
# shellcheck disable=SC2154,SC2034

load helper_install

setup_file() {
  provide i386
  install_begin
}

setup() {
  live_test
}

# installs DIRECTORY MAKE-ARGUMENT...: DIRECTORY has nothing but what is listed then
installs() {
  make -s -C "$COPY" install DESTDIR="$1" "${@:2}"
  (cd "$1" && find . -type f | LC_ALL=C sort) >installed
}

@test "make install: what is there, that it works, and that uninstall leaves nothing" {
  installs "$PWD/root"
  run cat installed
  assert_output './usr/local/bin/pypy-isolate
./usr/local/lib/pypy-isolate/libpypy-isolate.so
./usr/local/share/bash-completion/completions/pypy-isolate
./usr/local/share/doc/pypy-isolate/pypy-isolate-check.schema.json
./usr/local/share/doc/pypy-isolate/pypy-isolate-explain.schema.json
./usr/local/share/doc/pypy-isolate/pypy-isolate.conf
./usr/local/share/fish/vendor_completions.d/pypy-isolate.fish
./usr/local/share/man/man1/pypy-isolate.1
./usr/local/share/man/man5/pypy-isolate.conf.5
./usr/local/share/man/man7/pypy-isolate-debug.7
./usr/local/share/man/man7/pypy-isolate-messages.7
./usr/local/share/man/man7/pypy-isolate-recipes.7
./usr/local/share/pypy-isolate/gdb.py
./usr/local/share/zsh/site-functions/_pypy-isolate'
  isolates "$PWD/root/usr/local/bin/pypy-isolate"
  make -s -C "$COPY" uninstall DESTDIR="$PWD/root"
  run find root -type f -o -path '*pypy-isolate*'
  assert_output ''
}

@test "make install: another PREFIX and LIBDIR than last time, and the launcher knows" {
  installs "$PWD/first" PREFIX=/usr
  installs '' PREFIX="$PWD/root" LIBDIR="$PWD/other"
  mv root moved
  isolates "$PWD/moved/bin/pypy-isolate"
  rm other/pypy-isolate/libpypy-isolate.so
  isolated
  assert_failure 125
  assert_regex "$stderr" "neither in $PWD/moved/bin nor in $PWD/other/pypy-isolate; run \`make\`"
}

# build_package DIRECTORY [OPTION...]: the Debian packages, in DIRECTORY
build_package() {
  quietly "$TOP/tests/fixture/debs" "$@"
}

# in_root COMMAND...: dpkg, for a machine below ./root; what it depends on is outside of it.
in_root() {
  dpkg --root="$PWD/root" --force-depends,not-root,script-chrootless,architecture \
    --log="$PWD/log" "$@" >/dev/null 2>&1
}

@test "the Debian packages: lintian has nothing to say, they work, and purge leaves nothing" {
  build_package "$PWD/one"
  run lintian --allow-root --fail-on error,warning --tag-display-limit 0 one/*.changes
  assert_output ''
  assert_success
  mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates
  touch root/var/lib/dpkg/status root/var/lib/dpkg/available
  in_root -i one/*pypy-isolate_*.deb
  isolates "$PWD/root/usr/bin/pypy-isolate"

  # Programs of another architecture complain, until they have the module of theirs.
  [ "$(uname -m)" = x86_64 ] || cannot "32-bit programs are of x86-64"
  local lib=/usr/i686-linux-gnu/lib
  i686-linux-gnu-gcc -xc -o true32 - <<<'int main(void) { return 0; }'
  thirty_two=(root/usr/bin/pypy-isolate "$lib/ld-linux.so.2" --library-path "$lib" ./true32)
  run "${thirty_two[@]}"
  assert_output --partial 'wrong ELF class'
  build_package "$PWD/two" -a i386 -d
  in_root -i two/libpypy-isolate_*_i386.deb
  run "${thirty_two[@]}"
  assert_output ''
  assert_success
  isolates "$PWD/root/usr/bin/pypy-isolate"

  in_root -P pypy-isolate libpypy-isolate:amd64 libpypy-isolate:i386
  run find root -name '*pypy-isolate*' -not -path '*/var/lib/dpkg/*'
  assert_output ''
}

@test "the Debian packages: built twice, in two places, they are the same" {
  build_package "$PWD/one"
  sleep 1
  build_package "$PWD/two/deeper"
  for each in one/*.deb; do
    same_bytes "$each" "two/deeper/${each##*/}"
  done
}

@test "the version stands in one place, and others agree with it" {
  run "$built/pypy-isolate" --version
  assert_output "pypy-isolate $(sed -n 's/.*VERSION "\(.*\)"/\1/p' "$TOP/policy/version.h")"
  assert_equal "pypy-isolate $(cd "$TOP" && dpkg-parsechangelog -S Version)" "$output"
  assert_regex "$(sed -n 3p "$TOP/NEWS")" "^${output#pypy-isolate } "
  assert_equal "pypy-isolate $(sed -n 's/^Version: *//p' "$TOP/packaging/pypy-isolate.spec")" "$output"
}
