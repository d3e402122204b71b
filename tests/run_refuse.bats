#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A module that needs what it does not bring: what it gets, and what it is told.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
  SUFFIX=$(pypy3 -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
  INTERPRETER=$(ldd "$(command -v pypy3)" | awk '/libpypy/ { print $3 }')
  EXPAT=$(pypy3 -c 'import pyexpat; print(pyexpat.EXPAT_VERSION)')
  export SUFFIX INTERPRETER EXPAT
}

setup() {
  live_test
  export PYPY_ISOLATE_CONF=$BATS_TEST_TMPDIR/t.conf
  : >t.conf
}

# version MODULE, printed; an ImportError instead of a traceback
ask() {
  cat >script.py <<'PY'
import importlib, sys
for name in sys.argv[1:]:
    try:
        print(importlib.import_module(name).version())
    except ImportError as error:
        print("ImportError:", error)
PY
  "$1" script.py "${@:2}"
}

# The line that a refusal says to put into the policy, and into which file.
advice() {
  sed -n 's/.*put this line into \(.*\): \(unlisted warn .*\)/\1\n\2/p' <<<"$1"
}

@test "a module that uses libm and does not list it loads" {
  readelf -d "$SITE/need/underlinked$SUFFIX" >dynamic
  run ! grep -q libm.so dynamic
  nm -D --undefined-only "$SITE/need/underlinked$SUFFIX" >symbols
  grep -q tanhf symbols
  ask isolated need.underlinked
  prints tanhf
}

@test "a module that is linked to the interpreter's library gets no second interpreter" {
  script <<'PY'
import sys
import need.interpreter, look
import own.dl as dl
print(need.interpreter.version() == sys.version)
print(look.mapped(sys.argv[1]))
print(dl.where(dl.sym(0, "PyPy_GetVersion"))[2])
PY
  run -0 readelf -d "$SITE/need/interpreter$SUFFIX"
  assert_output --partial "${INTERPRETER##*/}"
  same script.py "${INTERPRETER##*/}"
  prints 'True
1
0'
}

@test "plain: a module that needs the interpreter's bzip2 has it" {
  # Without this the refusals below would prove nothing.
  ask plain need.bzip need.several need.internal
  assert_success
  assert_line --index 0 --partial '1.0.'
  assert_line --index 1 --regexp "^${ZLIB}[|]1\.0\..*[|]$EXPAT\$"
  assert_line --index 2 entered
}

@test "a refusal names the module, the symbol, who has it, the rule and the way out" {
  ask isolated need.bzip
  assert_success
  assert_output --partial "ImportError: $SITE/need/bzip$SUFFIX: "
  assert_output --partial ' BZ2_bzlibVersion '
  assert_output --regexp '/libbz2\.so\.1\.0 '
  assert_output --partial 'unlisted deny'
  run -0 advice "$output"
  assert_line --index 0 "$PYPY_ISOLATE_CONF"
  assert_line --index 1 --regexp '^unlisted warn ".*"$'
}

@test "without a file of one's own a refusal names the system's" {
  unset PYPY_ISOLATE_CONF
  [ ! -e /etc/pypy-isolate.conf ] || cannot "this system has an /etc/pypy-isolate.conf"
  ask isolated need.bzip
  run -0 advice "$output"
  assert_line --index 0 /etc/pypy-isolate.conf
}

@test "the line that the refusal gives, put into the file, lets the module load" {
  ask isolated need.bzip
  advice "$output" | sed 1d >>t.conf
  ask isolated need.bzip need.several
  assert_line --index 0 --partial '1.0.'
  # ... and no other one.
  assert_line --index 1 --partial 'ImportError'
  assert_equal "$(wc -l <<<"$stderr")" 1
  assert_regex "$stderr" "^pypy-isolate: $SITE/need/bzip$SUFFIX: gets BZ2_bzlibVersion from "
  assert_regex "$stderr" '/libbz2\.so\.1\.0 '
  assert_regex "$stderr" "t\.conf:1"
}

@test "the line is good for a path with blanks and pattern characters, too" {
  mkdir -p 'site-packages/a [b]*?#'
  cp "$SITE/need/bzip$SUFFIX" 'site-packages/a [b]*?#/'
  export PYTHONPATH="$PWD/site-packages/a [b]*?#"
  ask isolated bzip
  assert_output --partial ImportError
  advice "$output" | sed 1d >>t.conf
  ask isolated bzip
  assert_output --partial '1.0.'
}

@test "the line is whole in a refusal of a module with a long path" {
  local part
  part=$(printf '%0200d' 0)
  mkdir -p "site-packages/$part/$part/$part"
  cp "$SITE/need/bzip$SUFFIX" "site-packages/$part/$part/$part/"
  export PYTHONPATH=$PWD/site-packages/$part/$part/$part
  ask isolated bzip
  advice "$output" | sed 1d >>t.conf
  ask isolated bzip
  assert_output --partial '1.0.'
}

@test "unlisted warn: the module loads and is bound to base's library" {
  echo 'unlisted warn' >t.conf
  ask isolated need.bzip
  assert_success
  assert_output --partial '1.0.'
  assert_regex "$stderr" '^pypy-isolate: .* gets BZ2_bzlibVersion from .*/libbz2\.so\.1\.0 '
  assert_regex "$stderr" 't\.conf:1: unlisted warn'
}

@test "unlisted warn: several symbols of several libraries" {
  echo 'unlisted warn "*/need/several.*"' >t.conf
  ask isolated need.several
  assert_success
  assert_output --regexp "^${ZLIB}[|]1\.0\..*[|]$EXPAT\$"
  for symbol in 'zlibVersion from .*libz' 'BZ2_bzlibVersion from .*libbz2' \
    'XML_ExpatVersion from .*libexpat'; do
    assert_regex "$stderr" "gets $symbol"
  done
}

@test "unlisted warn gives a module only what it lacks, never for what it brings" {
  echo 'unlisted warn' >t.conf
  ask isolated own.mod need.several own.mod
  assert_line --index 0 own
  assert_line --index 2 own
  refute_regex "$stderr" 'own/mod'
}

@test "what one module was given is no other's" {
  echo 'unlisted warn "*/need/bzip.*"' >t.conf
  ask isolated need.bzip need.several
  assert_line --index 0 --partial '1.0.'
  assert_line --index 1 --partial 'needs the symbol'
}

@test "a symbol of the interpreter that is not C API is refused like any other" {
  ask isolated need.internal
  assert_output --regexp "need/internal.*: needs the symbol _pypy_init_(home|free) "
  assert_output --partial "/${INTERPRETER##*/} has it"
  assert_output --partial 'C API'
  advice "$output" | sed 1d >>t.conf
  ask isolated need.internal
  assert_output entered
}

@test "a symbol that nobody has: the same as without us, bound now or lazily" {
  bound_at_once
  cat >script.py <<'PY'
import os, sys
for flags in (os.RTLD_NOW, os.RTLD_LAZY):
    sys.setdlopenflags(flags)
    for name in ("nobody", "nobody_now"):
        sys.modules.pop("need." + name, None)
        try:
            print(getattr(__import__("need." + name), name).version())
        except ImportError as error:
            print(error)
PY
  same
  assert_success
  assert_line --index 0 --partial 'undefined symbol: nobody_has_this'
  assert_line --index 1 --partial 'undefined symbol: nobody_has_this'
  assert_line --index 2 'lazily'
  assert_line --index 3 --partial 'undefined symbol: nobody_has_this'
}

@test "a module that was bound lazily is isolated" {
  bound_at_once
  cat >script.py <<'PY'
import os, sys
sys.setdlopenflags(os.RTLD_LAZY)
import need.nobody
import own.mod, own.dl
print(own.mod.version(), own.dl.where(own.dl.here())[2] > 0, need.nobody.version())
PY
  isolated
  prints 'own True lazily'
}

@test "bound lazily, a symbol that only base has is refused at once, not at its call" {
  cat >script.py <<'PY'
import os, sys
sys.setdlopenflags(os.RTLD_LAZY)
try:
    import need.bzip
except ImportError as error:
    print("needs the symbol BZ2_bzlibVersion" in str(error))
PY
  isolated
  prints True
}

@test "a refusal leaves nothing behind: the next import works, the module can be tried again" {
  cat >script.py <<'PY'
import own.mod, look
def state():
    return look.descriptors(), look.mapped("need/")
def refused():
    try:
        import need.bzip
    except ImportError:
        return True
print(refused())
before = state()
print([refused() for _ in range(200)] == [True] * 200, before == state())
import need.underlinked, p0.mod
print(need.underlinked.version(), p0.mod.version())
PY
  isolated
  prints 'True
True True
tanhf p0'
}

@test "mode permissive: what cannot be isolated loads as without us, with a warning" {
  export PYPY_ISOLATE=permissive
  ask isolated own.mod need.bzip need.internal own.mod
  assert_line --index 0 own
  assert_line --index 1 --partial '1.0.'
  assert_line --index 2 entered
  assert_line --index 3 own
  assert_equal "$(wc -l <<<"$stderr")" 2
  assert_regex "$stderr" 'not isolated .*need/bzip.*BZ2_bzlibVersion'
}

@test "mode permissive: what fails without us fails as without us" {
  cat >script.py <<'PY'
for name in ("broken.gone", "need.nobody_now"):
    try:
        __import__(name)
    except ImportError as error:
        print(error)
PY
  plain
  local want=$output
  PYPY_ISOLATE=permissive isolated
  assert_output "$want"
}

@test "mode off: as without us, and silent" {
  ask plain need.bzip own.mod
  local want=$output
  PYPY_ISOLATE=off ask isolated need.bzip own.mod
  prints "$want"
  echo 'mode off' >t.conf
  ask isolated need.bzip own.mod
  prints "$want"
}

@test "leave: a package that the policy leaves alone is hijacked as without us" {
  echo 'leave "*/site-packages/own/*"' >t.conf
  ask isolated own.mod p0.mod
  prints "$ZLIB
p0"
}
