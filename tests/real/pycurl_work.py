# SPDX-License-Identifier: MIT
"""libcurl with OpenSSL, nghttp2, brotli, libpsl, Kerberos, libssh2 beside it; no server."""
import io
import tempfile

import pycurl

print(pycurl.version_info()[1], pycurl.version_info()[5])
print("brotli" in pycurl.version, "nghttp2" in pycurl.version, "https" in pycurl.version_info()[8])
with tempfile.NamedTemporaryFile() as file:
    file.write(b"isolate " * 5000)
    file.flush()
    body = io.BytesIO()
    curl = pycurl.Curl()
    curl.setopt(curl.URL, "file://" + file.name)
    curl.setopt(curl.WRITEFUNCTION, body.write)
    curl.perform()
    print(len(body.getvalue()), curl.getinfo(curl.EFFECTIVE_URL)[:12])
for url in ("https://127.0.0.1:1/", "nonsense://x", "file:///nonexistent"):
    curl.setopt(curl.URL, url)
    try:
        curl.perform()
    except pycurl.error as error:
        print("error", error.args[0])
curl.close()
