#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every way to dlopen, the interpreter's and the modules' own, leads to us.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
}

setup() {
  live_test
}

# --- the interpreter's ---

@test "LD_BIND_NOW: modules and libraries are isolated" {
  script <<'PY'
import ctypes, sys
import own.mod, p0.mod
from own._api import ffi, lib
library = ctypes.CDLL(sys.argv[1])
library.version.restype = ctypes.c_char_p
print(own.mod.version(), p0.mod.version(), ffi.string(lib.zlibVersion()).decode(),
      library.version().decode())
PY
  for value in 1 ''; do
    export LD_BIND_NOW=$value
    plain script.py "$SITE/own/libabi.so"
    prints "$ZLIB $ZLIB $ZLIB $ZLIB"
    isolated script.py "$SITE/own/libabi.so"
    prints 'own p0 own own'
  done
}

@test "the JIT: 5,000 times ctypes.CDLL in a loop, all isolated, nothing grows" {
  # After some 1,040 turns compiled code calls dlopen through another slot.
  script <<'PY'
import ctypes, sys
import loaded, look
def turn():
    library = ctypes.CDLL(sys.argv[1])
    library.version.restype = ctypes.c_char_p
    return loaded.address(library, "version"), library.version()
seen = {turn() for _ in range(100)}
before = look.descriptors(), look.mapped("/")
for _ in range(5000):
    seen.add(turn())
after = look.descriptors(), look.mapped("/")
print(len(seen), {version for _, version in seen}, before == after, look.mapped("libabi"))
PY
  isolated script.py "$SITE/own/libabi.so"
  prints "1 {b'own'} True 1"
}

@test "the JIT: a library first opened in a hot loop is isolated" {
  script <<'PY'
import ctypes, sys
for path in ["libz.so.1"] * 3000 + [sys.argv[1]]:
    library = ctypes.CDLL(path)
library.version.restype = ctypes.c_char_p
print(library.version().decode())
PY
  plain script.py "$SITE/own/libabi.so"
  prints "$ZLIB"
  isolated script.py "$SITE/own/libabi.so"
  prints own
}

@test "the JIT: 5,000 turns with an import, and every import is isolated" {
  # 1,500 files are a first import each: that, too, gets compiled.
  mkdir many
  for i in {0..1499}; do
    printf '%s\n' "many/$i.so"
  done | xargs -n 1 cp "$SITE"/p0/mod.*
  mkdir -p site-packages/p0.libs
  cp "$SITE/p0.libs/libz.so.1" site-packages/p0.libs/
  mv many site-packages/p0
  script <<'PY'
import importlib.machinery, importlib.util, sys
import look
def load(path):
    loader = importlib.machinery.ExtensionFileLoader("mod", path)
    spec = importlib.util.spec_from_file_location("mod", path, loader=loader)
    return importlib.util.module_from_spec(spec)
versions = set()
before = look.descriptors()
for turn in range(5000):
    if turn < 1500:
        versions.add(load("site-packages/p0/%d.so" % turn).version())
    elif turn % 500 == 0:
        name = "p%d" % (turn // 500)
        if __import__(name + ".mod").mod.version() != name:
            versions.add("hijacked " + name)
    sys.modules.pop("own.mod", None)
    import own.mod
    versions.add(own.mod.version())
mirrors = [what for number, what in look.descriptors().items() if number not in before]
print(sorted(versions), look.mapped("/libz.so.1"), len(mirrors) == len(set(mirrors)))
PY
  isolated
  # libz.so.1: base's, that of p0 and of p3 to p9; the mirrors stay open, one of each
  prints "['own', 'p0'] 9 True"
}

@test "RTLD_GLOBAL by setdlopenflags: a second module of the package finds what the first has" {
  script <<'PY'
import os, sys
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import promote.provider
import promote.consumer
print(promote.provider.version(), promote.consumer.version())
PY
  same
  prints 'provider provider'
}

@test "RTLD_GLOBAL by setdlopenflags: a module of another package finds it" {
  script <<'PY'
import os, sys
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import promote.provider
sys.setdlopenflags(os.RTLD_NOW)
import other.consumer
print(other.consumer.version())
import own.mod
print(own.mod.version())
PY
  plain
  prints "provider
$ZLIB"
  isolated
  prints 'provider
own'
}

@test "RTLD_GLOBAL by setdlopenflags: a package that is there already finds it, one copy" {
  script <<'PY'
import os, sys
import own.mod, look
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import promote.provider
import own.consumer
print(own.consumer.version(), look.mapped("libz-own"))
PY
  same
  prints 'provider 1'
}

@test "without RTLD_GLOBAL nobody finds it" {
  script <<'PY'
import os, sys
import promote.provider
for name in ("promote.consumer", "other.consumer"):
    try:
        __import__(name)
    except ImportError as error:
        print(error)
PY
  same
  assert_line --index 0 --partial 'promote/consumer'
  assert_line --index 1 --partial 'undefined symbol: promoted_answer'
}

@test "RTLD_GLOBAL by ctypes: a module finds what the library has" {
  script <<'PY'
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
import promote.consumer, other.consumer
print(promote.consumer.version(), other.consumer.version())
PY
  same script.py "$SITE/promote/libpromoted.so"
  prints 'promoted promoted'
}

@test "an interpreter that runs 10 imports at once has all 10 isolated" {
  script <<'PY'
import importlib, threading
start, seen = threading.Barrier(10), {}
def load(name):
    start.wait()
    while name not in seen:
        try:
            seen[name] = importlib.import_module(name + ".mod").version()
        except SystemError as error:    # PyPy 7.3.11 by itself, 1 run in 150
            if "StackOverflow" not in str(error):
                raise
threads = [threading.Thread(target=load, args=("p%d" % n,)) for n in range(10)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(all(seen["p%d" % n] == "p%d" % n for n in range(10)))
PY
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    isolated
    prints True
  done
}

@test "10 threads that open the same library at once get one copy" {
  script <<'PY'
import ctypes, sys, threading
import loaded, look
start, seen = threading.Barrier(10), []
def load():
    start.wait()
    library = ctypes.CDLL(sys.argv[1])
    library.version.restype = ctypes.c_char_p
    seen.append((loaded.address(library, "version"), library.version()))
threads = [threading.Thread(target=load) for n in range(10)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(set(seen)), seen[0][1], look.mapped("libabi"))
PY
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    isolated script.py "$SITE/own/libabi.so"
    prints "1 b'own' 1"
  done
}

@test "after fork: children import at once, and so does the parent" {
  script <<'PY'
import importlib, os, sys
import p0.mod
children = []
for n in range(1, 10):
    child = os.fork()
    if child == 0:
        name = "p%d" % n
        os._exit(0 if importlib.import_module(name + ".mod").version() == name else 1)
    children.append(child)
import own.mod
print(own.mod.version(), [os.waitpid(child, 0)[1] for child in children] == [0] * 9)
PY
  isolated
  prints 'own True'
}

@test "multiprocessing, fork and spawn: children are isolated" {
  script <<'PY'
import multiprocessing
def version(number):
    return __import__("p%d" % number).mod.version() if __import__("p%d.mod" % number) else None
if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(pool.map(version, range(3)))
PY
  isolated
  prints "['p0', 'p1', 'p2']
['p0', 'p1', 'p2']"
}

@test "exec of itself: the new interpreter is isolated" {
  script <<'PY'
import os, sys
import own.mod
print(own.mod.version(), flush=True)
if len(sys.argv) < 2:
    os.execv(sys.executable, [sys.executable, sys.argv[0], "again"])
PY
  isolated
  prints 'own
own'
}

@test "all descriptors closed by the program: later imports are isolated" {
  script <<'PY'
import os
import p0.mod
os.closerange(3, 65536)
import p1.mod, own.mod
print(p0.mod.version(), p1.mod.version(), own.mod.version())
# ... and others' files at the same numbers.
os.closerange(3, 65536)
for number in range(3, 1100):
    try:
        os.dup2(1, number)
    except OSError:
        pass
import p2.mod, hosts.mod
print(p2.mod.version(), hosts.mod.version() != "")
PY
  isolated
  prints 'p0 p1 own
p2 True'
}

@test "a path that is relative, has dots, or is a link leads to the same copy" {
  ln -s "$SITE" linked
  cd "$SITE/own"
  script_path=$BATS_TEST_TMPDIR/script.py
  cat >"$script_path" <<'PY'
import ctypes, os, sys
import look
names = ["libabi.so", "../own/libabi.so", "./././libabi.so"]
for path in ["./libabi.so", "../own/libabi.so", ".//.././own/libabi.so",
             sys.argv[1] + "/linked/own/libabi.so"]:
    library = ctypes.CDLL(path)
    library.version.restype = ctypes.c_char_p
    print(library.version().decode())
print(look.mapped("libabi"))
PY
  isolated "$script_path" "$BATS_TEST_TMPDIR"
  prints 'own
own
own
own
1'
}

@test "no namespace is left: a package joins one that has no library of the same SONAME" {
  # p0 to p10 bring a libz.so.1 each, the other four do not.
  script <<'PY'
import importlib, sys
for name in ["p%d" % n for n in range(10)] + ["own", "plugins.constructed", "need.underlinked",
                                              "hosts", "p10"]:
    module = importlib.import_module(name if "." in name else name + ".mod")
    if name[0] == "p":
        print(name, module.version())
PY
  isolated
  assert_success
  assert_line 'p9 p9'
  assert_line 'p10 p10'
}

# --- the modules' own ---

@test "a module opens RTLD_GLOBAL: a second one of its package finds what it promoted" {
  script <<'PY'
import os, sys
import own.dl as dl, look
dl.open(sys.argv[1], os.RTLD_NOW | os.RTLD_GLOBAL)
import own.consumer
print(own.consumer.version(), look.mapped("libz-own"))
PY
  same script.py "$SITE/promote/libpromoted.so"
  prints 'promoted 1'
}

@test "a module opens RTLD_GLOBAL: another package finds what it promoted" {
  script <<'PY'
import os, sys
import own.dl as dl
dl.open(sys.argv[1], os.RTLD_NOW | os.RTLD_GLOBAL)
import other.consumer
print(other.consumer.version())
PY
  same script.py "$SITE/promote/libpromoted.so"
  prints 'promoted'
}

@test "a module opens RTLD_GLOBAL what it has open already (RTLD_NOLOAD)" {
  script <<'PY'
import os, sys
import own.dl as dl
try:
    dl.open(sys.argv[1], os.RTLD_NOW | os.RTLD_NOLOAD)
except OSError as error:
    print("not there")
first = dl.open(sys.argv[1], os.RTLD_NOW)
print(first == dl.open(sys.argv[1], os.RTLD_NOW | os.RTLD_NOLOAD | os.RTLD_GLOBAL))
import own.consumer
print(own.consumer.version())
PY
  same script.py "$SITE/promote/libpromoted.so"
  prints 'not there
True
promoted'
}

@test "a module opens a plugin by the bare name that its RUNPATH has" {
  script <<'PY'
import os
import plugins.dl as dl
plugin = dl.open("libplugin.so", os.RTLD_NOW)
version = dl.sym(plugin, "version")
print(dl.text(version), dl.where(version)[0].rpartition("/")[2], dl.where(version)[2] > 0)
PY
  plain
  prints "$ZLIB libplugin.so False"
  isolated
  prints 'plugins libplugin.so True'
}

@test "a constructor opens its plugin by bare name" {
  plain -c 'import plugins.constructed as m; print(m.version())'
  prints "$ZLIB"
  isolated -c 'import plugins.constructed as m; print(m.version())'
  prints plugins
}

@test "a module opens what is not there: dlerror reads as without us" {
  script <<'PY'
import os, sys
import own.dl as dl
for path in ("libnowhere.so.9", "/nonexistent/x.so", "./no.so",
             sys.argv[1] + "/broken/libneedsgone.so"):
    try:
        dl.open(path, os.RTLD_NOW)
    except OSError as error:
        print(error)
try:
    dl.sym(dl.open(sys.argv[1] + "/own/libabi.so", os.RTLD_NOW), "nope")
except OSError as error:
    print(error)
try:
    dl.sym(0, "nope")
except OSError as error:
    print(error)
PY
  same script.py "$SITE"
  assert_success
  assert_line --index 0 --partial 'libnowhere.so.9: cannot open shared object file: No such'
  assert_line --index 4 --partial 'libabi.so: undefined symbol: nope'
}

@test "dlopen(NULL) in a module: libc and the C API, and of base nothing else" {
  script <<'PY'
import os
import own.dl as dl
process = dl.open(None, os.RTLD_NOW)
print(dl.where(dl.sym(process, "getpid"))[0].rpartition("/")[2])
print("/libpypy" in dl.where(dl.sym(process, "PyPyLong_FromLong"))[0])
for name in ("zlibVersion", "XML_ExpatVersion", "_pypy_init_home"):
    try:
        print(dl.where(dl.sym(process, name))[2])
    except OSError as error:
        print("out of reach")
print(dl.close(process))
PY
  plain
  prints 'libc.so.6
True
0
0
0
0'
  isolated
  prints 'libc.so.6
True
out of reach
out of reach
out of reach
0'
}

@test "dlsym(RTLD_DEFAULT) in a module finds its own, libc's and the C API's" {
  script <<'PY'
import os
import own.dl as dl
print(dl.text(dl.sym(0, "zlibVersion")))
print(dl.where(dl.sym(0, "strtol"))[2], dl.where(dl.sym(0, "PyPyLong_FromLong"))[2])
print(dl.where(dl.sym(-1, "malloc"))[0].rpartition("/")[2])
try:
    dl.sym(0, "XML_ExpatVersion")
except OSError:
    print("out of reach")
PY
  plain
  assert_line --index 0 "$ZLIB"
  isolated
  prints 'own
0 0
libc.so.6
out of reach'
}

@test "a module opens libc and libm by any of their names: base's, and they work" {
  script <<'PY'
import os, sys, ctypes
import own.dl as dl, look
libc, libm = look.glibc("libc"), look.glibc("libm")
before = look.mapped(libc), look.mapped(libm)
for name in ("libm.so.6", libm):
    cos = dl.sym(dl.open(name, os.RTLD_NOW), "cos")
    print(dl.real(cos, 0.0), dl.where(cos)[2])
for name in ("libc.so.6", libc):
    getenv = dl.sym(dl.open(name, os.RTLD_LAZY), "getenv")
    print(getenv == ctypes.cast(ctypes.CDLL(None).getenv, ctypes.c_void_p).value)
print(before == (look.mapped(libc), look.mapped(libm)))
PY
  same
  prints '1.0 0
1.0 0
True
True
True'
}

@test "a module opens a small library of glibc's and finds there what it finds without us" {
  # Since glibc 2.34 it is libc, which they need, that has the functions.
  script <<'PY'
import os, sys
import own.dl as dl, look
for name, symbol in (("libpthread.so.0", "pthread_create"), ("libdl.so.2", "dlclose"),
                     ("librt.so.1", "clock_gettime"), ("libutil.so.1", "openpty"),
                     ("libanl.so.1", "getaddrinfo_a"), ("libresolv.so.2", "ns_initparse"),
                     ("libm.so.6", "malloc")):
    try:
        found = dl.where(dl.sym(dl.open(name, os.RTLD_NOW), symbol))
        print(name, symbol, found[2], look.mapped("/" + name))
    except OSError as error:
        print(error)
PY
  same
  assert_success
  refute_output --partial undefined
}

@test "a module opens the interpreter's library by name: its C API, and no second one" {
  script <<'PY'
import os, sys
import own.dl as dl, look
handle = dl.open(sys.argv[1], os.RTLD_NOW)
print(dl.where(dl.sym(handle, "PyPyLong_FromLong"))[2], look.mapped(sys.argv[1]))
PY
  same script.py "$(basename "$(ldd "$(command -v pypy3)" | awk '/libpypy/ { print $3 }')")"
  prints '0 1'
}

@test "a closure that needs glibc's small libraries, which base has not loaded" {
  script <<'PY'
import sys
import look
names = "/libresolv", "/libanl", "/libc.so.6"
before = [look.mapped(name) for name in names]
import hosts.mod
print([look.mapped(name) - was for name, was in zip(names, before)])
print(hosts.mod.version())
PY
  same
  prints '[1, 1, 0]
res_mkquery 1, getaddrinfo_a Processing request in progress, openpty 0, clock 0'
}

@test "a name is looked up through NSS with us as without" {
  # glibc itself opens libnss_*.so, from base's libc, whoever called.
  script <<'PY'
import ctypes, socket, pwd
import own.dl as dl
print(socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
print(pwd.getpwuid(0)[0])
PY
  same
  assert_success
}

@test "a module opens 300 times what it closes: nothing grows" {
  script <<'PY'
import os, sys
import plugins.dl as dl, look
def turn():
    handle = dl.open("libplugin.so", os.RTLD_NOW)
    version = dl.text(dl.sym(handle, "version"))
    dl.close(handle)
    return version
seen = {turn()}
before = look.descriptors(), look.mapped("/")
seen |= {turn() for _ in range(300)}
print(seen, before == (look.descriptors(), look.mapped("/")))
PY
  isolated
  prints "{'plugins'} True"
}

@test "a library by whose SONAME ld.so knows libc: as without us, and not in a namespace" {
  script <<'PY'
import ctypes, sys
import own.mod
library = ctypes.CDLL(sys.argv[1])
print(library.getpid() > 0, own.mod.version())
print(sum(sys.argv[1] in line for line in open("/proc/self/maps")) > 0)
PY
  cp "$(ldd "$(command -v pypy3)" | sed -n 's/.*=> \(.*libc\.so\.6\) .*/\1/p')" ./copied.so
  export PYPY_ISOLATE_LOG=debug
  isolated script.py "$PWD/copied.so"
  assert_success
  assert_output "True own
True"
  assert_equal "$(grep -c copied.so <<<"$stderr")" 0
}
