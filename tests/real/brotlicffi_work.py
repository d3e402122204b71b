# SPDX-License-Identifier: MIT
"""Compression, a module made by cffi in API mode."""
import hashlib

import brotlicffi

text = b"the quick brown fox " * 5000
print(brotlicffi.__version__)
packed = brotlicffi.compress(text)
print(len(packed), hashlib.sha256(packed).hexdigest()[:16])
print(brotlicffi.decompress(packed) == text)
try:
    brotlicffi.decompress(b"nonsense")
except brotlicffi.error as error:
    print("error", type(error).__name__)
