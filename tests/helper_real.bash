# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of packages that others wrote: real/NAME_work.py does real work with one, under
# PYTHON (pypy3). It must come out as without us, and then it holds still for slotwalk.
#
# real_begin in setup_file(), then works_alike NAME in a test. real_scripts LIST... prints the
# scripts of the packages in lists of tests/real.

# shellcheck disable=SC2154	# set by helper.bash and bats
load "${BASH_SOURCE[0]%/*}/helper.bash"

# real_begin SETUP-WORD...: what that installs is there. With cpython among the words, PYTHON
# is that of the venv; else it is pypy3, and PYTHONPATH says where the packages are.
real_begin() {
  provide "$@"
  build_slotwalk
  unset PYTHONPATH LD_AUDIT LD_PRELOAD LD_BIND_NOW
  export PYTHON=pypy3
  if [[ " $* " == *" cpython "* ]]; then
    PYTHON=$cache/real/cpython/bin/python3
  else
    export PYTHONPATH=$cache/real/site-packages
  fi
}

real_scripts() {
  local name
  (cd "$root/tests/real" && awk '/^[a-z]/ { sub("==.*", ""); print }' "$@") |
    while read -r name; do
      [ ! -e "$root/tests/real/${name}_work.py" ] || echo "$root/tests/real/${name}_work.py"
    done | LC_ALL=C sort
}

# Plain loading is right about all these: no difference is allowed.
prints_alike() {
  local script=$root/tests/real/$1_work.py python=${PYTHON:-pypy3}
  plain "$python" "$script"
  assert_success
  local before=$output
  [ "$before" ] || fail "$1 printed nothing"
  isolated "$python" "$script"
  assert_success
  assert_equal "$output" "$before"
}

works_alike() {
  prints_alike "$1"
  local script=$root/tests/real/$1_work.py
  walk "$root/pypy-isolate" "$script"
  expect_clean_walk
}

# each_has_a_test LIST: of its packages that have a script.
each_has_a_test() {
  local script name
  for script in $(real_scripts "$1"); do
    name=$(basename "$script" _work.py)
    grep -Eq "(works|prints)_alike $name\$" "$BATS_TEST_FILENAME" || fail "$name: no test"
  done
}
