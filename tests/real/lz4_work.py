# SPDX-License-Identifier: MIT
"""LZ4, its own copy compiled in."""
import hashlib

import lz4.block
import lz4.frame

text = b"the quick brown fox " * 5000
print(lz4.version.version, lz4.library_version_string())
packed = lz4.frame.compress(text, compression_level=9)
print(len(packed), hashlib.sha256(packed).hexdigest()[:16])
print(lz4.frame.decompress(packed) == text)
print(lz4.block.decompress(lz4.block.compress(text, mode="high_compression")) == text)
try:
    lz4.frame.decompress(b"nonsense")
except RuntimeError as error:
    print("error", error)
