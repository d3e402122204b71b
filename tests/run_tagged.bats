#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Wheels from PyPI for the interpreters of other Debian releases (real/packages-tagged.txt):
# each does real work as without us, and slotwalk finds no slot that leads astray.
# shellcheck disable=SC2154,SC2034	# set by helper.bash, used by it

load helper_real

is_own_release() {
  [ "$("$root/tests/fixture/debian" --own)" = bookworm ]
}

setup_file() {
  is_own_release || real_begin tagged
}

setup() {
  ! is_own_release || not_applicable "real.bats and real_cpython.bats have more for this release"
}

# all_of INTERPRETER COUNT: so many at least of what is installed for it have a script.
all_of() {
  local venv=$cache/real/tagged-$1 count=0 name
  unset PYTHONPATH
  PYTHON=$venv/bin/$1
  for name in $(cd "$venv" && find . -name '*.dist-info' | sed 's,.*/,,; s/-[0-9].*//' |
    tr '[:upper:]_' '[:lower:]-' | LC_ALL=C sort); do
    [ -e "$root/tests/real/${name}_work.py" ] || continue
    echo "$name:"
    works_alike "$name"
    count=$((count + 1))
  done
  [ "$count" -ge "$2" ] || fail "$count packages have a script"
}

@test "tagged: wheels for python3" {
  all_of python3 6
}

@test "tagged: wheels for pypy3" {
  all_of pypy3 2
}
