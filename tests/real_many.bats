#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# All packages of real.bats in one process.
# shellcheck disable=SC2154	# set by helper.bash

load helper_many

setup_file() {
  real_begin real
  many_begin packages.txt
}

setup() {
  many_test
}

@test "many: under plain pypy3 each script prints in one process what it prints alone" {
  plain_is_right
}

@test "many: all packages in one process work as without us, in 14 namespaces" {
  work_all 1
  all_apart
}

@test "many: ... also when they are imported in another order" {
  work_all 2
  all_apart
}

@test "many: ... also per module, of which there are ten times as many as namespaces" {
  echo 'per module' >policy.conf
  export PYPY_ISOLATE_CONF=$PWD/policy.conf
  work_all 3
  all_apart
}
