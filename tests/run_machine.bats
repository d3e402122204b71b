#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is an architecture's own: mirrors that its tools can read, jumps that its processor
# checks, and files of another.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
}

setup() {
  live_test
}

# machine FILE: its class, byte order and machine, as readelf has them
machine() {
  readelf -hW "$1" | sed -n -E 's/^ +(Class|Data|Machine): +//p'
}

# mirrors: copies of all that are made for own.mod, mirror.0 and so on
mirrors() {
  script <<'PY'
import os, shutil
before = set(os.listdir("/proc/self/fd"))
import own.mod
new = sorted(set(os.listdir("/proc/self/fd")) - before, key=int)
for n, fd in enumerate(fd for fd in new if os.path.exists("/proc/self/fd/" + fd)):
    shutil.copyfile("/proc/self/fd/" + fd, "mirror.%d" % n)
print(own.mod.version())
PY
  isolated
  prints own
}

@test "machine: mirrors are of this machine, and readelf finds no fault with them" {
  local mirror wanted
  mirrors
  wanted=$(machine "$SITE"/own/mod.*.so)
  [ -e mirror.2 ] || fail "fewer than three mirrors"
  for mirror in mirror.*; do
    assert_equal "$(machine "$mirror")" "$wanted"
    run --separate-stderr readelf -aDW "$mirror"
    assert_equal "$stderr" ''
    refute_output --regexp '<corrupt|<unknown>'
    run -1 grep -E '^ +LOAD .*E' <<<"$output"
  done
  # libc's mirror: absolute, under the versions of its functions
  run grep -cE ' (FUNC|OBJECT) .* ABS [a-z]+@@?GLIBC_' <(readelf -DsW mirror.*)
  [ "$output" -gt 1000 ] || fail "$output symbols with a version"
}

@test "machine: the module and its mirrors promise all that this processor can check" {
  local promise file
  case $(readelf -hW "$built/libpypy-isolate.so") in
    *AArch64*) promise='AArch64 feature: BTI, PAC' ;;
    *X86-64* | *80386*) promise='x86 feature: IBT, SHSTK' ;;
    *) not_applicable "this architecture has no note of what its code holds to" ;;
  esac
  mirrors
  for file in "$built/libpypy-isolate.so" mirror.*; do
    readelf -nW "$file" >notes
    grep -qF "$promise" notes || fail "$file: $(cat notes)"
  done
}

# jumper FILE: a program that jumps to `bti c` or, without an argument, to `nop`, in a page
# protected as ld.so protects the code of an object that has the note
jumper() {
  gcc -O1 -o "$1" -x c - <<'C'
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
int main(int argc, char **argv)
{
	uint32_t code[] = { argc > 1 ? 0xd503245f : 0xd503201f, 0xd65f03c0 /* ret */ };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, code, sizeof code);
	__builtin___clear_cache(page, page + sizeof code);
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC | 0x10 /* PROT_BTI */))
		return 1;
	((void (*)(void))page)();
	return 0;
}
C
}

@test "machine: where BTI is enforced, all entries are landing pads; without one, SIGILL" {
  local offset
  [[ $(readelf -hW "$built/libpypy-isolate.so") == *AArch64* ]] ||
    not_applicable "BTI is of AArch64"
  jumper jump
  run ./jump landing
  assert_success
  run ./jump
  [ "$status" -eq 132 ] || not_applicable "this processor, or this system, does not enforce BTI"
  isolated -c 'import own.mod; print(own.mod.version())'
  prints own
  cp "$built/libpypy-isolate.so" "$built/pypy-isolate" .
  offset=$((0x$(nm libpypy-isolate.so | awk '$3 == "stub_dlopen" { print $1 }')))
  assert_equal "$(od -An -tx1 -j "$offset" -N 4 libpypy-isolate.so)" ' 5f 24 03 d5'	# bti c
  printf '\x1f\x20\x03\xd5' | dd of=libpypy-isolate.so bs=1 seek="$offset" conv=notrunc status=none
  run timeout 60 ./pypy-isolate pypy3 -c 'import own.mod'
  assert_equal "$status" 132
}

# with_aligned BYTES STATUS COMMAND...: preloaded is a library whose static TLS has that alignment
with_aligned() {
  c_object aligned.so <<C
static __thread __attribute__((aligned($1), tls_model("initial-exec"))) int own;
int *address(void) { return &own; }
C
  run --separate-stderr "-$2" env LD_PRELOAD="$PWD/aligned.so" "${@:3}"
}

@test "machine: static TLS of an alignment that ld.so has under no audit module, and up to that" {
  # TCB_ALIGNMENT of glibc, in nptl/descr.h and sysdeps/x86
  local most=32
  [[ $(readelf -hW "$built/libpypy-isolate.so") != *@(X86-64|80386)* ]] || most=64
  c_object auditor.so <<<'unsigned la_version(unsigned version) { return version; }'
  with_aligned $((2 * most)) 0 pypy3 -c 'print("ran")'
  assert_output ran
  with_aligned $((2 * most)) 127 LD_AUDIT="$PWD/auditor.so" pypy3 -c 'print("ran")'
  assert_regex "$stderr" 'aligned.so: cannot allocate memory in static TLS block'
  # shellcheck disable=SC2086 # it may be several words
  with_aligned $most 0 $ISOLATE pypy3 -c 'import own.mod; print(own.mod.version())'
  assert_output own
}

@test "machine: explain, check and doctor know programs, modules and processes of this machine" {
  run "$built/pypy-isolate" explain -- pypy3 -c 'import own.mod'
  assert_success
  assert_line --regexp '^  namespace [0-9]+: own$'
  assert_line --partial '1 module isolated in 1 namespace'
  run "$built/pypy-isolate" check -i pypy3 "$SITE"/own/mod.*.so
  assert_failure 1
  assert_line --regexp '^1 of 1 module: '
  run "$built/pypy-isolate" doctor pypy3
  assert_success
}

@test "machine: a module of the other byte order is refused, and says so" {
  local file ours data
  mkdir -p odd
  file=odd/mod$(pypy3 -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
  cp "$SITE"/own/mod.*.so "$file"
  # The message names what it should have been.
  [[ $(machine "$file") == *little* ]] && ours=little data='\2' || ours=big data='\1'
  printf '%b' "$data" | dd of="$file" bs=1 seek=5 conv=notrunc status=none
  PYTHONPATH=$PWD isolated -c 'import odd.mod'
  assert_failure
  assert_regex "$stderr" "ELF file data encoding not $ours-endian"
  run "$built/pypy-isolate" check -i pypy3 "$file"
  assert_failure
  assert_output --partial "ELF file data encoding not $ours-endian"
}
