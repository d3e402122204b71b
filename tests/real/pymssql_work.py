# SPDX-License-Identifier: MIT
"""FreeTDS with OpenSSL 1.1.1 and Kerberos beside it; no server."""
import pymssql
from pymssql import _mssql

print(pymssql.__version__, pymssql.version_info().splitlines()[-2:])
print(_mssql.quote_simple_value("it's"), _mssql.substitute_params("%d %s", (1, "x")))
try:
    pymssql.connect("127.0.0.1", "u", "p", "d", port=1, login_timeout=1)
except pymssql.Error as error:
    print("error", type(error).__name__, error.args[0][0])
