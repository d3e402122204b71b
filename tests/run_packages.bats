#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which package gets which namespace: those that need one file share it, those that
# bring different ones are apart, and that is so for many of them.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_packages

setup_file() {
  packages_begin
}

setup() {
  packages_test
}

# --- a library that another package has ---

@test "a library that only another package's directory has, loaded already: shared" {
  # As torch's extensions need libtorch.so, and say nowhere where it is.
  script <<'PY'
import tensor.mod, addon.mod
import look
print(tensor.mod.count(), addon.mod.count(), tensor.mod.count(), addon.mod.text())
print(look.mapped("/libb.so"))
PY
  both '1 2 3 tensor
1'
}

@test "a library that only another package's directory has, and which is not loaded" {
  script <<'PY'
try:
    import addon.mod
except ImportError as error:
    print(error)
import tensor.mod, look
print(tensor.mod.count())
import addon.mod
print(addon.mod.count(), look.mapped("/libb.so"))
PY
  same
  assert_success
  assert_line --index 0 'libb.so: cannot open shared object file: No such file or directory'
  assert_line --index 1 1
  assert_line --index 2 '2 1'
}

@test "... also when the package that needs it has a namespace already" {
  # Its first module came alone; the second one needs what the other package has.
  mkdir -p site-packages/addon
  cp "$SITE/addon/mod$SUFFIX" site-packages/addon/
  cp "$SITE/late/first$SUFFIX" site-packages/addon/
  export PYTHONPATH=$PWD/site-packages:$PYTHONPATH
  script <<'PY'
import addon.first, tensor.mod, addon.mod
import look
print(tensor.mod.count(), addon.mod.count(), addon.first.count(), look.mapped("/libb.so"))
PY
  both '1 2 1 1'
}

@test "a RUNPATH into another package, which is imported later: one copy" {
  # As PySide6's modules find libshiboken6.
  script <<'PY'
import widgets.mod, shibo.mod
import look
print(widgets.mod.count(), shibo.mod.count(), widgets.mod.count(), shibo.mod.text())
print(look.mapped("/libshared.so"))
PY
  both '1 2 3 shibo
1'
}

@test "a RUNPATH into another package, which is imported first: one copy" {
  script <<'PY'
import shibo.mod, widgets.mod
import look
print(shibo.mod.count(), widgets.mod.count(), look.mapped("/libshared.so"))
PY
  both '1 2 1'
}

@test "packages of which neither needs the other's files are apart" {
  # Or the tests of sharing could pass in one big namespace.
  script <<'PY'
import tensor.mod, shibo.mod, giver.mod, loaded
print(len(set(loaded.namespaces(tensor.mod, shibo.mod, giver.mod))))
PY
  differ 1 3
}

# --- a library of the system's ---

@test "two packages need one library of the system's: one copy" {
  script <<'PY'
import system0.mod, system1.mod
import look
print(system0.mod.count(), system1.mod.count(), system0.mod.count(), system1.mod.text())
print(look.mapped("/libcommon.so.1"))
PY
  both '1 2 3 system
1'
}

@test "duplicate: two packages have a copy each of a library of the system's" {
  script <<'PY'
import system0.mod, system1.mod
import look, loaded
print(system0.mod.count(), system1.mod.count(), system0.mod.count(), system1.mod.text())
print(look.mapped("/libcommon.so.1"))
print(len(set(loaded.namespaces(system0.mod, system1.mod))))
PY
  echo 'duplicate libcommon.so.1' >"$POLICY"
  differ '1 2 3 system
1
1' '1 1 2 system
2
2'
}

@test "a package that brings the library itself gets that, two others the system's" {
  script <<'PY'
import importlib, sys
import look
modules = [importlib.import_module(name + ".mod") for name in sys.argv[1:]]
for module in modules + modules:
    print(module.text(), module.count(), end=" ")
print(look.mapped("/libcommon.so.1"))
PY
  plain script.py system0 system1 vendor
  prints 'system 1 system 2 system 3 system 4 system 5 system 6 1'
  plain script.py vendor system0 system1
  prints 'vendor 1 vendor 2 vendor 3 vendor 4 vendor 5 vendor 6 1'
  isolated script.py system0 system1 vendor
  prints 'system 1 system 2 vendor 1 system 3 system 4 vendor 2 2'
  isolated script.py system0 vendor system1
  prints 'system 1 vendor 1 system 2 system 3 vendor 2 system 4 2'
  isolated script.py vendor system0 system1
  prints 'vendor 1 system 1 system 2 vendor 2 system 3 system 4 2'
}

@test "a library that a RUNPATH leads to, and LD_LIBRARY_PATH before that: the system's" {
  # That is ld.so's order, and the user's word.
  script <<'PY'
import vendor.late, system0.mod
import look
print(vendor.late.text(), vendor.late.count(), system0.mod.text(), system0.mod.count(),
      look.mapped("/libcommon.so.1"))
PY
  both 'system 1 system 2 1'
  unset LD_LIBRARY_PATH
  sed -i 's/, system0.mod$//; s/system0.mod/vendor.late/g' script.py
  both 'vendor 1 vendor 2 1'
}

@test "a package with a namespace needs later what another package has: one copy" {
  script <<'PY'
import late.first, system0.mod, late.mod
import look
print(late.first.count(), system0.mod.count(), late.mod.count(), system0.mod.count())
print(look.mapped("/libcommon.so.1"))
PY
  both '1 1 2 3
1'
}

@test "... also when it needs a second library that nobody has" {
  script <<'PY'
import late.first, system0.mod, late.both, system1.mod
import look
print(system0.mod.count(), late.both.count(), system1.mod.count())
print(look.mapped("/libcommon.so.1"), look.mapped("/libother.so.1"))
PY
  both '1 2 3
1 1'
}

# --- many packages ---

# 40 packages: 16 bring a libsame.so.1 of their own, one a libsingle.so.1.
import_many() {
  cat >script.py <<'PY'
import importlib, sys
import look, loaded
modules = {name: importlib.import_module(name + ".mod") for name in sys.argv[1:]}
wrong = [name for name, module in modules.items()
         if module.text() != ("alone" if name.startswith("none") else name)]
print(len(modules), "wrong:", *wrong)
print(len(set(loaded.namespaces(*modules.values()))), look.mapped("/libsame.so.1"),
      look.mapped("/libsingle.so.1"))
PY
  PYTHONPATH=$PACKAGES/many/site-packages:$PYTHONPATH
  PYPY_ISOLATE_LOG=info:$PWD/log
  export PYPY_ISOLATE_LOG
  "$1" script.py "${@:2}"
}

# The packages that the log says had to join another's namespace, with a reason.
joined() {
  sed -n 's/.*package \([a-z0-9]*\) joins namespace [0-9]*\b.*: ..*/\1/p' log
}

# 16 that bring libsame.so.1, 23 that bring nothing, one that brings what nobody else has
same=(same{0..15})
none=(none{0..22})

@test "40 packages, 16 with a library of one name: plain, the first one's is all's" {
  import_many plain "${same[@]}" "${none[@]}" single
  prints "40 wrong: ${same[*]:1}
1 1 1"
}

@test "40 packages, 16 with a library of one name: the first 14 have theirs" {
  import_many isolated "${same[@]}" "${none[@]}" single
  prints '40 wrong: same14 same15
14 14 1'
}

@test "40 packages, those with a library of one name last: the first 14 have theirs" {
  import_many isolated "${none[@]}" "${same[@]}" single
  prints '40 wrong: same14 same15
14 14 1'
}

@test "40 packages mixed: the first 14 have theirs" {
  local mixed=() n
  for n in {0..15}; do
    mixed+=("none$n" "same$n")
  done
  import_many isolated "${mixed[@]}" none{16..22} single
  prints '40 wrong: same14 same15
14 14 1'
}

@test "the log says for each package after the fourteenth whose namespace it joined" {
  import_many isolated "${same[@]}" "${none[@]}" single
  assert_success
  run -0 joined
  assert_output "$(printf '%s\n' same14 same15 "${none[@]}" single)"
  # ... and of two that they do not get what they bring
  assert_equal "$(grep -c 'same1[45].* instead of its own' log)" 2
}

# --- other units than packages ---

# 120 modules of 6 packages, of which two bring a library that all of their 20 need.
import_modules() {
  cat >script.py <<'PY'
import sys
import loaded, look
paths = ["%s/h%d/m%d%s" % (sys.argv[1], package, n, sys.argv[2])
         for n in range(20) for package in range(6)]
modules = [(path, loaded.load(path)) for path in paths]
wrong = [path for path, module in modules
         if module.text() != {"h4": "h4", "h5": "h5"}.get(path.split("/")[-2], "alone")]
print(len(modules), wrong)
found = set(loaded.namespaces(*paths))
print(len(found), 0 in found)
counts = [module.count() for path, module in modules if "/h4/" in path]
print(counts == list(range(1, 21)), look.mapped("/libh4.so.1"))
PY
  "$1" script.py "$PACKAGES/modules/site-packages" "$SUFFIX"
}

@test "120 modules, per module: all work, in 14 namespaces" {
  import_modules plain
  prints '120 []
1 True
True 1'
  echo 'per module' >"$POLICY"
  import_modules isolated
  assert_success
  assert_line --index 0 '120 []'
  assert_line --index 1 '14 False'
}

@test "120 modules, per module: a library that 20 of them need is there once" {
  echo 'per module' >"$POLICY"
  import_modules isolated
  assert_equal "$stderr" ''
  assert_line --index 2 'True 1'
}

@test "120 modules, per package: six namespaces" {
  import_modules isolated
  prints '120 []
6 False
True 1'
}

@test "120 modules, per process: one namespace, which is not base" {
  echo 'per process' >"$POLICY"
  import_modules isolated
  prints '120 []
1 False
True 1'
}

@test "per process: two libraries of one name, and the second package gets the first's" {
  # It is what the policy says; as without us.
  echo 'per process' >"$POLICY"
  script <<'PY'
import vendor.mod, system0.mod
import look
print(vendor.mod.text(), system0.mod.text(), look.mapped("/libcommon.so.1"))
PY
  both 'vendor vendor 1'
}

# --- a library that cannot be shared ---

# threads.mod needs libtls.so.1, which exports the variable library_thread_local.
ask_threads() {
  script <<'PY'
try:
    import threads.mod
    print(threads.mod.text(), threads.mod.count())
except ImportError as error:
    print("ImportError:", error)
import tensor.mod
print(tensor.mod.text())
PY
  "$1"
}

@test "share of a library with a thread-local symbol: its users are refused, with the symbol" {
  ask_threads plain
  prints 'system 1
tensor'
  ask_threads isolated
  prints 'system 1
tensor'
  echo 'share libtls.so.1' >"$POLICY"
  ask_threads isolated
  assert_success
  assert_line --index 0 --regexp '^ImportError: .*/libtls\.so\.1 cannot be shared: '
  assert_line --index 0 --partial 'its symbol library_thread_local is thread-local'
  assert_line --index 1 tensor
}

@test "... and in mode permissive they are loaded plainly, with a warning" {
  printf 'share libtls.so.1\nmode permissive\n' >"$POLICY"
  ask_threads isolated
  assert_success
  assert_output 'system 1
tensor'
  assert_regex "$stderr" 'not isolated \(mode permissive\): .*library_thread_local'
  echo 'import loaded; print(loaded.namespaces(threads.mod, tensor.mod)[0])' >>script.py
  isolated
  assert_line --index 2 0
}

# --- what a package is ---

# put NAME FILE: a module that needs nothing becomes FILE, which lacks the suffix.
put() {
  mkdir -p "${2%/*}"
  cp "$PACKAGES/loose/$1$SUFFIX" "$2$SUFFIX"
}

# regular DIRECTORY...: these are packages with an __init__.py
regular() {
  local directory
  for directory; do
    mkdir -p "$directory"
    : >"$directory/__init__.py"
  done
}

# live_in MODULE...: prints a letter for each, the same for the same namespace. They are
# found in LAYOUT.
live_in() {
  cat >script.py <<'PY'
import importlib, sys
import loaded
letters = {0: "base"}
for number in loaded.namespaces(*map(importlib.import_module, sys.argv[1:])):
    letters.setdefault(number, "abcdefghijklmn"[len(letters) - 1])
    print(letters[number], end=" ")
PY
  PYTHONPATH=$LAYOUT:$PYTHONPATH isolated script.py "$@"
}

@test "a virtual environment's site-packages: packages in it are apart" {
  pypy3 -m venv --without-pip venv
  local where
  where=$(venv/bin/python -c 'import site; print(site.getsitepackages()[0])')
  [[ $where == "$PWD/venv/"*site-packages ]] || fail "no site-packages: $where"
  mkdir -p "$where"
  cp -R "$ROUTES"/site-packages/{own,own.libs,p0,p0.libs} "$where/"
  put one "$where/one"
  put _m "$where/bundle/core/_m"
  put _a "$where/bundle/_a"
  PATH=$PWD/venv/bin:$PATH
  PYTHONPATH=$TOP/tests/fixture
  LAYOUT='' live_in own.mod own.dl p0.mod one bundle.core._m bundle._a
  prints 'a a b c d d '
  plain -c 'import own.mod, p0.mod; print(own.mod.version(), p0.mod.version())'
  prints "$ZLIB $ZLIB"
  isolated -c 'import own.mod, p0.mod; print(own.mod.version(), p0.mod.version())'
  prints 'own p0'
}

@test "a directory of packages, as pip --target makes it: each is one, with its subpackages" {
  regular libs/foo libs/foo/sub libs/foo/sub/deep libs/bar
  put _a libs/foo/sub/_a
  put _b libs/foo/_b
  put _m libs/foo/sub/deep/_m
  put _b libs/bar/_b
  LAYOUT=$PWD/libs live_in foo.sub._a foo._b foo.sub.deep._m bar._b
  prints 'a a a b '
  LAYOUT=$PWD/libs live_in foo._b bar._b foo.sub._a
  prints 'a b a '
}

@test "modules at the top of a directory of sys.path: each is a package" {
  put one libs/one
  put two libs/two
  LAYOUT=$PWD/libs live_in one two
  prints 'a b '
}

@test "a module at the top of a directory, beside a package: two packages" {
  regular libs/foo
  put one libs/one
  put _a libs/foo/_a
  LAYOUT=$PWD/libs live_in foo._a one
  prints 'a b '
}

@test "an egg: the package is the directory in it, not the egg" {
  local eggs=$PWD/site-packages
  regular "$eggs"/{foo-1.0-py3.9.egg/foo,foo-1.0-py3.9.egg/foo/sub,bar-1.0-py3.9.egg/bar}
  put _m "$eggs/foo-1.0-py3.9.egg/foo/_m"
  put _a "$eggs/foo-1.0-py3.9.egg/foo/sub/_a"
  put _m "$eggs/bar-1.0-py3.9.egg/bar/_m"
  LAYOUT=$eggs/foo-1.0-py3.9.egg:$eggs/bar-1.0-py3.9.egg
  live_in foo._m foo.sub._a bar._m
  prints 'a a b '
  # ... and by these names the policy has them
  echo 'group together foo bar' >"$POLICY"
  live_in foo._m foo.sub._a bar._m
  prints 'a a a '
}

@test "an egg with a module at its top beside a package: two packages" {
  local eggs=$PWD/site-packages
  regular "$eggs"/foo-1.0-py3.9.egg/foo
  put _m "$eggs/foo-1.0-py3.9.egg/foo/_m"
  put one "$eggs/foo-1.0-py3.9.egg/one"
  LAYOUT=$eggs/foo-1.0-py3.9.egg live_in foo._m one
  prints 'a b '
}

@test "the source tree of an editable install: the package is its topmost one" {
  local tree=$PWD/proj/src
  regular "$tree/foo" "$tree/foo/sub"
  put _m "$tree/foo/_m"
  put _a "$tree/foo/sub/_a"
  put _b proj/build/bar/_b
  regular proj/build/bar
  LAYOUT=$tree:$PWD/proj/build live_in foo._m foo.sub._a bar._b
  prints 'a a b '
  echo 'group together foo bar' >"$POLICY"
  LAYOUT=$tree:$PWD/proj/build live_in foo._m foo.sub._a bar._b
  prints 'a a a '
}
