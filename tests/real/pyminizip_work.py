# SPDX-License-Identifier: MIT
"""Zip files with a password; an old zlib is compiled in, and exported."""
import os
import tempfile
import zipfile

import pyminizip

with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    with open("a.txt", "wb") as file:
        file.write(b"the quick brown fox " * 5000)
    pyminizip.compress("a.txt", None, "a.zip", "secret", 6)
    with zipfile.ZipFile("a.zip") as archive:
        archive.setpassword(b"secret")
        print("packed", archive.namelist(), archive.read("a.txt") == b"the quick brown fox " * 5000)
    os.mkdir("out")
    pyminizip.uncompress("a.zip", "secret", "out", 0)
    os.chdir(directory)
    print("unpacked", os.path.getsize("out/a.txt"))
    try:
        pyminizip.compress("missing.txt", None, "b.zip", None, 6)
    except OSError as error:
        print("a missing file:", type(error).__name__)
    os.chdir("/")
