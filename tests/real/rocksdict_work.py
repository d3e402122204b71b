# SPDX-License-Identifier: MIT
"""RocksDB (C++, threads) in a Rust module, with zlib, bzip2, lz4, zstd and snappy inside."""
import os
import shutil
import tempfile

from rocksdict import DBCompressionType, Options, Rdict

directory = tempfile.mkdtemp()
try:
    for name in ("zlib", "bz2", "zstd", "lz4", "snappy"):
        options = Options()
        options.set_compression_type(getattr(DBCompressionType, name)())
        path = os.path.join(directory, name)
        database = Rdict(path, options)
        for i in range(2000):
            database[i] = {"text": "isolate " * 20, "i": i}
        database.flush()
        database.close()
        again = Rdict(path, options)
        print(name, again[1999]["i"], len(list(again.keys())), 2000 in again)
        again.close()
finally:
    # Its threads may still be writing there.
    shutil.rmtree(directory, ignore_errors=True)
