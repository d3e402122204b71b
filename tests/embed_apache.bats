#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Debian's Apache, which is linked to libexpat, with mod_ssl, which brings OpenSSL, and
# mod_wsgi, which brings CPython. Apache loads its modules, closes them and loads them
# again, at the start and at each restart.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper_embed
load helper_postgres

setup_file() {
  embed_begin
  postgres_begin
  # The workers are nobody, who may not be able to read our directories.
  HOME_OF_NOBODY=$(mktemp -d "${TMPDIR:-/tmp}/isolate-apache.XXXXXX")
  export HOME_OF_NOBODY
  chmod 711 "$HOME_OF_NOBODY"
  cp -r "$WHEELS" "$HOME_OF_NOBODY/site-packages"
  cp -r "$FIVE"/five* "$HOME_OF_NOBODY/site-packages/"
  cp "$embed"/*.py "$show" "$root/tests/together/xmlsec_work.py" "$HOME_OF_NOBODY/"
  cp "$built/libpypy-isolate.so" "$built/pypy-isolate" "$HOME_OF_NOBODY/"
}

teardown_file() {
  postgres_end
  [ -z "${HOME_OF_NOBODY:-}" ] || rm -rf "$HOME_OF_NOBODY"
}

setup() {
  embed_test
}

teardown() {
  stop_server
}

# configure DIRECTIVE...: apache.conf
configure() {
  local port
  port=$(free_port)
  origin=http://127.0.0.1:$port
  cat >apache.conf <<CONF
ServerRoot "$PWD"
ServerName localhost
Listen 127.0.0.1:$port
PidFile "$PWD/pid"
DefaultRuntimeDir "$PWD"
ErrorLog /dev/stderr
User nobody
Group nogroup
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
StartServers 2
MinSpareServers 2
MaxSpareServers 2
MaxRequestWorkers 2
WSGIPythonPath "$HOME_OF_NOBODY/site-packages"
WSGISocketPrefix "$HOME_OF_NOBODY/wsgi"
WSGIScriptAlias / "$HOME_OF_NOBODY/app.py"
CONF
  printf '%s\n' "$@" >>apache.conf
}

# children [PATTERN]: there are two that work for us; sets pids.
children() {
  mapfile -t pids < <(pgrep -P "$server" -f "${1:-apache2}")
  [ "${#pids[@]}" = 2 ]
}

# serve [COMMAND-BEFORE-apache2...]
serve() {
  setsid "$@" /usr/sbin/apache2 -d "$PWD" -f "$PWD/apache.conf" -DFOREGROUND >server.log 2>&1 \
    3>&- &
  server=$!
}

daemons=("WSGIDaemonProcess isolate processes=2 threads=1 display-name=(wsgi:isolate) \
python-path=HOME/site-packages" 'WSGIProcessGroup isolate' 'WSGIApplicationGroup %{GLOBAL}')

daemon_mode() {
  configure "${daemons[@]/HOME/"$HOME_OF_NOBODY"}"
}

# With the manual's line of envvars.
audited() {
  recipe envvars envvars /usr/bin "$HOME_OF_NOBODY"
  # shellcheck disable=SC2016 # it is the other shell's
  serve sh -c '. ./envvars; exec "$@"' sh
}

# expat_of OWNERS: whose libexpat a module has, in every worker
expat_of() {
  ask 20 "$HOME_OF_NOBODY/show.py"
  assert_line --regexp "^libexpat [^ ]+ works ($1) ($1)\$"
}

@test "Apache, plain: modules get its libexpat" {
  daemon_mode
  serve
  soon children wsgi:isolate
  expat_of 'libexpat\.so\.1'
  walk_process "${pids[0]}"
  assert_line --regexp '^hijack _five[^ ]+ XML_Parse libexpat\.so\.1$'
}

@test "Apache with daemon processes: each package has its own, and after a restart" {
  daemon_mode
  audited
  soon children wsgi:isolate
  for signal in '' HUP USR1; do
    if [ "$signal" ]; then
      local before="${pids[*]}"
      kill -"$signal" "$server"
      soon another_two
    fi
    expat_of "$own"
    answers_right 20 "$HOME_OF_NOBODY/versions_work.py"
    answers_right 20 "$HOME_OF_NOBODY/psycopg2_work.py" "$PG_PORT" "$PG/server.crt" \
      "$PG/other.crt"
    answers_right 20 "$HOME_OF_NOBODY/xmlsec_work.py" lxml.etree xmlsec
    walks_clean
  done
}

# Two workers, and neither is of those before.
another_two() {
  local pid
  children wsgi:isolate || return
  for pid in "${pids[@]}"; do
    [[ " $before " != *" $pid "* ]] || return
  done
}

@test "Apache without daemon processes, the application in an interpreter of its own" {
  configure
  serve
  soon children
  expat_of 'libexpat\.so\.1'
  stop_server
  configure
  audited
  soon children
  expat_of "$own"
  walks_clean
}
