# SPDX-License-Identifier: MIT
"""libpq, with OpenSSL 3, Kerberos, LDAP and SASL beside it; no server."""
import psycopg2
from psycopg2 import extensions, extras

print(psycopg2.__version__, psycopg2.__libpq_version__)
print(sorted(extensions.parse_dsn("postgresql://u:p@localhost:1/d?sslmode=require").items()))
print(extensions.encrypt_password("password", "user", algorithm="md5"))
print(extensions.adapt([1, "it's", None, 2.5]), extras.Json({"a": [1]}).dumps({"a": 1}))
print(psycopg2.Binary(b"\x00\x01'").__class__.__name__, extensions.Float(1e300))
print(extensions.DATE("2024-02-29", None), extensions.INTERVAL("1 day 02:03:04", None))
for dsn in ("host=127.0.0.1 port=1 sslmode=require", "nonsense"):
    try:
        psycopg2.connect(dsn)
    except psycopg2.Error as error:
        print("error", type(error).__name__, str(error).splitlines()[0][:60])
