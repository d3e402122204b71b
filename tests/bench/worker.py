# SPDX-License-Identifier: MIT
"""worker.py: imports what a worker of a server might, and prints as JSON what the process
holds then: its own memory (KB), open descriptors, mappings; and the memory of a child that
was forked of it and has done nothing yet."""
import json
import os

import lxml.etree  # noqa: F401
import numpy  # noqa: F401
import PIL._imaging  # noqa: F401


def read(name):
    # Neither file objects nor buffers: reading is not what is measured.
    fd, text = os.open("/proc/self/" + name, os.O_RDONLY), b""
    while True:
        more = os.read(fd, 65536)
        if not more:
            break
        text += more
    os.close(fd)
    return text


def memory(*keys):
    text = read("smaps_rollup")
    return sum(int(text.split(key)[1].split()[0]) for key in keys)


def of_fork():
    """What it has touched is its own, all else is its parent's, too."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.write(theirs, b"%d" % memory(b"Private_Dirty:"))
        os._exit(0)
    os.close(theirs)
    text = os.read(ours, 64)
    os.close(ours)
    os.wait()
    return int(text)


print(json.dumps({
    # Mirrors are files in memory that nobody else has: imports.py.
    "memory": memory(b"Pss_Anon:", b"Pss_Shmem:"),
    "descriptors": len(os.listdir("/proc/self/fd")) - 1,
    "mappings": read("maps").count(b"\n"),
    "fork": of_fork(),
}))
