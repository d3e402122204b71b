#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# RTLD_GLOBAL across packages: who finds what somebody has promoted.
#
# giver has the library libgiven.so; giver.after and taker.after need its functions and
# say nowhere where they are. What run_routes.bats has is not repeated.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_packages

setup_file() {
  packages_begin
}

setup() {
  packages_test
  export GIVEN=$SITE/giver/libgiven.so
}

# --- modules ---

@test "without RTLD_GLOBAL neither package finds it" {
  script <<'PY'
import ctypes, os
library = ctypes.CDLL(os.environ["GIVEN"])
for name in "giver.after", "taker.after":
    try:
        __import__(name)
    except ImportError as error:
        print("undefined symbol: library_" in str(error))
PY
  both 'True
True'
}

@test "ffi.dlopen with RTLD_GLOBAL: modules of its package and of another find it" {
  script <<'PY'
import os
from cffi import FFI
ffi = FFI()
ffi.cdef("int library_count(void);")
library = ffi.dlopen(os.environ["GIVEN"], ffi.RTLD_NOW | ffi.RTLD_GLOBAL)
import giver.after, taker.after
import look
print(library.library_count(), giver.after.count(), taker.after.count(), taker.after.text())
print(look.mapped("libgiven"))
PY
  both '1 2 3 giver
1'
}

@test "ffi.dlopen with RTLD_GLOBAL: packages that are there already find it" {
  script <<'PY'
import os
import giver.mod, taker.mod
from cffi import FFI
ffi = FFI()
ffi.cdef("int library_count(void);")
library = ffi.dlopen(os.environ["GIVEN"], ffi.RTLD_LAZY | ffi.RTLD_GLOBAL)
import taker.after, giver.after
import look
print(library.library_count(), taker.after.count(), giver.after.count(),
      look.mapped("libgiven"))
PY
  both '1 2 3 1'
}

@test "ctypes with RTLD_GLOBAL: packages that are there already find it, one counter" {
  script <<'PY'
import ctypes, os
import giver.mod, taker.mod
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
import taker.after, giver.after
import look
print(library.library_count(), taker.after.count(), giver.after.count(),
      look.mapped("libgiven"))
PY
  both '1 2 3 1'
}

@test "a second open with RTLD_GLOBAL promotes what the first one did not" {
  script <<'PY'
import ctypes, os
library = ctypes.CDLL(os.environ["GIVEN"])
try:
    import taker.after
except ImportError as error:
    print("not yet")
kept = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
import taker.after, giver.after
print(library.library_count(), taker.after.count(), giver.after.count())
PY
  both 'not yet
1 2 3'
}

@test "a module opens a library RTLD_GLOBAL in its init: both packages find it" {
  script <<'PY'
import giver.opens, giver.after, taker.after
import look
print(giver.after.count(), taker.after.count(), giver.after.text(), look.mapped("libgiven"))
PY
  both '1 2 giver 1'
}

@test "... also a package that is there already" {
  script <<'PY'
import taker.mod, giver.opens, taker.after, giver.after
print(taker.after.count(), giver.after.count(), taker.mod.text(), taker.after.text())
PY
  both '1 2 alone giver'
}

@test "what is promoted does not go before what a package brings" {
  script <<'PY'
import ctypes, os
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)	# or it is closed
import shibo.mod, giver.after
print(shibo.mod.text(), shibo.mod.count(), giver.after.text(), giver.after.count())
PY
  differ 'giver 1 giver 2' 'shibo 1 giver 1'
}

# --- CDLL(None), RTLD_DEFAULT ---

@test "ctypes.CDLL(None) finds what ctypes has promoted, and not before" {
  script <<'PY'
import ctypes, os
import loaded
process = ctypes.CDLL(None)
library = ctypes.CDLL(os.environ["GIVEN"])
print(hasattr(process, "library_count"))
kept = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
print(process.library_count(), library.library_count(), process.library_count())
print(loaded.address(process, "library_count") == loaded.address(library, "library_count"))
PY
  both 'False
1 2 3
True'
}

@test "ctypes.CDLL(None) finds what a module has promoted in its init, data too" {
  script <<'PY'
import ctypes
import giver.opens, giver.after
process = ctypes.CDLL(None)
print(giver.after.count(), process.library_count())
counter = ctypes.c_int.in_dll(process, "library_counter")
counter.value = 41
print(giver.after.count(), counter.value)
PY
  both '1 2
42 42'
}

@test "ctypes.CDLL(None) finds a module that was imported with RTLD_GLOBAL" {
  PYTHONPATH=$PYTHONPATH:$ROUTES/site-packages
  script <<'PY'
import ctypes, os, sys
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import promote.provider
sys.setdlopenflags(os.RTLD_NOW)
process = ctypes.CDLL(None)
process.promoted_answer.restype = ctypes.c_char_p
print(process.promoted_answer())
PY
  both "b'provider'"
}

@test "what is the process's own goes before what is promoted" {
  # A promoted library with a function of the interpreter's: that stays what CDLL(None) has.
  script <<'PY'
import ctypes, sys
library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
process = ctypes.CDLL(None)
process.zlibVersion.restype = ctypes.c_char_p
print(process.zlibVersion().decode())
PY
  for how in plain isolated; do
    "$how" script.py "$ROUTES/site-packages/own.libs/libz-own.so.1"
    prints "$ZLIB"
  done
}

@test "dlsym(RTLD_DEFAULT) in a module finds what is promoted in its namespace" {
  script <<'PY'
import os
import giver.dl as dl
import loaded
try:
    dl.sym(0, "library_count")
except OSError as error:
    print("not yet")
dl.open(os.environ["GIVEN"], os.RTLD_NOW | os.RTLD_GLOBAL)
import giver.after
print(loaded.call(dl.sym(0, "library_count")), giver.after.count())
PY
  both 'not yet
1 2'
}

@test "dlsym(RTLD_DEFAULT) in a module finds what another package has promoted" {
  script <<'PY'
import ctypes, os
import taker.dl as dl
import loaded
try:
    dl.sym(0, "library_count")
except OSError as error:
    print("not yet")
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
print(loaded.call(dl.sym(0, "library_count")), library.library_count())
import other.dl
print(loaded.call(other.dl.sym(0, "library_count")), library.library_count())
PY
  both 'not yet
1 2
3 4'
}

@test "dlopen(NULL) in a module has what is promoted, by itself and by another package" {
  script <<'PY'
import ctypes, os
import taker.dl, giver.dl
import loaded
counts = []
for dl in giver.dl, taker.dl:
    process = dl.open(None, os.RTLD_NOW)
    try:
        dl.sym(process, "library_count")
    except OSError as error:
        counts.append("not yet")
library = ctypes.CDLL(os.environ["GIVEN"], mode=ctypes.RTLD_GLOBAL)
for dl in giver.dl, taker.dl:
    process = dl.open(None, os.RTLD_NOW)
    counts.append(loaded.call(dl.sym(process, "library_count")))
print(*counts, library.library_count())
PY
  both 'not yet not yet 1 2 3'
}

# --- which of several, and how long ---

@test "two with one symbol, opened RTLD_GLOBAL: the first opened is what everybody finds" {
  local package n
  for n in 1 2; do
    c_object "site-packages/foo/g$n.so" <<<"int who(void) { return $n; }"
  done
  for package in foo bar; do
    c_object "site-packages/$package/binds.so" \
      <<<'int who(void); int ask(void) { return who(); }'
    c_object "site-packages/$package/looks.so" <<'C'
#include <dlfcn.h>
int ask(void) { return ((int (*)(void))dlsym(RTLD_DEFAULT, "who"))(); }
C
  done
  script <<'PY'
import ctypes, os, sys
kept = [ctypes.CDLL(os.path.abspath("site-packages/foo/%s.so" % name), ctypes.RTLD_GLOBAL)
        for name in sys.argv[1:]]
print(ctypes.CDLL(None).who())
for path in "foo/binds", "foo/looks", "bar/looks", "bar/binds":
    print(path, ctypes.CDLL(os.path.abspath("site-packages/%s.so" % path)).ask())
PY
  local files
  for files in 'g1 g2 1' 'g2 g1 2'; do
    read -r first second n <<<"$files"
    plain script.py "$first" "$second"
    prints "$n
foo/binds $n
foo/looks $n
bar/looks $n
bar/binds $n"
    local wanted=$output
    isolated script.py "$first" "$second"
    prints "$wanted"
  done
}

@test "140 libraries opened RTLD_GLOBAL: the first is found, and the last, and goes first" {
  # g000 and g139 have a symbol each that no other has; all have who().
  local n
  c_object site-packages/foo/g000.so \
    <<<'int first(void) { return 1; } int who(void) { return 0; }'
  c_object site-packages/foo/g001.so <<<'int who(void) { return 1; }'
  c_object site-packages/foo/g139.so \
    <<<'int last(void) { return 1; } int who(void) { return 2; }'
  for n in {002..138}; do
    cp site-packages/foo/g001.so "site-packages/foo/g$n.so"
  done
  for n in foo bar; do
    c_object "site-packages/$n/mod.so" <<'C'
int first(void), last(void), who(void);
int ask(void) { return 100 * first() + 10 * last() + who(); }
C
  done
  script <<'PY'
import ctypes, os
def load(name, mode=0):
    return ctypes.CDLL(os.path.abspath("site-packages/" + name), mode)
kept = [load("foo/g%03d.so" % n, ctypes.RTLD_GLOBAL) for n in range(140)]
process = ctypes.CDLL(None)
print(load("foo/mod.so").ask(), load("bar/mod.so").ask())
print(process.first(), process.last(), process.who())
PY
  both '110 110
1 1 0'
}

@test "a library opened RTLD_LOCAL beside one opened RTLD_GLOBAL: closed, it is gone" {
  c_object site-packages/foo/global.so <<<'int unlike(void) { return 0; }'
  c_object site-packages/foo/local.so <<<'static int calls; int next(void) { return ++calls; }'
  script <<'PY'
import os
import look
from cffi import FFI
ffi = FFI()
ffi.cdef("int next(void); int unlike(void);")
kept = ffi.dlopen(os.path.abspath("site-packages/foo/global.so"),
                  ffi.RTLD_NOW | ffi.RTLD_GLOBAL)
for turn in range(3):
    library = ffi.dlopen(os.path.abspath("site-packages/foo/local.so"), ffi.RTLD_NOW)
    print(library.next(), library.next(), look.mapped("/local.so"), end=" ")
    ffi.dlclose(library)
    print(look.mapped("/local.so"))
print(kept.unlike(), look.mapped("/global.so"))
PY
  both '1 2 1 0
1 2 1 0
1 2 1 0
0 1'
}

@test "dlsym(RTLD_DEFAULT) of what nobody has, while others open and close: no crash" {
  # A library that comes and goes under the search is unmapped memory: its table of
  # symbols is long, so that the search takes its time.
  c_object site-packages/giver/global.so <<<'int unlike(void) { return 0; }'
  { seq -f 'int function_%g(void) { return 0; }' 300; echo 'char pad[4000000] = { 1 };'; } |
    c_object site-packages/race/one.so
  cp site-packages/race/one.so site-packages/race/two.so
  c_object site-packages/race/mod.so <<'C'
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>
static volatile int stop;
static long searched, found;
static void *churn(void *path)
{
	while (!stop) {
		void *handle = dlopen(path, RTLD_NOW);
		if (handle)
			dlclose(handle);
	}
	return path;
}
static void *search(void *nothing)
{
	for (; !stop; searched++)
		found += dlsym(RTLD_DEFAULT, "nobody_has_this_symbol") != 0;
	return nothing;
}
int race(const char *one, const char *two)
{
	pthread_t thread[3];
	pthread_create(&thread[0], 0, churn, (void *)one);
	pthread_create(&thread[1], 0, churn, (void *)two);
	pthread_create(&thread[2], 0, search, 0);
	usleep(1500000);
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], 0);
	return found ? -1 : searched > 0;
}
C
  script <<'PY'
import ctypes, os
def path(name):
    return os.path.abspath("site-packages/" + name)
kept = ctypes.CDLL(path("giver/global.so"), ctypes.RTLD_GLOBAL)
print(ctypes.CDLL(path("race/mod.so")).race(path("race/one.so").encode(),
                                            path("race/two.so").encode()))
PY
  both 1
}

@test "dlsym(RTLD_DEFAULT) finds what another package has promoted, though a neighbour has the name" {
  # ... for itself only, by a function of its own or because it was given the promoted one.
  local how
  c_object site-packages/foo/global.so <<<'int who(void) { return 1; }'
  c_object site-packages/given/binds.so <<<'int who(void); int ask(void) { return who(); }'
  c_object site-packages/has/binds.so <<<'static int ask(void) { return 1; } int who(void) { return ask(); }'
  for how in given has; do
    c_object "site-packages/$how/looks.so" <<'C'
#include <dlfcn.h>
int ask(void)
{
	int (*who)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "who");
	return who ? who() : -1;
}
C
  done
  script <<'PY'
import ctypes, os
def load(name, mode=0):
    return ctypes.CDLL(os.path.abspath("site-packages/" + name), mode)
kept = [load("foo/global.so", ctypes.RTLD_GLOBAL), load("given/binds.so"), load("has/binds.so")]
print(load("given/looks.so").ask(), load("has/looks.so").ask())
PY
  both '1 1'
}

@test "dlsym(RTLD_DEFAULT) in a module that has the name finds its own, not another package's" {
  c_object site-packages/foo/global.so <<<'int who(void) { return 1; }'
  c_object site-packages/own/looks.so <<'C'
#include <dlfcn.h>
int who(void) { return 2; }
int ask(void) { return ((int (*)(void))dlsym(RTLD_DEFAULT, "who"))(); }
C
  script <<'PY'
import ctypes, os
kept = ctypes.CDLL(os.path.abspath("site-packages/foo/global.so"), ctypes.RTLD_GLOBAL)
print(ctypes.CDLL(os.path.abspath("site-packages/own/looks.so")).ask())
PY
  plain
  prints 1
  isolated
  prints 2
}

# --- preloaded ---

@test "LD_PRELOAD: modules find what they lack, dlsym(RTLD_DEFAULT) and dlopen(NULL) find it" {
  # Nothing but the preloaded library itself: not what came with it.
  c_object libunder.so <<<'int under(void) { return 5; }'
  c_object libfirst.so libunder.so <<<'int who(void) { return 1; }'
  c_object site-packages/lacks/lacks.so <<<'int who(void); int ask(void) { return who(); }'
  c_object site-packages/looks/looks.so <<'C'
#include <dlfcn.h>
int ask(void)
{
	int (*who)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "who");
	int (*again)(void) = (int (*)(void))dlsym(dlopen(0, RTLD_NOW), "who");
	return who && who == again ? who() : -1;
}
C
  c_object site-packages/has/has.so <<'C'
#include <dlfcn.h>
int who(void) { return 2; }
int ask(void) { return ((int (*)(void))dlsym(RTLD_DEFAULT, "who"))(); }
C
  c_object site-packages/under/under.so <<'C'
#include <dlfcn.h>
int ask(void) { return dlsym(RTLD_DEFAULT, "under") ? 5 : 0; }
C
  script <<'PY'
import ctypes, os
for name in "lacks", "looks", "has", "under":
    print(ctypes.CDLL(os.path.abspath("site-packages/%s/%s.so" % (name, name))).ask(), end=" ")
PY
  export LD_LIBRARY_PATH=$PWD LD_PRELOAD=$PWD/libfirst.so
  plain
  prints '1 1 1 5 '
  isolated
  prints '1 1 2 0 '
  assert_equal "$stderr" ''
  # ... unless that is preloaded itself
  LD_PRELOAD+=:$PWD/libunder.so
  isolated
  prints '1 1 2 5 '
}

@test "LD_PRELOAD: not what the constructor of a preloaded library has opened" {
  c_object libopened.so <<<'int opened(void) { return 5; }'
  c_object libopens.so -ldl <<'C'
#include <dlfcn.h>
__attribute__((constructor)) static void begin(void) { dlopen("libopened.so", RTLD_NOW); }
C
  c_object site-packages/lacks/lacks.so <<<'int opened(void); int ask(void) { return opened(); }'
  script <<'PY'
import ctypes, os
try:
    ctypes.CDLL(os.path.abspath("site-packages/lacks/lacks.so"), os.RTLD_NOW)
except OSError as error:
    print("opened" in str(error))
PY
  export LD_LIBRARY_PATH=$PWD LD_PRELOAD=$PWD/libopens.so
  plain
  prints True
  isolated
  prints True
}

@test "LD_PRELOAD: what the program needs anyway is not preloaded" {
  c_object site-packages/looks/looks.so <<'C'
#include <dlfcn.h>
int ask(void) { return dlsym(RTLD_DEFAULT, "XML_ParserCreate") != 0; }
C
  script <<'PY'
import ctypes, os
print(ctypes.CDLL(os.path.abspath("site-packages/looks/looks.so")).ask())
PY
  # By another name than pypy3 asks for, too: it is the same library.
  plain -c 'import look
print(next(line.split()[-1] for line in look.maps() if "/libexpat.so" in line))'
  ln -s "$output" libother.so
  for library in libexpat.so.1 "$PWD/libother.so"; do
    export LD_PRELOAD=$library
    plain
    prints 1
    isolated
    prints 0
  done
}
