#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The launcher: what a person types -> the process that starts.

# '$ORIGIN' is for ld.so, each test is a subshell, and bats sets stderr.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0

load helper_launcher

setup_file() {
  launcher_begin
  gcc -x c -o "$BIN/show" - <<'C'
/* Its arguments in brackets, and which of descriptors 0 to 9 are open. */
#include <fcntl.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	(void)argc;
	char open[10];
	for (int fd = 0; fd < 10; fd++)
		open[fd] = fcntl(fd, F_GETFD) < 0 ? '-' : 'o';
	for (; *argv; argv++)
		fprintf(stderr, "[%s]", *argv);
	fprintf(stderr, "\n%.10s\n", open);
	return 7;
}
C
  tls_library "$BATS_FILE_TMPDIR/libtls.so"
}

# tls_library FILE: one that wants 3,000 bytes of initial-exec TLS
tls_library() {
  gcc -shared -fPIC -Wl,-soname,libtls.so -x c -o "$1" - <<'C'
static __thread __attribute__((tls_model("initial-exec"))) volatile char bytes[3000] = { 1 };
int tls_sum(void);
int tls_sum(void) { return bytes[0] + bytes[2999]; }
C
}

# tls_program FILE LIBRARY [GCC-OPTION...]: prints GLIBC_TUNABLES
tls_program() {
  local file=$1 library=$2
  shift 2
  gcc -x c -o "$file" - -x none "$library" "$@" <<'C'
#include <stdio.h>
#include <stdlib.h>
int tls_sum(void);
int main(void)
{
	const char *tunables = getenv("GLIBC_TUNABLES");
	puts(tunables ? tunables : "none");
	return tls_sum() != 1;
}
C
}

setup() {
  launcher_test
}

# static_tls COMMAND...: what the launcher asks ld.so for
static_tls() {
  "$ISO" "$@" | sed -n 's/.*glibc.rtld.optional_static_tls=\([0-9]*\).*/\1/p'
}

# ---- words ----

@test "launcher: --version and --help are for standard output" {
  run --separate-stderr "$ISO" --version
  assert_success
  assert_output "pypy-isolate 0.1.0"
  run --separate-stderr "$ISO" --module
  assert_success
  assert_output "${ISO%/*}/libpypy-isolate.so"
  run --separate-stderr "$ISO" --help
  assert_success
  assert_line --index 0 "usage: pypy-isolate [run] [--] INTERPRETER [ARG...]"
  assert_equal "$stderr" ""
}

@test "launcher: --help fits a screen of 24 lines of 80 characters, and is for each verb" {
  local help verb
  help=$("$ISO" --help)
  assert [ "$(wc -l <<<"$help")" -le 23 ]
  run grep -E '.{81}' <<<"$help"
  assert_output ''
  for verb in run check conf doctor explain; do
    run --separate-stderr "$ISO" "$verb" --help
    assert_success
    assert_output "$help"
  done
}

@test "launcher: help that cannot be written is a failure" {
  run bash -c "'$ISO' --help >/dev/full"
  assert_failure 125
  assert_output "pypy-isolate: standard output: No space left on device"
}

@test "launcher: a command line that makes no sense gets the usage and 125" {
  usage="usage: pypy-isolate [run] [--] INTERPRETER [ARG...]"
  expect_failure 125 "$usage" "$ISO"
  expect_failure 125 "pypy-isolate: unknown option '-x'" "$ISO" -x env
  assert_equal "${stderr_lines[1]}" "$usage"
  expect_failure 125 "pypy-isolate: unknown option '--verbose'" "$ISO" run --verbose env
  expect_failure 125 "pypy-isolate: no INTERPRETER after 'run'" "$ISO" run
  expect_failure 125 "pypy-isolate: no INTERPRETER after '--'" "$ISO" run --
}

@test "launcher: run and -- may be left out, and say that a verb is an interpreter" {
  mkdir here
  printf '#!/bin/sh\necho "conf: $*"\n' >here/conf
  chmod +x here/conf
  PATH="$PWD/here:$PATH"
  for words in run "run --" --; do
    # shellcheck disable=SC2086
    run "$ISO" $words conf a -b
    assert_success
    assert_output "conf: a -b"
  done
  run "$ISO" env echo a -b
  assert_output "a -b"
}

@test "launcher: conf is the launcher's own verb" {
  run "$ISO" conf
  assert_success
  assert_output --partial "mode"
}

# ---- exit status ----

@test "launcher: the exit status is the program's" {
  run "$ISO" sh -c 'exit 3'
  assert_failure 3
  run "$ISO" sh -c 'kill -KILL $$'
  assert_failure 137
}

@test "launcher: 127 for what is not found, with what to do" {
  expect_failure 127 \
    "pypy-isolate: pypy4: not found; is it installed, and its directory in PATH?" "$ISO" pypy4
  expect_failure 127 "pypy-isolate: ./pypy4: not found; is the path right?" "$ISO" ./pypy4
  expect_failure 127 \
    "pypy-isolate: : not found; is it installed, and its directory in PATH?" "$ISO" ""
}

@test "launcher: 127 for a script without its interpreter says that the script is there" {
  printf '#!/nowhere/python\n' >script
  chmod +x script
  expect_failure 127 "pypy-isolate: ./script: is there, but not what runs it: \
see its #! line, or its ld.so with \`file\`" "$ISO" ./script
}

@test "launcher: 126 for what cannot be executed" {
  echo text >plain
  expect_failure 126 "pypy-isolate: ./plain: is no program, as nobody may execute it; of a script, \
name the interpreter before it: pypy-isolate INTERPRETER ./plain" "$ISO" ./plain
  expect_failure 126 "pypy-isolate: /etc: cannot be executed: Permission denied" "$ISO" /etc
  # Not the file of that name that happens to be here: it is looked for in PATH.
  mkdir bin
  ln -s "$PWD/bin" bin/plain
  PATH=$PWD/bin:$PATH expect_failure 126 \
    "pypy-isolate: plain: cannot be executed: Permission denied" "$ISO" plain
}

@test "launcher: an interpreter that is broken fails as it does without us" {
  for size in 0 10 64 200 4000; do
    head -c "$size" /bin/true >broken
    chmod +x broken
    plain=0 ours=0
    env ./broken || plain=$?
    "$ISO" ./broken || ours=$?
    assert_equal "$size: $ours" "$size: $plain"
  done
}

# ---- the same process ----

@test "launcher: arguments arrive as they were, and argv[0] as it was typed" {
  PATH="$BIN:$PATH"
  run "$ISO" show
  assert_failure 7
  assert_line --index 0 "[show]"
  run "$ISO" show "a b" "" "*" -- -x $'c\nd' ""
  assert_line --index 0 "[show][a b][][*][--][-x][c"
  assert_line --index 1 "d][]"
}

@test "launcher: standard input and output pass through, byte for byte" {
  head -c 100000 /bin/bash >bytes
  "$ISO" cat <bytes >copy
  cmp bytes copy
}

@test "launcher: no descriptor is left open, none is closed" {
  for command in "" "$ISO"; do
    # shellcheck disable=SC2086
    $command "$BIN/show" 5</dev/null 7>&- 2>>all || true
    # shellcheck disable=SC2086
    $command "$BIN/show" 0<&- 2>>none-at-0 || true
  done
  for file in all none-at-0; do
    mapfile -t lines <"$file"
    assert_equal "${lines[3]}" "${lines[1]}"
  done
  "$ISO" true <&- >&- 2>&-
}

@test "launcher: the environment is the same, but for what it must add" {
  env | sort >plain
  "$ISO" env | sort >ours
  run diff plain ours
  for line in "${lines[@]}"; do
    [[ $line =~ ^([0-9,a]+|> (LD_AUDIT|GLIBC_TUNABLES|LD_BIND_NOW)=.*)$ ]] || [[ $line =~ ^[\<\>]\ _= ]] ||
      [[ $line =~ ^([0-9,c]+|---)$ ]] || fail "changed: $line"
  done
}

@test "launcher: a real PyPy runs under it" {
  run "$ISO" pypy3 -c 'import sys; print(sys.argv, sys.implementation.name)' "a b" ""
  assert_success
  assert_output "['-c', 'a b', ''] pypy"
}

# ---- LD_AUDIT ----

@test "launcher: the module comes before the user's auditors, once" {
  assert_equal "$(value_of LD_AUDIT)" "$BIN/libpypy-isolate.so"
  auditor "$PWD/theirs.so"
  export LD_AUDIT="$PWD/theirs.so"
  assert_equal "$(value_of LD_AUDIT)" "$BIN/libpypy-isolate.so:$PWD/theirs.so"
  LD_AUDIT="/old/libpypy-isolate.so::$PWD/theirs.so:$BIN/libpypy-isolate.so:"
  assert_equal "$(value_of LD_AUDIT 2>/dev/null)" "$BIN/libpypy-isolate.so:$PWD/theirs.so"
  LD_AUDIT=
  assert_equal "$(value_of LD_AUDIT)" "$BIN/libpypy-isolate.so"
  LD_AUDIT="$PWD/theirs.so"
  assert_equal "$("$ISO" "$ISO" env | grep ^LD_AUDIT=)" \
    "LD_AUDIT=$BIN/libpypy-isolate.so:$PWD/theirs.so"
}

@test "launcher: an installed module is found in ../lib/pypy-isolate" {
  mkdir -p prefix/bin prefix/lib/pypy-isolate
  cp "$ISO" prefix/bin/
  cp "$BIN/libpypy-isolate.so" prefix/lib/pypy-isolate/
  ISO="$PWD/prefix/bin/pypy-isolate"
  assert_equal "$(value_of LD_AUDIT)" "$PWD/prefix/lib/pypy-isolate/libpypy-isolate.so"
  ln -s prefix/bin/pypy-isolate linked
  ISO="$PWD/linked"
  assert_equal "$(value_of LD_AUDIT)" "$PWD/prefix/lib/pypy-isolate/libpypy-isolate.so"
}

@test "launcher: without a module nothing starts" {
  cp "$ISO" alone
  expect_failure 125 "pypy-isolate: libpypy-isolate.so is neither in $PWD nor in \
$PWD/../lib/pypy-isolate; run \`make\` there, or install pypy-isolate again" ./alone touch started
  assert [ ! -e started ]
}

@test "launcher: a directory that LD_AUDIT cannot name is refused, one with a space works" {
  for name in "a:b" 'a$ORIGIN'; do
    mkdir "$name"
    cp "$BIN"/* "$name/"
    expect_failure 125 "pypy-isolate: $PWD/$name/libpypy-isolate.so: a path with ':' or '\$' \
cannot be in LD_AUDIT; put pypy-isolate into another directory" "./$name/pypy-isolate" true
  done
  mkdir "a b"
  cp "$BIN"/* "a b/"
  AUDITOR_SAYS=1 run "./a b/pypy-isolate" true
  assert_success
  assert_output "audited"
}

# ---- GLIBC_TUNABLES and static TLS ----

@test "launcher: the user's tunables stay, and so does a larger value of ours" {
  name=glibc.rtld.optional_static_tls
  needed=$(value_of GLIBC_TUNABLES)
  [[ $needed =~ ^$name=[0-9]+$ ]] || fail "not the one tunable: $needed"
  assert [ "${needed#*=}" -gt "$DEFAULT" ]
  export GLIBC_TUNABLES=glibc.malloc.perturb=7:$name=100:glibc.rtld.nns=5
  assert_equal "$(value_of GLIBC_TUNABLES)" "glibc.malloc.perturb=7:glibc.rtld.nns=5:$needed"
  GLIBC_TUNABLES=$name=0x8000:glibc.malloc.perturb=7
  assert_equal "$(value_of GLIBC_TUNABLES)" "glibc.malloc.perturb=7:$name=32768"
  GLIBC_TUNABLES=
  assert_equal "$(value_of GLIBC_TUNABLES)" "$needed"
}

# bats test_tags=unsanitized
@test "launcher: a preloaded jemalloc does not stop the program from starting" {
  export LD_PRELOAD=libjemalloc.so.2
  # The reason for all this: any auditor, and no tunable.
  run -127 env LD_AUDIT="$BIN/libpypy-isolate.so" true
  assert_output --partial "cannot allocate memory in static TLS block"
  AUDITOR_SAYS=1 run "$ISO" pypy3 -c 'print(open("/proc/self/maps").read().count("jemalloc") > 0)'
  assert_success
  assert_line "audited"
  assert_line "True"
  LD_PRELOAD="/nowhere/lib.so libtcmalloc_minimal.so.4:libjemalloc.so.2" run "$ISO" true
  assert_success
}

# bats test_tags=unsanitized
@test "launcher: nor does one that /etc/ld.so.preload names" {
  in_etc='mount -t tmpfs none /etc && echo libjemalloc.so.2 >/etc/ld.so.preload && "$@"'
  run -127 in_mounts sh -c "$in_etc" sh env LD_AUDIT="$BIN/libpypy-isolate.so" true
  run in_mounts sh -c "$in_etc" sh "$ISO" true
  assert_success
}

@test "launcher: a library with 3,000 bytes of TLS does not stop the program from starting" {
  tls_program program "$BATS_FILE_TMPDIR/libtls.so" -Wl,-rpath,"$BATS_FILE_TMPDIR"
  run ./program
  assert_success
  run -127 env LD_AUDIT="$BIN/libpypy-isolate.so" ./program
  run "$ISO" ./program
  assert_success
  grown=$(($(static_tls ./program) - $(static_tls env)))
  assert [ "$grown" -ge 3000 ]
  assert [ "$grown" -lt 3100 ]
}

# finds_tls WHAT COMMAND...
finds_tls() {
  local what=$1 bytes
  shift
  bytes=$(static_tls "$@")
  [ "$bytes" -ge 3512 ] || fail "$what: the library was not found: $bytes"
}

@test "launcher: start-up libraries are found where ld.so finds them" {
  mkdir -p lib/sub via
  cp "$BATS_FILE_TMPDIR/libtls.so" lib/sub/
  old=-Wl,--disable-new-dtags new=-Wl,--enable-new-dtags
  tls_program p lib/sub/libtls.so $new -Wl,-rpath,'$ORIGIN/lib/sub'
  finds_tls "RUNPATH" ./p
  tls_program p lib/sub/libtls.so $old -Wl,-rpath,'/nowhere:${ORIGIN}/lib/sub'
  finds_tls "RPATH" ./p
  ln -s ../p via/link
  finds_tls "the program's directory is where it really is" via/link
  tls_program p lib/sub/libtls.so
  LD_LIBRARY_PATH="/nowhere;$PWD/lib/sub" finds_tls "LD_LIBRARY_PATH" ./p
  LD_LIBRARY_PATH='$ORIGIN/lib/sub' finds_tls "\$ORIGIN in LD_LIBRARY_PATH" ./p
  (cd lib/sub && LD_LIBRARY_PATH=: finds_tls "an empty directory" ../../p)
  # Files of that name for other machines do not end the search.
  mkdir class machine
  gcc -shared -fPIC -Wl,-soname,libtls.so -x c -o class/libtls.so - <<<'int none;'
  cp class/libtls.so machine/
  printf '\1' | dd of=class/libtls.so bs=1 seek=4 conv=notrunc status=none   # ELFCLASS32
  printf '\24' | dd of=machine/libtls.so bs=1 seek=18 conv=notrunc status=none # EM_PPC
  LD_LIBRARY_PATH="$PWD/class:$PWD/machine:$PWD/lib/sub" finds_tls "after others" ./p
  dir=$(ldd /bin/true | sed -n 's:.*=> \(.*\)/libc.so.6.*:\1:p')
  dir=${dir#/usr}
  mkdir -p "root${dir}"
  cp lib/sub/libtls.so "root${dir}/"
  LD_LIBRARY_PATH="$PWD/root/\$LIB" finds_tls "\$LIB" ./p
}

@test "launcher: a library's libraries are found through the RPATH of what loads it" {
  mkdir lib
  cp "$BATS_FILE_TMPDIR/libtls.so" lib/
  echo 'int tls_sum(void); int middle(void); int middle(void) { return tls_sum(); }' |
    gcc -shared -fPIC -x c -o lib/libmiddle.so - -x none lib/libtls.so
  # The program names libmiddle.so alone: it must come to libtls.so through it.
  tls_program p lib/libmiddle.so -Dtls_sum=middle -Wl,--disable-new-dtags,-rpath,'$ORIGIN/lib' \
    -Wl,-rpath-link,lib
  run readelf -d p
  refute_line --partial "[libtls.so]"
  finds_tls "RPATH" ./p
}

@test "launcher: the interpreter behind #! lines is the one that counts" {
  tls_program p "$BATS_FILE_TMPDIR/libtls.so" -Wl,-rpath,"$BATS_FILE_TMPDIR"
  PATH="$PWD:$PATH"
  for line in "#!$PWD/p" "#! $PWD/p -x" "#!/usr/bin/env p" "#!/usr/bin/env -S p -x" \
    "#!/usr/bin/env -S A=b p" "#!/usr/bin/env -iS PATH=$PWD p" "#!$PWD/twice"; do
    printf '#!%s\n' "$PWD/p" >twice
    printf '%s\nx\n' "$line" >script
    chmod +x twice script
    # What the script itself sees may be less: -i empties the environment.
    [[ $line == *-iS* ]] || finds_tls "$line" ./script
    run "$ISO" ./script
    assert_success
  done
}

@test "launcher: glibc before 2.35 gets LD_BIND_NOW" {
  # A program that says it needs a libc without GLIBC_2.35, and runs without ld.so.
  mkdir old
  gcc -shared -fPIC -nostdlib -Wl,-soname,libc.so.6 -x c -o old/libc.so.6 - <<<'int old;'
  gcc -fPIC -pie -nostdlib -Wl,--no-dynamic-linker,--no-as-needed -x c -o p - -x none \
    old/libc.so.6 -Wl,-rpath,'$ORIGIN/old' <<'C'
static long call(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	register long r10 asm("r10") = d;
	asm volatile("syscall" : "+a"(number)
		     : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return number;
#else
	register long x8 asm("x8") = number, x0 asm("x0") = a, x1 asm("x1") = b;
	register long x2 asm("x2") = c, x3 asm("x3") = d;
	asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#endif
}
#include <sys/syscall.h>
void _start(void)
{
	static char bytes[65536];
	long fd = call(SYS_openat, -100, (long)"/proc/self/environ", 0, 0);
	long size = call(SYS_read, fd, (long)bytes, sizeof bytes, 0);
	call(SYS_write, 1, (long)bytes, size, 0);
	call(SYS_exit_group, 0, 0, 0, 0);
}
C
  assert_equal "$("$ISO" ./p | tr '\0' '\n' | grep ^LD_BIND_NOW)" "LD_BIND_NOW=1"
  export LD_BIND_NOW=yes
  assert_equal "$("$ISO" ./p | tr '\0' '\n' | grep ^LD_BIND_NOW)" "LD_BIND_NOW=yes"
  unset LD_BIND_NOW
  if ldd --version | head -n 1 | grep -qE ' 2\.(3[5-9]|[4-9][0-9])$'; then
    assert_equal "$(value_of LD_BIND_NOW)" ""
  fi
}
