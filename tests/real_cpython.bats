#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What real.bats is for pypy3, for Debian's python3: the program is the interpreter, linked
# to libz and libexpat. The scripts are the same; more packages have wheels.
# shellcheck disable=SC2154	# set by helper.bash

load helper_real

setup_file() {
  real_begin cpython
}

@test "real, CPython: every package with a script has a test" {
  each_has_a_test packages-cpython.txt
}

@test "real, CPython: the program is the interpreter, and plain gives its zlib to wheels" {
  run ldd "$(readlink -f "$PYTHON")"
  assert_output --partial 'libz.so.1'
  refute_output --partial 'libpython'
  walk "$root/tests/real/pillow_work.py"
  assert_equal "$status" 1
  assert_regex "$output" 'shared libpng[^ ]+ inflate libz.so.1'
}

@test "real, CPython: argon2-cffi-bindings" {
  works_alike argon2-cffi-bindings
}

@test "real, CPython: av" {
  works_alike av
}

@test "real, CPython: bcrypt" {
  works_alike bcrypt
}

@test "real, CPython: brotli" {
  works_alike brotli
}

@test "real, CPython: brotlicffi" {
  works_alike brotlicffi
}

@test "real, CPython: confluent-kafka" {
  works_alike confluent-kafka
}

@test "real, CPython: contourpy" {
  works_alike contourpy
}

@test "real, CPython: cramjam" {
  works_alike cramjam
}

@test "real, CPython: cryptography" {
  works_alike cryptography
}

@test "real, CPython: google-crc32c" {
  works_alike google-crc32c
}

@test "real, CPython: grpcio" {
  works_alike grpcio
}

@test "real, CPython: h5py" {
  works_alike h5py
}

@test "real, CPython: igraph" {
  works_alike igraph
}

@test "real, CPython: isal" {
  works_alike isal
}

@test "real, CPython: jq" {
  works_alike jq
}

@test "real, CPython: kiwisolver" {
  works_alike kiwisolver
}

@test "real, CPython: lxml" {
  works_alike lxml
}

@test "real, CPython: lz4" {
  works_alike lz4
}

@test "real, CPython: matplotlib" {
  works_alike matplotlib
}

@test "real, CPython: numpy" {
  works_alike numpy
}

@test "real, CPython: pandas" {
  works_alike pandas
}

@test "real, CPython: pikepdf" {
  works_alike pikepdf
}

@test "real, CPython: pillow" {
  works_alike pillow
}

@test "real, CPython: pillow-heif" {
  works_alike pillow-heif
}

@test "real, CPython: psutil" {
  works_alike psutil
}

@test "real, CPython: psycopg2-binary" {
  works_alike psycopg2-binary
}

@test "real, CPython: pycryptodome" {
  works_alike pycryptodome
}

@test "real, CPython: pycurl" {
  works_alike pycurl
}

@test "real, CPython: pygit2" {
  works_alike pygit2
}

@test "real, CPython: pymssql" {
  works_alike pymssql
}

@test "real, CPython: pyproj" {
  works_alike pyproj
}

@test "real, CPython: pyyaml" {
  works_alike pyyaml
}

@test "real, CPython: pyzmq" {
  works_alike pyzmq
}

@test "real, CPython: rapidfuzz" {
  works_alike rapidfuzz
}

@test "real, CPython: rocksdict" {
  works_alike rocksdict
}

@test "real, CPython: scipy" {
  works_alike scipy
}

@test "real, CPython: shapely" {
  works_alike shapely
}

@test "real, CPython: ssh-python" {
  works_alike ssh-python
}

@test "real, CPython: uharfbuzz" {
  works_alike uharfbuzz
}

@test "real, CPython: ujson" {
  works_alike ujson
}

@test "real, CPython: xxhash" {
  works_alike xxhash
}

@test "real, CPython: zlib-ng" {
  works_alike zlib-ng
}
