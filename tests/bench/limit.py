# SPDX-License-Identifier: MIT
"""How far from the limit: what isolation adds to an import, beside what the kernel and ld.so
take for files like its mirrors when nothing of ours is there (limit.c)."""
import os
import shutil
import statistics
import struct

from measure import LAUNCHER, PIN, WORK, columns, compile_c, rounds, run

TREE = os.path.join(WORK, "mirrors")
COPY = """\
import os, shutil, sys
import pkg00.first
for fd in sorted(os.listdir("/proc/self/fd"), key=int):
    path = "/proc/self/fd/" + fd
    if os.path.exists(path) and os.readlink(path).startswith("/memfd:"):
        shutil.copyfile(path, os.path.join(sys.argv[1], fd))
"""
DT_NEEDED, IGNORED, PT_DYNAMIC = 1, 0x6000000d, 2
LAYOUTS = {1: ("<IIIII", "<28xI10xHH", 0, 1, 4), 2: ("<IIQQQQ", "<32xQ14xHH", 0, 2, 5)}


def without_needed(path):
    """What a mirror needs is another mirror, which only an audit module can say. (ELF: gABI)"""
    with open(path, "rb") as file:
        image = bytearray(file.read())
    segment, header, kind, offset, size = LAYOUTS[image[4]]
    word = "<QQ" if image[4] == 2 else "<II"
    start, length, count = struct.unpack_from(header, image)
    for number in range(count):
        values = struct.unpack_from(segment, image, start + number * length)
        if values[kind] != PT_DYNAMIC:
            continue
        for at in range(values[offset], values[offset] + values[size], struct.calcsize(word)):
            tag, value = struct.unpack_from(word, image, at)
            if tag == DT_NEEDED:
                struct.pack_into(word, image, at, IGNORED, value)
    with open(path, "wb") as file:
        file.write(image)
    return path


def build():
    compile_c("limit", ["limit.c"])
    shutil.rmtree(TREE, ignore_errors=True)
    os.makedirs(TREE)
    run([LAUNCHER, "pypy3", "-c", COPY, TREE])
    return [without_needed(os.path.join(TREE, name)) for name in sorted(os.listdir(TREE))]


def measure():
    """ns: of the first namespace, files and all, and of a further one"""
    files = build()
    samples = [[int(line) for line in run([*PIN, os.path.join(WORK, "limit"), *files])
                .stdout.split()] for _ in range(rounds(40))]
    return {"files": len(files), "bytes": sum(os.path.getsize(file) for file in files),
            "first": statistics.median(each[0] + each[1] for each in samples),
            "further": statistics.median(statistics.median(each[2:]) for each in samples)}


def table(limit, first, further):
    """first, further: the figures of such an import"""
    rows = [["how far from the limit (us)", "isolation adds", "limit", "ours"]]
    for name, figure in (("first", first), ("further", further)):
        added = figure["difference"][0]
        rows.append([figure["figure"], *["%.0f" % (value / 1e3) for value in
                                         (added, limit[name], added - limit[name])]])
    return columns(rows) + [
        "limit: what the kernel and ld.so take to make as many files of that size (%d, %.0f KB)"
        % (limit["files"], limit["bytes"] / 1024),
        "and to open them one by one in a namespace, without any audit module:",
        "build/bench/limit build/bench/mirrors/*"]
