#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Children: of fork() while other threads load, of multiprocessing, of subprocess; and
# daemons, which close the descriptors that they do not know.
#
# FORKS (150) says how many children of fork() there are, of each kind; a long run needs
# PATIENCE, too.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_threads

setup_file() {
  threads_begin
}

setup() {
  threads_test
  export FORKS=${FORKS:-150}
}

# forking: the script forks while two threads load. The child imports a package that is
# there and one that is not, and what its turn() says. `count` has who exits with 0, who
# does not, and who is still there after 5 s.
forking() {
  cat - >script.py <<'PY'
import collections, ctypes, importlib, os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork() beside threads
import loaded
import old.mod
dl = ctypes.CDLL(None)
dl.dlopen.restype, dl.dlclose.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
count, is_over, turns = collections.Counter(), False, 0
FILES = os.environ["BUILT"] + "/site-packages/t%d/lib.so"
def churn(kept):
    global turns
    while not is_over:
        turns += 1
        handle = dl.dlopen((FILES % (turns % 12)).encode(), os.RTLD_NOW)
        if handle:
            dl.dlclose(handle)
def child(number):
    module = importlib.import_module("n%d.mod" % (number % 8))
    good = module.next() == 1 and ctypes.CDLL(FILES % (20 + number % 8)).which() >= 20
    isolated = {space > 0 for space in loaded.namespaces(module, old.mod)}
    return 0 if good and isolated == {sys.argv[1] == "True"} else 1
def ends(pid):
    limit = time.monotonic() + 5
    while time.monotonic() < limit:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return "good" if status == 0 else "bad"
        time.sleep(0.0005)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return "hung"
def fork(number):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = child(number)
        finally:
            os._exit(code)
    count[ends(pid)] += 1
def race(kept):
    global is_over
    threads = [threading.Thread(target=churn, args=(kept,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(int(os.environ["FORKS"])):
        fork(number)
    is_over = True
    for thread in threads:
        thread.join()
    print(dict(count), turns > 100)
PY
  cat >>script.py
}

@test "fork() while threads load: the child imports" {
  # Of what is open already: a file that ld.so maps or unmaps is one whose lock
  # (dl_load_write_lock) glibc leaves to the child as it was, also under plain loading.
  forking <<'PY'
race([dl.dlopen((FILES % n).encode(), os.RTLD_NOW) for n in range(12)])
PY
  # shellcheck disable=SC2153 # an array of its own
  for PYTHON in "${PYTHONS[@]}"; do
    isolated script.py True
    prints "{'good': $FORKS} True"
  done
}

@test "fork() while threads load and close: no child hangs but where it does without us" {
  # In such a child whoever wants that lock waits for ever. So only what does not want it
  # can be asked for: a module that is loaded already.
  forking <<'PY'
def child(number):
    path = os.path.abspath(old.mod.__file__)
    handle = dl.dlopen(path.encode(), os.RTLD_NOW)
    return 0 if handle and old.mod.next() == 1 else 1
race(None)
PY
  export PYTHON=/usr/bin/python3
  isolated script.py True
  prints "{'good': $FORKS} True"
}

@test "multiprocessing: fork, forkserver and spawn" {
  script <<'PY'
import importlib, multiprocessing
import loaded
def work(number):
    import old.mod
    module = importlib.import_module("n%d.mod" % number)
    return module.next() > 0, {space > 0 for space in loaded.namespaces(module, old.mod)}
if __name__ == "__main__":
    import old.mod
    for how in "fork", "forkserver", "spawn":
        with multiprocessing.get_context(how).Pool(2) as pool:
            print(how, sorted(set(map(str, pool.map(work, range(8))))))
PY
  everywhere "fork ['(True, {ISOLATED})']
forkserver ['(True, {ISOLATED})']
spawn ['(True, {ISOLATED})']"
}

@test "subprocess with close_fds: isolated, and no descriptor of ours is inherited" {
  script <<'PY'
import subprocess, sys
import old.mod
code = """import os
inherited = [os.readlink('/proc/self/fd/%d' % fd) for fd in range(3, 1200)
             if os.path.lexists('/proc/self/fd/%d' % fd)]
import loaded, n1.mod
print([name for name in inherited if '/memfd:' in name], n1.mod.next())
print({space > 0 for space in loaded.namespaces(n1.mod)})
"""
for close in True, False:
    run = subprocess.run([sys.executable, "-c", code], close_fds=close, capture_output=True,
                         text=True)
    print(run.stdout + run.stderr, run.returncode)
PY
  everywhere '[] 1
{ISOLATED}
 0
[] 1
{ISOLATED}
 0'
}

@test "a daemon closes descriptors and opens files at their numbers: it imports, and has its files" {
  script <<'PY'
import ctypes, importlib, os, sys
import loaded, look
import old.mod, n0.mod
BUILT = os.environ["BUILT"]
reader, writer = os.pipe()
if os.fork():
    os.close(writer)
    os.wait()
    print(os.fdopen(reader).read(), end="")
    sys.exit()
os.setsid()
if os.fork():
    os._exit(0)
os.dup2(writer, 1)
os.closerange(3, 4096)
mine = {}
for fd in list(range(3, 20)) + list(range(955, 985)):
    file = os.open("mine%d" % fd, os.O_RDWR | os.O_CREAT)
    os.write(file, b"mine %d" % fd)
    if file != fd:
        os.dup2(file, fd)
        os.close(file)
    mine[fd] = os.fstat(fd).st_ino
names = ["n%d" % n for n in range(8)] + ["old"]
modules = [importlib.import_module(name + ".mod") for name in names]
libraries = [ctypes.CDLL("%s/site-packages/%s/lib.so" % (BUILT, name)) for name in names]
said = [module.next() for module in modules], [library.two() for library in libraries]
kept = all(os.fstat(fd).st_ino == inode and os.pread(fd, 99, 0) == b"mine %d" % fd
           for fd, inode in mine.items())
text = "%s %s %s\n" % (said == ([1] * 9, [2] * 9), kept,
                       {space > 0 for space in loaded.namespaces(*modules)})
os.write(1, text.encode())
os._exit(0)
PY
  everywhere 'True True {ISOLATED}'
}
