# SPDX-License-Identifier: MIT
"""Intel's storage library linked in: assembly beside zlib."""
import zlib

import isal
from isal import igzip, isal_zlib

text = b"the quick brown fox " * 5000
print(isal.__version__, isal_zlib.ISAL_BEST_COMPRESSION)
packed = isal_zlib.compress(text)
print(isal_zlib.decompress(packed) == text, zlib.decompress(packed) == text)
print(isal_zlib.crc32(text) == zlib.crc32(text), isal_zlib.adler32(text) == zlib.adler32(text))
print(igzip.decompress(igzip.compress(text)) == text)
try:
    isal_zlib.decompress(b"nonsense")
except isal_zlib.error as error:
    print("error", type(error).__name__)
