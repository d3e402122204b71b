#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is installed, by make and as a Debian package: it works from there, and goes without
# a trace.

# Bats sets stderr.
# shellcheck disable=SC2154,SC2034

load helper_install

setup_file() {
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
./usr/local/share/man/man7/pypy-isolate-messages.7
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

# build_package DIRECTORY: the Debian package of a copy, in DIRECTORY
build_package() {
  mkdir -p "$1"
  cp -r "$COPY" "$1/pypy-isolate"
  make -s -C "$1/pypy-isolate" clean
  quietly env -C "$1/pypy-isolate" dpkg-buildpackage -us -uc -b
}

@test "the Debian package: lintian has nothing to say, it works, and purge leaves nothing" {
  build_package "$PWD/one"
  run lintian --allow-root --fail-on error,warning --tag-display-limit 0 one/*.changes
  assert_output ''
  assert_success
  mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates
  touch root/var/lib/dpkg/status root/var/lib/dpkg/available
  # What it depends on is outside of this root.
  dpkg --root="$PWD/root" --force-depends,not-root,script-chrootless --log="$PWD/log" \
    -i one/pypy-isolate_*.deb >/dev/null 2>&1
  isolates "$PWD/root/usr/bin/pypy-isolate"
  dpkg --root="$PWD/root" --force-not-root --log="$PWD/log" -P pypy-isolate >/dev/null 2>&1
  run find root -name '*pypy-isolate*' -not -path '*/var/lib/dpkg/*'
  assert_output ''
}

@test "the Debian package: built twice, in two places, it is the same" {
  build_package "$PWD/one"
  sleep 1
  build_package "$PWD/two/deeper"
  same_bytes one/pypy-isolate_*.deb two/deeper/pypy-isolate_*.deb
}

@test "the version stands in one place, and others agree with it" {
  run "$built/pypy-isolate" --version
  assert_output "pypy-isolate $(sed -n 's/.*VERSION "\(.*\)"/\1/p' "$TOP/policy/version.h")"
  assert_equal "pypy-isolate $(cd "$TOP" && dpkg-parsechangelog -S Version)" "$output"
  assert_regex "$(sed -n 3p "$TOP/NEWS")" "^${output#pypy-isolate } "
  assert_equal "pypy-isolate $(sed -n 's/^Version: *//p' "$TOP/packaging/pypy-isolate.spec")" "$output"
}
