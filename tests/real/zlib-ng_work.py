# SPDX-License-Identifier: MIT
"""zlib-ng linked in, beside the interpreter's zlib in one process."""
import zlib

from zlib_ng import gzip_ng, zlib_ng

text = b"the quick brown fox " * 5000
print(zlib_ng.ZLIBNG_VERSION, zlib_ng.ZLIB_VERSION)
packed = zlib_ng.compress(text, 6)
print(zlib_ng.decompress(packed) == text, zlib.decompress(packed) == text)
print(zlib_ng.decompress(zlib.compress(text)) == text, zlib_ng.crc32(text) == zlib.crc32(text))
print(gzip_ng.decompress(gzip_ng.compress(text)) == text)
try:
    zlib_ng.decompress(b"nonsense")
except zlib_ng.error as error:
    print("error", error)
