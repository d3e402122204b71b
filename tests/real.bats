#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Packages that others wrote: wheels from PyPI and five that pip compiled. Each does
# real work, which must come out as without us, and then holds still for slotwalk.
# shellcheck disable=SC2154	# set by helper.bash

load helper_real

setup_file() {
  real_begin real
}

@test "real: every script is of a package of a list, and every such package has a test" {
  local listed
  listed=$(real_scripts packages.txt packages-cpython.txt packages-big.txt | sort -u)
  assert_equal "$(printf '%s\n' "$root"/tests/real/*_work.py | sort)" "$listed"
  each_has_a_test packages.txt
}

@test "real: plain pypy3 hijacks the zlib inside pyminizip, and slotwalk sees it" {
  walk "$root/tests/real/pyminizip_work.py"
  assert_equal "$status" 1
  [ "$(reported hijack)" -ge 10 ] || fail "$output"
}

@test "real: plain pypy3 gives the interpreter's zlib to pillow's libraries" {
  walk "$root/tests/real/pillow_work.py"
  assert_equal "$status" 1
  assert_regex "$output" 'shared libpng[^ ]+ inflate libz.so.1'
}

@test "real: argon2-cffi-bindings" {
  works_alike argon2-cffi-bindings
}

@test "real: av" {
  works_alike av
}

@test "real: bcrypt" {
  works_alike bcrypt
}

@test "real: brotli" {
  works_alike brotli
}

@test "real: brotlicffi" {
  works_alike brotlicffi
}

@test "real: contourpy" {
  works_alike contourpy
}

@test "real: cramjam" {
  works_alike cramjam
}

@test "real: cryptography" {
  works_alike cryptography
}

@test "real: google-crc32c" {
  works_alike google-crc32c
}

@test "real: igraph" {
  works_alike igraph
}

@test "real: isal" {
  works_alike isal
}

@test "real: jq" {
  works_alike jq
}

@test "real: kiwisolver" {
  works_alike kiwisolver
}

@test "real: lxml" {
  works_alike lxml
}

@test "real: lz4" {
  works_alike lz4
}

@test "real: matplotlib" {
  works_alike matplotlib
}

@test "real: numpy" {
  works_alike numpy
}

@test "real: pikepdf" {
  works_alike pikepdf
}

@test "real: pillow-heif" {
  works_alike pillow-heif
}

@test "real: pillow" {
  works_alike pillow
}

@test "real: psutil" {
  works_alike psutil
}

@test "real: pycryptodome" {
  works_alike pycryptodome
}

@test "real: pyminizip" {
  works_alike pyminizip
}

@test "real: pygit2" {
  works_alike pygit2
}

@test "real: pyproj" {
  works_alike pyproj
}

@test "real: pyyaml" {
  works_alike pyyaml
}

@test "real: pyzmq" {
  works_alike pyzmq
}

@test "real: rapidfuzz" {
  works_alike rapidfuzz
}

@test "real: rocksdict" {
  works_alike rocksdict
}

@test "real: ssh-python" {
  works_alike ssh-python
}

@test "real: uharfbuzz" {
  works_alike uharfbuzz
}

@test "real: ujson" {
  works_alike ujson
}

@test "real: xxhash" {
  works_alike xxhash
}

@test "real: zlib-ng" {
  works_alike zlib-ng
}
