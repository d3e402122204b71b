#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# doctor: what is wrong is wrong for real here, and so is what is well.

# '$ORIGIN' is for ld.so, each test is a subshell, and bats sets stderr.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load helper

setup_file() {
  provide doctor
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  ISO=$built/pypy-isolate
  mkdir tmp
  export TMPDIR=$PWD/tmp
  unset LD_AUDIT LD_PRELOAD LD_LIBRARY_PATH LD_BIND_NOW GLIBC_TUNABLES NO_COLOR
}

teardown() {
  # Whatever happened, nothing is left.
  [ ! -d tmp ] || find tmp -mindepth 1 | { ! grep .; }
}

doctor() {
  run --separate-stderr "$ISO" doctor "$@"
}

# said FINDING WHAT PATTERN: there is that line.
said() {
  assert_line --regexp "^$1 +$2: .*$3"
}

# wrong WHAT PATTERN: that is wrong, and nothing else is; exit status 1.
wrong() {
  said wrong "$1" "$2"
  assert_equal "$(grep -c '^wrong' <<<"$output")" 1
  assert_failure 1
}

# all_ok: exit status 0, all lines are ok, and each way to dlopen was gone.
all_ok() {
  run grep -v -e '^ok ' -e '^nothing is wrong: ' <<<"$output"
  assert_output ''
}

# is_well: nothing is wrong.
is_well() {
  assert_success
  refute_line --regexp '^wrong'
  assert_equal "$(grep -cE '^ok +(import|ctypes.*|dlopen.*): isolated, in namespace [1-9]' \
    <<<"$output")" 4
}

# conf TEXT: is the policy.
conf() {
  printf '%s\n' "$@" >t.conf
  export PYPY_ISOLATE_CONF=$PWD/t.conf
}

# auditor FILE: a module of others, that does nothing
auditor() {
  gcc -shared -fPIC -x c -o "$1" - <<<'unsigned la_version(unsigned lav) { return lav; }'
}

# beside MODULE: ISO becomes a copy of the launcher beside that module.
beside() {
  mkdir bin
  cp "$built/pypy-isolate" bin/
  cp "$1" bin/libpypy-isolate.so
  ISO=$PWD/bin/pypy-isolate
}

# ---- all is well ----

@test "doctor: Debian's pypy3 and python3 are well, and no line is but ok" {
  local interpreter
  for interpreter in pypy3 /usr/bin/python3; do
    doctor "$interpreter"
    assert_equal "$stderr" ''
    is_well
    said ok trial "$interpreter starts, with libpypy-isolate.so 0\.1\.0, with audit interface [12] of"
    all_ok
  done
}

@test "doctor: which object is the interpreter, by which rule, and how it gets at dlopen" {
  doctor pypy3
  said ok interpreter "/libpypy3[^ ]*-c\.so, by the rule 'pypy' \(built-in:[0-9]+\)"
  # What readelf says: a slot of the PLT, and a word for the JIT's code.
  local library
  library=$(grep -o '/[^ ]*libpypy3[^ ,]*' <<<"$output" | head -1)
  assert_equal "$(readelf -rW "$library" | grep -cE '_JUMP_SLO.* dlopen(@|$| )')" 1
  assert_equal "$(readelf -rW "$library" | grep -cE 'R_X86_64_64 .* dlopen(@|$| )')" 1
  said ok routes "dlopen \(called through the PLT, 1 address in its data\)"
  doctor /usr/bin/python3
  said ok interpreter "/usr/bin/python3[.0-9]*, by the rule 'cpython' \(built-in:[0-9]+\)"
  conf 'interpreter mine "libpypy3*-c.so*" exports capi/pypy.list'
  doctor pypy3
  said ok interpreter "by the rule 'mine' \($PWD/t.conf:1\)"
}

@test "doctor: without a word it is about pypy3, or else python3" {
  doctor
  said ok trial 'pypy3 starts'
  mkdir path
  ln -s /usr/bin/python3 path/
  run env PATH="$PWD/path" "$ISO" doctor
  said ok trial 'python3 starts'
}

@test "doctor: ... or about the virtual environment that is active" {
  /usr/bin/python3 -m venv --without-pip venv
  VIRTUAL_ENV=$PWD/venv doctor
  said ok trial "$PWD/venv/bin/python starts"
}

@test "doctor: a script of an interpreter is that interpreter" {
  printf '#!/usr/bin/env pypy3\nprint("not to be run")\n' >app
  chmod +x app
  doctor ./app
  said ok program './app is a script; what runs it: /usr/bin/pypy3'
  is_well
}

@test "doctor: a virtual environment is itself, not what its links lead to" {
  pypy3 -m venv --without-pip venv
  doctor venv/bin/pypy3
  is_well
  echo 'import os; os._exit(5)' >"$(echo venv/lib/*/site-packages)/ends.pth"
  doctor venv/bin/pypy3
  said wrong trial 'ended with status 5'
}

@test "doctor: jemalloc preloaded, and a library that is not there" {
  export LD_PRELOAD=libjemalloc.so.2:/nowhere/lib.so
  "$ISO" doctor pypy3 >out 2>/dev/null
  unset LD_PRELOAD
  run cat out
  is_well
  said note LD_PRELOAD '/nowhere/lib.so is not found'
  said ok 'static TLS' 'need [0-9]{4} bytes'
}

@test "doctor: nothing is imported from the current directory" {
  mkdir here
  cd here
  for name in ctypes importlib imp struct; do
    echo 'raise SystemExit("imported from here")' >$name.py
  done
  doctor pypy3
  is_well
  doctor /usr/bin/python3
  is_well
}

# ---- words ----

@test "doctor: 2 where there is nothing to look at, and for a wrong word" {
  doctor /nowhere
  assert_failure 2
  assert_output ''
  assert_equal "$stderr" "pypy-isolate: /nowhere: not found, or no executable file; name the \
interpreter: pypy-isolate doctor /PATH/TO/INTERPRETER"
  local words
  for words in --nonsense 'a b' --timeout '--timeout x' '--timeout 0'; do
    # shellcheck disable=SC2086
    doctor $words
    assert_failure 2
    assert_equal "$output" ''
    assert_regex "$stderr" 'usage: pypy-isolate doctor'
  done
  run env PATH="$PWD" "$ISO" doctor
  assert_failure 2
}

@test "doctor: colours on a terminal alone, and not with NO_COLOR" {
  doctor /bin/true
  refute_output --partial $'\e'
  run script -qec "'$ISO' doctor /bin/true" /dev/null
  assert_output --partial $'\e[32mok'
  assert_output --partial $'\e[1;31mwrong\e[0m interpreter: '
  NO_COLOR=1 run script -qec "'$ISO' doctor /bin/true" /dev/null
  assert_output --partial 'wrong interpreter: '
  refute_output --partial $'\e'
}

# ---- the program ----

@test "doctor: a program that is linked statically" {
  local how
  for how in -static -static-pie; do
    gcc $how -x c -o program - <<<'int main(void) { return 0; }'
    doctor ./program
    wrong program "$PWD/program is linked statically: .*use an interpreter that is linked dynamically"
    said note trial 'not done'
  done
}

@test "doctor: a program of musl" {
  musl-gcc -x c -o program - <<<'int main(void) { return 0; }'
  ./program
  doctor ./program
  wrong program "$PWD/program is made for musl \(/lib/ld-musl-[^)]*\), .*made for glibc"
}

@test "doctor: programs of another machine and of another word size" {
  local other=aarch64-linux-gnu-gcc
  [ "$(uname -m)" = x86_64 ] || cannot "which compiler is another machine's?"
  $other -x c -o program - <<<'int main(void) { return 0; }'
  doctor ./program
  wrong program "$PWD/program: a program for another machine, and this pypy-isolate is for x86-64"
  gcc -m32 -nostdlib -static -x c -o program - <<<'void _start(void) { for (;;); }'
  doctor ./program
  wrong program "$PWD/program: a 32-bit program, .*install the 32-bit one"
}

@test "doctor: a program whose ld.so is not there, or is none of glibc" {
  gcc -x c -o program - -Wl,--dynamic-linker=/nowhere/ld.so <<<'int main(void) { return 0; }'
  doctor ./program
  wrong program "wants /nowhere/ld.so as its ld.so, .*No such file or directory"
  gcc -x c -o program - -Wl,--dynamic-linker=/bin/true <<<'int main(void) { return 0; }'
  doctor ./program
  wrong program "wants /bin/true as its ld.so, .*/bin/true is not glibc's"
}

@test "doctor: files that are no program at all" {
  local size
  for size in 0 3 10 63 64 200 4000; do
    head -c "$size" /bin/true >broken
    chmod +x broken
    doctor ./broken
    assert_failure 1
    said wrong '(program|interpreter)' ''
  done
  mkdir directory
  doctor ./directory
  assert_failure 2
}

@test "doctor: every header of a real program cut off, or with each byte changed" {
  local i
  for ((i = 0; i < 800; i += 9)); do
    cp /bin/true broken
    printf '\377' | dd of=broken bs=1 seek=$i conv=notrunc status=none
    run "$ISO" doctor ./broken
    [ "$status" = 1 ] || fail "byte $i: status $status: $output"
  done
}

@test "doctor: a script of a shell, and one whose interpreter is not there" {
  printf '#!/bin/bash\nexec pypy3 "$@"\n' >shim
  chmod +x shim
  doctor ./shim
  wrong interpreter "./shim is a script for /usr/bin/bash, .*as \`./shim -c 'import sys; print\(sys.executable\)'\` prints it"
  printf '#!/nowhere/python3\n' >shim
  doctor ./shim
  wrong program '/nowhere/python3: what its #! line names is not there'
}

@test "doctor: programs that are no interpreter" {
  doctor /bin/true
  wrong interpreter '/usr/bin/true is none, and cannot load one: it never refers to dlopen'
  gcc -x c -o program - <<<'void *dlopen(); int main(void) { return !dlopen(0, 1); }'
  doctor ./program
  wrong interpreter "none starts with $PWD/program; if it loads one later, as uWSGI does"
}

@test "doctor: an interpreter that no rule names gets the line that mends it" {
  local library
  library=$(pypy3 -c 'print([line.split()[-1]
for line in open("/proc/self/maps") if "libpypy" in line][0])')
  cp "$(readlink -f "$(command -v pypy3)")" program
  cp "$library" libours.so
  patchelf --replace-needed "${library##*/}" libours.so --set-rpath '$ORIGIN' program
  patchelf --set-soname libours.so libours.so
  export PYPY_ISOLATE_CONF=$PWD/t.conf
  : >t.conf
  doctor ./program
  wrong interpreter "$PWD/libours.so has the C API of 'pypy' .*put this line into $PWD/t.conf: "
  sed -n 's/.*put this line into [^ ]*: //p' <<<"$output" >t.conf
  assert_equal "$(wc -l <t.conf)" 1
  doctor ./program
  said ok interpreter "$PWD/libours.so, by the rule 'pypy' \($PWD/t.conf:1\)"
}

@test "doctor: a library that the program needs is not there" {
  gcc -shared -fPIC -Wl,-soname,libgone.so -x c -o libgone.so - <<<'int gone;'
  gcc -x c -o program - -Wl,--no-as-needed -x none ./libgone.so <<<'int main(void) { return 0; }'
  rm libgone.so
  doctor ./program
  said wrong program "libgone.so is not found, which $PWD/program needs; install it"
  assert_failure 1
}

@test "doctor: a program with rights of its file" {
  [ "$(id -u)" = 0 ] || cannot "only root can make a set-user-ID file of another user"
  cp /usr/bin/python3 program
  chown 1234 program
  chmod 4755 program
  doctor ./program
  wrong program 'gets rights from its file .*chmod ug-s'
  chown 0:1234 program
  chmod 2755 program
  doctor ./program
  wrong program 'gets rights from its file'
  chmod 755 program
  doctor ./program
  said ok program "$PWD/program is an ELF program"
}

# ---- the policy ----

@test "doctor: each error of a policy is a line" {
  conf 'nonsense' 'mode sometimes'
  doctor pypy3
  assert_failure 1
  said wrong policy "$PWD/t.conf:1:1: "
  said wrong policy "$PWD/t.conf:2:6: "
  said note trial 'not done: there are errors in the settings'
}

@test "doctor: a policy that root does not trust, and one that nobody may read" {
  [ "$(id -u)" = 0 ] || cannot "only root is other users"
  conf 'mode permissive'
  chmod 664 t.conf
  doctor pypy3
  wrong policy 'mode 0664 lets others than its owner write, .*chmod go-w it'
  chmod 600 t.conf
  doctor pypy3
  said ok policy "$PWD/t.conf, of user 0, mode 0600"
  is_well
  cp "$built"/{pypy-isolate,libpypy-isolate.so} .
  chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" .
  run setpriv --reuid 1234 --regid 1234 --clear-groups ./pypy-isolate doctor pypy3
  assert_failure 1
  said wrong policy "$PWD/t.conf: permission denied"
  said wrong policy "$PWD/t.conf cannot be read by user 1234; chmod a\+r it"
}

@test "doctor: where the rules come from, and who may write there" {
  doctor /bin/true
  said ok policy 'the compiled-in rules; there is no /etc/pypy-isolate.conf'
  conf 'include b.conf' 'interpreter mine "libmine*" exports a.list'
  echo 'per module' >b.conf
  printf 'probe PyList_New\nPyList_New\n' >a.list
  doctor /bin/true
  local name
  for name in t.conf b.conf a.list; do
    said ok policy "$PWD/$name, of user $(id -u), mode 0644"
  done
  [ "$(id -u)" = 0 ] || return 0
  cp "$built"/{pypy-isolate,libpypy-isolate.so} .
  chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" .
  chmod 666 b.conf
  run setpriv --reuid 1234 --regid 1234 --clear-groups ./pypy-isolate doctor /bin/true
  said note policy "$PWD/b.conf, of user 0, mode 0666; root will not take it .*chmod go-w"
}

@test "doctor: isolation that is switched off" {
  PYPY_ISOLATE=off doctor pypy3
  wrong mode 'PYPY_ISOLATE=off: nothing is isolated; unset PYPY_ISOLATE'
  said note trial 'not done: isolation is switched off'
  conf '' 'mode off'
  doctor pypy3
  wrong mode "off \($PWD/t.conf:2\): nothing is isolated"
  PYPY_ISOLATE=permissive doctor pypy3
  said note mode permissive
  is_well
  assert_line 'nothing is wrong: pypy-isolate pypy3 ...'
}

@test "doctor: a policy that leaves the modules of the trial alone" {
  conf 'leave "*/loop.so"'
  doctor pypy3
  wrong trial "not done: the policy leaves $TMPDIR/.*/loop.so alone \($PWD/t.conf:1\)"
}

@test "doctor: a log that cannot be written" {
  PYPY_ISOLATE_LOG=debug:/nowhere/log doctor pypy3
  wrong log '/nowhere/log of PYPY_ISOLATE_LOG cannot be written: No such file or directory'
  assert_line '1 of these are wrong; mend the first, and ask again'
  PYPY_ISOLATE_LOG=debug:log doctor pypy3
  is_well
  [ ! -e log ]
}

# ---- the module ----

@test "doctor: no module, somebody else's, and one of another version" {
  mkdir empty
  cp "$built/pypy-isolate" empty/
  ISO=$PWD/empty/pypy-isolate doctor pypy3
  wrong module "libpypy-isolate.so is neither in $PWD/empty nor in .*install pypy-isolate again"
  gcc -shared -fPIC -x c -o other.so - <<<'int other;'
  beside "$PWD/other.so"
  doctor pypy3
  said wrong module "$PWD/bin/libpypy-isolate.so is no audit module"
  said wrong trial 'made no namespace in it; the last words: .*cannot be loaded as audit interface'
  sed 's/libpypy-isolate\.so 0\.1\.0,/libpypy-isolate.so 0.0.9,/' "$built/libpypy-isolate.so" \
    >bin/libpypy-isolate.so
  doctor pypy3
  said wrong module "is not of the version of this program, 0\.1\.0"
  said wrong trial "not of the version of this program, 0\.1\.0: libpypy-isolate.so 0\.0\.9, with"
}

@test "doctor: an auditor in our place isolates nothing, and that is seen" {
  auditor other.so
  beside "$PWD/other.so"
  doctor pypy3
  said wrong module 'is not of the version'
  said wrong trial 'pypy3 starts, but pypy-isolate made no namespace in it'
  assert_equal "$(grep -c '^wrong .*: not isolated: of [0-9]* times it came to pypy-isolate 0' \
    <<<"$output")" 4
  said wrong ctypes.CDLL 'opened is in namespace 0 '
}

# without ROUTE: ISO is beside a module that leaves this one to the real function.
without() {
  gcc -fPIC -c -x c -o wrap.o - <<C
#include <string.h>
unsigned long __real_route_outside(const char *);
unsigned long __wrap_route_outside(const char *name)
{
	return strcmp(name, "$1") == 0 ? 0 : __real_route_outside(name);
}
unsigned long __wrap_route_found(const char *name) { return 0 * name[0]; }
C
  make -s -C "$root" MODULE="$PWD/module.so" \
    LDFLAGS="-Wl,--wrap=route_outside,--wrap=route_found $PWD/wrap.o" "$PWD/module.so"
  beside "$PWD/module.so"
}

@test "doctor: a way to dlopen that is not covered" {
  without dlopen
  local interpreter
  for interpreter in pypy3 /usr/bin/python3; do
    doctor "$interpreter"
    assert_failure 1
    said wrong import 'not isolated: of 1 times it came to pypy-isolate 0'
    said wrong ctypes.CDLL 'what was opened is in namespace 0 .*readelf -rsW /[^ ]*(libpypy|python)3'
    said wrong 'dlopen, found by dlsym' 'what was opened is in namespace 0'
    said wrong 'ctypes.CDLL, 3,000 times[^:]*' 'of 3000 times it came to pypy-isolate 0'
  done
}

@test "doctor: dlsym that is not covered" {
  without dlsym
  doctor pypy3
  said ok ctypes.CDLL isolated
  wrong 'dlopen, found by dlsym' 'of 1 times .* 0, and what was opened is in namespace 0'
}

# ---- LD_AUDIT and GLIBC_TUNABLES ----

# with_auditors N: LD_AUDIT is N modules of others
with_auditors() {
  local i list=''
  auditor auditor.so
  for ((i = 0; i < $1; i++)); do
    cp auditor.so "auditor$i.so"
    list+=:$PWD/auditor$i.so
  done
  # Not exported: what the tests run would have them, too.
  AUDITED=("LD_AUDIT=$list")
}

audited() {
  run env "${AUDITED[@]}" "$ISO" "$@"
}

@test "doctor: another auditor takes a namespace" {
  with_auditors 1
  audited doctor pypy3
  said note namespaces '13 are left for packages, and not 14: LD_AUDIT has 1 more audit module;'
  is_well
}

@test "doctor: an auditor that is not there" {
  LD_AUDIT=/nowhere/audit.so doctor pypy3
  wrong LD_AUDIT '/nowhere/audit.so cannot be opened: No such file or directory; take it out'
}

@test "doctor: more auditors than ld.so takes" {
  with_auditors 12
  # Some glibc takes them, and some ends the program: doctor says the same.
  if env "${AUDITED[@]}" "$ISO" /usr/bin/python3 -c pass; then
    audited doctor /usr/bin/python3
    is_well
    return
  fi
  audited doctor /usr/bin/python3
  said wrong namespaces 'LD_AUDIT has 13 audit modules, with ours, and with glibc.rtld.nns=4 ld.so takes 12'
  said wrong trial 'ended with status 127; its last words: .*Failed loading 13 audit modules'
  AUDITED+=(GLIBC_TUNABLES=glibc.rtld.nns=1)
  audited doctor /usr/bin/python3
  said note namespaces '2 are left for packages'
  is_well
  with_auditors 14
  AUDITED+=(GLIBC_TUNABLES=glibc.rtld.nns=1)
  audited doctor /usr/bin/python3
  said wrong namespaces 'none is left: of the 16'
  assert_failure 1
}

# ---- the kernel ----

@test "doctor: no memfd_create(), and no /proc" {
  gcc -Wall -Wextra -Werror -O1 -o refuse "$root/tests/fixture/faults/refuse.c"
  run ./refuse memfd_create EPERM "$ISO" doctor pypy3
  said note memfd_create 'Operation not permitted: .*allow memfd_create in the seccomp filter'
  is_well
  unshare -m true 2>/dev/null || cannot "no mount namespace may be made here"
  run unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$ISO" doctor /usr/bin/python3
  said note /proc 'not there: .*mount -t proc proc /proc'
  is_well
}

@test "doctor: no directory for temporary files" {
  unshare -m true 2>/dev/null || cannot "no mount namespace may be made here"
  # The program may be below one of them.
  run unshare -m sh -c 'mount --bind "$1" /mnt && for each in /tmp /var/tmp /dev/shm /run; do
    mount -t tmpfs -o ro none $each || exit; done; /mnt/pypy-isolate doctor /usr/bin/python3' \
    sh "${ISO%/*}"
  wrong trial 'not done: no directory for temporary files can be written; let TMPDIR name one'
}

# ---- an interpreter that does not do what it should ----

# site CODE: what the interpreter does first
site() {
  mkdir -p site
  printf '%s\n' "$@" >site/sitecustomize.py
  export PYTHONPATH=$PWD/site
}

@test "doctor: an interpreter that does not end is killed, with its children" {
  site 'import os, subprocess, time' 'child = subprocess.Popen(["sleep", "1000"])' \
    'pids = open("children", "w")' 'pids.write("%d %d\n" % (os.getpid(), child.pid))' 'pids.close()' \
    'time.sleep(1000)'
  doctor --timeout 3 pypy3
  wrong trial 'pypy3 did not end within 3 seconds, and was killed; does .pypy3 -c pass. end'
  local pid pids
  read -ra pids <children
  assert_equal ${#pids[@]} 2
  for pid in "${pids[@]}"; do
    # Nobody may be there to bury it.
    [ ! -e "/proc/$pid" ] || grep -q '^State:.*Z' "/proc/$pid/status"
  done
}

@test "doctor: an interpreter that dies, and one that ends too soon" {
  site 'import os, sys' 'sys.stderr.write("first\nall is lost\n\n")' 'sys.stderr.flush()' \
    'os.kill(os.getpid(), 11)'
  ulimit -c 0
  doctor pypy3
  wrong trial 'pypy3 was ended by signal 11 \(.*\); its last words: all is lost; does it run without us\? pypy3 -c pass'
  site 'import os' 'os._exit(3)'
  doctor /usr/bin/python3
  wrong trial '/usr/bin/python3 ended with status 3; its last words: \(nothing\)'
}

@test "doctor: what the interpreter prints is none of the answers" {
  site 'print("wrong trial: forged")' 'import sys' 'sys.stderr.write("and here\n")'
  doctor pypy3
  is_well
  refute_output --partial forged
  assert_equal "$stderr" ''
}

@test "doctor: interrupted, it kills the interpreter and leaves no file" {
  site 'import os, time' 'file = open("new", "w")' 'file.write(str(os.getpid()))' 'file.close()' \
    'os.rename("new", "pid")' 'time.sleep(1000)'
  "$ISO" doctor pypy3 >out 2>&1 3>&- &
  local doctor=$!
  until [ -e pid ]; do sleep 0.1; done
  kill -TERM "$doctor"
  wait "$doctor" || status=$?
  run cat out
  said wrong trial 'it was stopped'
  [ ! -e "/proc/$(<pid)" ] || grep -q '^State:.*Z' "/proc/$(<pid)/status"
}
