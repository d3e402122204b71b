# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A server of PostgreSQL with TLS, thrown away with the file of tests.
#
# postgres_begin in setup_file(), postgres_end in teardown_file(). Out: PG, a directory with
# server.crt, which the server has, and other.crt, which it has not; PG_PORT.

# shellcheck disable=SC2154	# set by helper.bash

# The server refuses to be root; nobody may not be able to read our directories.
as_nobody() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$PG" "$@"
  else
    "$@"
  fi
}

certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$PG/$1.key" -out "$PG/$1.crt"
  chmod 600 "$PG/$1.key"
}

postgres_make() {
  cp -r "$cache/embed/postgres/tree/usr" "$PG/usr"
  certificate server
  certificate other
  if [ "$(id -u)" = 0 ]; then
    chown -R nobody:nogroup "$PG"
  fi
  as_nobody "$PG"/usr/lib/postgresql/*/bin/initdb -D "$PG/data" -U embed -A trust -E UTF8 \
    --locale=C --no-sync
}

postgres_begin() {
  PG=$(mktemp -d "${TMPDIR:-/tmp}/isolate-postgres.XXXXXX")
  PG_PORT=$(free_port)
  export PG PG_PORT
  chmod 711 "$PG"
  cd "$PG" || return
  postgres_make >"$BATS_FILE_TMPDIR/postgres.log" 2>&1 || {
    cat "$BATS_FILE_TMPDIR/postgres.log" >&2
    return 1
  }
  as_nobody "$PG"/usr/lib/postgresql/*/bin/postgres -D "$PG/data" -p "$PG_PORT" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c ssl=on \
    -c ssl_cert_file="$PG/server.crt" -c ssl_key_file="$PG/server.key" \
    >>"$BATS_FILE_TMPDIR/postgres.log" 2>&1 3>&- &
  soon "$cache"/embed/postgres/tree/usr/lib/postgresql/*/bin/pg_isready -q -h 127.0.0.1 \
    -p "$PG_PORT" || cat "$BATS_FILE_TMPDIR/postgres.log" >&2
}

postgres_end() {
  [ -n "${PG:-}" ] || return 0
  [ ! -s "$PG/data/postmaster.pid" ] || kill -QUIT "$(head -1 "$PG/data/postmaster.pid")"
  rm -rf "$PG"
}
