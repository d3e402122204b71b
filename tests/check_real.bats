#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# `check` on packages that others wrote, against ld.so: each module is really loaded, and
# every single reference must go where check says, plainly and isolated.
#
# CHECK_MORE: directories of further modules for python3; `make prove` names some thousand.
# Bats sets output, stderr and status; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper

setup_file() {
  provide real five check
  cd "$BATS_FILE_TMPDIR" || return
  find "$cache/real/site-packages" "$cache/five/site-packages" -name '*.so*' -type f |
    grep -v cpython- | sort >pypy3.list
  # shellcheck disable=SC2086	# directories
  find /usr/lib/python3/dist-packages /usr/lib/python3*/lib-dynload ${CHECK_MORE:-} \
    -name '*.so*' -type f | sort >python3.list
  # shellcheck disable=SC2046	# each is a word
  "$built/pypy-isolate" check -i pypy3 --bindings >pypy3.ours \
    $(cat pypy3.list) || [ $? -lt 3 ]
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
}

# loads COMMAND... LIST: what ld.so does with each file of a list, in the file its.
loads() {
  local log=$BATS_TEST_TMPDIR/debug
  LD_DEBUG=bindings,files LD_BIND_NOW=1 LD_DEBUG_OUTPUT=$log \
    "${@:1:$#-1}" "$root/tests/fixture/check/load.py" "${@: -1}" its "$log"
  rm -f "$log".*
}

# compared OURS PROGRAM [isolated]: no difference, of some; and the counts are shown.
compared() {
  run /usr/bin/python3 "$root/tests/fixture/check/compare.py" "$1" its "${@:2}"
  assert_success
  assert_output --regexp '^modules [0-9]{2,} bindings [0-9]{4,} refused [0-9]+ hijacked [0-9]+ differences 0$'
  echo "# $BATS_TEST_DESCRIPTION: $output" >&3
}

@test "check: under pypy3 each reference of all wheels goes where ld.so binds it" {
  loads pypy3 pypy3.list
  compared pypy3.ours "$(command -v pypy3)"
  assert_output --regexp 'hijacked [1-9][0-9]{2}'
}

@test "check: ... and isolated as well, so that the difference is what isolation makes" {
  PYPY_ISOLATE_LOG=error loads "$built/pypy-isolate" pypy3 pypy3.list
  compared pypy3.ours "$(command -v pypy3)" isolated
}

@test "check: under python3 each reference of all modules of this machine" {
  loads /usr/bin/python3 python3.list
  xargs -d '\n' -n 100000 "$built/pypy-isolate" check -i /usr/bin/python3 --bindings \
    <python3.list >python3.ours || [ $? -lt 124 ]
  compared python3.ours /usr/bin/python3
}

@test "check: under uwsgi and its plugin, whose libraries come first" {
  provide uwsgi
  local plugin=/usr/lib/uwsgi/plugins/python3_plugin.so
  head -50 python3.list >uwsgi.list
  cat >app.py <<PY
import os, sys
sys.path.insert(0, "$root/tests/fixture/check")
import load
load.main("uwsgi.list", "its", "$BATS_TEST_TMPDIR/debug")
os._exit(0)
PY
  LD_DEBUG=bindings,files LD_BIND_NOW=1 LD_DEBUG_OUTPUT=$BATS_TEST_TMPDIR/debug \
    timeout 100 uwsgi-core --plugin python3 --need-app --wsgi-file app.py --socket :0 >uwsgi.log 2>&1
  xargs -d '\n' "$built/pypy-isolate" check -i /usr/bin/python3 --embedder "uwsgi-core,$plugin" \
    --bindings <uwsgi.list >uwsgi.ours
  compared uwsgi.ours "$(readlink -f "$(command -v uwsgi-core)")"
}

@test "check: the vendored five are hijacked, and each is named with its version" {
  plain "$built/pypy-isolate" check -i pypy3 "$cache/five/site-packages"
  assert_equal "$status" 1
  local library
  for library in libbz2 libexpat libffi libtinfo libz; do
    assert_line --regexp "^.*_five\.pypy39[^ ]*\.so: [0-9]+ of its references to its own $library-[0-9a-f]{8}\.so[.0-9]* would go to [^ ]*/$library\.so[.0-9]* of the interpreter\$"
  done
  assert_line --regexp '^1 of 1 module: 216 references hijacked'
}

# valid: the output is as the schema says.
valid() {
  /usr/bin/python3 - "$root/man/pypy-isolate-check.schema.json" /dev/fd/3 3<<<"$output" <<'PY'
import json, sys
import jsonschema
schema, text = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.Draft7Validator.check_schema(schema)
jsonschema.validate(text, schema)
PY
}

@test "check: --json is as the schema says, and says what the text does" {
  local list
  echo nonsense >broken.pypy39-pp73-x86_64-linux-gnu.so
  for list in "$cache/five/site-packages" "$cache/real/site-packages" broken*.so; do
    plain "$built/pypy-isolate" check -i pypy3 --json "$list"
    valid
  done
  plain "$built/pypy-isolate" check -i pypy3 --json "$cache/five/site-packages"
  assert_equal "$(/usr/bin/python3 -c 'import json, sys
text = json.load(sys.stdin)
print(text["sum"]["hijacked"], sum(g["count"] for m in text["modules"] for g in m["hijacked"]),
      sum(len(g["symbols"]) for m in text["modules"] for g in m["hijacked"]))' <<<"$output")" "216 216 216"
}

@test "check: a wheel is unpacked, judged like what it installs, and nothing stays" {
  (cd "$cache/five/site-packages" && /usr/bin/python3 -m zipfile -c \
    "$BATS_TEST_TMPDIR/five-1.0-pp39-pypy39_pp73-linux_x86_64.whl" five five.libs)
  mkdir -p "$BATS_TEST_TMPDIR/temporary"
  cd "$BATS_TEST_TMPDIR"
  TMPDIR=$PWD/temporary plain "$built/pypy-isolate" check -i pypy3 five-*.whl
  assert_equal "$status" 1
  assert_line --regexp '^five-1.0-.*\.whl/five/_five\.pypy39[^ ]*: [0-9]+ of its references to its own libz-'
  assert_line --regexp '^1 of 1 module: 216 references hijacked'
  assert_equal "$(ls temporary)" ''
  TMPDIR=$PWD/temporary plain "$built/pypy-isolate" check -i pypy3 --json five-*.whl
  valid
  echo nonsense >bad.whl
  TMPDIR=$PWD/temporary plain "$built/pypy-isolate" check -i pypy3 bad.whl
  assert_equal "$status" 2
  assert_equal "$stderr" "pypy-isolate: bad.whl: cannot be unpacked by zipfile of pypy3"
  assert_equal "$(ls temporary)" ''
}

@test "check: a file that cannot be read is said, and the rest goes on" {
  local suffix=.pypy39-pp73-x86_64-linux-gnu.so
  mkdir -p "$BATS_TEST_TMPDIR/site-packages"
  cd "$BATS_TEST_TMPDIR/site-packages"
  echo nonsense >text$suffix
  echo 'INPUT(libfoo.so.1)' >libfoo.so
  head -c 5000 "$cache"/five/site-packages/five/_five.pypy39*.so >cut$suffix
  gcc -shared -fPIC -o good$suffix -x c - <<<'int PyInit_good(void) { return 1; }'
  gcc -shared -fPIC -o other.cpython-311-x86_64-linux-gnu.so -x c - <<<'int PyInit_other(void) { return 1; }'
  plain "$built/pypy-isolate" check -i pypy3 .
  assert_equal "$status" 2
  assert_output "0 of 1 module: 0 references hijacked, 1 module of other interpreters, 2 files not read"
  assert_regex "$stderr" "text$suffix: no ELF file for this machine"
  assert_regex "$stderr" "cut$suffix: .*truncated"
  assert_equal "$(wc -l <<<"$stderr")" 2
  plain "$built/pypy-isolate" check -i pypy3 ./nowhere
  assert_equal "$status" 2
  assert_equal "$stderr" "pypy-isolate: ./nowhere: No such file or directory"
  plain "$built/pypy-isolate" check -i pypy3 numpy
  assert_equal "$status" 2
  assert_equal "$stderr" "pypy-isolate: numpy: is not in this directory; a file, a directory or a wheel is checked"
}

@test "check: what is no interpreter is said, and no path means its site directories" {
  plain "$built/pypy-isolate" check -i /bin/cat
  assert_equal "$status" 2
  assert_equal "$stderr" "pypy-isolate: /bin/cat: does not answer as a Python interpreter does (exit status 1)"
  plain "$built/pypy-isolate" check -i nothing-of-that-name
  assert_equal "$status" 2
  assert_regex "$stderr" 'cannot be run; is it installed'
  plain "$built/pypy-isolate" check -i /usr/bin/python3 --all
  assert_output --regexp '(^|'$'\n'')/usr/lib/python3/dist-packages/'
  plain "$built/pypy-isolate" check --json --why malloc
  assert_equal "$status" 2
  assert_regex "$stderr" '^usage: '
}

@test "check: without a word it is for the virtual environment that is active, and says so" {
  cd "$BATS_TEST_TMPDIR"
  pypy3 -m venv --without-pip venv
  VIRTUAL_ENV=$PWD/venv plain "$built/pypy-isolate" check
  assert_success
  assert_output "0 of 0 modules: 0 references hijacked"
  assert_equal "$stderr" "pypy-isolate: checked for $PWD/venv/bin/python; -i INTERPRETER names another
pypy-isolate: no module in $PWD/venv/lib/pypy3.9/site-packages, where that interpreter looks; name another with -i, or a directory"
  # What was left where it no longer is: as without it.
  VIRTUAL_ENV=$PWD/gone plain "$built/pypy-isolate" check site-packages
  assert_regex "$stderr" '^pypy-isolate: checked for pypy3; '
}

@test "check: a directory that cannot be read is no good news" {
  [ "$(id -u)" = 0 ] || cannot "root alone can be somebody else"
  local where
  where=$(mktemp -d)
  mkdir -m 755 "$where/one"
  mkdir -m 700 "$where/one/two"
  chmod 755 "$where"
  # What others cannot reach of the checkout, they get by this descriptor.
  exec 8<"$built/pypy-isolate"
  plain setpriv --reuid 65534 --regid 65534 --clear-groups env -C / /proc/self/fd/8 check \
    -i /usr/bin/python3 "$where/one"
  exec 8<&-
  rm -r "$where"
  assert_equal "$status" 2
  assert_equal "$stderr" "pypy-isolate: $where/one/two: Permission denied"
}

@test "check: a terminal gets progress and colours, a pipe and NO_COLOR do not" {
  local run="$built/pypy-isolate check -i pypy3 $cache/five/site-packages"
  run script -qec "$run" /dev/null
  assert_output --partial $'\e[31m'
  assert_output --regexp '1 of [0-9]+ files'
  NO_COLOR=1 run script -qec "$run 2>/dev/null" /dev/null
  refute_output --partial $'\e['
  plain sh -c "$run"
  refute_output --partial $'\e'
  assert_equal "$stderr" ''
}
