#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pypy-isolate enable, disable: every start of an interpreter, and no trace afterwards.

load helper_enable

setup_file() {
  enable_begin
}

# Each way to start it, by WORD; for the answers of facts.py.
# shellcheck disable=SC2016 # for the shell inside
STARTS='
  starts() {
    local word=$1 path facts=$TOP/tests/enable/facts.py
    path=$(readlink -f "$(command -v "$word")")
    printf "#!/usr/bin/%s\n" "$word" | cat - "$facts" >/root/by-shebang
    printf "#!/usr/bin/env %s\n" "$word" | cat - "$facts" >/root/by-env
    printf "#!%s -Es\n" "$(command -v "$word")" | cat - "$facts" >/root/by-path
    chmod +x /root/by-*
    "$word" "$facts" a "b c"
    "$path" "$facts"
    (exec -a other "$word" "$facts")
    env -i "npm_config.a=1" "X-Y=2" "FUNC%%=() { :; }" LD_BIND_NOW= "$path" "$facts"
    (export GLIBC_TUNABLES=glibc.malloc.check=0 LD_BIND_NOW=1; "$word" "$facts")
    /root/by-shebang 1
    /root/by-env 2
    /root/by-path 3
    ./by-shebang "" "*"
    "$word" -c "import subprocess as s, sys; s.call([sys.executable, *sys.argv[1:]])" "$facts"
    "$word" -c "import os; os.system(\"env | sort\")"
    (cd /usr/bin; "./$word" "$facts")
    setpriv --reuid 99 --regid 99 --clear-groups "$word" "$facts"
    sudo -u nobody "$word" "$facts"
    "$word" "$facts" <&- 5</dev/null
  }
'

# same_starts WORD: for an interpreter with it in /usr/bin
same_starts() {
  inside "$1" <<SH
    $STARTS
    word=\$1
    snapshot >before
    starts "\$word" >plain 2>&1
    is_plain "\$word"
    pypy-isolate enable "\$word"
    is_isolated "\$word"
    starts "\$word" >isolated 2>&1
    diff plain isolated
    [ "\$(grep -c ^executable= plain)" = 14 ] || fail "\$(cat plain)"
    PYPY_ISOLATE=off is_plain "\$word"
    pypy-isolate disable "\$word"
    unchanged before
    is_plain "\$word"
SH
}

@test "enable pypy3: however it is started, all is as before" {
  same_starts pypy3
}

@test "enable python3: however it is started, all is as before" {
  same_starts python3
}

@test "enable: what runs the interpreter for others runs it isolated" {
  inside <<'SH'
    python3 -m venv --without-pip before
    python3 -m venv --without-pip --copies copies-before
    pypy3 -m venv --without-pip pypy-before
    pypy-isolate enable pypy3
    pypy-isolate enable python3
    # From `disable` on: a copy of the interpreter is the interpreter, of a stand-in it is one.
    python3 -m venv --without-pip --copies copies-after
    for python in python3 pypy3; do
      $python -m venv --without-pip $python-after
    done
    for venv in before pypy-before python3-after pypy3-after copies-after; do
      is_isolated $venv/bin/python
      equal "$venv's prefix" "$($venv/bin/python -c 'import sys; print(sys.prefix)')" "/root/$venv"
    done
    # What `sys.executable -m pip` does in there, and `spawn`.
    for python in pypy3-after/bin/python python3-after/bin/python; do
      cat >spawn.py <<'PY'
import multiprocessing, subprocess, sys
def probe():
    exec(open("/root/probe.py").read())
if __name__ == "__main__":
    for method in "spawn", "forkserver", "fork":
        process = multiprocessing.get_context(method).Process(target=probe)
        process.start()
        process.join()
    print(subprocess.check_output([sys.executable, "-m", "probe"]).decode().strip())
PY
      got=$(PYTHONPATH=$PYTHONPATH:/root $python spawn.py)
      [ "$(grep -c '^isolated' <<<"$got")" = 4 ] || fail "$python: $got"
    done
    # cron, as it is.
    cat >/etc/cron.d/probe <<CRON
SITE=x
* * * * * root PYTHONPATH=$PYTHONPATH pypy3 /root/probe.py >/root/cron.out 2>&1
CRON
    faketime=$(find /usr/lib -name libfaketime.so.1 | head -1)
    # A minute that begins at once.
    LD_PRELOAD=$faketime FAKETIME="@2030-01-01 00:00:58" cron
    for i in $(seq 300); do
      [ -s cron.out ] && break
      sleep 0.1
    done
    equal cron "$(cat cron.out)" 'isolated own'
    sudo -u nobody env -u PYTHONPATH python3 -c 'print(open("/proc/self/maps").read())' |
      grep -q libpypy-isolate.so
    # What a unit of systemd has: a path, and next to no environment.
    cat >/etc/systemd/system/probe.service <<UNIT
[Service]
Environment=PYTHONPATH=$PYTHONPATH
ExecStart=/usr/bin/pypy3 /root/probe.py
UNIT
    systemd-analyze verify /etc/systemd/system/probe.service
    is_isolated env -i PYTHONPATH="$PYTHONPATH" setsid /usr/bin/pypy3

    pypy-isolate disable --all
    for venv in before copies-before pypy-before python3-after pypy3-after copies-after; do
      is_plain $venv/bin/python
    done
SH
}

@test "enable: a 32-bit child has no auditor, and no variable of ours" {
  inside <<'SH'
    pypy-isolate enable python3
    child='import os, subprocess; print(subprocess.run(["/lib32/ld-linux.so.2", "/lib32/libc.so.6"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE), [n for n in os.environ if n[:3] in ("LD_", "GLI", "PYP")])'
    want=$(PYPY_ISOLATE='' python3 -c "$child")
    [[ $want == *"returncode=0, stderr=b'') ['PYPY_ISOLATE']" ]] || fail "$want"
    # The user's own stay.
    equal own "$(LD_BIND_NOW=1 GLIBC_TUNABLES=a=b python3 -c 'import os
print(*[n + "=" + v for n, v in os.environ.items() if n[:3] in ("LD_", "GLI")])')" \
      'LD_BIND_NOW=1 GLIBC_TUNABLES=a=b'
    cat >auditor.c <<'C'
#include <unistd.h>
unsigned la_version(unsigned v) { write(1, "theirs\n", 7); return v; }
C
    gcc -shared -fPIC -o auditor.so auditor.c
    got=$(LD_AUDIT=/root/auditor.so python3 probe.py | sort | tr '\n' ' ')
    [[ $got == 'isolated theirs '* ]] || fail "$got"
    # A user's own LD_AUDIT that has ours already does not load it twice.
    got=$(LD_AUDIT=/usr/local/lib/pypy-isolate/libpypy-isolate.so python3 -c '
lines = [line for line in open("/proc/self/maps") if "libpypy-isolate" in line]
print(len(set(line.split("-")[0] for line in lines)) == len(lines), sum(" r-xp " in line for line in lines))')
    equal once "$got" 'True 1'
SH
}

@test "enable: without pypy-isolate, or with a broken policy, the interpreter starts and says so" {
  inside <<'SH'
    pypy-isolate enable python3
    echo nonsense >/etc/pypy-isolate.conf
    got=$(python3 -c 'import sys; print(sys.executable)' 2>&1)
    [[ $got == *"conf:1:1: "*"so /usr/bin/python3.11 runs without isolation"*/usr/bin/python3 ]] ||
      fail "$got"
    PYPY_ISOLATE=off is_plain python3
    rm /etc/pypy-isolate.conf
    mv /usr/local/lib/pypy-isolate/libpypy-isolate.so .
    got=$(python3 -c 'import sys; print(sys.executable)' 2>&1)
    [[ $got == *"runs without isolation"*/usr/bin/python3 ]] || fail "$got"
    mv libpypy-isolate.so /usr/local/lib/pypy-isolate/
    is_isolated python3
    mv /usr/local/bin/pypy-isolate .
    got=$(exec -a python3 /usr/bin/python3.11 -c 'import sys; print(sys.executable)' 2>&1)
    [[ $got == *"install pypy-isolate again"*/usr/bin/python3 ]] || fail "$got"
    if ./pypy-isolate status python3 >out; then fail "$(cat out)"; fi
    grep -q "looks for /usr/local/bin/pypy-isolate, which cannot be run" out
    ./pypy-isolate disable python3
    is_plain python3
SH
}
