#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Spark with two workers, each a process of its own as on a machine of its own, whose Python
# is PyPy, isolated: the recipe of pypy-isolate-recipes(7).

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load ../helper_embed.bash

setup_file() {
  provide engines five numpy lxml
  build_slotwalk
}

setup() {
  embed_test
  PAGE=pypy-isolate-recipes.7
  CAPI=pypy
  SPARK_HOME=$(echo "$cache"/engines/pypy/lib/pypy3*/site-packages/pyspark)
  export SPARK_HOME SPARK_LOCAL_IP=127.0.0.1 PYTHONPATH=$cache/real/site-packages:$cache/five/site-packages
  servers=()
}

teardown() {
  touch 'done'
  for server in "${servers[@]}"; do
    stop_server
  done
}

# spark CLASS ARGUMENT...: one of its servers, in a process group of its own
spark() {
  setsid "$SPARK_HOME/bin/spark-class" "org.apache.spark.deploy.$1" "${@:2}" \
    >"${#servers[@]}.log" 2>&1 3>&- &
  servers+=($!)
}

both_are_there() {
  [ "$(grep -c 'Registering worker' 0.log)" = 2 ]
}

# run_job PYTHON: sets pids to the workers' processes, of two workers
run_job() {
  local port
  port=$(free_port)
  spark master.Master -h 127.0.0.1 -p "$port" --webui-port 0
  spark worker.Worker -c 1 -m 600m -d first --webui-port 0 "spark://127.0.0.1:$port"
  spark worker.Worker -c 1 -m 600m -d second --webui-port 0 "spark://127.0.0.1:$port"
  soon both_are_there
  PYSPARK_PYTHON=$1 PYSPARK_DRIVER_PYTHON=$1 setsid "$1" "$root/tests/engines/job.py" \
    "spark://127.0.0.1:$port" ready 'done' >printed 2>job.log 3>&- &
  servers+=($!)
  soon test -e ready
  assert_equal "$(<printed)" 'PyPy 499500 499500'
  mapfile -t pids < <(cut -d ' ' -f 1 ready)
  assert_equal "$(grep -c /first/ ready) $(grep -c /second/ ready)" '1 1'
}

@test "Spark, plain: a module on the workers gets PyPy's libexpat" {
  run_job "$cache/engines/pypy/bin/python"
  walk_process "${pids[0]}"
  assert_line --regexp '^hijack _five[^ ]+ XML_Parse libexpat\.so\.1$'
}

@test "Spark: on each of two workers numpy, lxml and the five have their own libraries" {
  recipe spark python /usr/bin/pypy-isolate "$built/pypy-isolate" \
    /srv/app/venv "$cache/engines/pypy"
  chmod +x python
  run_job "$PWD/python"
  walks_clean
}
