# SPDX-License-Identifier: MIT
"""Rust, with bzip2, zstd, lz4 and snappy linked in."""
import cramjam

text = b"the quick brown fox " * 5000
print(cramjam.__version__)
for name in ("bzip2", "gzip", "deflate", "zstd", "lz4", "snappy", "brotli"):
    codec = getattr(cramjam, name)
    packed = bytes(codec.compress(text))
    print(name, len(packed) < len(text), bytes(codec.decompress(packed)) == text)
try:
    cramjam.bzip2.decompress(b"nonsense")
except cramjam.DecompressionError:
    print("error DecompressionError")
