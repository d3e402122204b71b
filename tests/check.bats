#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# `check` on objects made here, one rule of ELF's lookup each. Each test asks ld.so, too:
# all references of the module go where check says.

# Bats sets output, stderr and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_check

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

@test "check: a library of its own under another name is hijacked" {
  library base/libz.so.1 <<<'int version(void) { return 1; }'
  host base/libz.so.1
  library own/libz-own.so.1.2 <<<'int version(void) { return 2; }'
  module own/libz-own.so.1.2 <<<'int version(void); int PyInit_module(void) { return version(); }'
  binds version libz.so.1 libz-own.so.1.2 hijacked
  checked module.so
  assert_equal "$status" 1
  assert_line --index 0 "module.so: 1 of its references to its own libz-own.so.1.2 would go to base/libz.so.1 of the interpreter"
  assert_line --index 1 "1 of 1 module: 1 reference hijacked"
  assert_equal "$stderr" ''
}

@test "check: so is what it has in itself, and hides from nobody" {
  library base/libz.so.1 <<<'int version(void) { return 1; }'
  host base/libz.so.1
  module <<<'int version(void) { return 2; } int PyInit_module(void) { return version(); }'
  binds version libz.so.1 module.so hijacked
  checked module.so
  assert_line --index 0 "module.so: 1 of its references to what it has itself would go to base/libz.so.1 of the interpreter"
}

@test "check: nothing is hijacked of a module without anything in common" {
  library base/libz.so.1 <<<'int version(void) { return 1; }'
  host base/libz.so.1
  library own/libother.so <<<'int other(void) { return 2; }'
  module own/libother.so <<<'int other(void); int PyInit_module(void) { return other(); }'
  binds other libother.so libother.so plain
  checked module.so
  assert_equal "$status" 0
  assert_output "0 of 1 module: 0 references hijacked"
}

@test "check: the same file is harmless, by a link, too" {
  library base/libz.so.1 <<<'int version(void) { return 1; }'
  host base/libz.so.1
  mkdir own
  ln -s ../base/libz.so.1 own/libz.so.1
  module own/libz.so.1 <<<'int version(void); int PyInit_module(void) { return version(); }'
  binds version libz.so.1 libz.so.1 same
  checked --all module.so
  assert_equal "$status" 0
  assert_line --index 0 "module.so: 1 of its references go to base/libz.so.1 of the interpreter, which is the file that it needs: harmless"
}

@test "check: a library of the same SONAME is never loaded, and its references are hijacked" {
  library base/libz.so.1 <<<'int version(void) { return 1; }'
  host base/libz.so.1
  library own/libz.so.1 <<<'int version(void) { return 2; } int more(void) { return version(); }'
  module own/libz.so.1 <<<'int version(void); int PyInit_module(void) { return version(); }'
  binds version libz.so.1 libz.so.1 hijacked
  checked module.so
  assert_equal "$status" 1
  assert_line --index 0 "module.so: its own libz.so.1 would never be loaded: the interpreter has base/libz.so.1 by the name libz.so.1"
  assert_line --index 2 "1 of 1 module: 1 reference hijacked, 1 own library never loaded"
}

@test "check: ... and if it lacks a symbol or a version, the module does not load" {
  library base/libz.so.1 <<<'int version(void) { return 1; }'
  host base/libz.so.1
  library own/libz.so.1 <<<'int version(void) { return 2; } int more(void) { return 3; }'
  module own/libz.so.1 <<<'int more(void); int PyInit_module(void) { return more(); }'
  run ./host "$PWD/module.so"
  assert_output --partial 'undefined symbol: more'
  checked module.so
  assert_line --partial "module.so: it would not load: undefined symbol more in module.so"
  echo 'NEW { more; version; };' >map
  library own/libz.so.1 -Wl,--version-script=map <<<'int version(void) { return 2; } int more(void) { return 3; }'
  library base/libz.so.1 -Wl,--version-script=<(echo 'OLD { *; };') <<<'int version(void) { return 1; }'
  module own/libz.so.1 <<<'int more(void); int PyInit_module(void) { return more(); }'
  run ./host "$PWD/module.so"
  assert_output --partial "version \`NEW' not found"
  checked module.so
  assert_equal "$status" 1
  assert_line --partial "it would not load: $PWD/base/libz.so.1 of the interpreter has no version NEW, which module.so needs"
}

@test "check: a reference with a version does not go to a library that has others" {
  library base/libz.so.1 -Wl,--version-script=<(echo 'ONE { *; };') <<<'int version(void) { return 1; }'
  host base/libz.so.1
  library own/libmine.so -Wl,--version-script=<(echo 'TWO { *; };') <<<'int version(void) { return 2; }'
  module own/libmine.so <<<'int version(void); int PyInit_module(void) { return version(); }'
  binds version libmine.so libmine.so plain
}

@test "check: ... but goes to one that has the same, or none at all" {
  library base/libz.so.1 -Wl,--version-script=<(echo 'TWO { *; };') <<<'int version(void) { return 1; }'
  library base/libnone.so <<<'int other(void) { return 1; }'
  host base/libz.so.1 base/libnone.so
  library own/libmine.so -Wl,--version-script=<(echo 'TWO { *; };') <<<'int version(void) { return 2; } int other(void) { return 2; }'
  module own/libmine.so <<<'int version(void); int other(void); int PyInit_module(void) { return version() + other(); }'
  binds version libz.so.1 libmine.so hijacked
  binds other libnone.so libmine.so hijacked
}

@test "check: a reference without a version takes the oldest, or the only one that is not hidden" {
  library base/libz.so.1 -Wl,--version-script=<(echo 'ONE { }; TWO { } ONE; THREE { } TWO;') <<'C'
__asm__(".symver old1, old@ONE");  int old1(void) { return 1; }
__asm__(".symver old2, old@@TWO"); int old2(void) { return 2; }
__asm__(".symver new2, new@@THREE"); int new2(void) { return 2; }
__asm__(".symver gone3, gone@THREE"); int gone3(void) { return 2; }
C
  host base/libz.so.1
  library own/libmine.so <<<'int old(void) { return 2; } int new(void) { return 2; } int gone(void) { return 3; }'
  module own/libmine.so <<<'int old(void); int new(void); int gone(void); int PyInit_module(void) { return old() + new() + gone(); }'
  binds old libz.so.1 libmine.so hijacked
  binds new libz.so.1 libmine.so hijacked
  binds gone libmine.so libmine.so plain
}

@test "check: hidden, internal and local symbols of the interpreter's hijack nothing, protected ones do" {
  library base/libz.so.1 -Wl,--version-script=<(echo '{ local: scripted; };') <<'C'
__attribute__((visibility("hidden"))) int hidden(void) { return 1; }
__attribute__((visibility("internal"))) int internal(void) { return 1; }
__attribute__((visibility("protected"))) int protected(void) { return 1; }
int scripted(void) { return hidden() + internal(); }
static int mine(void) { return 1; }
int use(void) { return mine() + scripted(); }
C
  host base/libz.so.1
  library own/libmine.so <<'C'
int hidden(void) { return 2; }
int internal(void) { return 2; }
int protected(void) { return 2; }
int scripted(void) { return 2; }
int mine(void) { return 2; }
C
  module own/libmine.so <<'C'
int hidden(void), internal(void), protected(void), scripted(void), mine(void);
int PyInit_module(void) { return hidden() + internal() + protected() + scripted() + mine(); }
C
  binds hidden libmine.so libmine.so plain
  binds internal libmine.so libmine.so plain
  binds scripted libmine.so libmine.so plain
  binds mine libmine.so libmine.so plain
  binds protected libz.so.1 libmine.so hijacked
}

# patch FILE OLD NEW: bytes in hexadecimal, of which the file has the old once.
patch() {
  python3 - "$@" <<'PY'
import sys
name, old, new = sys.argv[1], bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3])
with open(name, "rb") as file:
    data = file.read()
assert data.count(old) == 1, data.count(old)
with open(name, "wb") as file:
    file.write(data.replace(old, new))
PY
}

# symbolic FILE: linked with -z origin; its DF_ORIGIN (1) becomes DF_SYMBOLIC (2), whose
# references the linker would have bound itself.
symbolic() {
  patch "$1" 1e000000000000000100000000000000 1e000000000000000200000000000000
}

@test "check: a symbol that is hidden and yet exported hijacks nothing" {
  library base/libz.so.1 -s <<<'int one[7] = { 1 };'
  # Its entry in the symbol table: STB_GLOBAL, STT_OBJECT, then visibility.
  local index
  index=$(readelf -W --dyn-syms base/libz.so.1 | awk '$8 == "one" { printf "%04x", $7 }')
  patch base/libz.so.1 "1100${index:2}${index:0:2}" "1102${index:2}${index:0:2}"
  host base/libz.so.1
  library own/libmine.so <<<'int one[7] = { 2 };'
  module own/libmine.so <<<'extern int one[7]; int PyInit_module(void) { return one[0]; }'
  binds one libmine.so libmine.so plain
}

@test "check: what a module protects, hides or links by -Bsymbolic is its own" {
  library base/libz.so.1 <<<'int one(void) { return 1; } int two(void) { return 1; } int three(void) { return 1; } int data = 1;'
  host base/libz.so.1
  module -Wl,-Bsymbolic-functions <<'C'
__attribute__((visibility("hidden"))) int one(void) { return 2; }
__attribute__((visibility("protected"))) int two(void) { return 2; }
int three(void) { return 2; }
int data = 2;
int PyInit_module(void) { return one() + two() + three() + data; }
C
  binds data libz.so.1 module.so hijacked
  checked --bindings module.so
  refute_line --regexp $'\t(one|two|three)\t'
}

@test "check: the address of a symbol that the module protects is its own" {
  library base/libz.so.1 <<<'int two(void) { return 1; }'
  host base/libz.so.1
  library own/libmine.so <<<'__attribute__((visibility("protected"))) int two(void) { return 2; } __attribute__((visibility("default"))) int (*at)(void) = two;'
  module own/libmine.so <<<'extern int (*at)(void); int PyInit_module(void) { return at(); }'
  agrees
}

@test "check: DT_SYMBOLIC looks in the library itself first, for all that it has" {
  library base/libz.so.1 <<<'int one(void) { return 1; } int two(void) { return 1; }'
  host base/libz.so.1
  library own/libmine.so <<<'int one(void) { return 2; } int use(void) { return one(); }'
  library own/libother.so -Wl,-z,origin <<<'int two(void) { return 2; } int both(void) { return two(); }'
  symbolic own/libother.so
  module own/libmine.so own/libother.so <<<'int use(void); int both(void); int PyInit_module(void) { return use() + both(); }'
  agrees
  grep -q 'own/libother.so two - .*own/libother.so' ours
  grep -q 'own/libmine.so one - .*base/libz.so.1' ours
}

@test "check: a weak definition is as good as any, and a weak reference may find nothing" {
  library base/libz.so.1 <<<'__attribute__((weak)) int one(void) { return 1; }'
  host base/libz.so.1
  library own/libmine.so <<<'int one(void) { return 2; }'
  module own/libmine.so <<'C'
int one(void);
__attribute__((weak)) int nowhere(void);
int PyInit_module(void) { return one() + (nowhere ? nowhere() : 0); }
C
  binds one libz.so.1 libmine.so hijacked
  binds nowhere - - plain
  checked module.so
  refute_output --partial 'not load'
}

@test "check: a symbol that only a library of the interpreter has is unlisted, a weak one is not" {
  library base/libz.so.1 <<<'int one(void) { return 1; } int two(void) { return 1; }'
  host base/libz.so.1
  module <<<'int one(void); __attribute__((weak)) int two(void); int PyInit_module(void) { return one() + two(); }'
  binds one libz.so.1 - unlisted
  binds two libz.so.1 - plain
  checked module.so
  assert_equal "$status" 0
  assert_line --index 0 "module.so: 1 symbol that only base/libz.so.1 of the interpreter has: one"
}

@test "check: STB_GNU_UNIQUE: the first that is found is that of all" {
  mkdir -p base own
  g++ -shared -fPIC -o base/libz.so.1 -Wl,-soname,libz.so.1 -x c++ - <<'C'
template<class T> struct box { static int value; };
template<class T> int box<T>::value = 1;
int *base() { return &box<int>::value; }
C
  host base/libz.so.1
  g++ -shared -fPIC -o module.so -x c++ - <<'C'
template<class T> struct box { static int value; };
template<class T> int box<T>::value = 2;
extern "C" int PyInit_module(void) { return box<int>::value++ + box<char>::value++; }
C
  binds _ZN3boxIiE5valueE libz.so.1 module.so hijacked
  binds _ZN3boxIcE5valueE module.so module.so plain
}

@test "check: ... also if who looked first has it in itself" {
  library base/libz.so.1 <<<'int one(void) { return 1; }'
  host base/libz.so.1
  mkdir -p own
  g++ -shared -fPIC -o own/libmine.so -Wl,-soname,libmine.so,-z,origin -x c++ - <<'C'
template<class T> struct box { static int value; };
template<class T> int box<T>::value = 1;
extern "C" int *mine() { return &box<int>::value; }
C
  symbolic own/libmine.so
  g++ -shared -fPIC -o module.so -Wl,-rpath,"$PWD/own" -x c++ - -x none own/libmine.so <<'C'
template<class T> struct box { static int value; };
template<class T> int box<T>::value = 2;
extern "C" int *mine();
extern "C" int PyInit_module(void) { return box<int>::value++ + *mine(); }
C
  binds _ZN3boxIiE5valueE libmine.so libmine.so plain
}

@test "check: the address of a function can be the PLT entry of a program, a call cannot" {
  library base/libz.so.1 <<<'int one(void) { return 1; }'
  gcc -fno-pie -no-pie -o host -rdynamic -x c - -x none base/libz.so.1 -Wl,-rpath,"$PWD/base" <<'C'
#include <dlfcn.h>
int one(void);
void *PyImport_ImportModule(const char *name) { return name ? (void *)one : 0; }
int main(int argc, char **argv) { return !dlopen(argv[argc - 1], RTLD_NOW); }
C
  library own/libmine.so <<<'int one(void) { return 2; }'
  module own/libmine.so <<<'int one(void); int (*at)(void) = one; int PyInit_module(void) { return at(); }'
  binds one host libmine.so hijacked
  module own/libmine.so -fno-builtin <<<'int one(void); int PyInit_module(void) { return one() + 1; }'
  binds one libz.so.1 libmine.so hijacked
}

@test "check: variables that a program has copied are found in it" {
  library base/libz.so.1 <<<'int data = 1;'
  gcc -no-pie -o host -rdynamic -x c - -x none base/libz.so.1 -Wl,-rpath,"$PWD/base" <<'C'
#include <dlfcn.h>
extern int data;
void *PyImport_ImportModule(const char *name) { return (void *)(name + data); }
int main(int argc, char **argv) { return !dlopen(argv[argc - 1], RTLD_NOW); }
C
  library own/libmine.so <<<'int data = 2;'
  module own/libmine.so <<<'extern int data; int PyInit_module(void) { return data; }'
  binds data host libmine.so hijacked
}

@test "check: objects with a DT_HASH table alone, and thread-local variables" {
  library base/libz.so.1 -Wl,--hash-style=sysv <<<'int one(void) { return 1; } __thread int mine = 1;'
  host base/libz.so.1
  library own/libmine.so -Wl,--hash-style=sysv <<<'int one(void) { return 2; } __thread int mine = 2; int two(void) { return 2; }'
  module own/libmine.so -Wl,--hash-style=sysv <<<'int one(void), two(void); extern __thread int mine; int PyInit_module(void) { return one() + two() + mine; }'
  binds one libz.so.1 libmine.so hijacked
  binds two libmine.so libmine.so plain
  binds mine libz.so.1 libmine.so hijacked
}

@test "check: what libc has is taken from it, isolated, too" {
  library base/libz.so.1 <<<'int one(void) { return 1; }'
  host base/libz.so.1
  library own/libmine.so <<<'#include <stddef.h>
void *malloc(size_t size) { return (void *)size; }'
  module own/libmine.so <<<'#include <stdlib.h>
void *PyInit_module(void) { return malloc(1); }'
  binds malloc libc.so.6 libc.so.6 plain
}

@test "check: what the process has once is harmless: the unwinder, for one" {
  library base/libz.so.1 -lgcc_s <<<'int one(void) { return 1; }'
  host base/libz.so.1
  library own/libmine.so <<<'int _Unwind_GetIP(void) { return 2; }'
  module own/libmine.so <<<'int _Unwind_GetIP(void); int PyInit_module(void) { return _Unwind_GetIP(); }'
  binds _Unwind_GetIP libgcc_s.so.1 libmine.so host
  checked --all module.so
  assert_equal "$status" 0
  assert_line --partial "libgcc_s.so.1, which all share, and not to its own libmine.so: harmless"
}

@test "check: libraries that libraries of its own need are looked at, too" {
  library base/libz.so.1 <<<'int one(void) { return 1; }'
  host base/libz.so.1
  library own/libdeep.so <<<'int one(void) { return 2; }'
  library own/libmiddle.so own/libdeep.so <<<'int one(void); int middle(void) { return one(); }'
  module own/libmiddle.so <<<'int middle(void); int PyInit_module(void) { return middle(); }'
  agrees
  checked --symbols module.so
  assert_line --index 0 "module.so: 1 of its references to its own libdeep.so would go to base/libz.so.1 of the interpreter"
  assert_line --index 1 "    one  of own/libmiddle.so"
}

@test "check: --why tells each step of the lookup" {
  library base/libz.so.1 -Wl,--version-script=<(echo 'ONE { *; };') <<<'int version(void) { return 1; }'
  library base/libzz.so <<<'int version(void) { return 1; }'
  host base/libz.so.1 base/libzz.so
  library own/libmine.so -Wl,--version-script=<(echo 'TWO { *; };') <<<'int version(void) { return 2; }'
  module own/libmine.so <<<'int version(void); int PyInit_module(void) { return version(); }'
  agrees
  checked --why version module.so
  assert_line --index 0 "module.so: calls version, version TWO"
  assert_line --index 1 "  plainly:"
  assert_line --index 2 "    host"
  assert_line --index 3 "    base/libz.so.1: it has other versions only"
  assert_line --index 4 "    base/libzz.so: taken"
  assert_line --index 5 "  isolated:"
  assert_line --index 6 "    host (its C API)"
  assert_line "    own/libmine.so: taken"
}
