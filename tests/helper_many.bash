# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# All packages of a list in one process, of PYTHON, with us and without. There are more of
# them than namespaces, and all are imported before any works. What is counted, and how, is
# in real/many.py.
#
# many_begin LIST in setup_file(), after real_begin; many_test in setup().

# shellcheck disable=SC2154,SC2034	# set by bats, used by the files
load "${BASH_SOURCE[0]%/*}/helper_real.bash"

many_begin() {
  # No array: those are not exported.
  SCRIPTS=$(real_scripts "$@")
  export SCRIPTS
  cd "$BATS_FILE_TMPDIR" || return
  # shellcheck disable=SC2086 # they are words
  "$PYTHON" "$root/tests/real/many.py" 0 plain.facts $SCRIPTS >plain.output 2>plain.stderr || {
    cat plain.stderr >&2
    return 1
  }
}

many_test() {
  cd "$BATS_TEST_TMPDIR" || return
  plain=$BATS_FILE_TMPDIR/plain
}

# work_all SEED: all that there is in one process; its output must be that of plain.
work_all() {
  # shellcheck disable=SC2086
  PYPY_ISOLATE_LOG=debug:$PWD/log isolated timeout -k 5 120 \
    "$PYTHON" "$root/tests/real/many.py" "$1" facts $SCRIPTS
  assert_success
  assert_equal "$output" "$(cat "$plain.output")"
  assert_equal "$stderr" "$(cat "$plain.stderr")"
}

# The plain process prints what each script prints alone, and has all modules in base.
plain_is_right() {
  local script
  for script in $SCRIPTS; do
    echo "== ${script##*/}"
    "$PYTHON" "$script" 2>/dev/null
  done >alone
  assert_equal "$(cat "$plain.output")" "$(cat alone)"
  [ "$(fact modules "$plain.facts")" -gt 100 ] || fail "$(cat "$plain.facts")"
  run -0 grep -c '^base ' "$plain.facts"
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
