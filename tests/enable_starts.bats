#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Starts at the edge: with privileges, without room, and by those who look at the process.

load helper_enable

setup_file() {
  enable_begin
}

@test "enable: a process with privileges has the environment that it has without us" {
  inside <<'SH'
    secure() {
      env -i A=1 "$@" setpriv --ruid nobody python3 -c \
        'import os; print(dict(os.environ), open("/proc/self/environ").read())'
    }
    secure >plain
    GLIBC_TUNABLES=a=b secure LD_BIND_NOW=1 >>plain
    pypy-isolate enable python3
    secure >enabled
    GLIBC_TUNABLES=a=b secure LD_BIND_NOW=1 >>enabled
    diff plain enabled
    grep "'A': '1'" plain >/dev/null
SH
}

@test "enable: arguments that leave no room for anything of ours" {
  inside <<'SH'
    pypy-isolate enable python3
    # The largest variable that the interpreter itself starts with, and smaller ones.
    cat >room.py <<'PY'
import subprocess
def start(program, size):
    env = dict({"N%d" % i: "x" * 100000 for i in range(20)}, LAST="x" * size)
    try:
        return subprocess.run([program, "-c", "print(1)"], env=env, capture_output=True)
    except OSError as error:
        return error
low, high = 0, 131000
while high - low > 1:
    middle = (low + high) // 2
    if isinstance(start("/usr/bin/python3.11.distrib", middle), OSError):
        high = middle
    else:
        low = middle
said = set()
# 32: the name of what starts is longer or shorter.
for size in range(low - 32, low - 1000, -20):
    done = start("/usr/bin/python3", size)
    assert done.stdout == b"1\n", (low - size, done)
    said.add((done.stderr.decode().split(":") + [""])[1].strip())
print(*sorted(said), sep="\n")
PY
    equal said "$(/usr/bin/python3.11.distrib room.py)" "
/usr/local/bin/pypy-isolate
no room for three more variables, so /usr/bin/python3.11 runs without isolation; give it fewer or shorter arguments"
SH
}

@test "enable: who looks at the environment of a process sees what was there, in order" {
  inside <<'SH'
    look() {
      env -i B=2 A=1 "PATH=$PATH" LD_LIBRARY_PATH= GLIBC_TUNABLES=a=b "$@" python3 -c \
        'import os; print(list(os.environ), repr(open("/proc/self/environ").read().rstrip("\0")))'
    }
    look >plain
    pypy-isolate enable python3
    look >enabled
    diff plain enabled
SH
}

@test "enable: a title longer than the arguments, as of gunicorn's workers" {
  inside <<'SH'
    cat >title.py <<'PY'
from setproctitle import setproctitle
setproctitle("gunicorn: worker [one of many that serve this application]")
print(open("/proc/self/cmdline").read().rstrip("\0"))
PY
    equal plain "$(python3 title.py)" "gunicorn: worker [one of many that serve this application]"
    pypy-isolate enable python3
    is_isolated python3
    equal enabled "$(python3 title.py)" "$(/usr/bin/python3.11.distrib title.py)"
SH
}
