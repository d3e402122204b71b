# SPDX-License-Identifier: MIT
"""Compression, C++ module of the C API."""
import hashlib

import brotli

text = b"the quick brown fox " * 5000
print(brotli.__version__)
for quality in (1, 5, 11):
    packed = brotli.compress(text, quality=quality)
    print(quality, len(packed), hashlib.sha256(packed).hexdigest()[:16])
    print(brotli.decompress(packed) == text)
try:
    brotli.decompress(b"nonsense")
except brotli.error as error:
    print("error", error)
