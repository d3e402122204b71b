# SPDX-License-Identifier: MIT
"""A module with one vendored library."""
import google_crc32c

print(google_crc32c.implementation, hex(google_crc32c.value(b"123456789")))
checksum = google_crc32c.Checksum()
for chunk in (b"1234", b"56789"):
    checksum.update(chunk)
print(checksum.hexdigest())
