#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a review found: rare uses of dlfcn.h, low limits, odd names.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

# object FILE SOURCE [GCC-ARGUMENT...]: FILE is below the files of these tests
object() {
  mkdir -p "$EDGES/$(dirname "$1")"
  gcc -std=gnu11 -Wall -Wextra -O1 -fPIC -shared -Wl,--no-as-needed -I"$INCLUDE" \
    -I"$TOP/tests/fixture/routes" -o "$EDGES/$1" "$TOP/tests/fixture/$2" "${@:3}"
}

# A source with symbols that all have one hash, so that to look one up takes a while: "ar",
# "bb" and "cR" count the same in DT_HASH (gABI, "Hash Table").
many_symbols() {
  echo '.data; start: .byte 0'
  printf '%s\n' {ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb}{ar,bb} |
    sed 's/.*/.globl &; .set &, start/'
}

setup_file() {
  local i beside
  live_begin
  EDGES=$BATS_FILE_TMPDIR
  INCLUDE=$(pypy3 -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
  SUFFIX=$(pypy3 -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
  export EDGES INCLUDE SUFFIX

  object leave/churn.so edges/churn.c -lpthread
  many_symbols | gcc -shared -nostdlib -Wl,-z,noexecstack -Wl,--hash-style=sysv \
    -o "$EDGES/leave/0.so" -x assembler -
  for i in {1..39}; do
    cp "$EDGES/leave/0.so" "$EDGES/leave/$i.so"
  done
  object site-packages/calls/lib.so edges/calls.c
  object "site-packages/calls/mod$SUFFIX" routes/module.c -DNAME=mod -DVERSION_CALL='"calls"'
  object "site-packages/calls/consumer$SUFFIX" routes/module.c -DNAME=consumer \
    -DVERSION_CALL='promoted_answer()'
  object site-packages/farewell/lib.so edges/farewell.c
  object site-packages/farewell/last.so routes/promoted.c -DVERSION='"last"'

  # shellcheck disable=SC2016 # $ORIGIN is for ld.so
  beside='-Wl,-rpath,$ORIGIN/../bare.libs'
  object site-packages/bare.libs/libz-bare.so.1 routes/vendored.c -DVERSION='"bare"' \
    -Wl,-soname,libz-bare.so.1
  object "site-packages/bare/first$SUFFIX" routes/dl.c -DNAME=first "$beside" \
    "$EDGES/site-packages/bare.libs/libz-bare.so.1"
  object site-packages/bare.libs/other/libz-bare.so.1 routes/vendored.c -DVERSION='"other"' \
    -Wl,-soname,libz-bare.so.1
  object site-packages/bare/plugin.so edges/calls.c "$beside/other"

  # shellcheck disable=SC2016
  beside='-Wl,-rpath,$ORIGIN/../snake.libs'
  object site-packages/snake.libs/libpythonutil.so.1 routes/promoted.c \
    -DVERSION='"snake"' -Wl,-soname,libpythonutil.so.1
  object "site-packages/snake/mod$SUFFIX" routes/module.c -DNAME=mod \
    -DVERSION_CALL='promoted_answer()' "$beside" \
    "$EDGES/site-packages/snake.libs/libpythonutil.so.1"
}

setup() {
  live_test
  PYTHONPATH=$EDGES/site-packages:$PYTHONPATH
}

@test "imports while another thread closes objects of base: no crash" {
  # Each asks all objects of base for what it lacks.
  script <<'PY'
import ctypes, sys, time
churn = ctypes.CDLL(sys.argv[1] + "/leave/churn.so")
churn.churn_finish.restype = ctypes.c_long
churn.churn_start((sys.argv[1] + "/leave/%d.so").encode())
end, failed = time.monotonic() + 2, 0
while time.monotonic() < end:
    try:
        ctypes.CDLL(sys.argv[2])
    except OSError:
        failed += 1
print(failed > 10, churn.churn_finish() > 100)
PY
  echo "leave \"$EDGES/leave/*\"" >edges.conf
  export PYPY_ISOLATE_CONF=$PWD/edges.conf
  c_object site-packages/lacks/mod.so -Wl,-z,now <<'C'
int cRararararararararararar(void);
int needs(void) { return cRararararararararararar(); }
C
  same script.py "$EDGES" "$PWD/site-packages/lacks/mod.so"
  prints 'True True'
}

@test "mode permissive: a module opens RTLD_GLOBAL what needs an unlisted symbol" {
  script <<'PY'
import os, sys
import own.dl as dl
try:
    dl.open("libnothing_here.so.1", os.RTLD_NOW | os.RTLD_GLOBAL)
except OSError as error:
    print(error)
handle = dl.open(sys.argv[1], os.RTLD_LAZY | os.RTLD_GLOBAL)
print(dl.sym(handle, "PyInit_bzip") > 0)
import p0.mod
print("alive")
PY
  local want='libnothing_here.so.1: cannot open shared object file: No such file or directory
True
alive'
  plain script.py "$SITE/need/bzip$SUFFIX"
  prints "$want"
  export PYPY_ISOLATE=permissive
  isolated script.py "$SITE/need/bzip$SUFFIX"
  assert_success
  assert_output "$want"
  assert_regex "$stderr" 'need/bzip.*: gets BZ2_bzlibVersion from .*permissive'
}

@test "a low RLIMIT_FSIZE: refused, and when it is raised the libc is base's" {
  script <<'PY'
import ctypes, resource, sys
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
try:
    ctypes.CDLL(sys.argv[1])
    print("loaded")
except OSError as error:
    print("refused", "RLIMIT_FSIZE" in str(error))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
import own.dl as dl
base = ctypes.cast(ctypes.CDLL(None).malloc, ctypes.c_void_p).value
print(dl.sym(0, "malloc") == base, dl.sym(-1, "malloc") == base)
print(dl.where(dl.sym(-1, "malloc"))[2])
PY
  plain script.py "$SITE/p0/mod$SUFFIX"
  prints 'loaded
True True
0'
  isolated script.py "$SITE/p0/mod$SUFFIX"
  prints 'refused True
True True
0'
}

# Where the kernel makes all memory of huge pages, which we cannot turn on here for one
# process, the first byte of such a mapping would take 2 MB.
@test "address space that is set aside, 16 MB each, is never of huge pages" {
  grep -q ^AnonHugePages: /proc/meminfo || cannot "no huge pages in this kernel"
  script <<'PY'
def reserved():
    with open("/proc/self/smaps") as smaps:
        lines = smaps.read().splitlines()
    sizes = [n for n, line in enumerate(lines) if line.split()[:2] == ["Size:", "16384"]]
    flags = [next(line for line in lines[n:] if line.startswith("VmFlags:")) for n in sizes]
    return [" nh" in line for line in flags if " nr" in line]
import p0.mod, p1.mod
print(*reserved())
PY
  plain
  prints ''
  isolated
  assert_success
  assert_output --regexp '^True( True)+$'
}

@test "RLIMIT_FSIZE and SIGXFSZ at its default: the process lives" {
  script <<'PY'
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
try:
    import own.mod
    print("loaded")
except ImportError:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
import own.mod
print(own.mod.version(), signal.getsignal(signal.SIGXFSZ) == signal.SIG_DFL)
PY
  plain
  prints "loaded
$ZLIB True"
  isolated
  prints 'refused
own True'
}

@test "a library closes twice what dlopen(NULL) gave: the next of its package loads" {
  script <<'PY'
import ctypes, sys
calls = ctypes.CDLL(sys.argv[1])
calls.close_process_twice()
import calls.mod, own.mod
print(calls.mod.version(), own.mod.version() != "")
PY
  same script.py "$EDGES/site-packages/calls/lib.so"
  prints 'calls True'
}

@test "a library closes twice what dlopen(NULL) gave, then opens RTLD_GLOBAL" {
  script <<'PY'
import ctypes, sys
calls = ctypes.CDLL(sys.argv[1])
calls.close_process_twice()
print(calls.open_global(sys.argv[2].encode()))
import calls.consumer
print(calls.consumer.version())
PY
  same script.py "$EDGES/site-packages/calls/lib.so" "$SITE/promote/libpromoted.so"
  prints '1
promoted'
}

@test "a destructor opens RTLD_GLOBAL at exit: no crash" {
  script <<'PY'
import ctypes, sys
ctypes.CDLL(sys.argv[1])
PY
  export AT_EXIT=$EDGES/site-packages/farewell/last.so
  same script.py "$EDGES/site-packages/farewell/lib.so"
  prints opened
}

@test "a plugin opens by SONAME what its package has loaded, and not what its RUNPATH has" {
  script <<'PY'
import ctypes, sys
import bare.first, look
plugin = ctypes.CDLL(sys.argv[1])
plugin.answer_of.restype = ctypes.c_char_p
print(plugin.answer_of(b"libz-bare.so.1", b"zlibVersion"), look.mapped("libz-bare"))
PY
  same script.py "$EDGES/site-packages/bare/plugin.so"
  prints "b'bare' 1"
}

@test "a library opened RTLD_GLOBAL, closed and unlinked: later ones of its package load" {
  script <<'PY'
import ctypes, os, sys
from cffi import FFI
ffi = FFI()
ffi.dlclose(ffi.dlopen("./site-packages/jit/made.so", os.RTLD_NOW | os.RTLD_GLOBAL))
os.unlink("site-packages/jit/made.so")
for name in "next", "third":
    library = ctypes.CDLL("./site-packages/jit/%s.so" % name)
    library.promoted_answer.restype = ctypes.c_char_p
    print(library.promoted_answer().decode())
PY
  for how in plain isolated; do
    mkdir -p site-packages/jit
    for name in made next third; do
      cp "$SITE/promote/libpromoted.so" "site-packages/jit/$name.so"
    done
    "$how"
    prints 'promoted
promoted'
  done
}

@test "dlerror after an unread failure: what the last call of dlfcn.h says, in a library" {
  script <<'PY'
import ctypes, sys
calls = ctypes.CDLL(sys.argv[1])
calls.error_after.restype = calls.error_now.restype = ctypes.c_char_p
for path in sys.argv[2:]:
    for symbol in "malloc", "nobody_has_this":
        print(calls.error_after(path.encode(), symbol.encode()), calls.error_now())
PY
  same script.py "$EDGES/site-packages/calls/lib.so" /nonexistent/x.so libnowhere.so.9 \
    "$SITE/need/nobody_now$SUFFIX"
  assert_success
  assert_line --index 0 'None None'
  assert_line --index 1 --partial 'undefined symbol: nobody_has_this'
  # ... and what only we refuse
  isolated script.py "$EDGES/site-packages/calls/lib.so" "$SITE/need/bzip$SUFFIX"
  assert_success
  assert_line --index 0 'None None'
  assert_line --index 1 --partial 'undefined symbol: nobody_has_this'
}

@test "dlerror after an unread refusal: what the last call of dlfcn.h says, in base" {
  script <<'PY'
import ctypes, sys
dl = ctypes.CDLL(None)
dl.dlopen.restype = dl.dlsym.restype = ctypes.c_void_p
dl.dlopen.argtypes = ctypes.c_char_p, ctypes.c_int
dl.dlsym.argtypes = ctypes.c_void_p, ctypes.c_char_p
dl.dlerror.restype = ctypes.c_char_p
for path in sys.argv[1:]:
    for symbol in b"malloc", b"nobody_has_this":
        dl.dlerror()
        print(dl.dlopen(path.encode(), 2), dl.dlsym(None, symbol) is None)
        print(dl.dlerror(), dl.dlerror())
PY
  same script.py /nonexistent/x.so "$SITE/need/nobody_now$SUFFIX"
  assert_success
  isolated script.py "$SITE/need/bzip$SUFFIX"
  assert_success
  assert_line --index 0 'None False'
  assert_line --index 1 'None None'
  assert_line --index 2 'None True'
  assert_line --index 3 --partial 'undefined symbol: nobody_has_this'
}

@test "RTLD_NOLOAD probes of 20 packages make no namespace: 14 others get one each" {
  script <<'PY'
import ctypes, importlib, os, sys
refused = 0
for n in range(20):
    try:
        ctypes.CDLL("./site-packages/probed%d/lib.so" % n, mode=os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError:
        refused += 1
import look
print(refused, look.mapped("python-c-api"))
import own.dl as dl
names = ["p%d.mod" % n for n in range(11)] + ["own.dl", "plugins.dl", "promote.provider"]
files = [importlib.import_module(name).__file__ for name in names]
start = {}
for line in look.maps():
    start.setdefault(line.split(maxsplit=5)[-1], int(line.split("-")[0], 16))
print(len({dl.where(start[file])[2] for file in files}), look.mapped("python-c-api"))
PY
  for n in {0..19}; do
    mkdir -p "site-packages/probed$n"
    cp "$SITE/promote/libpromoted.so" "site-packages/probed$n/lib.so"
  done
  plain
  prints '20 0
1 0'
  isolated
  prints '20 0
14 14'
}

@test "a path that goes through a symbolic link and up: the right file, isolated" {
  ln -s "$SITE/promote" link
  script <<'PY'
import ctypes
library = ctypes.CDLL("./link/../own/libabi.so")
library.version.restype = ctypes.c_char_p
print(ctypes.c_int.in_dll(library, "counter").value, library.version().decode())
PY
  plain
  prints "5 $ZLIB"
  isolated
  prints '5 own'
  # ... also when there is a file where the path leads if links are not followed
  mkdir own
  cp "$ROUTES/elsewhere/libabi.so" own/
  plain
  prints "5 $ZLIB"
  isolated
  prints '5 own'
  # ... and the package is the one of the file that it leads to
  echo 'import own.mod, look; print(own.mod.version(), look.mapped("libz-own"))' >>script.py
  isolated
  prints '5 own
own 1'
}

@test "a vendored libpythonutil.so.1 is not taken for the interpreter" {
  script <<'PY'
import snake.mod, look
print(snake.mod.version(), look.mapped("libpythonutil"))
PY
  same
  prints 'snake 1'
}

@test "a thread with the least stack that Python allows opens a module with a library" {
  # 32 KiB, of which ld.so itself needs most; the first module is the one for which all
  # that namespaces need is made.
  c_object site-packages/small/libs/libown.so.1 <<<'int own(void) { return 5; }'
  # shellcheck disable=SC2016 # $ORIGIN is for ld.so
  c_object site-packages/small/mod.so site-packages/small/libs/libown.so.1 \
    -Wl,-rpath,'$ORIGIN/libs' <<<'int own(void); int go(void) { return own(); }'
  script <<'PY'
import _ctypes, ctypes, os, threading
import loaded
path, handles = os.path.abspath("site-packages/small/mod.so"), []
try:
    threading.stack_size(32768)
except ValueError as error:  # Python 3.14 wants more
    threading.stack_size(int(str(error).split()[-2]))
thread = threading.Thread(target=lambda: handles.append(_ctypes.dlopen(path, os.RTLD_NOW)))
thread.start()
thread.join()
library = ctypes.CDLL(path, handle=handles[0])
print(library.go(), loaded.namespace(loaded.address(library, "go")) > 0)
PY
  export PYTHON=/usr/bin/python3
  plain
  prints '5 False'
  isolated
  prints '5 True'
  # ... also while all that happens is written down
  run "$built/pypy-isolate" explain -- "$PYTHON" script.py
  assert_success
  assert_line '5 True'
  assert_line --partial '1 module isolated in 1 namespace'
}

@test "dlopen as libc's own symbol table has it: a profiler's way to open is isolated, others' is not" {
  # In a package it stands for the interpreter, but for its own files; in base for nobody.
  local place home=libc.so
  ! glibc_before 2.34 || home=libdl
  for place in site-packages/prof left; do
    c_object "$place/finds.so" -DDLOPEN_IN='"/'"$home"'"' <<'C'
#include <dlfcn.h>
#include <link.h>
#include <string.h>

static int find(struct dl_phdr_info *info, size_t size, void *data)
{
	const ElfW(Dyn) *dynamic = 0;
	const ElfW(Sym) *sym = 0;
	const ElfW(Half) *version = 0;
	const char *str = 0;

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dynamic = (void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	if (!dynamic || !strstr(info->dlpi_name, DLOPEN_IN))
		return 0;
	for (; dynamic->d_tag; dynamic++) {
		if (dynamic->d_tag == DT_SYMTAB)
			sym = (void *)dynamic->d_un.d_ptr;
		if (dynamic->d_tag == DT_STRTAB)
			str = (void *)dynamic->d_un.d_ptr;
		if (dynamic->d_tag == DT_VERSYM)
			version = (void *)dynamic->d_un.d_ptr;
	}
	/* Not an old one (0x8000), which i386 has. */
	for (; (const char *)sym < str; sym++, version++)
		if (sym->st_shndx && *version < 0x8000 && !strcmp(str + sym->st_name, "dlopen"))
			*(void **)data = (void *)(info->dlpi_addr + sym->st_value);
	return size && *(void **)data;
}

static void *(*found)(const char *, int);

int ask(const char *path)
{
	dl_iterate_phdr(find, &found);
	return found && found(path, RTLD_NOW | RTLD_GLOBAL) ? 0 : -1;
}

/* When it ends, a profiler puts what it found into everybody's slots. */
void *(*slot)(const char *, int) = dlopen;

int ask_for_itself(const char *path)
{
	ask(path);
	slot = found;
	return slot(path, RTLD_NOW) ? 0 : -1;
}
C
  done
  for place in site-packages/{other,prof} left leaves again; do
    c_object "$place/plugin.so" <<<'int plugin;'
  done
  c_object site-packages/other/late.so <<<'int plugin;'
  script <<'PY'
import ctypes, os
import loaded
def path(name):
    return os.path.abspath(name)
def ask(opener, *names):
    print(*(ctypes.CDLL(path(opener)).ask(path(name).encode()) for name in names), end=" ")
ask("site-packages/prof/finds.so", "site-packages/other/plugin.so",
    "site-packages/prof/plugin.so", "leaves/plugin.so")
ask("left/finds.so", "left/plugin.so", "site-packages/other/late.so")
itself = ctypes.CDLL(path("site-packages/prof/finds.so"))
print(itself.ask_for_itself(path("site-packages/other/plugin.so").encode()),
      itself.ask(path("again/plugin.so").encode()), end=" ")
names = "prof/finds prof/plugin other/plugin other/late ../leaves/plugin ../again/plugin".split()
spaces = loaded.namespaces(*(path("site-packages/%s.so" % name) for name in names))
print([bool(n) for n in spaces], spaces[0] == spaces[1], spaces[0] == spaces[2])
PY
  echo "leave \"$PWD/left/*\" \"$PWD/leaves/*\" \"$PWD/again/*\"" >policy.conf
  export PYPY_ISOLATE_CONF=$PWD/policy.conf
  plain
  prints '0 0 0 0 0 0 0 [False, False, False, False, False, False] True True'
  isolated
  prints '0 0 0 0 0 0 0 [True, True, True, False, False, True] True False'
}

@test "dlvsym in a module: as without us" {
  c_object site-packages/asks/asks.so <<'C'
#include <dlfcn.h>
int ask(const char *version)
{
	return dlvsym(RTLD_DEFAULT, "malloc", version) && !dlvsym(RTLD_DEFAULT, "malloc", "NONE");
}
C
  script <<'PY'
import ctypes, os, re
import look
with open(look.glibc("libc"), "rb") as libc:
    versions = set(re.findall(rb"GLIBC_[0-9.]+", libc.read()))
library = ctypes.CDLL(os.path.abspath("site-packages/asks/asks.so"))
print(any(library.ask(version) for version in versions))
PY
  same
  prints True
}
