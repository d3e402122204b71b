#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# CPython without the GIL, compiled with -fno-plt and bound before it starts, made from
# Debian's sources: five vendored libraries, wheels, and threads that import at once.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load ../helper_real

setup_file() {
  provide freethreaded
  build_slotwalk
  unset LD_AUDIT LD_PRELOAD LD_BIND_NOW
  PYTHON=$cache/freethreaded/tree/python
  PYTHONPATH=$cache/freethreaded/site-packages
  # The module of `five` does not say that it can do without, nor does that of kiwisolver.
  export PYTHON PYTHONPATH PYTHON_GIL=0 PYTHONDONTWRITEBYTECODE=1
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

@test "free-threaded: it is, and dlopen is reached without a PLT" {
  plain "$PYTHON" -c 'import sys; print(sys._is_gil_enabled(), sys.abiflags)'
  assert_output 'False t'
  run readelf -rdW "$PYTHON"
  assert_output --regexp 'GLOB_DAT .* dlopen@'
  refute_output --regexp 'JUMP_SLOT? .* dlopen@'
  assert_output --partial 'BIND_NOW'
}

@test "free-threaded: five vendored libraries are the module's own" {
  local script=$root/tests/fixture/vendored/show.py
  plain "$PYTHON" "$script"
  assert_equal "$(grep -c ' works lib[a-z0-9]*\.so[^ ]* ' <<<"$output")" 5
  isolated "$PYTHON" "$script"
  assert_equal "$(grep -c ' works lib[a-z0-9]*-[0-9a-f]*\.so[^ ]* ' <<<"$output")" 5
  assert_equal "$stderr" ''
  walk "$root/pypy-isolate" "$script"
  expect_clean_walk
}

@test "free-threaded: every package with a script works alike" {
  local script
  for script in $(real_scripts packages-freethreaded.txt); do
    works_alike "$(basename "$script" _work.py)"
  done
  [ "$script" ]
}

@test "free-threaded: eight threads import at once, and one another's packages" {
  cat >script.py <<'PY'
import importlib, sys, threading
# Not numpy or rapidfuzz: what imports each other in a circle, threads at once cannot import.
names = ["five", "PIL._imaging", "PIL._imagingft", "PIL._webp", "PIL._imagingcms", "kiwisolver",
         "xxhash", "_posixsubprocess"]
barrier, found = threading.Barrier(len(names)), {}
def work(n):
    barrier.wait()
    for name in names[n:] + names[:n]:
        found.setdefault(name, set()).add(id(importlib.import_module(name)))
threads = [threading.Thread(target=work, args=(n,)) for n in range(len(names))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*[(name, len(found[name])) for name in names], sys._is_gil_enabled())
PY
  local turn
  plain "$PYTHON" script.py
  assert_success
  local before=$output
  for turn in {1..10}; do
    isolated timeout -k 5 60 "$PYTHON" script.py
    assert_equal "$stderr" ''
    assert_output "$before"
  done
  walk "$root/pypy-isolate" "$PWD/script.py"
  expect_clean_walk
}
