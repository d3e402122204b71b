#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What real_cpython.bats is, for wheels that are large: `make check-wheels`.
# shellcheck disable=SC2154	# set by helper.bash

load ../helper_many

setup_file() {
  real_begin cpython big
  PYTHONPATH=$(echo "$cache"/real/big/lib/python3.*/site-packages)
  export PYTHONPATH
  many_begin packages-cpython.txt packages-big.txt
}

setup() {
  many_test
}

@test "big, CPython: every package with a script has a test" {
  each_has_a_test packages-big.txt
}

@test "big, CPython: opencv-python-headless" {
  works_alike opencv-python-headless
}

# A pointer that libarrow has relocated is one that it also writes to: its value is then in no
# object, with us as without.
@test "big, CPython: pyarrow" {
  prints_alike pyarrow
  local script=$root/tests/real/pyarrow_work.py astray
  walk "$script"
  astray=$(grep '^astray' <<<"$output")
  assert_equal "$astray" \
    "$(grep -o 'astray libarrow[^ ]* _ZN5arrow2fs8internal14global_optionsE nothing' <<<"$astray")"
  walk "$root/pypy-isolate" "$script"
  assert_equal "$(reported in-base)" 0
  assert_equal "$(grep -E '^(hijack|shared|leak|astray|second) ' <<<"$output")" "$astray"
}

@test "big, CPython: plain, each script prints in one process what it prints alone" {
  plain_is_right
}

@test "big, CPython: all packages, large and small, in one process work as without us" {
  work_all 1
  all_apart
}
