#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The recipes of pypy-isolate-recipes(7), taken from its text and run by what they are for.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper_embed

setup_file() {
  embed_begin
  provide recipes
}

setup() {
  embed_test
  PAGE=pypy-isolate-recipes.7
  export PYTHONPATH=$FIVE
  cp "$embed/app.py" .
}

teardown() {
  stop_server
}

# The module, and the launcher that finds it beside itself.
installed=(/usr/lib/x86_64-linux-gnu/pypy-isolate "$built")
launcher=(/usr/bin/pypy-isolate "$built/pypy-isolate")

# answering COUNT: so many workers are there; sets pids.
answering() {
  mapfile -t pids < <(pgrep -P "$server")
  [ "${#pids[@]}" = "$1" ]
}

# start_unit FILE...: ExecStart as systemd runs it, with the Environment lines of all files:
# systemd joins lines, splits words, and passes PATH, LANG, USER and little more.
start_unit() {
  local line environment=(PATH="$PATH" LANG=C.UTF-8 PYTHONPATH="$FIVE")
  while IFS= read -r line; do
    environment+=("${line#Environment=}")
  done < <(grep -h ^Environment= "$@")
  line=$(sed -n '/^ExecStart=/,/[^\\]$/p' "$1" | sed 's/^ExecStart=//; s/\\$//' | tr '\n' ' ')
  # shellcheck disable=SC2086 # the words
  setsid env -i "${environment[@]}" $line >server.log 2>&1 3>&- &
  server=$!
}

# unit FILE VENV: the manual's, for a free port and this directory
unit() {
  local port
  port=$(free_port)
  origin=http://127.0.0.1:$port
  recipe app.service "$1" /srv/app/venv "$2" 127.0.0.1:8000 "127.0.0.1:$port" \
    /srv/app "$PWD" "${launcher[@]}"
  run systemd-analyze verify "$PWD/$1"
  assert_success
  refute_output --partial "$1"
}

@test "gunicorn, plain: modules get the interpreter's libraries" {
  unit app.service "$cache/recipes/pypy"
  sed -i "s,^ExecStart=$built/pypy-isolate ,ExecStart=," app.service
  start_unit app.service
  soon answering 3
  ask 20 "$show"
  gets "$hosts"
}

@test "gunicorn in a systemd unit, PyPy: each package has its own libraries in every worker" {
  unit app.service "$cache/recipes/pypy"
  start_unit app.service
  soon answering 3
  ask 20 "$show"
  gets "$own"
  CAPI=pypy walks_clean
}

@test "gunicorn in a systemd unit, CPython" {
  unit app.service "$cache/recipes/cpython"
  start_unit app.service
  soon answering 3
  ask 20 "$show"
  gets "$own"
  walks_clean
}

@test "a drop-in for the unit of another: systemd has it, and the workers are isolated" {
  unit app.service "$cache/recipes/pypy"
  sed -i "s,^ExecStart=$built/pypy-isolate ,ExecStart=," app.service
  mkdir app.service.d
  recipe isolate.conf app.service.d/isolate.conf "${installed[@]}"
  run systemd-analyze verify "$PWD/app.service"
  refute_output --partial isolate.conf
  start_unit app.service app.service.d/isolate.conf
  soon answering 3
  ask 20 "$show"
  gets "$own"
  CAPI=pypy walks_clean
}

# cron_runs FILE: Debian's cron, with this table alone, and a clock that is 30 times as fast.
cron_runs() {
  local fake
  fake=$(dpkg -L libfaketime | grep '/libfaketime\.so\.1$')
  # shellcheck disable=SC2016 # it is the other shell's
  unshare --mount --propagation private bash -c '
    set -e
    mount -t tmpfs tmpfs /etc/cron.d
    mount -t tmpfs tmpfs /var/spool/cron
    mkdir -m 730 /var/spool/cron/crontabs
    mount -t tmpfs tmpfs /run
    install -m 644 "$1" /etc/cron.d/app
    exec env LD_PRELOAD="$2" FAKETIME="+0 x30" cron -f -L 15' cron "$1" "$fake" >cron.log 2>&1 3>&- &
  server=$!
}

@test "cron: a job is isolated" {
  [ "$(id -u)" = 0 ] || cannot "cron as somebody else needs root"
  cat >job.py <<PY
import os, runpy, sys
sys.path.insert(0, "$FIVE")
sys.stdout = open("$PWD/printing", "w")
runpy.run_path("$show", run_name="__main__")
sys.stdout.close()
os.rename("$PWD/printing", "$PWD/printed")
PY
  chmod 755 .
  recipe cron table /srv/app/venv "$cache/recipes/pypy" /srv/app "$PWD" \
    "${launcher[@]}" www-data root '*/5 * * * *' '* * * * *'
  cron_runs table
  soon test -e printed
  run cat printed
  gets "$own"
  kill "$server"
}

@test "tox: LD_AUDIT in tox.ini isolates, around tox it does not get there" {
  recipe tox.ini tox.ini "${installed[@]}"
  printf '%s\n' '[tox]' 'skipsdist = true' 'env_list = py' >>tox.ini
  sed -i '/^set_env/a\    PYTHONPATH = '"$FIVE" tox.ini
  run --separate-stderr "$cache/recipes/cpython/bin/tox" -q -- "$show"
  output=$(grep ^lib <<<"$output")
  mapfile -t lines <<<"$output"
  gets "$own"
  sed -i /LD_AUDIT/d tox.ini
  run --separate-stderr "$built/pypy-isolate" "$cache/recipes/cpython/bin/tox" -q -- "$show"
  # python3 is linked to two of the five.
  assert_line --regexp '^libz 1\.2\.13 works libz\.so\.1 libz\.so\.1$'
}

@test "nox: by noxfile.py, or around nox" {
  recipe noxfile.py noxfile.py "${installed[@]}"
  run --separate-stderr "$cache/recipes/cpython/bin/nox" -- "$show"
  output=$(grep ^lib <<<"$output")
  mapfile -t lines <<<"$output"
  gets "$own"
  sed -i /LD_AUDIT/d noxfile.py
  run --separate-stderr "$built/pypy-isolate" "$cache/recipes/cpython/bin/nox" -- "$show"
  output=$(grep ^lib <<<"$output")
  mapfile -t lines <<<"$output"
  gets "$own"
}
