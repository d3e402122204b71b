#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Where there are no files in memory, or no /proc to open them by: temporary ones, which
# nobody ever sees.

# Bats sets stderr.
# shellcheck disable=SC2154

load helper_live

setup_file() {
  live_begin
  NOMEMFD=$BATS_FILE_TMPDIR/nomemfd
  gcc -Wall -Wextra -Werror -O1 -o "$NOMEMFD" "$TOP/tests/fixture/faults/nomemfd.c"
  export NOMEMFD
}

setup() {
  live_test
  cat >leftovers.py <<'PY'
import os
DIRECTORIES = "/dev/shm", "/tmp", "/var/tmp", "/run"
def here():
    """What of ours stands in the directories, and what a descriptor is kept of."""
    found = [name for each in DIRECTORIES if os.path.isdir(each)
             for name in os.listdir(each) if name.startswith("pypy-isolate.")]
    if os.path.isdir("/proc/self"):
        links = ["/proc/self/fd/" + number for number in os.listdir("/proc/self/fd")]
        found += [os.readlink(link) for link in links
                  if os.path.islink(link) and "isolate." in os.readlink(link)]
    return found
PY
  PYTHONPATH=$PWD:$PYTHONPATH
}

# without_memfd [ARGUMENT...]: isolated, where the kernel refuses memfd_create().
without_memfd() {
  # shellcheck disable=SC2086 # it may be several words
  run --separate-stderr timeout -k 5 60 "$NOMEMFD" $ISOLATE pypy3 "${@:-script.py}"
}

# without_proc: script.py isolated, with an empty /proc.
without_proc() {
  unshare -m true 2>/dev/null || cannot "no mount namespace may be made here"
  # The launcher finds its module by /proc.
  # shellcheck disable=SC2016
  run --separate-stderr unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh \
    env LD_AUDIT="$TOP/libpypy-isolate.so" timeout -k 5 60 pypy3 script.py
}

@test "no memfd_create(): the filter of these tests works" {
  run --separate-stderr "$NOMEMFD" python3 -c 'import os; os.memfd_create("x")'
  assert_failure
  assert_regex "$stderr" 'PermissionError|Operation not permitted'
}

@test "no memfd_create(): each module has its own libraries, and no file is left" {
  script <<'PY'
import own.mod, p0.mod, p1.mod, leftovers
print(own.mod.version(), p0.mod.version(), p1.mod.version(), leftovers.here())
PY
  without_memfd
  prints 'own p0 p1 []'
}

@test "no /proc: each module has its own libraries, and no file is left" {
  script <<'PY'
import own.mod, p0.mod, p1.mod, leftovers, os
print(own.mod.version(), p0.mod.version(), p1.mod.version(), leftovers.here())
print(os.path.exists("/proc/self"))
PY
  without_proc
  # PyPy itself warns that there is no /proc/cpuinfo.
  assert_success
  assert_output 'own p0 p1 []
False'
}

@test "no memfd_create(): RTLD_GLOBAL, a symbol that the policy gives, a bare name" {
  script <<'PY'
import ctypes, os, sys
ctypes.CDLL(sys.argv[1], mode=os.RTLD_NOW | os.RTLD_GLOBAL)
import promote.consumer, need.several, hosts.mod, leftovers
print(promote.consumer.version(), need.several.version() != "", hosts.mod.version() != "")
print(leftovers.here())
PY
  echo 'unlisted warn "*/need/several*"' >t.conf
  export PYPY_ISOLATE_CONF=$PWD/t.conf PYPY_ISOLATE_LOG=error
  without_memfd script.py "$SITE/promote/libpromoted.so"
  prints 'promoted True True
[]'
}

@test "no memfd_create(): children of fork() and threads make what they need" {
  script <<'PY'
import importlib, os, threading
import own.mod, leftovers
def versions(names):
    return [importlib.import_module(name + ".mod").version() for name in names]
for child in range(4):
    pid = os.fork()
    if pid == 0:
        good = versions(["own", "p0", "p1"]) == ["own", "p0", "p1"]
        os._exit(0 if good and not leftovers.here() else 1)
    print(os.waitpid(pid, 0)[1])
got = {}
threads = [threading.Thread(target=lambda n=n: got.update({n: versions([n])}))
           for n in ("p0", "p1", "p2", "p3", "p4")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(got.values()), leftovers.here())
PY
  without_memfd
  prints "0
0
0
0
[['p0'], ['p1'], ['p2'], ['p3'], ['p4']] []"
}

@test "chroot() after the first import: the next packages have their own libraries" {
  [ "$(id -u)" = 0 ] || cannot "chroot() wants root"
  mkdir -p inside/site-packages
  cp -r "$SITE"/{p0,p0.libs,p1,p1.libs} inside/site-packages/
  script <<'PY'
import os, sys
import own.mod, leftovers
os.mkdir("inside/tmp")
os.chmod("inside/tmp", 0o1777)
os.chroot("inside")
os.chdir("/")
sys.path[:0] = ["/site-packages"]
import p0.mod
print(own.mod.version(), p0.mod.version(), p0.mod.__file__.startswith("/site-packages/p0"))
os.rmdir("/tmp")
try:
    import p1.mod
except ImportError as error:
    print(error)
print(leftovers.here())
PY
  plain
  assert_success
  isolated
  assert_equal "$stderr" ''
  assert_success
  assert_line --index 0 'own p0 True'
  assert_line --index 1 --regexp '^/site-packages/p1/mod.*: no file in memory: .*/proc.*; and no temporary one in any of /dev/shm, '
  assert_line --index 2 '[]'
}

@test "a directory that others can write is not used for temporary files" {
  [ "$(id -u)" = 0 ] || cannot "chroot() wants root"
  mkdir -p inside/site-packages inside/tmp
  chmod 0777 inside/tmp
  cp -r "$SITE"/{p0,p0.libs} inside/site-packages/
  script <<'PY'
import os, sys
os.chroot("inside")
os.chdir("/")
sys.path[:0] = ["/site-packages"]
try:
    import p0.mod
except ImportError as error:
    print(error)
os.chmod("/tmp", 0o1777)
import p0.mod
print(p0.mod.version(), os.listdir("/tmp"))
PY
  isolated
  assert_success
  assert_line --index 0 --partial 'no temporary one in any of'
  assert_line --index 1 'p0 []'
}
