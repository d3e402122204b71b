#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# All packages of real_cpython.bats in one process.
# shellcheck disable=SC2154	# set by helper.bash

load helper_many

setup_file() {
  real_begin cpython
  many_begin packages-cpython.txt
}

setup() {
  many_test
}

@test "many, CPython: plain, each script prints in one process what it prints alone" {
  plain_is_right
}

@test "many, CPython: all packages in one process work as without us, in 14 namespaces" {
  work_all 1
  all_apart
}

@test "many, CPython: ... also when they are imported in another order" {
  work_all 2
  all_apart
}
