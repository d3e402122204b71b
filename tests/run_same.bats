#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A program cannot tell that we are there, but for what its modules bind to; and a
# process that is no interpreter is left alone.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  live_begin
}

setup() {
  live_test
}

# --- the interpreter ---

@test "__file__, __spec__ and sys are the same" {
  script <<'PY'
import sys, own.mod, own.dl, own._api, importlib
for module in (own.mod, own.dl, own._api, own):
    print(module.__name__, getattr(module, "__file__", None), module.__spec__.origin)
print(sys.executable, sys.prefix, sys.argv, sys.path, sys.flags)
PY
  same script.py one two
  assert_success
  assert_line --index 0 --partial "$SITE/own/mod."
}

@test "dladdr names the same: a module's, a library's, libc's, the interpreter's" {
  script <<'PY'
import ctypes, os, sys
import own.dl as dl
print(dl.where(dl.here())[:2])
library = dl.open(sys.argv[1], os.RTLD_NOW)
for name in ("version", "counter"):
    print(dl.where(dl.sym(library, name))[:2])
for name in ("strtol", "malloc", "memcpy", "PyPyLong_FromLong", "PyPyExc_ValueError"):
    print(dl.where(dl.sym(0, name))[:2])
PY
  same script.py "$SITE/own/libabi.so"
  assert_success
  assert_line --index 0 --partial "$SITE/own/dl."
  assert_line --index 1 "('$SITE/own/libabi.so', 'version')"
}

@test "the files in /proc/self/maps are the same but for our own" {
  script <<'PY'
import ctypes, sys
import look, own.mod, own._api
library = ctypes.CDLL(sys.argv[1])
def is_ours(path):
    # Before glibc 2.34 base gets the members of glibc's family that it lacks: librt.
    return path.startswith("/memfd:") or path.endswith("/libpypy-isolate.so") or "/librt-2." in path
print(*sorted({line.split(None, 5)[5] for line in look.maps() if len(line.split()) > 5
               and not is_ours(line.split(None, 5)[5])}), sep="\n")
print({rights for rights in (line.split()[1] for line in look.maps()) if "wx" in rights})
PY
  same script.py "$SITE/own/libabi.so"
  assert_success
  assert_line --partial 'libz-own.so.1'
}

@test "our files in /proc/self/maps are few, named, and never executable" {
  script <<'PY'
import look, own.mod, p0.mod
print(*sorted({(line.split(None, 5)[5], "x" in line.split()[1]) for line in look.maps()
               if "memfd:" in line}), sep="\n")
PY
  isolated
  assert_success
  assert_line "('/memfd:libc.so.6 (deleted)', False)"
  refute_output --partial True
}

@test "no link map has a name that a debugger would open, and find its own descriptor" {
  script <<'PY'
import ctypes, os
import own.dl as dl
# struct link_map begins with l_addr, l_name, l_ld, l_next.
names, at = [], dl.open(None, os.RTLD_NOW)
while at:
    words = (ctypes.c_void_p * 4).from_address(at)
    names.append(ctypes.string_at(words[1]))
    at = words[3]
print(any(b"libz-own" in name for name in names), [name for name in names if b"/proc/" in name])
PY
  same
  prints 'True []'
}

# dies HOW: exit status and output are the same, with a module in use.
dies() {
  printf '%s\n' 'import ctypes, os, signal, sys, own.mod' 'print(1, flush=True)' "$1" >script.py
  same
  assert_line 1
}

@test "exit status: the end, sys.exit, os._exit, an exception, C's exit" {
  dies ''
  assert_equal "$status" 0
  dies 'sys.exit(3)'
  assert_equal "$status" 3
  dies 'os._exit(4)'
  assert_equal "$status" 4
  dies 'raise SystemExit("words")'
  assert_equal "$status" 1
  dies 'own.mod.nothing'
  assert_equal "$status" 1
  dies 'ctypes.CDLL(None).exit(5)'
  assert_equal "$status" 5
}

@test "exit status: SIGTERM, SIGKILL, SIGINT, abort, SIGSEGV" {
  ulimit -c 0
  dies 'os.kill(os.getpid(), signal.SIGTERM)'
  assert_equal "$status" $((128 + 15))
  dies 'os.kill(os.getpid(), signal.SIGKILL)'
  assert_equal "$status" $((128 + 9))
  dies 'signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGINT)'
  assert_equal "$status" $((128 + 2))
  dies 'os.abort()'
  assert_equal "$status" $((128 + 6))
  dies 'ctypes.c_char.from_address(8).value'
  assert_equal "$status" $((128 + 11))
}

@test "signals, threads, limits, mask and directory are the same" {
  script <<'PY'
import os, resource
import own.mod
fields = ("SigBlk", "SigIgn", "SigCgt", "Threads", "Umask", "NoNewPrivs", "Seccomp")
with open("/proc/self/status") as file:
    print([line.split() for line in file if line.split(":")[0] in fields])
print(os.getcwd(), [resource.getrlimit(n) for n in range(10)])
PY
  same
  assert_success
}

@test "the environment is the same but for our own variables" {
  script <<'PY'
import os
import own.mod
ours = ("LD_AUDIT", "GLIBC_TUNABLES", "LD_BIND_NOW")
with open("/proc/self/environ", "rb") as file:
    now = [word.decode() for word in file.read().split(b"\0") if word]
for words in (sorted("%s=%s" % item for item in os.environ.items()), now):
    print(*[word for word in words if word.split("=")[0] not in ours], sep="\n")
PY
  # A small one: it is printed when the test fails.
  local words=(env -i "PATH=$PATH" "PYTHONPATH=$PYTHONPATH" SAMPLE=value EMPTY=) want
  run "${words[@]}" pypy3 script.py
  want=$output
  # shellcheck disable=SC2086
  run "${words[@]}" $ISOLATE pypy3 script.py
  assert_success
  assert_output "$want"
  assert_line SAMPLE=value
  assert_line EMPTY=
}

@test "the environment has no more than two variables of ours" {
  local name ours='LD_AUDIT|GLIBC_TUNABLES'
  ! glibc_before 2.35 || ours+='|LD_BIND_NOW'
  plain -c 'import os; print(*sorted(os.environ), sep="\n")'
  echo "$output" >plain.txt
  isolated -c 'import os; print(*sorted(os.environ), sep="\n")'
  echo "$output" >isolated.txt
  assert_line LD_AUDIT
  assert_equal "$(comm -23 plain.txt isolated.txt)" ''
  for name in $(comm -13 plain.txt isolated.txt); do
    assert_regex "$name" "^($ours)\$"
  done
}

@test "descriptors 0 to 9, and all below 900, are the same; ours are closed on exec" {
  script <<'PY'
import os, subprocess, sys
import look
def show():
    found = sorted(look.descriptors().items())
    print([(number, what.partition("[")[0]) for number, what in found if number < 900])
show()
import own.mod, p0.mod, hosts.mod
import ctypes
library = ctypes.CDLL(sys.argv[1])
show()
print(os.open("/dev/null", os.O_RDONLY))
print(any(os.get_inheritable(number) for number in look.descriptors() if number >= 900))
print(subprocess.run(["ls", "/proc/self/fd"], close_fds=False, stdout=subprocess.PIPE).stdout)
PY
  # Bats itself needs 3; so the shell that closes them is another.
  local few='3<&- 4<&- 5</dev/null 6<&- 7<&- 8<&- 9<&- 2>&1'
  run bash -c "pypy3 script.py '$SITE/own/libabi.so' $few"
  assert_success
  local want=$output
  run bash -c "$ISOLATE pypy3 script.py '$SITE/own/libabi.so' $few"
  assert_output "$want"
  # PyPy 8 has one open that is its own.
  assert_line --index 2 --regexp '^[34]$'
  assert_line --index 3 False
}

@test "standard input, output and error closed: nothing of ours takes their place" {
  script <<'PY'
import os, sys
import own.mod
for number in range(3):
    try:
        what = os.readlink("/proc/self/fd/%d" % number)
    except OSError:
        what = "closed"
    with open(sys.argv[1], "a") as file:
        print(number, what, file=file)
PY
  timeout 60 pypy3 script.py plain.txt <&- >&- 2>&- 3>&- || true
  # shellcheck disable=SC2086
  timeout 60 $ISOLATE pypy3 script.py isolated.txt <&- >&- 2>&- 3>&- || true
  run cat plain.txt
  local want=$output
  run cat isolated.txt
  assert_output --partial '2 '
  refute_output --partial memfd
  assert_output "${want//plain.txt/isolated.txt}"
}

@test "with few descriptors allowed it works, and none below 10 is kept" {
  script <<'PY'
import look, own.mod, p0.mod
print(own.mod.version(), p0.mod.version(), [n for n, what in look.descriptors().items()
                                            if n < 10 and "memfd" in what])
PY
  # shellcheck disable=SC2086
  run --separate-stderr bash -c "ulimit -n 64; $ISOLATE pypy3 script.py"
  prints 'own p0 []'
}

@test "standard output of Python and of C, to a file, comes in the same order" {
  script <<'PY'
import ctypes, sys
import own.mod
c = ctypes.CDLL(None)
for n in range(3):
    print("python", n)
    sys.stdout.flush()
    c.puts(b"c %d" % n)
    c.fflush(None)
print("the end")
PY
  same
  assert_success
  assert_line --index 1 'c 0'
}

@test "warnings of the interpreter, tracebacks and -v are the same" {
  same -W error -c 'import own.mod, warnings; warnings.warn("words")'
  assert_equal "$status" 1
  same -E -S -c 'import sys; print(sys.flags.no_site, sys.path)'
  same -m this
  same --version
  same -c 'import own.nothing'
}

@test "a program that isolates nothing is the same, down to its mappings" {
  script <<'PY'
import look
print(*sorted({line.split(None, 5)[5] for line in look.maps() if len(line.split()) > 5
               and not line.endswith(("/libpypy-isolate.so", "[heap]"))}), sep="\n")
print(look.descriptors().keys())
PY
  same
  assert_success
}

@test "debugging on: what a module prints is the same, our lines go where they should" {
  PYPY_ISOLATE_LOG=debug:$PWD/log isolated -c 'import own.mod; print(own.mod.version())'
  prints own
  run grep -c "^pypy-isolate: $SITE/own/mod.*: namespace [1-9]" log
  assert_output 1
}

# --- processes that are no interpreter ---

# alone COMMAND...: output, errors and status are the same, and we say nothing
# although asked to say everything.
alone() {
  local output_before stderr_before status_before
  run --separate-stderr "$@"
  output_before=$output stderr_before=$stderr status_before=$status
  # shellcheck disable=SC2086
  PYPY_ISOLATE_LOG=debug run --separate-stderr $ISOLATE "$@"
  assert_equal "$output" "$output_before"
  assert_equal "$stderr" "$stderr_before"
  assert_equal "$status" "$status_before"
}

@test "no interpreter: /bin/true, /bin/false and a shell are left alone" {
  alone /bin/true
  assert_success
  alone /bin/false
  assert_failure 1
  alone sh -c 'echo words; echo others >&2; exit 9'
  assert_equal "$status" 9
  alone sh -c 'kill -TERM $$'
  alone perl -MPOSIX -e 'print strftime("%Y", gmtime(0)), "\n"'
}

@test "no interpreter: a compiler compiles the same bytes" {
  echo 'int main(void) { return 7; }' >t.c
  gcc -o plain-t t.c
  gcc -c -o plain-t.o t.c
  alone gcc -c -o t.o t.c
  assert_success
  cmp t.o plain-t.o
  alone gcc -o t t.c
  cmp t plain-t
  alone ./t
  assert_equal "$status" 7
}

@test "no interpreter: no mirror is made, no descriptor is kept" {
  # shellcheck disable=SC2086
  run $ISOLATE cat /proc/self/maps
  assert_success
  assert_output --regexp '/libc(\.so\.6|-2\.[0-9]+\.so)'
  refute_output --partial memfd
  alone ls /proc/self/fd
  assert_success
}

@test "no interpreter: a program that opens libraries itself is left alone" {
  gcc -D_GNU_SOURCE -x c -o opener - -ldl <<'C'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		void *handle = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL);
		const char *(*version)(void) = handle ? dlsym(RTLD_DEFAULT, "version") : NULL;
		puts(version ? version() : handle ? "opened" : dlerror());
	}
	return 0;
}
C
  alone ./opener "$SITE/own/libabi.so" libz.so.1 /nonexistent.so
  assert_success
  assert_line --index 0 own
}

@test "a shell script that calls both: the compiler is left alone, the interpreter is not" {
  cat >both.sh <<'SH'
/bin/true && echo true
gcc -x c -o t - <<'C' && ./t
#include <stdio.h>
int main(void) { puts("compiled"); return 0; }
C
pypy3 -c 'import own.mod; print(own.mod.version())'
SH
  # shellcheck disable=SC2086
  run --separate-stderr $ISOLATE sh both.sh
  prints 'true
compiled
own'
}

@test "children of an interpreter: programs are left alone, interpreters are isolated" {
  script <<'PY'
import os, subprocess, sys
import own.mod
def say(*words, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    print(done.returncode, done.stdout.decode().strip(), done.stderr.decode().strip())
say("/bin/true")
say("/bin/echo", "words")
say("sh", "-c", "exit 7")
say(sys.executable, "-c", "import own.mod; print(own.mod.version())")
say(sys.executable, "-c", "import own.mod; print(own.mod.version())", close_fds=False)
print(os.system("true"), os.popen("echo popen").read().strip())
try:
    subprocess.run(["/nonexistent/program"])
except FileNotFoundError as error:
    print(error.errno)
PY
  isolated
  prints "0  
0 words 
7  
0 own 
0 own 
0 popen
2"
}
