#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Where there are no files in memory, or no /proc to open them by: temporary ones, which
# nobody ever sees.

# Bats sets stderr.
# shellcheck disable=SC2154

load helper_live

setup_file() {
  live_begin
  REFUSE=$BATS_FILE_TMPDIR/refuse
  gcc -Wall -Wextra -Werror -O1 -o "$REFUSE" "$TOP/tests/fixture/faults/refuse.c"
  export REFUSE
}

setup() {
  live_test
  cat >leftovers.py <<'PY'
import os
DIRECTORIES = "/dev/shm", "/tmp", "/var/tmp", "/run"
BEFORE = os.environ["LEFT_BEFORE"].split()  # by who was killed, say
def here():
    """What of ours stands in the directories, and what a descriptor is kept of."""
    found = [name for each in DIRECTORIES if os.path.isdir(each)
             for name in os.listdir(each) if name.startswith("pypy-isolate.")
             and name not in BEFORE]
    if os.path.isdir("/proc/self"):
        links = ["/proc/self/fd/" + number for number in os.listdir("/proc/self/fd")]
        found += [os.readlink(link) for link in links
                  if os.path.islink(link) and "isolate." in os.readlink(link)]
    return found
PY
  PYTHONPATH=$PWD:$PYTHONPATH
  LEFT_BEFORE=$(find /dev/shm /tmp /var/tmp /run -maxdepth 1 -name 'pypy-isolate.*' \
    -printf '%f ' 2>/dev/null || :)
  export LEFT_BEFORE
}

# without_memfd [ARGUMENT...]: isolated, where the kernel refuses memfd_create().
without_memfd() {
  # shellcheck disable=SC2086 # it may be several words
  run --separate-stderr timeout -k 5 60 "$REFUSE" memfd_create EPERM $ISOLATE pypy3 "${@:-script.py}"
}

# without_proc: script.py isolated, with an empty /proc.
without_proc() {
  unshare -m true 2>/dev/null || cannot "no mount namespace may be made here"
  # The launcher finds its module by /proc.
  # shellcheck disable=SC2016
  run --separate-stderr unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh \
    env LD_AUDIT="$built/libpypy-isolate.so" timeout -k 5 60 pypy3 script.py
}

@test "no memfd_create(): the filter of these tests works" {
  run --separate-stderr "$REFUSE" memfd_create EPERM python3 -c 'import os; os.memfd_create("x")'
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
kept = ctypes.CDLL(sys.argv[1], mode=os.RTLD_NOW | os.RTLD_GLOBAL)
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
    try:
        return [importlib.import_module(name + ".mod").version() for name in names]
    except SystemError:
        # PyPy 7.3.11 has this now and then where threads import at once, plain, too.
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

# loader FILE: a library that opens and closes another one, n times; how often it cannot.
loader() {
  c_object "$1" <<'C'
#include <dlfcn.h>
int repeat(int n, const char *name)
{
	int failures = 0;

	while (n-- > 0) {
		void *handle = dlopen(name, RTLD_NOW);

		failures += !handle;
		if (handle)
			dlclose(handle);
	}
	return failures;
}
C
}

@test "no memfd_create(): two packages open a library that all share, at once" {
  loader site-packages/one/lib.so
  loader site-packages/two/lib.so
  script <<'PY'
import ctypes, threading, leftovers
libraries = [ctypes.CDLL("./site-packages/%s/lib.so" % name) for name in ("one", "two")]
failures = []
threads = [threading.Thread(target=lambda each=each: failures.append(each.repeat(1000, b"libresolv.so.2")))
           for each in libraries]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failures, leftovers.here())
PY
  without_memfd
  prints '[0, 0] []'
}

# inside_root DIRECTORY...: a root for chroot(2) with these, and the package p0.
inside_root() {
  [ "$(id -u)" = 0 ] || cannot "chroot() wants root"
  mkdir -p inside/site-packages
  cp -r "$SITE"/{p0,p0.libs} inside/site-packages/
  (cd inside && mkdir -p "$@")
  script <<'PY'
import os, sys
import own.mod, leftovers
os.chroot("inside")
os.chdir("/")
sys.path[:0] = ["/site-packages"]
import p0.mod
print(p0.mod.version(), leftovers.here())
PY
}

@test "no memfd_create(), then chroot() to where there is another directory" {
  inside_root tmp
  chmod 1777 inside/tmp
  without_memfd
  assert_equal "$stderr" ''
  assert_line --index 0 'p0 []'
}

@test "no memfd_create(), then chroot() to where /dev/shm is everybody's: it is not used" {
  inside_root tmp dev/shm
  chmod 1777 inside/tmp
  chmod 0777 inside/dev/shm
  # Whoever waits there would see a file come, if only for an instant.
  pypy3 - "$PWD/inside/dev/shm" <<'PY' >seen &
import ctypes, os, select, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, sys.argv[1].encode(), 0x100)  # IN_CREATE
open("watching", "w").close()
print(bool(select.select([fd], [], [], 20)[0]))
PY
  local watcher=$!
  until [ -e watching ]; do sleep 0.1; done
  without_memfd
  kill "$watcher" 2>/dev/null
  assert_line --index 0 'p0 []'
  assert_equal "$(cat seen)" ''
}

@test "no memfd_create(), and /dev/shm is full after the first import: another directory" {
  unshare -m true 2>/dev/null || cannot "no mount namespace may be made here"
  script <<'PY'
import own.mod, leftovers
with open("/dev/shm/fill", "wb", 0) as file:
    try:
        while file.write(bytes(65536)):
            pass
    except OSError:
        pass
import p0.mod
print(p0.mod.version(), leftovers.here())
PY
  # shellcheck disable=SC2016,SC2086
  run --separate-stderr unshare -m sh -c 'mount -t tmpfs -o size=4m none /dev/shm && exec "$@"' \
    sh timeout -k 5 60 "$REFUSE" memfd_create EPERM $ISOLATE pypy3 script.py
  prints 'p0 []'
}

@test "no memfd_create(), and less and less address space: no file is left" {
  script <<'PY'
import resource, sys
import own.mod, leftovers
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]) * 65536, -1))
try:
    import p0.mod
except (ImportError, MemoryError):
    pass
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
print(leftovers.here())
PY
  local more
  for more in {256..268}; do
    without_memfd script.py "$more"
    assert_output '[]'
  done
}

@test "no memfd_create(), and RLIMIT_FSIZE with SIGXFSZ at its default: the process lives" {
  loader site-packages/one/lib.so
  loader site-packages/two/lib.so
  script <<'PY'
import ctypes, resource, signal, leftovers
one, two = [ctypes.CDLL("./site-packages/%s/lib.so" % name) for name in ("one", "two")]
print(one.repeat(1, b"libresolv.so.2"))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))
print(two.repeat(1, b"libresolv.so.2"))
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
print(two.repeat(1, b"libresolv.so.2"), leftovers.here())
PY
  without_memfd
  prints '0
1
0 []'
}
