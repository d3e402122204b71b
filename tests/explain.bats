#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# `explain`: a real run is what it would be without it, and what is said of it is what ld.so
# did.
#
# Bats sets output, stderr and status; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper

setup_file() {
  provide five check lxml numpy pillow
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export PYTHONPATH=$cache/real/site-packages:$cache/five/site-packages PYTHONDONTWRITEBYTECODE=1
  unset LD_AUDIT LD_PRELOAD LD_BIND_NOW
  FIVE=$cache/five/site-packages/five
}

# explained WORD...: explain, with options before a program; nothing may hang.
explained() {
  run --separate-stderr timeout -k 5 100 "$built/pypy-isolate" explain "$@"
}

# about EXPRESSION: what Python makes of the report, as r, and its processes, as p.
about() {
  /usr/bin/python3 -c 'import json, sys
r = json.load(open("report.json"))
p = r["processes"]
def modules(process, package=None):
    return [m for m in process["modules"] if m["package"] and package in (None, m["package"])]
def total(process, what):
    return sum(b[what] for b in process["bindings"])
print(eval(sys.argv[1]))' "$1"
}

# told EXPRESSION VALUE: as Python prints it
told() {
  assert_equal "$1: $(about "$1")" "$1: $2"
}

# The report is as its schema says.
valid() {
  run /usr/bin/python3 - "$root/man/pypy-isolate-explain.schema.json" report.json <<'PY'
import json
import jsonschema
import sys

schema, report = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.Draft7Validator.check_schema(schema)
jsonschema.validate(report, schema)
for process in report["processes"]:
    ids = [each["id"] for each in process["objects"]]
    assert len(set(ids)) == len(ids)
    for each in process["objects"]:
        assert set(each["needed"]) <= set(ids) and each["mirror_of"] in [None, *ids]
    for each in process["bindings"]:
        assert {each["from"], each["to"]} <= set(ids) and each["plain"] in [None, *ids]
        assert each["hijacked"] <= each["count"] and bool(each["hijacked"]) == bool(each["plain"])
        assert len(each["symbols"]) == min(each["hijacked"], 50)
    for each in process["modules"]:
        assert each["object"] in [None, *ids]
print("valid")
PY
  assert_output valid
}

# agrees SCRIPT: with ld.so, on all that SCRIPT's modules are bound to; counts are shown.
agrees() {
  LD_BIND_NOW=1 LD_DEBUG=bindings LD_DEBUG_OUTPUT=$PWD/debug explained --json report.json -- \
    pypy3 -c "$1"
  assert_success
  valid
  run /usr/bin/python3 "$root/tests/fixture/explain/compare.py" report.json debug.*
  assert_success
  assert_output --regexp '^objects [0-9]+ bindings [1-9][0-9]* hijacked [0-9]+ differences 0$'
  echo "# $BATS_TEST_DESCRIPTION: $output" >&3
}

@test "explain: lxml, numpy and Pillow are bound as ld.so says" {
  agrees 'import lxml.etree, numpy, PIL._imaging'
  told 'len(modules(p[0], "numpy")) > 1' True
  told '{b["target"] for b in p[0]["bindings"]} == {"self", "own", "capi", "host"}' True
}

@test "explain: so are five vendored libraries, and what is hijacked is what check says" {
  agrees 'import five._five'
  local wanted
  wanted=$("$built/pypy-isolate" check -i pypy3 --json "$FIVE"/_five.*.so |
    /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["sum"]["hijacked"])')
  [ "$wanted" -gt 200 ]
  told 'total(p[0], "hijacked")' "$wanted"
  told '[b["plain"] for b in p[0]["bindings"] if b["plain"] and
         p[0]["objects"][0]["kind"] != "program"]' '[]'
}

@test "explain: what a namespace has once (STB_GNU_UNIQUE), later modules get of the first" {
  mkdir -p site-packages/mine
  local name
  for name in one two; do
    g++ -shared -fPIC -o site-packages/mine/$name.so -x c++ - <<CXX
template <class T> struct Once { static int value; };
template <class T> int Once<T>::value = 1;
int *PyInit_$name() { return &Once<int>::value; }
CXX
  done
  agrees 'import ctypes, os
for name in "one", "two":
    ctypes.CDLL(os.path.abspath("site-packages/mine/%s.so" % name))'
  told '[[o["name"][-6:] for o in p[0]["objects"] if o["id"] in (b["from"], b["to"])]
         for b in p[0]["bindings"] if b["target"] == "own"]' "[['one.so', 'two.so']]"
}

@test "explain: the text says which module is where, by which rule, with what, and who hijacks" {
  explained -- pypy3 -c 'import five._five'
  assert_success
  assert_output ''
  output=$stderr
  assert_output --regexp 'process [0-9]+: pypy3 -c import five._five'
  assert_output --partial 'namespace 2: five'
  assert_output --regexp '_five[^ ]*\.so
      a new one \(built-in:[0-9]+\); [0-9.]+ ms'
  assert_output --regexp 'with .*/libz-6c139317\.so\.1\.3\.1 \(RPATH or RUNPATH\)'
  assert_output --regexp '[0-9]+ references: [0-9]+ to its own, [0-9]+ to the C API, [0-9]+ to what all share'
  assert_output --regexp '33 of libz-6c139317\.so\.1\.3\.1, by /[^ ]*/libz\.so\.1'
  assert_output --regexp '1 process with an interpreter, 1 module isolated in 1 namespace, 0 refused; [0-9]+ references bound, 216 of which would be hijacked'
  refute_output --partial $'\e'
}

@test "explain: the run is the same: output, arguments, standard input, exit status" {
  cat >script.py <<'PY'
import sys, five._five
sys.stdout.buffer.write(bytes(range(256)) + sys.stdin.buffer.read())
print(sys.argv)
sys.exit(3)
PY
  local status=0
  head -c 100000 /dev/urandom >in
  pypy3 script.py --json x '' <in >plain || status=$?
  assert_equal "$status" 3
  "$built/pypy-isolate" explain --json report.json -- pypy3 script.py --json x '' \
    <in >explained 2>err || status=$?
  assert_equal "$status $(<err)" '3 '
  cmp plain explained
  valid
  told 'r["status"], p[0]["command"]' "(3, ['pypy3', 'script.py', '--json', 'x', ''])"
}

@test "explain: a signal that ends the program ends us, and all is told" {
  explained --json report.json -- pypy3 -c 'import five._five, os; os.kill(os.getpid(), 9)'
  assert_equal "$status" 137
  valid
  told 'r["status"], len(modules(p[0]))' '(137, 1)'
  run --separate-stderr sh -c 'ulimit -c 0; "$@"; echo $?' sh "$built/pypy-isolate" explain \
    --json report.json -- pypy3 -c 'import five._five, os; os.abort()'
  assert_output 134
  told 'r["status"], len(modules(p[0]))' '(134, 1)'
}

@test "explain: os._exit, and an error, hide nothing" {
  explained --json report.json -- pypy3 -c 'import five._five, os; os._exit(4)'
  assert_equal "$status" 4
  told 'len(modules(p[0])), total(p[0], "count") > 300' '(1, True)'
  explained --json report.json -- pypy3 -c 'import five._five; 1 / 0'
  assert_equal "$status" 1
  told 'len(modules(p[0])), total(p[0], "count") > 300' '(1, True)'
}

@test "explain: what exec makes of a process is told, too" {
  explained --json report.json -- pypy3 -c 'import five._five, os, sys
os.execv(sys.executable, [sys.executable, "-c", "import lxml.etree"])'
  assert_success
  valid
  told 'len({each["pid"] for each in p}), [len(modules(each)) for each in p]' '(1, [1, 1])'
  told '"five._five" in p[0]["command"][2], "lxml.etree" in p[1]["command"][2]' '(True, True)'
}

@test "explain: children of fork, spawn and subprocess are processes of the report" {
  cat >script.py <<'PY'
import multiprocessing, os, subprocess, sys

def load(name):
    __import__(name)
    return os.getpid()

def nothing(name):
    return os.getpid()

if __name__ == "__main__":
    import five._five
    for how, work in ("fork", load), ("spawn", load), ("fork", nothing):
        with multiprocessing.get_context(how).Pool(1) as pool:
            print(*pool.map(work, ["numpy"]))
    command = [sys.executable, "-c", "import lxml.etree, os; print(os.getpid())"]
    print(subprocess.check_output(command).decode().strip())
PY
  explained --json report.json -- pypy3 script.py
  assert_success
  local forked=${lines[0]} spawned=${lines[1]} idle=${lines[2]} sub=${lines[3]}
  valid
  told '[[m["package"] for m in modules(each) if not m["inherited"]] and
         modules(each)[-1]["package"] for each in p for pid in ['"$forked, $spawned, $idle, $sub"']
         if each["pid"] == pid]' "['numpy', 'numpy', [], 'group libxml2']"
  told '[each["forked"] for each in p for pid in ['"$forked, $spawned, $idle, $sub"']
         if each["pid"] == pid]' '[True, False, True, False]'
  told '{each["parent"] for each in p[1:] if each["command"][0] != "sh"} == {p[0]["pid"]}' True
  told '[m["package"] for each in p if each["pid"] == '"$forked"' for m in modules(each)
         if m["inherited"]]' "['five']"
  told '[each["objects"] for each in p if each["pid"] == '"$idle"']' '[[]]'
  # All that was loaded before is a part of what it has, and bound as in its parent.
  told 'len({total(each, "hijacked") for each in p if each["pid"] in
         ('"$forked"', p[0]["pid"])})' 1
}

# module NAME LIBRARY: mine.NAME for python3, with a library of its own that has a function
# of libyaml's; uwsgi is linked to that.
own_module() {
  mkdir -p site-packages/mine
  gcc -shared -fPIC -o site-packages/mine/lib"$1"own.so -x c - \
    <<<"const char *yaml_get_version_string(void) { return \"$1\"; }"
  # shellcheck disable=SC2046 # two words
  gcc -shared -fPIC -o site-packages/mine/"$1".so -x c - -x none \
    $(python3-config --includes) site-packages/mine/lib"$1"own.so "-Wl,-rpath,\$ORIGIN" <<C
#include <Python.h>
const char *yaml_get_version_string(void);
static struct PyModuleDef def = { PyModuleDef_HEAD_INIT, "$1", NULL, -1 };
PyMODINIT_FUNC PyInit_$1(void)
{
	PyObject *module = PyModule_Create(&def);
	PyModule_AddStringConstant(module, "yaml", yaml_get_version_string());
	return module;
}
C
}

@test "explain: uWSGI's workers, the application in each; and what its libraries would hijack" {
  provide uwsgi
  own_module one
  cat >app.py <<'PY'
import sys
sys.path.insert(0, "site-packages")
import mine.one
print("loaded", mine.one.yaml, flush=True)
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"x"]
PY
  touch log
  "$built/pypy-isolate" explain --json report.json -- uwsgi-core \
    --plugins-dir /usr/lib/uwsgi/plugins --plugin "$(uwsgi_plugin)" --wsgi-file app.py --need-app \
    --master --die-on-term --lazy-apps --processes 2 --socket :0 >log 2>&1 3>&- &
  local pid=$!
  for _ in {1..200}; do
    [ "$(grep -c '^loaded one' log)" -lt 2 ] || break
    sleep 0.1
  done
  kill -TERM "$pid"
  wait "$pid" || true
  [ "$(grep -c '^loaded one' log)" = 2 ] || fail "$(<log)"
  valid
  told '[(len(modules(each)), total(each, "hijacked")) for each in p if each["forked"] and
         each["modules"]]' '[(1, 1), (1, 1)]'
  told '{[o["name"].split("/")[-1].split("-")[0] for o in each["objects"] if o["id"] == b["plain"]][0]
         for each in p for b in each["bindings"] if b["plain"]}' "{'libyaml'}"
  told 'p[0]["interpreter"].split("/")[-1].split(".so")[0], {each["parent"] for each in p
         if each["modules"] and each["forked"]} == {p[0]["pid"]}' "('libpython3.11', True)"
}

@test "explain: a daemon goes on, and the report is there when the command has ended" {
  cat >script.py <<'PY'
import five._five, os, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
print(os.getpid(), flush=True)
os.dup2(os.open("out", os.O_CREAT | os.O_WRONLY), 1)
os.dup2(1, 2)
while os.path.exists(os.environ["PYPY_ISOLATE_RECORD"]):
    time.sleep(0.05)
import lxml.etree
print("imported", flush=True)
PY
  "$built/pypy-isolate" explain --json report.json -- pypy3 script.py >log 2>&1 3>&-
  valid
  told 'len(modules(p[0]))' 1
  for _ in {1..200}; do
    [ ! -s out ] || break
    sleep 0.1
  done
  # Nothing is said of a record that is not there any more.
  assert_equal "$(<out)" imported
}

@test "explain: signals that are sent to us go to the program, and its stops are ours" {
  cat >script.py <<'PY'
import os, signal, sys, time
def got(number, frame):
    print("got", number, flush=True)
    if number == signal.SIGTERM:
        sys.exit(5)
for number in signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP, signal.SIGWINCH:
    signal.signal(number, got)
print("ready", flush=True)
while True:
    time.sleep(0.05)
PY
  "$built/pypy-isolate" explain --json report.json -- pypy3 script.py >log 2>&1 3>&- &
  local pid=$! status=0 each
  wait_for() {
    for _ in {1..200}; do
      [ "$(tail -1 log)" != "$1" ] || return 0
      sleep 0.05
    done
    fail "no '$1' in: $(<log)"
  }
  wait_for ready
  for each in USR1 HUP WINCH INT; do
    kill -"$each" "$pid"
    wait_for "got $(kill -l "$each")"
  done
  kill -STOP "$(pgrep -P "$pid")"
  for _ in {1..100}; do
    [[ $(ps -o state= -p "$pid") != T* ]] || break
    sleep 0.05
  done
  assert_equal "$(ps -o state= -p "$pid")" T
  kill -CONT "$pid"
  kill -TERM "$pid"
  wait "$pid" || status=$?
  assert_equal "$status" 5
  wait_for 'got 15'
  valid
}

@test "explain: --follow says what is loaded while the program runs" {
  cat >script.py <<'PY'
import os, sys, time
import five._five
for _ in range(200):
    if "five._five" in open(sys.argv[1]).read().replace("/_five", "._five"):
        break
    time.sleep(0.05)
else:
    print("not told")
PY
  run --separate-stderr sh -c '"$@" 2>err' sh timeout 60 "$built/pypy-isolate" explain --follow \
    -- pypy3 script.py err
  assert_success
  assert_output ''
  run cat err
  assert_output --regexp '^\[[0-9]+\] namespace 2, five: .*/_five[^ ]*: a new one \(built-in:[0-9]+\), [0-9.]+ ms$'
}

@test "explain: a report that cannot be written is said, and the program runs" {
  explained --json "$PWD/none/report.json" -- pypy3 -c 'import five._five; print(6)'
  assert_success
  assert_output 6
  assert_equal "$(head -1 <<<"$stderr")" "pypy-isolate: $PWD/none/report.json: cannot be written: No such file or directory; the program runs all the same"
  explained --json /dev/full -- pypy3 -c 'import five._five; print(6)'
  assert_success
  assert_output 6
  assert_equal "$stderr" "pypy-isolate: /dev/full: the report is not complete: No space left on device"
}

@test "explain: --json and --html take no option and no other file for theirs, and start nothing" {
  local option each
  echo 'print(8)' >app.py
  cp app.py before.py
  for option in --json --html; do
    for each in -- - --follow; do
      explained $option $each pypy3 app.py
      assert_equal "$status $output" '125 '
      assert_equal "$(head -1 <<<"$stderr")" \
        "pypy-isolate: $option needs a FILE, not '$each'; ./$each if that is its name"
      [ ! -e "./$each" ] || fail "$each is written"
    done
    explained $option ./app.py pypy3 app.py
    assert_equal "$status $output" '125 '
    assert_equal "$stderr" \
      'pypy-isolate: ./app.py: is there, and no report of explain; name another file'
    cmp app.py before.py
    # Where the option has taken the interpreter for its FILE.
    run --separate-stderr -127 "$built/pypy-isolate" explain $option pypy3 none.py
    [ ! -e pypy3 ] || fail "pypy3 is written"
  done
  # Nor when nothing is started, or nothing to be told.
  PYPY_ISOLATE_CONF=$PWD/none explained --json new.json -- pypy3 app.py
  assert_equal "$status" 125
  PYPY_ISOLATE=off explained --json new.json -- pypy3 app.py
  assert_success
  [ ! -e new.json ] || fail "new.json is written"
}

@test "explain: an earlier report, an empty file and what is no file are written to" {
  touch report.json
  local option
  for option in --json --json --html --html --json; do
    explained $option report.json -- pypy3 -c ''
    assert_equal "$status $stderr" '0 '
  done
  valid
  "$built/pypy-isolate" explain --json /dev/stdout -- pypy3 -c '' | cat >report.json
  valid
}

@test "explain: so is a record that cannot be written" {
  TMPDIR=$PWD/none explained -- pypy3 -c 'import five._five; print(6)'
  assert_success
  assert_output 6
  assert_equal "$stderr" "pypy-isolate: $PWD/none: nothing can be recorded there: No such file or directory; the program runs without being explained"
  [ "$(id -u)" = 0 ] || cannot "only root can fill a disk"
  mkdir small
  # shellcheck disable=SC2016
  run --separate-stderr unshare -m sh -c 'mount -t tmpfs -o size=4k,nr_inodes=10 none small &&
    TMPDIR=$PWD/small "$@"' sh "$built/pypy-isolate" explain --json report.json -- \
    pypy3 -c 'import five._five, os
for _ in range(60):
    if not os.fork():
        os._exit(0)
    os.wait()
print(6)'
  assert_success
  assert_output 6
  assert_regex "$stderr" "small/pypy-isolate-[^/]*/record: not all that happens can be recorded for \`pypy-isolate explain\`: No space left on device"
  valid
}

@test "explain: lines of the record that make no sense are counted, and nothing crashes" {
  explained --json report.json -- pypy3 -c 'import five._five, os
with open(os.environ["PYPY_ISOLATE_RECORD"], "ab") as record:
    pid = b"%d" % os.getpid()
    for line in b"", b"x\n", b"1\tload\n", pid + b"\tneed\tzz\ta\n", pid + b"\tload\t99\t0\n", \
        b"\0" * 70000 + b"\n", pid + b"\tobject\t-1\t0\t\t\t\t\t\n", pid + b"\tgone\t1\n", \
        b"99999999999999999999999\tfork\t1\n", pid + b"\tload\t7\t0\t1\t2\t3\t4\t/x\t\t\t\t\n", \
        pid + b"\tobject\t3\tabc\tother\t0\t/dev/zero\ta\tb\n", pid + b"\tneed\tabc\tb\tb\n", \
        pid + b"\tload\t3\tabc\t0\t2\t3\t4\t/dev/zero\tp\tq\tr\t\n", b"\t" * 9000 + b"\n":
        record.write(line)'
  assert_success
  valid
  told 'total(p[0], "hijacked")' 216
  assert_regex "$stderr" '^pypy-isolate: [0-9]+ lines of the record make no sense; is the disk full\?$'
}

@test "explain: a module that is refused is told, with the reason" {
  mkdir -p site-packages/bad
  printf '\x7fELF and no more' >site-packages/bad/mod.so
  explained --json report.json -- pypy3 -c 'import ctypes, os
try:
    ctypes.CDLL(os.path.abspath("site-packages/bad/mod.so"))
except OSError as error:
    print(str(error).replace("Cannot load library " + os.path.abspath("site-packages/bad/mod.so: "), ""))'
  assert_success
  assert_output --partial "site-packages/bad/mod.so: "
  told '[(m["object"], m["refused"]) for m in p[0]["modules"] if m["refused"]]' \
    "[(None, '$output')]"
  valid
}

@test "explain: what cannot be run ends as it does without explain" {
  run --separate-stderr -127 "$built/pypy-isolate" explain -- ./none
  assert_equal "$stderr" "pypy-isolate: ./none: not found; is the path right?"
  explained
  assert_equal "$status" 125
  assert_regex "$stderr" '^usage: pypy-isolate explain '
  PYPY_ISOLATE=off explained -- pypy3 -c 'print(7)'
  assert_success
  assert_output 7
  assert_equal "$stderr" "pypy-isolate: PYPY_ISOLATE=off: there is nothing to explain"
  printf '# one\nmode off\n' >off.conf
  PYPY_ISOLATE_CONF=$PWD/off.conf explained -- pypy3 -c 'print(7)'
  assert_success
  assert_equal "$stderr" "pypy-isolate: the mode is off ($PWD/off.conf:2): there is nothing to explain"
  explained -- true
  assert_success
  assert_regex "$stderr" '^0 processes with an interpreter'
}

@test "explain: nothing is left behind: no file, no descriptor below 10" {
  mkdir tmp
  TMPDIR=$PWD/tmp explained --json report.json -- pypy3 -c 'import five._five, os
print(sorted(int(fd) for fd in os.listdir("/proc/self/fd") if 2 < int(fd) < 10))'
  plain pypy3 -c 'import os
print(sorted(int(fd) for fd in os.listdir("/proc/self/fd") if 2 < int(fd) < 10))'
  local without=$output
  TMPDIR=$PWD/tmp explained --json report.json -- pypy3 -c 'import five._five, os
print(sorted(int(fd) for fd in os.listdir("/proc/self/fd") if 2 < int(fd) < 10))'
  assert_output "$without"
  assert_equal "$(ls tmp)" ''
}
