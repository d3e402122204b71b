#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Threads that load at once, signals and cancellation amid loads, and loads by the
# thousand: nothing hangs, and nothing is left behind.
#
# SECONDS_OF_THREADS (2), LOADS (800) and CANCELLED (300) say how long.

# Bats sets stderr, helpers set and read the others; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154

load helper_threads

setup_file() {
  threads_begin
}

setup() {
  threads_test
  export SECONDS_OF_THREADS=${SECONDS_OF_THREADS:-2} LOADS=${LOADS:-800}
  export CANCELLED=${CANCELLED:-300}
}

# with_driver: the script has `driver`, which has the interpreter's dl functions, and FILES.
with_driver() {
  cat - >script.py <<'PY'
import ctypes, os, sys
import loaded, look
driver, dl = ctypes.CDLL(os.environ["BUILT"] + "/leave/driver.so"), ctypes.CDLL(None)
names = "dlopen", "dlclose", "dlsym", "dlerror", "dl_iterate_phdr"
driver.driver_functions((ctypes.c_void_p * 5)(*(loaded.address(dl, name) for name in names)))
driver.driver_run.restype = ctypes.c_char_p
driver.driver_signals.restype = ctypes.c_long
FILES = (os.environ["BUILT"] + "/site-packages/t%d/lib.so").encode()
def run(seconds):
    said = driver.driver_run(FILES, 40, ctypes.c_double(seconds))
    opened, failed, wrong, *reason = said.split()
    return (int(opened) > 100, int(failed), int(wrong), *reason)
def copies():
    files = [line.split()[-1] for line in look.maps() if line.split()[2] == "00000000"]
    files = [file for file in files if "/t" in file or "/libdep" in file]
    return len(files) - len(set(files))
PY
  cat >>script.py
}

# --- threads ---

# 16 threads of C, with Python looking on. First all is closed again, then half of the
# files stay open.
drive() {
  with_driver <<'PY'
seconds = float(sys.argv[1]) / 2
print(run(seconds))
before = len(look.descriptors()), len(look.maps())
kept = [ctypes.CDLL((FILES % n).decode()) for n in range(0, 40, 2)]
print(run(seconds), copies(), [library.which() for library in kept] == list(range(0, 40, 2)))
print({loaded.namespace(loaded.address(library, "which")) > 0 for library in kept})
print(len(look.descriptors()) - before[0] < 4, len(look.descriptors()) < 16)
PY
}

@test "16 threads open and close 40 packages on one library: one copy, nothing left" {
  drive
  everywhere "(True, 0, 0)
(True, 0, 0) 0 True
{ISOLATED}
True True" "$SECONDS_OF_THREADS"
}

@test "... and on one processor" {
  drive
  for PYTHON in "${PYTHONS[@]}"; do
    ISOLATE="taskset -c 0 $ISOLATE" isolated script.py "$SECONDS_OF_THREADS"
    prints '(True, 0, 0)
(True, 0, 0) 0 True
{True}
True True'
  done
}

@test "16 threads that load first: a descriptor for each mirror, not for each thread" {
  with_driver <<'PY'
print(run(0.2))
mirrors = [name for name in look.descriptors().values() if "/memfd:" in name]
print(len(mirrors) - len(set(mirrors)), any("libc.so.6" in name for name in mirrors))
PY
  for _ in {1..5}; do
    isolated
    prints '(True, 0, 0)
0 True'
  done
}

@test "16 threads of Python import 9 packages, and open libraries beside" {
  script <<'PY'
import ctypes, importlib, os, threading
import loaded
barrier, wrong = threading.Barrier(16), []
def imported(name):
    while True:
        try:
            return importlib.import_module(name)
        except SystemError as error:
            # PyPy 7.3.11 has this now and then where threads import at once, plain, too.
            if "StackOverflow" not in str(error):
                raise
def load(number):
    barrier.wait()
    for n in range(8):
        name = "n%d" % ((n + number) % 8)
        module = imported(name + ".mod")
        library = ctypes.CDLL(os.path.join(os.path.dirname(module.__file__), "lib.so"))
        if library.two() != 2 or module.next() < 1:
            wrong.append(name)
threads = [threading.Thread(target=load, args=(n,)) for n in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
modules = [importlib.import_module("n%d.mod" % n) for n in range(8)]
print(wrong, [module.next() for module in modules] == [17] * 8)
print({number > 0 for number in loaded.namespaces(*modules)})
PY
  everywhere '[] True
{ISOLATED}'
}

# --- what threads share ---

@test "a glibc library that cannot be loaded now is not absent for good" {
  # As if there were no descriptor for it; a program that runs out of them closes some.
  echo 'share libhost.so.1' >>policy
  mkdir -p site-packages/guest system
  c_object system/libhost.so.1 <<<'int host(void) { return 3; }'
  c_object site-packages/guest/lib.so system/libhost.so.1 \
    <<<'int host(void); int ask(void) { return host(); }'
  mv system/libhost.so.1 whole
  head -c 100 whole >system/libhost.so.1
  export LD_LIBRARY_PATH=$PWD/system:$LD_LIBRARY_PATH
  script <<'PY'
import ctypes, os, shutil
import loaded
path = os.path.abspath("site-packages/guest/lib.so")
try:
    ctypes.CDLL(path)
except OSError as error:
    print("libhost.so.1: cannot read file data" in str(error) or error)
shutil.copy("whole", "system/libhost.so.1")
print(ctypes.CDLL(path).ask(), loaded.namespaces("system/libhost.so.1"))
PY
  cp system/libhost.so.1 short
  for PYTHON in "${PYTHONS[@]}"; do
    cp short system/libhost.so.1
    isolated
    prints 'True
3 [0]'
  done
}

@test "the lists that threads share, under ThreadSanitizer" {
  local source flags=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -I"$TOP" -O1 -g -fsanitize=thread)
  mkdir race
  [[ $(gcc -dumpmachine) == *64-* ]] || not_applicable "ThreadSanitizer is for 64 bits"
  for source in policy/{arena,diag}.c audit/{claim,host,namespace}.c \
    tests/fixture/threads/race.c; do
    gcc "${flags[@]}" -c -o "race/$(basename "$source").o" "$TOP/$source"
  done
  # What none of these calls here need not be there.
  gcc -no-pie -fsanitize=thread -Wl,--unresolved-symbols=ignore-all -o race/all race/*.o
  # It cannot start where the kernel spreads addresses wider than it knows.
  unset LD_LIBRARY_PATH
  for _ in {1..3}; do
    run --separate-stderr timeout 60 setarch -R race/all
    prints 'claims 1, mirrors 1, memory 1'
  done
}

# --- signals and cancellation ---

@test "a signal every 100 microseconds, to a handler in C, while modules are imported" {
  with_driver <<'PY'
import importlib
driver.driver_signals(100)
modules = [importlib.import_module("n%d.mod" % n) for n in range(8)]
said = [module.next() for module in modules]
path = os.environ["BUILT"] + "/site-packages/n%d/lib.so"
said += [ctypes.CDLL(path % n).two() for n in range(8)]
count = driver.driver_signals(0)
print(said == [1] * 8 + [2] * 8, count > 5)
print({number > 0 for number in loaded.namespaces(*modules)})
PY
  everywhere 'True True
{ISOLATED}'
}

@test "... and to one in Python" {
  script <<'PY'
import importlib, signal
import loaded
hits = []
signal.signal(signal.SIGALRM, lambda *ignored: hits.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
modules = [importlib.import_module("n%d.mod" % n) for n in range(8)]
said = [module.next() for module in modules]
signal.setitimer(signal.ITIMER_REAL, 0)
print(said == [1] * 8, len(hits) > 5)
print({number > 0 for number in loaded.namespaces(*modules)})
PY
  everywhere 'True True
{ISOLATED}'
}

@test "threads cancelled while they load: none ends within a load" {
  with_driver <<'PY'
print(driver.driver_cancel(FILES, 40, int(sys.argv[1])))
print(run(0.1))
PY
  everywhere "$CANCELLED
(True, 0, 0)" "$CANCELLED"
}

# --- loads by the thousand ---

# steady SCRIPT-LINES: turn(n) opens something and closes it again, LOADS times. What the
# process has after a first round, it has after all; and of memory, what it has after half of
# them: plain Python 3.14 takes 1,000 KB in the first two thousand. Up to glibc 2.34 ld.so itself
# never gives back 32 bytes for each function that a library calls, when there is any audit
# module (l_reloc_result): there memory may grow by 64 a load.
steady() {
  cat - >script.py <<'PY'
import ctypes, gc, os, sys
import look
BUILT, LOADS = os.environ["BUILT"], int(os.environ["LOADS"])
dl = ctypes.CDLL(None)
dl.gnu_get_libc_version.restype = ctypes.c_char_p
GLIBC = tuple(map(int, dl.gnu_get_libc_version().split(b".")))
ALLOWED = 256 + (LOADS / 16 if GLIBC < (2, 35) else 0)
dl.dlopen.restype, dl.dlclose.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
GLOBAL = ctypes.RTLD_GLOBAL
def open_and_close(path, mode=0):
    handle = dl.dlopen(path.encode(), mode | os.RTLD_NOW)
    assert handle and dl.dlclose(handle) == 0
def fail(path, text):
    try:
        ctypes.CDLL(path)
    except OSError as error:
        assert text in str(error), error
    else:
        assert False, path
def arena():
    """KB of the module's arena that have been used: 16 MB of address space."""
    size, used = 0, 0
    with open("/proc/self/smaps") as smaps:
        lines = smaps.read().splitlines()
    for line in lines:
        word, rest = line.split(maxsplit=1)
        if word == "Size:":
            size = int(rest.split()[0])
        if word == "Rss:" and size == 16384:
            used += int(rest.split()[0])
    return used
def memory():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4
PY
  cat >>script.py
  cat - >>script.py <<'PY'
def state():
    """With the most of 30 turns: what a load takes for itself may be kept for the next."""
    used = []
    for n in range(30):
        turn(n)
        used.append(arena())
    gc.collect()
    return len(look.descriptors()), look.mapped("python-c-api"), max(used)
for n in range(2000):
    turn(n)
before = state()
for n in range(LOADS):
    if n == LOADS // 2:
        kilobytes = memory()
    turn(n)
grown = 0 if sys.implementation.name == "pypy" else memory() - kilobytes  # its JIT takes some
after = state()
print(after == before or (before, after), grown < ALLOWED or grown)
PY
  for PYTHON in "${PYTHONS[@]}"; do
    isolated
    prints 'True True'
  done
}

@test "loads by the thousand: the same library" {
  steady <<<'turn = lambda n: open_and_close(BUILT + "/site-packages/t0/lib.so")'
}

@test "... 200 paths to 40 libraries in turn" {
  steady <<'PY'
def turn(n):
    open_and_close("%s/site-packages/t%d/%slib.so" % (BUILT, n % 40, "./" * (n % 5)))
PY
}

@test "... RTLD_GLOBAL" {
  steady <<'PY'
def turn(n):
    open_and_close("%s/site-packages/t%d/lib.so" % (BUILT, n % 4), GLOBAL)
PY
}

@test "... one that lacks a symbol, and one that is no ELF file" {
  mkdir -p site-packages/bad
  c_object site-packages/bad/lacks.so -Wl,-z,now \
    <<<'int nobody_has_it(void); int ask(void) { return nobody_has_it(); }'
  head -c 5000 /dev/zero >site-packages/bad/zero.so
  steady <<'PY'
def turn(n):
    fail(os.path.abspath("site-packages/bad/lacks.so"), "nobody_has_it")
    fail(os.path.abspath("site-packages/bad/zero.so"), "invalid ELF header")
PY
}

@test "... one that is given a symbol of the interpreter's libraries, and lacks another" {
  mkdir -p site-packages/bad
  c_object site-packages/bad/lacks.so -Wl,-z,now <<'C'
int XML_ExpatVersionInfo(void), nobody_has_it(void);
int ask(void) { return XML_ExpatVersionInfo() + nobody_has_it(); }
C
  export PYPY_ISOLATE_LOG=error
  echo 'unlisted warn "*/bad/*"' >>policy
  steady <<'PY'
def turn(n):
    fail(os.path.abspath("site-packages/bad/lacks.so"), "nobody_has_it")
PY
}
