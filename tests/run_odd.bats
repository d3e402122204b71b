#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Modules that linkers make seldom, and that are good: each loads, isolated, and does what
# it does without us.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
  INCLUDE=$(pypy3 -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
  SUFFIX=$(pypy3 -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
  export INCLUDE SUFFIX
}

setup() {
  live_test
  mkdir -p site-packages/odd
  MODULE=$BATS_TEST_TMPDIR/site-packages/odd/mod$SUFFIX
  export PYTHONPATH=$BATS_TEST_TMPDIR/site-packages:$PYTHONPATH
  script <<'PY'
import odd.mod
with open("/proc/self/maps") as maps:
    print("mapped", "/odd/mod." in maps.read())
print([odd.mod.work(n) for n in (1, 2, 1000)])
PY
}

# module [GCC-ARGUMENT...]: constants, data, zeros, a constructor and a library of its own
module() {
  gcc -shared -fPIC -O1 -D_GNU_SOURCE -I"$INCLUDE" -o "$MODULE" -x c - -x none "$@" -lm <<'C'
#include <Python.h>
#include <math.h>
static char zeros[100000];
static int one = 1;
static int *pointers[64] = { [0 ... 63] = &one };
static const char *const words[] = { "a", "b" };
static int started;
__attribute__((constructor)) static void start(void) { started = 40; }
static PyObject *work(PyObject *self, PyObject *number)
{
	long n = PyLong_AsLong(number);
	zeros[n] += 2;
	return PyLong_FromLong(started + zeros[n] + *pointers[n % 64] + (words[n % 2][0] == 'b') +
			       (long)sqrt(n));
}
static PyMethodDef methods[] = { { "work", work, METH_O, NULL }, { NULL, NULL, 0, NULL } };
static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, "mod", NULL, -1, methods };
PyMODINIT_FUNC PyInit_mod(void) { return PyModule_Create(&definition); }
C
}

# loads [GCC-ARGUMENT...]: the module made with them, plain and isolated
loads() {
  [ $# -eq 0 ] || module "$@"
  local how
  for how in plain isolated; do
    "$how"
    prints "mapped True
[45, 44, 74]"
  done
  PYPY_ISOLATE_LOG=debug isolated
  assert_regex "$stderr" "odd/mod\..*: namespace [0-9]"
}

# Since 2.41 ld.so makes no stack executable, and says so.
loads_where_plain_does() {
  if glibc_before 2.41; then
    loads
  else
    same
    assert_regex "$stderr" 'cannot enable executable stack'
  fi
}

# has PATTERN: readelf says that the module is odd in that way
has() {
  run readelf -aW "$MODULE"
  assert_output --regexp "$1"
}

@test "odd: no section headers" {
  module
  "$TOP/tests/fixture/poke" "$MODULE" e_shoff 0 e_shnum 0 e_shstrndx 0
  has 'There are no sections'
  loads
}

@test "odd: DT_HASH alone" {
  module -Wl,--hash-style=sysv
  has '\(HASH\)'
  loads
}

@test "odd: packed relative relocations" {
  glibc_before 2.36 && not_applicable "ld.so reads DT_RELR since glibc 2.36"
  module -Wl,-z,pack-relative-relocs
  has '\(RELR\)'
  loads
}

@test "odd: prelinked, its addresses do not begin at 0" {
  module -Wl,-Ttext-segment=0x41000000
  has 'LOAD +0x000000 0x0*41000000'
  loads
}

@test "odd: pages of 2 MB and of 16 MB" {
  loads -Wl,-z,max-page-size=0x200000
  module -Wl,-z,max-page-size=0x1000000
  has 'LOAD .* R E 0x1000000'
  loads
}

@test "odd: a property note, and notes that are empty" {
  module -fcf-protection -Wl,-z,ibt -Wl,-z,shstk
  has 'IBT, SHSTK'
  loads
  "$TOP/tests/fixture/poke" "$MODULE" GNU_EH_FRAME.p_filesz 0 \
    GNU_EH_FRAME.p_memsz 0 GNU_EH_FRAME.p_type 4
  loads
}

@test "odd: code and data in one segment that is written to and executed" {
  module
  "$TOP/tests/fixture/poke" "$MODULE" LOAD.1.p_flags 7 LOAD.3.p_flags 7
  has 'LOAD .* RWE '
  loads
}

@test "odd: text relocations" {
  module -Wl,-z,notext -Wl,-z,norelro -x assembler <(echo '.text; .dc.a environ')
  has TEXTREL
  loads
}

@test "odd: code not apart from constants" {
  loads -Wl,-z,noseparate-code
}

@test "odd: a stack that is executed, and no PT_GNU_STACK, where ld.so allows it" {
  module -Wl,-z,execstack
  loads_where_plain_does
  module
  "$TOP/tests/fixture/poke" "$MODULE" GNU_STACK.p_type 0
  loads_where_plain_does
}

@test "odd: a segment of no bytes" {
  module
  "$TOP/tests/fixture/poke" "$MODULE" GNU_EH_FRAME.p_filesz 0 \
    GNU_EH_FRAME.p_memsz 0 GNU_EH_FRAME.p_offset 0 GNU_EH_FRAME.p_vaddr 0x100000 \
    GNU_EH_FRAME.p_align 0x1000 GNU_EH_FRAME.p_type 1
  has 'LOAD .* 0x0{5,6} 0x0{5,6} '
  loads
}

@test "odd: 5,000 needed names" {
  module
  local at
  at=$(patchelf --print-needed "$MODULE" | head -n 1)
  "$TOP/tests/fixture/poke" "$MODULE" needed 5000 e_shoff 0 e_shnum 0 e_shstrndx 0
  assert_equal "$(readelf -dW "$MODULE" | grep -c "NEEDED.*$at")" 5001
  loads
}
