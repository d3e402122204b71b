# SPDX-License-Identifier: MIT
"""psycopg2_work.py PORT CERTIFICATE ANOTHER: TLS to a server of PostgreSQL, which must have
the first certificate, and what it says of that; then work, and errors."""
import sys

import psycopg2
import psycopg2.extensions

port, certificate, other = sys.argv[1:]
where = {"host": "localhost", "hostaddr": "127.0.0.1", "port": port, "user": "embed",
         "dbname": "postgres", "sslmode": "verify-full"}
print("libpq", psycopg2.extensions.libpq_version())
connection = psycopg2.connect(sslrootcert=certificate, **where)
with connection, connection.cursor() as cursor:
    cursor.execute("select ssl, version, cipher from pg_stat_ssl where pid = pg_backend_pid()")
    print("TLS", *cursor.fetchone())
    cursor.execute("create temporary table goods (name text, price numeric)")
    cursor.executemany("insert into goods values (%s, %s)",
                       [("t\u00e9 %d" % n, n) for n in range(300)])
    cursor.execute("select count(*), sum(price), max(name) from goods")
    print("goods", *cursor.fetchone())
    cursor.execute("select repeat('x', 3000000)")
    print("long", len(cursor.fetchone()[0]))
    try:
        cursor.execute("select 1 / 0")
    except psycopg2.Error as error:
        print("error", error.pgcode, error.diag.severity)
connection.close()
try:
    psycopg2.connect(sslrootcert=other, **where)
except psycopg2.OperationalError as error:
    print("another's certificate:", "certificate verify failed" in str(error))
