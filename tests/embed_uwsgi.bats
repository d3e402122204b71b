#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Wheels from PyPI in Debian's uWSGI, which is linked to libxml2, libyaml, OpenSSL and more:
# first what it does to them, then that each has its own library in every worker, before
# and after a reload.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper_embed
load helper_postgres

setup_file() {
  embed_begin
  postgres_begin
  NEWER=$cache/libxml2/site-packages
  export NEWER
}

teardown_file() {
  postgres_end
}

setup() {
  embed_test
}

teardown() {
  stop_server
}

# spawned COUNT: so many workers have begun, since the server has.
spawned() {
  [ "$(grep -c 'spawned uWSGI worker' server.log)" -ge "$1" ]
}

# The workers that began last, three of them.
take_pids() {
  mapfile -t pids < <(sed -n 's/.*pawned uWSGI worker.*(\(new \)\?pid: \([0-9]*\).*/\2/p' server.log |
    tail -3)
}

# serve COMMAND-BEFORE-uwsgi... -- OPTION...: in a process group of its own.
serve() {
  local front=() port
  while [ "$1" != -- ]; do
    front+=("$1")
    shift
  done
  port=$(free_port)
  origin=http://127.0.0.1:$port
  setsid "${front[@]}" uwsgi-core --plugins-dir /usr/lib/uwsgi/plugins --plugin "$(uwsgi_plugin)" \
    --http-socket "127.0.0.1:$port" --virtualenv "$cache/embed/cpython" \
    --wsgi-file "$embed/app.py" --need-app --master --processes 3 --pidfile pid \
    --disable-logging "${@:2}" >server.log 2>&1 3>&- &
  server=$!
  soon spawned 3
  take_pids
}

# reload: the server with all of its workers begins anew, while it is asked.
reload() {
  local asked
  python3 "$embed/ask.py" "$origin" 400 '' "$embed/versions_work.py" >asked 2>&1 &
  asked=$!
  sleep 0.3
  kill -HUP "$(<pid)"
  wait "$asked" || fail "$(<asked) $(<server.log)"
  assert_equal "$(<asked)" "$(right "$embed/versions_work.py")"
  soon spawned "$1"
  take_pids
}

# Every worker has every package with the library that it brought.
own_everywhere() {
  answers_right 40 "$embed/versions_work.py"
  answers_right 40 "$root/tests/together/xmlsec_work.py" lxml.etree xmlsec
  answers_right 40 "$embed/psycopg2_work.py" "$PG_PORT" "$PG/server.crt" "$PG/other.crt"
  answers_right 40 "$embed/libxml2_work.py" "$NEWER"
  assert_line '215 True'
  walks_clean
}

@test "uWSGI, plain: lxml and PyYAML get uWSGI's libraries, and xmlsec will not have it" {
  serve --
  ask 1 "$embed/versions_work.py"
  assert_line 'lxml ((2, 14, 6), True)'	# with ICU, as Debian's
  assert_line 'pyyaml 0.2.5'
  assert_line 'xmlsec lxml & xmlsec libxml2 library version mismatch'
  ask 1 "$embed/libxml2_work.py" "$NEWER"
  assert_line '209 False'	# and not 2.15, which it brings
}

@test "uWSGI, plain: psycopg2's libpq gets uWSGI's OpenSSL, and slotwalk sees all of them" {
  serve --
  ask 40 "$embed/versions_work.py"
  ask 40 "$embed/psycopg2_work.py" "$PG_PORT" "$PG/server.crt" "$PG/other.crt"
  walk_process "${pids[0]}"
  assert_line --regexp '^hijack libpq-[^ ]+ SSL_connect libssl\.so\.3$'
  assert_line --regexp '^hijack etree[^ ]+ xmlNewDoc libxml2\.so\.2$'
  assert_line --regexp '^hijack _yaml[^ ]+ yaml_get_version_string libyaml-0\.so\.2$'
}

@test "uWSGI: each package has its own library in every worker, and after a reload" {
  serve "$built/pypy-isolate" --
  own_everywhere
  reload 6
  own_everywhere
}

@test "... and with --lazy-apps, where a reload makes workers alone" {
  serve "$built/pypy-isolate" -- --lazy-apps
  own_everywhere
  reload 6
  own_everywhere
}

@test "uWSGI: other work with the same wheels comes out as without uWSGI" {
  local name
  serve "$built/pypy-isolate" --
  for name in lxml pyyaml cryptography; do
    answers_right 1 "$root/tests/real/${name}_work.py"
  done
}

# write_ini: the manual's ini file is app.ini.
write_ini() {
  local port
  port=$(free_port)
  origin=http://127.0.0.1:$port
  recipe uwsgi.ini app.ini 127.0.0.1:8000 "127.0.0.1:$port" /srv/app/venv "$cache/embed/cpython" \
    /srv/app/app.py "$embed/app.py"
}

start() {
  setsid "$@" >server.log 2>&1 3>&- &
  server=$!
  soon spawned 3
  take_pids
}

@test "the manual's recipe for uWSGI: an ini file, and how it is started" {
  write_ini
  recipe uwsgi start '(pypy-isolate' "($built/pypy-isolate" /srv/app/app.ini app.ini
  start sh start
  answers_right 20 "$embed/versions_work.py"
  walks_clean
}

@test "... and the ini file alone, also after a reload" {
  write_ini
  recipe uwsgi.alone lines /usr/lib/x86_64-linux-gnu/pypy-isolate "$built" /srv/app/app.ini "$PWD/app.ini"
  sed -i '1r lines' app.ini
  echo "pidfile = $PWD/pid" >>app.ini
  start uwsgi-core --ini app.ini
  assert_equal "$(<pid)" "$server"	# it is the same process still
  answers_right 20 "$embed/versions_work.py"
  walks_clean
  reload 6
  answers_right 20 "$embed/versions_work.py"
  walks_clean
}

@test "... but its option env alone is in force after a reload only, as the manual says" {
  write_ini
  sed -i "1a env = LD_AUDIT=$built/libpypy-isolate.so" app.ini
  echo "pidfile = $PWD/pid" >>app.ini
  start uwsgi-core --ini app.ini
  ask 1 "$embed/versions_work.py"
  assert_line 'pyyaml 0.2.5'
  kill -HUP "$(<pid)"
  soon spawned 6
  take_pids
  answers_right 20 "$embed/versions_work.py"
}
