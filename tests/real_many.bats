#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# All packages of real.bats in one process. There are more of them than namespaces, and all
# are imported before any works. What is counted, and how, is in real/many.py.
# shellcheck disable=SC2154	# set by helper.bash

load helper

setup_file() {
  provide real
  export PYTHONPATH=$cache/real/site-packages
  cd "$BATS_FILE_TMPDIR" || return
  pypy3 "$root/tests/real/many.py" 0 plain.facts "$root"/tests/real/*_work.py \
    >plain.output 2>plain.stderr || {
    cat plain.stderr >&2
    return 1
  }
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  plain=$BATS_FILE_TMPDIR/plain
}

# work_all SEED: all that there is in one process; its output must be that of plain.
work_all() {
  PYPY_ISOLATE_LOG=debug:$PWD/log isolated timeout -k 5 120 \
    pypy3 "$root/tests/real/many.py" "$1" facts "$root"/tests/real/*_work.py
  assert_success
  assert_equal "$output" "$(cat "$plain.output")"
  assert_equal "$stderr" "$(cat "$plain.stderr")"
}

# fact WORD: what stands after it in the facts
fact() {
  sed -n "s/^$1 //p" "${2:-facts}"
}

# all_apart: as many modules as plain has, none in base, in the 14 namespaces that there
# are; and each library once, but for those that may be doubled. The log has no warning.
all_apart() {
  assert_equal "$(fact modules)" "$(fact modules "$plain.facts")"
  assert_equal "$(fact base)" ''
  assert_equal "$(fact spaces)" 14
  assert_equal "$(grep -o ': namespace [1-9][0-9]*' log | sort -u | wc -l)" 14
  run -1 grep -vE '^(libstdc\+\+|libz|libexpat)\.so\.' <(fact doubled)
  run -1 grep -E 'second copy|instead of its own|not isolated' log
  echo "# $(fact modules) modules, $(grep -c ': package .* joins ' log) joined; copies:" \
    "$(fact doubled | tr '\n' ' ')" >&3
}

@test "many: under plain pypy3 each script prints in one process what it prints alone" {
  local script
  for script in "$root"/tests/real/*_work.py; do
    echo "== ${script##*/}"
    pypy3 "$script" 2>/dev/null
  done >alone
  assert_equal "$(cat "$plain.output")" "$(cat alone)"
  [ "$(fact modules "$plain.facts")" -gt 100 ] || fail "$(cat "$plain.facts")"
  run -0 grep -c '^base ' "$plain.facts"
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
