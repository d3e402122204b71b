#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The C API, functions and data, for modules in namespaces: what they say under
# plain pypy3 and isolated is the same, to the letter.

# shellcheck disable=SC2034 # both reads PIPED and MAY_SHARE

load helper_both

setup_file() {
  site_begin capi
}

@test "capi: all 64 PyExc_* are the interpreter's own exceptions" {
  both "64 exceptions, [] differ" <<'PY'
import builtins, excs
found = excs.exceptions()
print(len(found), "exceptions,",
      [name for name in found if found[name] is not getattr(builtins, name)], "differ")
PY
}

@test "capi: exceptions that C raises, its own and the builtin ones, are caught in Python" {
  both "Error('mine') (<class 'excs.Error'>, <class 'ValueError'>) made in C
AttributeError('AttributeError number 2') True
ZeroDivisionError('ZeroDivisionError number 63') True" <<'PY'
import excs
try:
    excs.raise_own("mine")
except ValueError as e:
    print(repr(e), type(e).__mro__[:2], type(e).__doc__)
for number in 2, 63:
    try:
        excs.raise_builtin(number)
    except Exception as e:
        print(repr(e), type(e) is list(excs.exceptions().values())[number])
PY
}

@test "capi: exceptions that Python raises are caught in C, by their types" {
  both "('lookup', <class 'KeyError'>, KeyError(1))
('os', <class 'FileNotFoundError'>, FileNotFoundError(2, 'No such file or directory'))
('own', <class '__main__.Mine'>, Mine('x'))
('other', <class 'ZeroDivisionError'>, ZeroDivisionError('division by zero'))
nothing" <<'PY'
import excs
class Mine(excs.Error):
    pass
def throw(e):
    raise e
print(excs.catch(lambda: {}[1]))
print(excs.catch(lambda: open("/nowhere")))
print(excs.catch(lambda: throw(Mine("x"))))
print(excs.catch(lambda: 1 / 0))
print(excs.catch(lambda: "nothing"))
PY
}

@test "capi: C gives an exception a cause, and a warning its category" {
  both "Error('chained') from ZeroDivisionError('division by zero')
look out Warned
Warned('and now as an error')" <<'PY'
import excs, warnings
try:
    excs.chain(lambda: 1 / 0)
except excs.Error as e:
    print(repr(e), "from", repr(e.__cause__))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    excs.warn("look out")
    print(caught[0].message, caught[0].category.__name__)
    warnings.simplefilter("error")
    try:
        excs.warn("and now as an error")
    except UserWarning as e:
        print(repr(e))
PY
}

@test "capi: None, True, False, Ellipsis and NotImplemented are one each" {
  both "True
None True False Ellipsis NotImplemented another another" <<'PY'
import singles
ours = None, True, False, Ellipsis, NotImplemented
print(all(a is b for a, b in zip(singles.singletons(), ours)))
print(*[singles.name_of(x) for x in (*ours, 0, ())])
PY
}

@test "capi: the addresses of Py*_Type are the interpreter's types" {
  both "17 types, [] differ
int bool float complex str bytes bytearray list tuple dict set frozenset slice memoryview
type" <<'PY'
import builtins, kinds
found = kinds.builtin_types()
print(len(found), "types,",
      [name for name in found if found[name] is not getattr(builtins, name)], "differ")
print(*map(kinds.type_name, (1, True, 1.5, 1j, "", b"", bytearray(), [], (), {}, set(),
                             frozenset(), slice(1), memoryview(b""))))
print(kinds.type_name(int))
PY
}

@test "capi: a static type and a heap type work through every slot" {
  local each="<1, 2> <4, 6> 2 [1.0, 2.0] <3, 6> <3, 6> <0, 0> 3.0 1002 True False
readonly attribute refused; index refused; TypeError"
  both "Static: $each
Heap: $each" <<'PY'
import kinds
for Type in kinds.Static, kinds.Heap:
    p, q = Type(1, 2), Type(x=3, y=4, tag="t")
    print(Type.__name__ + ":", p, p + q, len(p), list(p), p(3), p.describe(),
          Type.origin(), p.sum, hash(p), p == Type(1, 2), p == q)
    try:
        p.y = 3
    except (AttributeError, TypeError):
        print("readonly attribute refused;", end=" ")
    try:
        p[2]
    except IndexError:
        print("index refused;", end=" ")
    try:
        p + 1
    except TypeError as e:
        print(type(e).__name__)
PY
}

@test "capi: Python subclasses C's types, replaces methods that C calls, and frees them" {
  both "Sub<1, 2> 7 Sub<0, 0> True True Static
Sub<1, 2> 7 Sub<0, 0> True True another
all freed: True" <<'PY'
import gc, kinds
before = kinds.deallocations()
for Type in kinds.Static, kinds.Heap:
    class Sub(Type):
        def __repr__(self):
            return "Sub" + super().__repr__()
        def scale(self, factor):
            return factor + 4
    p = Sub(1, 2)
    p.extra = "a dict of its own"
    print(p, p.describe(), Sub.origin(), isinstance(p, Type), issubclass(Sub, Type),
          kinds.type_name(p))
    for i in range(100):
        Sub(i, i, tag=[i])
    del p
for i in range(5):
    gc.collect()
print("all freed:", kinds.deallocations() - before >= 200)
PY
}

@test "capi: a C type inherits from dict" {
  both "{'a': 1, 'b': 2} 2 dict True
{'a': 1, 'c': 3} 2" <<'PY'
import kinds
d = kinds.Counting()
d["a"] = 1
d["b"] = 2
print(d, d.puts, kinds.Counting.__base__.__name__, isinstance(d, dict))
class Sub(kinds.Counting):
    pass
s = Sub()
s["a"] = 1
s["c"] = 3
print(dict(s), s.puts)
PY
}

@test "capi: Python sees a buffer that C exports, with shape, strides and format" {
  both "(3, 4) (32, 8) i 4 2 False
[[0, 2, 4, 6], [100, 102, 104, 106], [200, 202, 204, 206]]
exported 1
BufferError a matrix has strides
exported 0" <<'PY'
import buffers, gc
m = buffers.Matrix()
v = memoryview(m)
print(v.shape, v.strides, v.format, v.itemsize, v.ndim, v.contiguous)
print(v.tolist())
print("exported", m.exported)
try:
    buffers.consume(m)
except BufferError as e:
    print("BufferError", e)
v.release()
del v
for i in range(5):
    gc.collect()  # a view of pypy's holds on until then
print("exported", m.exported)
PY
}

@test "capi: C sees the buffers that Python exports, and writes where it may" {
  both "('B', 1, 1, 3, 294)
('B', 1, 1, 3, 294)
('i', 4, 1, 8, 3)
('i', 4, 2, 24, 15)
bytearray(b'xxxx') refused refused
memory of the module
Memory of the module" <<'PY'
import array, buffers
print(buffers.consume(b"abc"))
print(buffers.consume(bytearray(b"abc")))
print(buffers.consume(array.array("i", [1, 2])))
print(buffers.consume(memoryview(array.array("i", range(6))).cast("B").cast("i", (2, 3))))
b = bytearray(4)
buffers.overwrite(b)
print(b, end=" ")
for wrong in b"read-only", 3:
    try:
        buffers.overwrite(wrong)
    except (BufferError, TypeError, ValueError):
        print("refused", end="\n" if wrong == 3 else " ")
v = buffers.view_of_static()
print(bytes(v).decode())
buffers.change_static()
print(bytes(v).decode())
PY
}

@test "capi: a capsule made in one module is taken in another, of its package and of another" {
  both "one 5 KeyError('through') (7, 'one.number', 1) ValueError
two 5 KeyError('through') (7, 'one.number', 1) ValueError
destroyed 2" <<'PY'
import gc, one.maker, one.taker, two.taker
for taker in one.taker, two.taker:
    print(taker.__name__.split(".")[0], taker.add(2, 3), end=" ")
    try:
        taker.fail("through")
    except KeyError as e:
        print(repr(e), end=" ")
    print(taker.value(one.maker.number(7)), end=" ")
    try:
        taker.value(one.maker._API)
    except ValueError as e:
        print(type(e).__name__)
for i in range(5):
    gc.collect()
print("destroyed", one.maker.destructions())
PY
}

@test "capi: a module with two-phase initialization has its state" {
  both "42 state has state
101 102 True
Ellipsis first 103" <<'PY'
import state
print(state.ANSWER, state.WORD, state.__doc__)
print(state.count(), state.count(), state.is_from_def())
print(state.keep("first"), state.keep("second"), state.count())
PY
}

@test "capi: four threads are in C at once, with the GIL released" {
  both "[True, True, True, True]" <<'PY'
import threads, threading
met = []
threads.prepare(4)
all = [threading.Thread(target=lambda: met.append(threads.meet())) for _ in range(4)]
for t in all:
    t.daemon = True
    t.start()
for t in all:
    t.join(20)
print(met)
PY
}

@test "capi: C threads call into Python with PyGILState" {
  both "[4950, 5050, 5150, 5250] True
[-1, -1] 2" <<'PY'
import threads, threading
idents = set()
def answer(number, i):
    idents.add(threading.get_ident())
    return number + i
print(threads.call_from_threads(answer, 4), threading.get_ident() not in idents)
raised = []
def wrong(number, i):
    raised.append(number)
    raise ValueError(i)
print(threads.call_from_threads(wrong, 2), len(raised))
PY
}

@test "capi: a C __thread is each thread's own" {
  both "(8, -1)
(9, -2) (10, -3) (11, -4)
(9, -2)" <<'PY'
import threads, threading
print(threads.add_own(1))
def other(n):
    threads.add_own(n)
    print(threads.add_own(0), end="\n" if n == 4 else " ")
for n in 2, 3, 4:
    t = threading.Thread(target=other, args=(n,))
    t.start()
    t.join()
print(threads.add_own(1))
PY
}

@test "capi: C++ exceptions are thrown and caught inside a module, 200 frames deep" {
  both "('at the bottom', 200, 0)
('at the bottom', 200, 0)
out_of_range stoi regex 1 bad_alloc
out_of_range stoi regex 1 bad_alloc" <<'PY'
import cxx, other.cxx
for module in cxx, other.cxx:
    for i in range(2000):
        got = module.thrown_and_caught(200)
    print(got)
for module in cxx, other.cxx:
    print(module.library_throws())
PY
}

@test "capi: a C++ exception gets through a callback into Python, and back" {
  both "('failure', 'at the bottom', 2)
nothing thrown
ValueError('of Python')
('failure', 'at the bottom', 2)
('at the bottom', 'at the bottom', 0)
('at the bottom', 'Python raised', 0)
0 0" <<'PY'
import cxx, other.cxx
print(cxx.through_callback(cxx.throw_later))
print(cxx.through_callback(lambda: None))
def wrong():
    raise ValueError("of Python")
try:
    cxx.through_callback(wrong)
except ValueError as e:
    print(repr(e))
def outer():
    print(other.cxx.through_callback(other.cxx.throw_later))
    cxx.throw_later()
assert cxx.through_callback(outer)[0] == "failure"
print(cxx.in_handler(cxx.throw_later))
print(cxx.in_handler(wrong))
print(cxx.alive(), other.cxx.alive())
PY
}

@test "capi: C++ exceptions are thrown in threads of both sides, and by call_once and futures" {
  both "[('at the bottom', 3, 0)] 800
('at the bottom', 1)" <<'PY'
import cxx, other.cxx, threading
got = []
def throw(module):
    for i in range(100):
        what, depth, alive = module.thrown_and_caught(3)
        got.append((what, depth))
all = [threading.Thread(target=throw, args=(m,)) for m in (cxx, other.cxx) * 4]
for t in all:
    t.start()
for t in all:
    t.join()
print([(*x, cxx.alive()) for x in set(got)], len(got))
print(cxx.futures())
PY
}

@test "capi: C++ thread_local objects are destroyed with their threads, last made first" {
  both "b1 a1 b2 a2 b3 a3 
b1 a1 b2 a2 b3 a3 
5 b5 a5 " <<'PY'
import cxx, other.cxx, threading, time
print(cxx.thread_locals())
print(other.cxx.thread_locals())
t = threading.Thread(target=lambda: print(cxx.touch_here(), end=" "))
t.start()
t.join()
for i in range(1000):  # join() is over before the thread is
    gone = cxx.destroyed_since()
    if gone:
        break
    time.sleep(0.01)
print(gone)
PY
}

@test "capi: OpenMP sums with four threads, in two packages" {
  local MAY_SHARE=1  # libgomp brings them together
  export OMP_NUM_THREADS=3 OMP_DYNAMIC=false
  both "(1800030000, 4) 3 10
(1800030000, 4) 3 10" <<'PY'
import openmp, many.openmp
for module in openmp, many.openmp:
    print(module.sum(60000), module.max_threads(), module.private_sum())
PY
}

streams_script() {
  cat <<'PY'
import ctypes, streams, apart.streams
libc = ctypes.CDLL(None)
for i in range(1, 4):
    streams.by_iostream("%da" % i)
    streams.by_printf("%db" % i)
    apart.streams.by_iostream("%dc" % i)
    libc.printf(b"%s", b"%dd" % i)
    apart.streams.by_putchar("%de" % i)
    streams.by_putchar("%df\n" % i)
streams.formatted()
apart.streams.formatted()
PY
}

STREAMS_TEXT="1a1b1c1d1e1f
2a2b2c2d2e2f
3a3b3c3d3e3f
0xff 1.5 true
0xff 1.5 true"

@test "capi: iostream and printf of two packages and of base are interleaved in order" {
  both "$STREAMS_TEXT" < <(streams_script)
}

@test "capi: the same into a pipe" {
  local PIPED=1
  both "$STREAMS_TEXT" < <(streams_script)
}

@test "capi: a flush in a module comes between what Python writes before and after" {
  both "first second third" <<'PY'
import os, streams
os.write(1, b"first ")
streams.by_printf("sec")
streams.by_iostream("ond ")
streams.flush()
os.write(1, b"third\n")
PY
}
