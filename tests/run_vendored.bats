#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Two packages bring different libraries of one name, or one symbol with different
# content: each has its own.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_packages

setup_file() {
  provide releases
  UNIQUE=$("$BATS_TEST_DIRNAME/fixture/packages/build")/site-packages
  packages_begin releases
  EXPAT=$(pypy3 -c 'import pyexpat; print(pyexpat.EXPAT_VERSION)')
  export UNIQUE EXPAT
}

setup() {
  packages_test
}

# Debian's libraries, not renamed: what a wheel brings that auditwheel has not mended.

@test "the fixtures are different versions of libraries with the same SONAMEs" {
  local name
  for name in expat lz4; do
    [ "$(<"$PACKAGES/${name}_own")" != "$(<"$PACKAGES/${name}_other")" ]
    for which in own other; do
      readelf -d "$SITE/${name}_$which/mod$SUFFIX" >dynamic
      grep -q "NEEDED.*\[lib$name.so.1\]" dynamic
      grep -q "RUNPATH.*\[\$ORIGIN/../${name}_$which.libs\]" dynamic
      readelf -d "$SITE/${name}_$which.libs/lib$name.so.1" >dynamic
      grep -q "SONAME.*\[lib$name.so.1\]" dynamic
    done
  done
}

@test "two packages bring liblz4.so.1: the second gets its own, not the first's" {
  local own other
  own=$(<"$PACKAGES/lz4_own") other=$(<"$PACKAGES/lz4_other")
  script <<'PY'
import importlib, sys
import look
text = b"of one name " * 100
for name in sys.argv[1:]:
    module = importlib.import_module(name + ".mod")
    again, between = module.again(text)
    print(module.version(), again == text, 0 < between < len(text))
print(look.mapped("/liblz4.so.1"))
PY
  plain script.py lz4_own lz4_other
  prints "$own True True
$own True True
1"
  plain script.py lz4_other lz4_own
  prints "$other True True
$other True True
1"
  isolated script.py lz4_own lz4_other
  prints "$own True True
$other True True
2"
  isolated script.py lz4_other lz4_own
  prints "$other True True
$own True True
2"
}

newer_expat() {
  ! glibc_before 2.36 || not_applicable "the other release's libexpat needs glibc 2.36"
}

@test "two packages bring libexpat.so.1, as the interpreter has one: each parses with its own" {
  newer_expat
  local document='<a x="1" y="2"><b>some text<c z="3"/></b><b/>more</a>'
  script <<'PY'
import sys
import expat_own.mod, expat_other.mod
import xml.etree.ElementTree as tree
for module in expat_own.mod, expat_other.mod:
    print(module.version(), module.parse(sys.argv[1].encode()), module.parse(b"<a></b>")[0],
          "expat_" in module.file())
print(expat_own.mod.file() == expat_other.mod.file())
print(len(tree.fromstring(sys.argv[1])))
PY
  plain script.py "$document"
  prints "$EXPAT (0, 4, 3, 3, 13) 7 False
$EXPAT (0, 4, 3, 3, 13) 7 False
True
2"
  isolated script.py "$document"
  prints "expat_$(<"$PACKAGES/expat_own") (0, 4, 3, 3, 13) 7 True
expat_$(<"$PACKAGES/expat_other") (0, 4, 3, 3, 13) 7 True
False
2"
}

@test "10,000 documents in turn through both, and through the interpreter's" {
  newer_expat
  # Two versions that shared anything would corrupt each other's memory.
  script <<'PY'
import expat_own.mod, expat_other.mod
import pyexpat
document = b"<r>" + b"<e a='1'>&lt;text&gt;</e>" * 50 + b"</r>"
results = set()
for turn in range(10000):
    module = expat_own.mod if turn % 2 else expat_other.mod
    results.add(module.parse(document))
    if turn % 100 == 0:
        parser, ends = pyexpat.ParserCreate(), []
        parser.EndElementHandler = ends.append
        parser.Parse(document, True)
        results.add(len(ends))
print(sorted(results, key=str), expat_own.mod.version() != expat_other.mod.version())
PY
  isolated
  prints "[(0, 51, 50, 2, 300), 51] True"
}

# The value of a template's static member, STB_GNU_UNIQUE: 7 in one, 8 in the other.

@test "two packages have the same STB_GNU_UNIQUE symbol: each reads and writes its own" {
  PYTHONPATH=$UNIQUE:$PYTHONPATH
  nm -D "$UNIQUE/unique7/mod$SUFFIX" "$UNIQUE/unique8/mod$SUFFIX" >symbols
  assert_equal "$(grep -c ' u _ZN3boxIiE5valueE' symbols)" 2
  script <<'PY'
import unique7.mod, unique8.mod
seven, eight = unique7.mod.get(), unique8.mod.get()
print(seven[1], eight[1], seven[0] == eight[0])
unique7.mod.set(70)
print(unique7.mod.get()[1], unique8.mod.get()[1])
unique8.mod.set(80)
print(unique7.mod.get()[1], unique8.mod.get()[1])
PY
  differ '7 7 True
70 70
80 80' '7 8 False
70 8
70 80'
}

@test "STB_GNU_UNIQUE, the other one first" {
  PYTHONPATH=$UNIQUE:$PYTHONPATH
  script <<'PY'
import unique8.mod, unique7.mod
print(unique7.mod.get()[1], unique8.mod.get()[1],
      unique7.mod.get()[0] == unique8.mod.get()[0])
PY
  differ '8 8 True' '7 8 False'
}
