#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# One libc: what a module does through it the process sees, and the other way. Two
# packages, left and right, and base, which is libc as ctypes finds it; each with
# libc's own malloc, with jemalloc and with tcmalloc.

# shellcheck disable=SC2154 # run_script sets errors

load helper_both

setup_file() {
  site_begin onelibc
}

@test "libc: a failing open() in C is the exception of its errno, word for word" {
  with_every_malloc "FileNotFoundError(2, 'No such file or directory')
NotADirectoryError(20, 'Not a directory')
FileExistsError(17, 'File exists')
IsADirectoryError(21, 'Is a directory')
FileNotFoundError(2, 'No such file or directory') /no/where
PermissionError(13, 'Permission denied')
OSError(25, 'Inappropriate ioctl for device')
BlockingIOError(11, 'Resource temporarily unavailable')" <<'PY'
import os, left.state, right.state
def caught(f, *args):
    try:
        f(*args)
    except OSError as e:
        print("%s(%d, %r)" % (type(e).__name__, *e.args[:2]), *filter(None, [e.filename]))
for side, path, flags in ((left, "/no/such", os.O_RDONLY), (right, "/dev/null/x", os.O_RDONLY),
                          (left, "/proc/self/status", os.O_CREAT | os.O_EXCL),
                          (right, "/", os.O_WRONLY)):
    os.isatty(0)  # fails, and leaves another errno
    caught(side.state.open_file, path, flags)
caught(left.state.open_named, "/no/where")
for number in 13, 25, 11:
    caught(right.state.raise_errno, number)
PY
}

@test "libc: errno is one, at one address, for each thread" {
  with_every_malloc "True 34
3 addresses a thread, 1 of them different; 2 threads differ" <<'PY'
import ctypes, threading, left.state, right.state
base = ctypes.CDLL(None)
base.__errno_location.restype = ctypes.c_void_p
value, error = left.state.overflow("99999999999999999999")
print(value == 2 ** (8 * ctypes.sizeof(ctypes.c_long) - 1) - 1, error)
seen = []
def look():
    seen.append([left.state.contents()[0], right.state.contents()[0], base.__errno_location()])
    both.wait(20)
both = threading.Barrier(2)
threads = [threading.Thread(target=look) for _ in range(2)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(len(seen[0]), "addresses a thread,", *{len(set(s)) for s in seen}, "of them different;",
      len({s[0] for s in seen}), "threads differ")
PY
}

@test "libc: functions, IFUNCs and data have one address on all sides" {
  with_every_malloc "28 of 28 are the same
contents are the same" <<'PY'
import ctypes, left.state, right.state
base = ctypes.CDLL(None)
for function in base.dlsym, base.dlvsym, base.__errno_location, base.__h_errno_location:
    function.restype = ctypes.c_void_p
base.dlsym.argtypes = ctypes.c_void_p, ctypes.c_char_p
base.dlvsym.argtypes = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p
ours = {n: base.dlsym(None, n.encode()) for n in left.state.addresses()}
# Before 2.34 libpthread has one, too: for those that ask for the version, as modules do.
ours["fork"] = base.dlvsym(None, b"fork", b"GLIBC_2.2.5") or ours["fork"]
same = [n for n in ours if ours[n] == left.state.addresses()[n] == right.state.addresses()[n]]
print(len(same), "of", len(ours), "are the same", *set(ours) - set(same))
here = (base.__errno_location(), base.__h_errno_location(),
        *[ctypes.c_void_p.in_dll(base, name).value for name in ("stdout", "environ")],
        ctypes.c_char_p.in_dll(base, "program_invocation_short_name").value.decode())
print("contents are the same" if here == left.state.contents() == right.state.contents() else
      (here, left.state.contents(), right.state.contents()))
PY
}

@test "libc: memory from one side is freed by any other, 10,000 times, of all sizes" {
  with_every_malloc "left base right base left
90000 freed" <<'PY'
import ctypes, left.heap, right.heap
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.strdup.restype = libc.realloc.restype = ctypes.c_void_p
libc.malloc.argtypes = (ctypes.c_size_t,)
libc.free.argtypes = (ctypes.c_void_p,)
libc.realloc.argtypes = ctypes.c_void_p, ctypes.c_size_t
class base:
    class heap:
        allocate, release, resize = libc.malloc, libc.free, libc.realloc
        duplicate = staticmethod(lambda text: libc.strdup(text.encode()))
for a, b in (left, base), (base, right), (right, base), (base, left):
    p = a.heap.duplicate("%s" % a.__name__)
    print(left.heap.text_at(p), end=" ")
    b.heap.release(p)
p = left.heap.duplicate("left")
print(right.heap.text_at(p))
right.heap.release(p)
sides, freed = (left, right, base), 0
for i in range(10000):
    size = (24, 100, 1000, 5000, 70000, 300000)[i % 6 if i % 50 == 0 else i % 4] + i % 97
    for a in sides:
        for b in sides:
            p = a.heap.allocate(size)
            if i % 3 == 0:
                p = b.heap.resize(p, size * 2)
            (a if i % 2 else b).heap.release(p)
            freed += 1
print(freed, "freed")
PY
}

@test "libc: a freed block comes back to whoever asks next, whoever freed it" {
  with_every_malloc "True True True True" <<'PY'
import ctypes, left.heap, right.heap
def comes_back(allocating, freeing):
    """Of 50 blocks, are some handed out again? Each malloc keeps small ones for that."""
    blocks = {allocating.allocate(1000) for i in range(50)}
    for block in blocks:
        freeing.release(block)
    again = [allocating.allocate(1000) for i in range(50)]
    for block in again:
        freeing.release(block)
    return bool(blocks & set(again))
libc = ctypes.CDLL(None)
class base:
    allocate, release = libc.malloc, libc.free
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
print(comes_back(left.heap, base), comes_back(base, right.heap),
      comes_back(right.heap, left.heap), comes_back(base, left.heap))
PY
}

@test "libc: malloc_usable_size says the same on all sides" {
  with_every_malloc "True True True" <<'PY'
import ctypes, left.heap, right.heap
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.malloc_usable_size.restype = ctypes.c_size_t
libc.malloc_usable_size.argtypes = (ctypes.c_void_p,)
same = []
for allocate in left.heap.allocate, right.heap.allocate, libc.malloc:
    blocks = [allocate(size) for size in (1, 100, 1000, 100000, 1000000)]
    sizes = [(left.heap.usable_size(b), right.heap.usable_size(b), libc.malloc_usable_size(b))
             for b in blocks]
    same.append(all(a == b == c and a >= 1 for a, b, c in sizes))
    for b in blocks:
        left.heap.release(b)
print(*same)
PY
}

@test "libc: what libc allocates for its caller, the module frees; too much is ENOMEM" {
  with_every_malloc "('42', '/', 'stream', 'Name:') True
('42', '/', 'stream', 'Name:') True
OSError 12 Cannot allocate memory" <<'PY'
import left.heap, right.heap, os
for i in range(1000):
    for heap in left.heap, right.heap:
        heap.allocated_by_libc(), heap.python_memory()
print(left.heap.allocated_by_libc(), left.heap.python_memory())
print(right.heap.allocated_by_libc(), right.heap.python_memory())
os.dup2(os.open("/dev/null", os.O_WRONLY), 2)  # tcmalloc reports it
try:
    left.heap.allocate_too_much()
except OSError as e:
    print(type(e).__name__, *e.args[:2])
PY
}

@test "libc: a preloaded allocator is the one that modules call" {
  local PRELOAD
  for PRELOAD in "${mallocs[@]}"; do
    both "$PRELOAD $PRELOAD, loaded once" <<'PY'
import os, left.heap, right.heap
left_one, right_one = left.heap.whose_malloc(), right.heap.whose_malloc()
with open("/proc/self/maps") as maps:
    starts = [line for line in maps if line.split()[2] == "00000000" and
              os.path.basename(line.split()[-1]).startswith(left_one.split(".so")[0])]
print(left_one, right_one + ",", "loaded once" if len(starts) == 1 else starts)
PY
  done
  PRELOAD=
  both "libc.so.6 libc.so.6" <<<"import left.heap, right.heap
print(left.heap.whose_malloc(), right.heap.whose_malloc())"
}

@test "libc: the heap of jemalloc counts what modules allocate" {
  local PRELOAD=libjemalloc.so.2
  both "True
True" <<'PY'
import ctypes, left.heap, right.heap
base = ctypes.CDLL(None)
value, size = ctypes.c_uint64(), ctypes.c_size_t(8)
def thread_allocated():
    base.mallctl(b"thread.allocated", ctypes.byref(value), ctypes.byref(size), None, 0)
    return value.value
for heap in left.heap, right.heap:
    before = thread_allocated()
    p = heap.allocate(50000000)
    print(50000000 <= thread_allocated() - before < 70000000)
    heap.release(p)
PY
}

@test "libc: setenv() on one side is seen by getenv(), environ and children of the others" {
  with_every_malloc "of left: True True True True True of left
of right: True True True True True of right
of base: True True True True True of base
gone: True True True True True" <<'PY'
import ctypes, os, sys, left.state, right.state
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
class base:
    class state:
        @staticmethod
        def set_env(name, value):
            libc.setenv(name.encode(), value.encode(), 1)
def seen():
    of_base = libc.getenv(b"ISOLATE_TEST")
    return (left.state.get_env("ISOLATE_TEST"), right.state.get_env("ISOLATE_TEST"),
            left.state.walk_env("ISOLATE_TEST"), right.state.walk_env("ISOLATE_TEST"),
            of_base and of_base.decode())
for side in left, right, base:
    value = "of " + side.__name__
    side.state.set_env("ISOLATE_TEST", value)
    print(value + ":", *[got == value for got in seen()], end=" ")
    sys.stdout.flush()
    libc.system(b'echo "$ISOLATE_TEST"')
os.unsetenv("ISOLATE_TEST")
print("gone:", *[got is None for got in seen()])
PY
}

@test "libc: os.environ reaches getenv() in a module" {
  with_every_malloc "from Python from Python None" <<'PY'
import os, left.state, right.state
os.environ["ISOLATE_TEST"] = "from Python"
print(left.state.get_env("ISOLATE_TEST"), right.state.walk_env("ISOLATE_TEST"), end=" ")
del os.environ["ISOLATE_TEST"]
print(left.state.get_env("ISOLATE_TEST"))
PY
}

@test "libc: setlocale() on one side is in force on the others" {
  with_every_malloc "C: ('C', 'ANSI_X3.4-1968', 1, -1) everywhere
C.UTF-8: ('C.UTF-8', 'UTF-8', 6, 3) everywhere
C: ('C', 'ANSI_X3.4-1968', 1, -1) everywhere" <<'PY'
import ctypes, left.state, right.state
libc = ctypes.CDLL(None)
libc.setlocale.restype = libc.nl_langinfo.restype = ctypes.c_char_p
def in_base(name):
    return libc.setlocale(6, name.encode())
for name, change in (("C", right.state.set_locale), ("C.UTF-8", left.state.set_locale),
                     ("C", in_base)):
    change(name)
    mine = left.state.locale()
    same = mine == right.state.locale() and libc.setlocale(0, None).decode() == mine[0] and \
        libc.nl_langinfo(14).decode() == mine[1]
    print("%s: %s %s" % (name, mine, "everywhere" if same else "here alone"))
PY
}

@test "libc: a locale_t of one side is used, read and freed by the other" {
  with_every_malloc "UTF-8 UTF-8 ('C', 'ANSI_X3.4-1968', 1, -1)
UTF-8 6 UTF-8
ANSI_X3.4-1968" <<'PY'
import ctypes, left.state, right.state
libc = ctypes.CDLL(None)
libc.nl_langinfo_l.restype = libc.nl_langinfo.restype = ctypes.c_char_p
libc.nl_langinfo_l.argtypes = ctypes.c_int, ctypes.c_void_p
left.state.set_locale("C")
made = left.state.new_locale("C.UTF-8")
print(right.state.codeset_of(made), libc.nl_langinfo_l(14, made).decode(), left.state.locale())
before = left.state.use_locale(made)
print(*right.state.locale()[1:3], libc.nl_langinfo(14).decode())
right.state.use_locale(before)
right.state.free_locale(made)
print(left.state.locale()[1])
PY
}

@test "libc: what functions remember between calls, they remember for all sides" {
  with_every_malloc "strtok: one two b'three' four None
getopt: (97, None, 2) (98, 'word', 4) (-1, None, 4) b'word' 4
optind: 3 3
h_errno: Unknown host No address associated with name 4
rand: True
tz: ('AAA', 'BBB', 7200, 1) ('CCC', 'CCC', -3600, 0) -3600" <<'PY'
import ctypes, left.state, right.state
libc = ctypes.CDLL(None)
libc.strtok.restype = ctypes.c_char_p
libc.__h_errno_location.restype = ctypes.POINTER(ctypes.c_int)
print("strtok:", left.state.token("one.two.three.four"), right.state.token(None),
      libc.strtok(None, b"."), left.state.token(None), right.state.token(None))
optind = ctypes.c_int.in_dll(libc, "optind")
print("getopt:", left.state.next_option(), right.state.next_option(), left.state.next_option(),
      ctypes.c_char_p.in_dll(libc, "optarg").value or b"word", optind.value)
right.state.set_optind(3)
print("optind:", optind.value, left.state.next_option()[2])
left.state.host_error(1)
print("h_errno:", right.state.host_error(None), end=" ")
right.state.host_error(4)
print(left.state.host_error(None), libc.__h_errno_location()[0])
def numbers(seed, *draws):
    seed(42)
    return [draw() for draw in draws * 2]
of_left, of_right = left.state.random_number, right.state.random_number
alone = numbers(left.state.seed, of_left, of_left, of_left)
mixed = numbers(right.state.seed, of_left, of_right, libc.rand)
print("rand:", alone == mixed)
left.state.set_zone("AAA2BBB")
print("tz:", right.state.zone(), end=" ")
right.state.set_zone("CCC-1")
print(left.state.zone(), ctypes.c_long.in_dll(libc, "timezone").value)
PY
}

@test "libc: 100 pthread keys of each side do not collide, and are read back by every side" {
  with_every_malloc "300 keys, 300 different
300 read back by left, 300 by right, 300 by base
another thread has none, and 15 from destructors
15 15 True" <<'PY'
import ctypes, threading, left.keys, right.keys
libc = ctypes.CDLL(None)
libc.pthread_getspecific.restype = ctypes.c_void_p
libc.pthread_setspecific.argtypes = ctypes.c_uint, ctypes.c_void_p
libc.pthread_self.restype = ctypes.c_ulong
class base:
    class keys:
        set, get = libc.pthread_setspecific, libc.pthread_getspecific
        @staticmethod
        def make():
            key = ctypes.c_uint()
            assert libc.pthread_key_create(ctypes.byref(key), None) == 0
            return key.value
made = [(side, side.keys.make()) for i in range(100) for side in (left, right, base)]
print(len(made), "keys,", len({key for side, key in made}), "different")
want = {}
for i, (side, key) in enumerate(made):
    side.keys.set(key, 1000 + i)
    want[key] = 1000 + i
def read_back(side):
    return sum(side.keys.get(key) == want[key] for maker, key in made)
print("%d read back by left, %d by right, %d by base" %
      (read_back(left), read_back(right), read_back(base)))
def other():
    none = all(not side.keys.get(key) for side, key in made)
    print("another thread has", "none," if none else "some,", "and", left.keys.destructions(),
          "from destructors")
t = threading.Thread(target=other)
t.start()
t.join()
print(left.keys.destructions(), right.keys.destructions(),
      left.keys.thread() == right.keys.thread() == libc.pthread_self())
PY
}

@test "libc: pthread_atfork() handlers of modules run, in the parent and in the child" {
  with_every_malloc "parent Pp Pp
child Pc Pc" <<'PY'
import os, sys, left.keys, right.keys
left.keys.watch_forks()
right.keys.watch_forks()
read, write = os.pipe()
child = os.fork()
if child == 0:
    seen = left.keys.seen_forks(), right.keys.seen_forks()
    os.write(write, b"child " + " ".join(seen).encode())
    os._exit(0)
os.waitpid(child, 0)
print("parent", left.keys.seen_forks(), right.keys.seen_forks())
print(os.read(read, 100).decode())
PY
}

@test "libc: __libc_single_threaded is true until a thread starts, then on no side" {
  glibc_before 2.32 && not_applicable "glibc has __libc_single_threaded since 2.32"
  with_every_malloc "1 1 1
0 0 0" <<'PY'
import ctypes, left.state, right.state, threading
flag = ctypes.c_char.in_dll(ctypes.CDLL(None), "__libc_single_threaded")
print(left.state.is_single_threaded(), right.state.is_single_threaded(), ord(flag.value))
end = threading.Event()
t = threading.Thread(target=end.wait)
t.start()
print(left.state.is_single_threaded(), right.state.is_single_threaded(), ord(flag.value))
end.set()
t.join()
PY
}

@test "libc: signal handlers of a module and of Python, raised from any side" {
  with_every_malloc "True 10 20
Python has 12
30 30 True" <<'PY'
import ctypes, os, signal, left.state, right.state
libc = ctypes.CDLL(None)
print(left.state.handle_signal(10), left.state.raise_signal(10), end=" ")
getattr(libc, "raise")(10)
signal.signal(12, lambda number, frame: print("Python has", number))
print(left.state.raise_signal(0))
right.state.raise_signal(12)
right.state.raise_signal(10)
libc.signal.restype = ctypes.c_void_p
was = libc.signal(10, None)
print(left.state.raise_signal(0), end=" ")
right.state.handle_signal(10)
print(left.state.raise_signal(0), bool(was))
PY
}

@test "libc: printf without a newline appears once, in order, when the process ends" {
  with_every_malloc "abcabcabc" <<'PY'
import ctypes, left.ends, right.ends
libc = ctypes.CDLL(None)
for i in range(3):
    left.ends.print("a")
    libc.printf(b"b")
    right.ends.print("c")
PY
}

@test "libc: it appears once after a fork, and again in a child that ends by exit()" {
  with_every_malloc "1 left 2 child, and exit() 3 right 
1 left 2 4 right and a child that does not flush 5 end" <<'PY'
import ctypes, os, left.ends, right.ends
def wait_for(child):
    assert os.waitpid(child, 0)[1] == 0
left.ends.print("1 left ")
right.ends.print("2 ")
child = os.fork()
if child == 0:
    right.ends.print("child, and exit() ")
    left.ends.print("3 right \n")
    left.ends.leave(0)
wait_for(child)
right.ends.print("4 right ")
right.ends.flush_all()
child = os.fork()
if child == 0:
    left.ends.print("lost")
    ctypes.CDLL(None)._exit(0)  # os._exit() of pypy3 flushes
wait_for(child)
left.ends.print("and a child that does not flush ")
right.ends.print("5 end")
PY
}

@test "libc: fflush(NULL) on one side flushes what the others wrote" {
  with_every_malloc "left right base Python" <<'PY'
import ctypes, os, left.ends, right.ends
libc = ctypes.CDLL(None)
left.ends.print("left ")
right.ends.print("right ")
libc.printf(b"base ")
left.ends.flush_all()
os.write(1, b"Python\n")
PY
}

@test "libc: setvbuf() on one side is in force on the others" {
  with_every_malloc "left 1 right 2 base 3 " <<'PY'
import ctypes, os, left.ends, right.ends
libc = ctypes.CDLL(None)
left.ends.set_buffering(2)  # _IONBF
left.ends.print("left ")
os.write(1, b"1 ")
right.ends.print("right ")
os.write(1, b"2 ")
libc.printf(b"base ")
os.write(1, b"3 ")
PY
}

@test "libc: a FILE of one side is written by the others, and flushed by exit()" {
  local PRELOAD how
  cat >"$BATS_TEST_TMPDIR/script.py" <<PY
import ctypes, left.ends, right.ends
libc = ctypes.CDLL(None)
libc.fputs.argtypes = ctypes.c_char_p, ctypes.c_void_p
stream = left.ends.open_stream("$BATS_TEST_TMPDIR/stream")
right.ends.print_to(stream, "right ")
libc.fputs(b"base ", stream)
left.ends.print_to(stream, "left")
PY
  for PRELOAD in '' "${mallocs[@]}"; do
    for how in plain isolated; do
      rm -f "$BATS_TEST_TMPDIR/stream"
      run_script "$how" "$BATS_TEST_TMPDIR/script.py"
      expects ''
      assert_equal "$(<"$BATS_TEST_TMPDIR/stream")" "right base left"
    done
  done
}

# For the tests of the end: what is registered, by whom, in this order.
ENDS_SCRIPT='
import atexit, ctypes, os, left.ends, right.ends
atexit.register(lambda: os.write(1, b"Python atexit\n"))
left.ends.register_first()
right.ends.register_first()
left.ends.register_second()
base = ctypes.CFUNCTYPE(None)(lambda: os.write(1, b"base, in between\n") and None)
ctypes.CDLL(None).__cxa_atexit(base, None, None)
right.ends.register_second()
'

@test "libc: atexit() and on_exit() handlers run last registered first, after Python's" {
  with_every_malloc "Python atexit
right atexit, registered second
base, in between
left atexit, registered second
right on_exit(0, argument)
right atexit, registered first
left on_exit(0, argument)
left atexit, registered first" <<<"$ENDS_SCRIPT"
}

@test "libc: exit(3) by a module ends with 3, runs all handlers, flushes all output" {
  EXPECT_STATUS=3 with_every_malloc "left on_exit(3, argument)
left atexit, registered first
of left, of base, of right, at exit" <<'PY'
import ctypes, left.ends, right.ends
libc = ctypes.CDLL(None)
left.ends.register_first()
text = b", at exit"
libc.__cxa_atexit(libc.printf, ctypes.c_char_p(text), None)
left.ends.print("of left, ")
libc.printf(b"of base, ")
right.ends.print("of right")
report()
right.ends.leave(3)
PY
}

# The one known difference: among namespaces ld.so begins with the highest, and base
# is last; plain runs them in the order of loading, base's first.
@test "libc: destructors run once each, after all handlers: modules' first, base's last" {
  local PRELOAD="$BATS_TEST_TMPDIR/base.so"
  gcc -shared -fPIC -x c -o "$PRELOAD" - <<'C'
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__attribute__((destructor)) static void end(void)
{
	if (getenv("ENDS") && write(1, "base destructor\n", 16) != 16)
		_exit(99);
}
C
  ends() {
    cat >"$BATS_TEST_TMPDIR/script.py" <<<"$ENDS_SCRIPT
left.ends.tell()
right.ends.tell()
ctypes.CDLL(None).setenv(b'ENDS', b'1', 1)"
    run_script "$1" "$BATS_TEST_TMPDIR/script.py"
    assert_equal "$errors" ''
    tail -n +8 <<<"$output"
  }
  assert_equal "$(ends plain)" "left atexit, registered first
base destructor
left destructor
right destructor"
  assert_equal "$(ends isolated)" "left atexit, registered first
right destructor
left destructor
base destructor"
}
