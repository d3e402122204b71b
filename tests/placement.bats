#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A module, its needs, and what is loaded where -> the namespace that it goes to, and
# why: scenes for the pure function (tests/fixture/placementtest.c says how to read
# them). Packages are p, q, r; files are numbers.

# shellcheck disable=SC2154 # set by helper

load helper

setup_file() {
  cd "$BATS_TEST_DIRNAME/.." || return
  "${CC:-gcc}" -std=gnu11 -Wall -I. -D_GNU_SOURCE "${strict[@]}" -o "$BATS_FILE_TMPDIR/placementtest" \
    tests/fixture/placementtest.c policy/{placement,diag}.c
}

expect_scenes() {
  run "$BATS_FILE_TMPDIR/placementtest"
  assert_output ''
  assert_success
}

@test "placementtest: a wrong scene, a short line and no scene at all fail" {
  run "$BATS_FILE_TMPDIR/placementtest" <<<$'module p\nis home 0'
  assert_failure 1
  assert_output 'line 2: want home 0, got new - (a new one)'
  run "$BATS_FILE_TMPDIR/placementtest" <<<'need libx.so'
  assert_failure 2
  run "$BATS_FILE_TMPDIR/placementtest" </dev/null
  assert_failure 1
}

@test "placement: a package gets a namespace of its own, and its next module goes home" {
  expect_scenes <<'SCENES'
module p
is new -

module p
need libown.so.1 1 p
is new -

module p
space q
is new -

module p
space q
space p
is home 1
SCENES
}

@test "placement: a name that no file is found for draws to where it is loaded" {
  expect_scenes <<'SCENES'
# torch and its extensions: libb.so is in the other package, without a path to it
module p
need libb.so 0 -
space q
has libb.so 1 q
is name 0 libb.so

# by SONAME as well as by file name
module p
need libb.so 0 -
space q
has libb-1.so:libb.so 1 q
is name 0 libb.so

# nobody has it: ld.so will say so
module p
need libb.so 0 -
space q
is new -

# it goes before its own package, and before a file that is shared
module p
need libb.so 0 -
need libc1.so 3 -
space p
has libc1.so 3 -
space q
has libb.so 1 q
is name 1 libb.so doubled libc1.so 0
SCENES
}

@test "placement: a library of another package is loaded once" {
  expect_scenes <<'SCENES'
module p
need libq.so 1 q
space q
has libq.so 1 q
is package-file 0 libq.so

# loaded with p's first module, so q's own follows it there
module q
need libq.so 1 q
space p q
has libq.so 1 q
is package-file 0 libq.so

# q lives there, and has not loaded it so far
module p
need libq.so 1 q
space r
space q
is neighbour 1 libq.so

# duplicate has the last word
module p
need libq.so 1 q double
space r
has libq.so 1 q
is new -
SCENES
}

@test "placement: packages on the same library of the system go together" {
  expect_scenes <<'SCENES'
module p
need libxml2.so.2 1 -
space q
has libxml2.so.2 1 -
is system-file 0 libxml2.so.2

# another file of that name: no reason at all
module p
need libxml2.so.2 2 p
space q
has libxml2.so.2 1 -
is new -

module p
need libstdc++.so.6 1 - double
space q
has libstdc++.so.6 1 -
is new -

# the second module of a package follows the library
module p
need libblas.so.3 1 -
space p
space q
has libblas.so.3 1 -
is system-file 1 libblas.so.3

# at home it is shared already
module p
need libblas.so.3 1 -
space q
has libblas.so.3 1 -
space p
has libblas.so.3 1 -
is system-file 1 libblas.so.3
SCENES
}

@test "placement: of several namespaces the one with most of its libraries" {
  expect_scenes <<'SCENES'
module p
need liba.so 1 -
need libb.so 2 -
need libc1.so 3 -
space q
has liba.so 1 -
space r
has libb.so 2 -
has libc1.so 3 -
is system-file 1 libb.so doubled liba.so 0

# a tie: where the package lives
module p
need liba.so 1 -
need libb.so 2 -
space q
has liba.so 1 -
space p
has libb.so 2 -
is system-file 1 libb.so doubled liba.so 0

# a tie of strangers: the first
module p
need liba.so 1 -
need libb.so 2 -
space q
has liba.so 1 -
space r
has libb.so 2 -
is system-file 0 liba.so doubled libb.so 1

# a package's library weighs more than any of the system
module p
need liba.so 1 -
need libb.so 2 -
need libr.so 3 r
space q
has liba.so 1 -
has libb.so 2 -
space r
has libr.so 3 r
is package-file 1 libr.so doubled liba.so 0
SCENES
}

@test "placement: what it brings is not lost for the sake of the system's" {
  expect_scenes <<'SCENES'
module p
need libz.so.1 1 p
need libxml2.so.2 2 -
space q
has libxml2.so.2 2 -
has libz.so.1 3 -
is new - doubled libxml2.so.2 0

# a package's library is worth it: without it nothing works
module p
need libz.so.1 1 p
need libq.so 2 q
space q
has libq.so 2 q
has libz.so.1 3 -
is package-file 0 libq.so clash 1 libz.so.1 3

# by SONAME, too
module p
need libz.so.1 1 p
need libxml2.so.2 2 -
space q
has libxml2.so.2 2 -
has libz.so.1.2.13:libz.so.1 3 q
is new - doubled libxml2.so.2 0
SCENES
}

@test "placement: what brings no library has one namespace in common" {
  expect_scenes <<'SCENES'
# the first makes it, even if its package has a home
module p
need libX11.so.6 1 -
space p
is new common

module p
need libgeos.so.1 2 -
need libstdc++.so.6 3 - double
space p
space q
has libX11.so.6 1 -
common
is common 1

# what draws to a namespace goes before
module p
need libgeos.so.1 2 -
space q
common
space r
has libgeos.so.1 2 -
is system-file 1 libgeos.so.1

# with a library of its own, or of another package, or one that nobody finds: not
module p
need libX11.so.6 1 -
need libown.so.1 2 p
space q
common
is new -

module p
need libX11.so.6 1 -
need libgone.so.1 0 -
space q
common
is new -

# nor without any that counts
module p
need libstdc++.so.6 3 - double
space q
common
is new -

# another file of that name is there: then it goes its own way
module p
need libfoo.so.1 4 -
space q
has libfoo.so.1 5 -
common
is new -

# none left and none common
module p
need libX11.so.6 1 -
full
space q
is full 0
SCENES
}

@test "placement: a group is together, whatever its modules need" {
  expect_scenes <<'SCENES'
module g
group
need libxml2.so.2 1 -
space q
has libxml2.so.2 1 -
space g
is group 1 doubled libxml2.so.2 0

module g
group
need libb.so 0 -
space q
has libb.so 1 q
space g
is group 1

module g
group
need libz.so.1 1 p
space g
has libz.so.1 2 q
is group 0 clash 1 libz.so.1 2

# its first module goes as any other
module g
group
need libxml2.so.2 1 -
space q
has libxml2.so.2 1 -
is system-file 0 libxml2.so.2
SCENES
}

@test "placement: a package leaves home for a library that another package has put there" {
  expect_scenes <<'SCENES'
module p
need libz.so.1 1 p
space p q
has libz.so.1 2 q
is new -

# inside one package it is as plain loading has it
module p
need libz.so.1 1 p
space p
has libz.so.1 2 p
is home 0

# its second home
module p
need libz.so.1 1 p
space p q
has libz.so.1 2 q
space p
is home 1
SCENES
}

@test "placement: none left: never where a name is taken while there is a choice" {
  expect_scenes <<'SCENES'
module p
need libz.so.1 1 p
full
space q
has libz.so.1 2 q
space r s
has liby.so.1 3 r
is full 1

# then where the fewest packages live, and of those the first
module p
full
space q r
space s
space t
is full 1

# no choice: the fewest clashes, and it says so
module p
need libz.so.1 1 p
need liby.so.1 4 p
full
space q
has libz.so.1 2 q
has liby.so.1 5 q
space r s
has liby.so.1 6 r
is full 1 clash 1 liby.so.1 6

# reasons go before
module p
full
space q
space p
is home 1
SCENES
}
