#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What else people put into a process, and where they run it: other auditors, preloaded
# libraries, a system that nobody may write to, memory that may not be executed.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  provide gdb
  live_begin
}

setup() {
  live_test
  before=()
  script <<'PY'
import ctypes, os, threading
import own.mod, own.dl, p0.mod
def work():
    assert len(b"".join([os.urandom(1000) for _ in range(100)])) == 100000
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
if os.fork() == 0:
    import p1.mod
    os._exit(p1.mod.version() != VERSIONS[2])
assert os.wait()[1] == 0
try:
    open("nowhere")
except FileNotFoundError as error:
    print(error.errno, own.mod.version(), p0.mod.version())
PY
}

# beside [WORD=VALUE...]: with this in the environment, and the words of before, modules
# load, isolated, and all else is as it is plain.
beside() {
  cp script.py plain.py
  sed -i "1i VERSIONS = ['$ZLIB'] * 3" plain.py
  sed -i "1i VERSIONS = ['own', 'p0', 'p1']" script.py
  run --separate-stderr timeout -k 5 60 "${before[@]}" env "$@" pypy3 plain.py
  prints "2 $ZLIB $ZLIB"
  # shellcheck disable=SC2086
  run --separate-stderr timeout -k 5 60 "${before[@]}" env "$@" $ISOLATE pypy3 script.py
  prints '2 own p0'
}

# ---- other auditors ----

# auditor FILE: writes what it is told to $AUDITED, and sees each binding.
auditor() {
  gcc -shared -fPIC -Wall -Werror -D_GNU_SOURCE -x c -o "$1" - <<'C'
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static unsigned bound;
static void tell(const char *what, const char *name)
{
	int fd = open(getenv("AUDITED"), O_WRONLY | O_APPEND | O_CREAT, 0644);
	char line[5000];
	stpcpy(stpcpy(stpcpy(stpcpy(line, what), " "), name), "\n");
	if (write(fd, line, strlen(line)) < 0)
		_exit(99);
	close(fd);
}
unsigned la_version(unsigned version) { return version < 2 ? version : 2; }
unsigned la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
{
	tell(lmid == LM_ID_BASE ? "base" : "inside", map->l_name);
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}
#if __ELF_NATIVE_CLASS == 32
#define la_symbind64 la_symbind32
#endif
uintptr_t la_symbind64(ElfW(Sym) *sym, unsigned index, uintptr_t *from, uintptr_t *to,
		       unsigned *flags, const char *name)
{
	if (!bound++)
		tell("bound", name);
	return sym->st_value;
}
C
}

# audits: it saw the interpreter, a module and a binding.
audits() {
  grep -q '^base .*libpypy' audited
  grep -q '^inside .*own/mod' audited
  grep -q '^bound ' audited
}

@test "beside: an auditor after us, and one that sees every binding" {
  auditor "$PWD/other.so"
  export AUDITED=$PWD/audited
  beside LD_AUDIT="$PWD/other.so"
  audits
}

@test "beside: an auditor before us" {
  auditor "$PWD/other.so"
  export AUDITED=$PWD/audited
  ISOLATE="env LD_AUDIT=$PWD/other.so:$built/libpypy-isolate.so"
  beside
  audits
}

# ---- preloaded ----

# preloaded FILE: all is well with it, and what preload_with says, in the environment.
preloaded() {
  [ -e "$1" ] || cannot "no $1"
  beside LD_PRELOAD="$1" "${preload_with[@]}"
}

of_debian() {
  dpkg -L "$1" 2>/dev/null | grep "$2"
}

@test "beside: libasan" {
  preload_with=(ASAN_OPTIONS=detect_leaks=0)
  preloaded "$(gcc -print-file-name=libasan.so)"
}

@test "beside: libfakeroot" {
  command -v fakeroot >/dev/null || cannot "no fakeroot"
  cat >>script.py <<'PY'
open("given", "w").close()
os.chown("given", 1234, 1234)
assert os.stat("given").st_uid == 1234
assert "libfakeroot" in open("/proc/self/maps").read()
PY
  before=(fakeroot)
  beside
}

@test "beside: libfaketime" {
  printf '%s\n' 'import time' 'assert time.gmtime().tm_year == 2001, time.gmtime()' >>script.py
  preload_with=(FAKETIME='2001-02-03 04:05:06')
  preloaded "$(of_debian libfaketime libfaketimeMT.so.1)"
}

# ---- where it runs ----

@test "beside: a system on which nothing can be written" {
  unshare -m true || cannot "no mount namespace may be made here"
  # shellcheck disable=SC2016
  ISOLATE="unshare -m $PWD/read-only $ISOLATE"
  cat >read-only <<'SH'
#!/bin/bash
set -e
mount -o bind,remount,ro / 2>/dev/null || { mount --bind / / && mount -o bind,remount,ro /; }
awk '$2 != "/" { print $2 }' /proc/mounts | sort -u | while read -r point; do
  mount -o bind,remount,ro "$point" 2>/dev/null || true
done
for directory in / /tmp /dev/shm "$PWD"; do
  ! touch "$directory/written" 2>/dev/null || { echo "$directory can be written"; exit 1; }
done
exec "$@"
SH
  chmod +x read-only
  beside PYTHONDONTWRITEBYTECODE=1
  # shellcheck disable=SC2086
  PYPY_ISOLATE_LOG=debug:$PWD/log run --separate-stderr $ISOLATE pypy3 script.py
  assert_success
  assert_output '2 own p0'
  assert_regex "$stderr" 'own/mod'
}

@test "beside: files in memory are not executable, also where they must not be" {
  script <<'PY'
import os, own.mod, stat
def is_in_memory(fd):
    try:
        return os.readlink("/proc/self/fd/" + fd).startswith("/memfd:")
    except OSError:
        return False
modes = set(stat.S_IMODE(os.stat("/proc/self/fd/" + fd).st_mode)
            for fd in os.listdir("/proc/self/fd") if is_in_memory(fd))
print(own.mod.version(), sorted(map(oct, modes)))
PY
  isolated
  # Linux before 6.3 knows no such file.
  [ -e /proc/sys/vm/memfd_noexec ] || {
    assert_output --partial 'own'
    return
  }
  prints "own ['0o666']"
  # 2 refuses all others; it is one of the process namespace.
  # shellcheck disable=SC2016,SC2086
  run --separate-stderr unshare -pfm --mount-proc sh -c '
    echo 2 >/proc/sys/vm/memfd_noexec && cat /proc/sys/vm/memfd_noexec && exec "$@"' sh \
    $ISOLATE pypy3 script.py
  prints "2
own ['0o666']"
}

@test "beside: a start-up library that needs 3,000 bytes of static TLS" {
  gcc -shared -fPIC -x c -o libtls.so - <<'C'
static __thread __attribute__((tls_model("initial-exec"))) volatile char bytes[3000] = { 1 };
int tls_sum(void);
int tls_sum(void) { return bytes[0] + bytes[2999]; }
C
  mkdir bin
  cp "$(readlink -f "$(command -v pypy3)")" bin/pypy3
  patchelf --add-needed "$PWD/libtls.so" bin/pypy3
  PATH=$PWD/bin:$PATH
  beside
  run pypy3 -c 'import ctypes; print(ctypes.CDLL(None).tls_sum())'
  assert_output 1
  # Without the launcher's part the process would not start.
  run -127 env LD_AUDIT="$built/libpypy-isolate.so" pypy3 -c 'print("ran")'
  assert_output --partial 'static TLS'
}

# faults_in_pypy LIMIT SCRIPT: with so much address space plain PyPy, too, can end so.
faults_in_pypy() {
  printf '#!/bin/sh\nulimit -v %s\nexec "$@"\n' "$1" >limited
  chmod +x limited
  run gdb -q -batch -ex "set exec-wrapper ./limited env LD_AUDIT=$built/libpypy-isolate.so" \
    -ex run -ex 'bt 1' --args pypy3 "$2"
  assert_line --regexp '^#0 .* in .*/libpypy3[^/]*\.so'
}

@test "beside: little address space: as plain, or the interpreter says that it has none" {
  cat >poor.py <<'PY'
try:
    import own.mod
    print("loaded")
except (ImportError, MemoryError) as error:
    print("refused")
PY
  local limit=40000 more
  until (ulimit -v "$limit" && pypy3 poor.py) >/dev/null 2>&1; do
    limit=$((limit + 8000))
  done
  for more in 0 8000 16000 32000 48000 64000 96000; do
    status=0
    output=$(ulimit -c 0 && ulimit -v $((limit + more)) && $ISOLATE pypy3 poor.py 2>said) ||
      status=$?
    stderr=$(<said)
    echo "$limit + $more: $status $output $stderr"
    case $status in
      0) assert_output --regexp '^(loaded|refused)$' ;;
      1) assert_regex "$stderr" 'MemoryError' ;;
      127) assert_regex "$stderr" 'failed to map|cannot allocate|no memory' ;;
      134) assert_regex "$stderr" 'out of memory|cannot allocate nursery' ;;
      139) faults_in_pypy $((limit + more)) poor.py ;;
      *) fail "another end" ;;
    esac
    [ "$status" -eq 0 ] || [ "$more" -lt 48000 ]
  done
}
