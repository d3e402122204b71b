#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Celery with two workers, each in a directory of its own as on a machine of its own, whose
# Python is PyPy, isolated: the recipe of pypy-isolate-recipes(7). The broker is a directory.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load ../helper_embed.bash

setup_file() {
  provide celery five numpy lxml
  build_slotwalk
}

setup() {
  embed_test
  PAGE=pypy-isolate-recipes.7
  CAPI=pypy
  export BROKER=$PWD/broker
  export PYTHONPATH=$root/tests/engines:$cache/real/site-packages:$cache/five/site-packages
  mkdir -p broker/queue broker/control broker/results first second
  servers=()
}

teardown() {
  for server in "${servers[@]}"; do
    stop_server
  done
}

both_are_ready() {
  [ "$(grep -l ' ready\.' first/log second/log | wc -l)" = 2 ]
}

# run_job FILE: the line of FILE starts each of two workers; sets pids to their processes that
# did the work.
run_job() {
  local where
  for where in first second; do
    (cd $where && exec setsid sh -c "exec $(sed "s/worker1/$where/; s/-A app/-A tasks/" "../$1")") \
      >$where/log 2>&1 3>&- &
    servers+=($!)
  done
  soon both_are_ready
  run --separate-stderr "$cache/engines/celery/bin/python" "$root/tests/engines/tasks.py" ready
  assert_output 'PyPy 499500 499500'
  mapfile -t pids < <(cut -d ' ' -f 1 ready)
  # Each has a pool of as many as there are cores.
  assert_equal "$(sed 's,.*/,,' ready | sort -u | xargs)" 'first second'
}

@test "Celery, plain: a module on the workers gets PyPy's libexpat" {
  recipe celery line '/usr/bin/pypy-isolate ' '' /srv/app/venv "$cache/engines/celery"
  run_job line
  walk_process "${pids[0]}"
  assert_line --regexp '^hijack _five[^ ]+ XML_Parse libexpat\.so\.1$'
}

@test "Celery: on each of two workers numpy, lxml and the five have their own libraries" {
  recipe celery line /usr/bin/pypy-isolate "$built/pypy-isolate" \
    /srv/app/venv "$cache/engines/celery"
  run_job line
  walks_clean
}
