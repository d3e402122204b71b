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
    said.add(done.stderr.decode().strip())
print(*sorted(said), sep="\n")
PY
    equal said "$(/usr/bin/python3.11.distrib room.py)" "
pypy-isolate: /usr/local/bin/pypy-isolate: Argument list too long; /usr/bin/python3.11 runs without isolation; give it fewer or shorter arguments
pypy-isolate: no room for three more variables, so /usr/bin/python3.11 runs without isolation; give it fewer or shorter arguments"
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

@test "enable: a stand-in in the place of the interpreter itself says so, and does not go round" {
  inside <<'SH'
    pypy-isolate enable python3
    cp /usr/bin/python3.11 /usr/bin/python3.11.distrib
    got=$(timeout 20 python3 -c 1 2>&1) && fail "started" || equal status $? 126
    equal said "$got" "pypy-isolate: /usr/bin/python3.11.distrib: is a stand-in, and so is \
/usr/bin/python3.11: the interpreter is gone; put it there again, and \`pypy-isolate status \
/usr/bin/python3.11\`"
SH
}

@test "enable: with rules that say off, and where Python prints at its start" {
  inside <<'SH'
    echo 'print("good morning")' >/usr/lib/python3/dist-packages/sitecustomize.py
    echo 'mode off' >/etc/pypy-isolate.conf
    pypy-isolate enable python3
    pypy-isolate status python3 >out
    grep -q '^note  mode: off (/etc/pypy-isolate.conf:1): nothing is isolated; take that line out' out
    rm /usr/lib/python3/dist-packages/sitecustomize.py
    is_plain python3
    rm /etc/pypy-isolate.conf
    is_isolated python3
    echo nonsense >/etc/pypy-isolate.conf
    ! pypy-isolate status python3 >out || fail "$(cat out)"
    grep -q '^wrong policy: /etc/pypy-isolate.conf:1:1: ' out
SH
}

@test "doctor: of an interpreter that is enabled, it looks at what the stand-in stands for" {
  inside <<'SH'
    python3 -m venv --without-pip venv
    pypy-isolate enable python3
    pypy-isolate enable --venv venv
    for each in python3 venv/bin/python; do
      pypy-isolate doctor $each >out || fail "$(cat out)"
      grep -q '^ok    program: /usr/bin/python3.11 is enabled: a stand-in, and the interpreter is /usr/bin/python3.11.distrib$' out || fail "$(cat out)"
      grep -q "^ok    trial: $each starts, with libpypy-isolate.so" out || fail "$(cat out)"
    done
    grep -q '^ok    program: /root/venv/bin/python3 is enabled' out || fail "$(cat out)"
SH
}
