#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is for PyPI: the wheels, and the sources that make the same.

# cache is of helper.bash, PYTHON for walk.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper_install

setup_file() {
  provide wheel lxml cpython
  install_begin
  build_slotwalk
  TOOLS=$cache/packaging/cpython/bin
  DIST=$COPY/build/dist
  NAME=pypy_isolate-$(sed -n 's/.*_VERSION "\(.*\)"/\1/p' "$TOP/policy/version.h")
  export TOOLS DIST NAME
  cd "$BATS_FILE_TMPDIR" && quietly make -C "$COPY" wheel
}

setup() {
  live_test
}

# wheel MACHINE: the path of that wheel
wheel() {
  echo "$DIST/$NAME-py3-none-manylinux_2_28_$1.whl"
}

@test "wheel: each is for the machine and the glibc that its name says" {
  local machine
  for machine in x86_64 aarch64; do
    run "$TOOLS/auditwheel" show "$(wheel "$machine")"
    assert_success
    assert_output --partial "constrains the platform tag to \"manylinux_2_28_$machine\""
    /usr/bin/python3 -m zipfile -e "$(wheel "$machine")" "$machine"
    run file -b "$machine/$NAME.data/scripts/pypy-isolate" "$machine/$NAME".data/data/lib/*/*.so
    assert_line --index 0 --regexp "^ELF 64-bit LSB pie executable, .*${machine/_/.}"
    assert_line --index 1 --regexp "^ELF 64-bit LSB shared object, .*${machine/_/.}"
  done
}

@test "wheel: it has what \`make install\` installs" {
  would_install "$PWD/root" PREFIX=/usr
  /usr/bin/python3 -m zipfile -e "$(wheel x86_64)" wheel
  run diff <(cd root/usr && find . -type f | sed 's,^\./bin/,./scripts/,' | sort) \
    <(cd "wheel/$NAME.data" && find . -type f | sed 's,^\./data/,./,' | sort)
  assert_output ''
}

@test "wheel: pip makes the same of the sources, in another place" {
  quietly "$TOOLS/pip" wheel --no-index --no-deps --no-build-isolation -w again "$DIST/$NAME.tar.gz"
  same_bytes again/*.whl "$(wheel "$(uname -m)")"
}

# Without directories: pip keeps those that are not a package's alone.
files_of_venv() {
  find venv -not -type d -o -name '*pypy?isolate*' | sort
}

# pip_isolates INTERPRETER SITE: installed by pip into a venv of INTERPRETER, its program is
# found by name, isolates lxml of SITE, and goes without a trace.
pip_isolates() {
  local PYTHON=$1
  "/usr/bin/$1" -m venv venv
  export PATH=$PWD/venv/bin:$PATH PYTHONPATH=$2
  files_of_venv >before
  pip install -q --disable-pip-version-check --no-index "$(wheel "$(uname -m)")"
  run pypy-isolate --version
  assert_output "pypy-isolate ${NAME#*-}"
  assert_equal "$(command -v pypy-isolate)" "$PWD/venv/bin/pypy-isolate"
  walk pypy-isolate "$TOP/tests/real/lxml_work.py"
  expect_clean_walk
  pip uninstall -q -y pypy-isolate
  run diff before <(files_of_venv)
  assert_output ''
}

@test "wheel: pip install into a venv of python3" {
  pip_isolates python3 "$cache/real/cpython/lib/python3.11/site-packages"
}

@test "wheel: pip install into a venv of pypy3" {
  pip_isolates pypy3 "$cache/real/site-packages"
}
