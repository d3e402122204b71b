# SPDX-License-Identifier: MIT
"""imports.py time|memory: imports modules of 12 packages, and prints as JSON what
each import took (ns), or what private dirty memory the process had (KB) before
any, after the first, and after the last.

Mirrors are files in memory, and the kernel calls their pages private while one
namespace maps them and shared as soon as a second one does: Private_Dirty would
fall when a namespace is added. Nobody else has them, so they count here, once."""
import importlib
import json
import os
import sys
import time

FIRST = "pkg00.first"
LATER = ["pkg00.later%d" % n for n in range(8)]
FURTHER = ["pkg%02d.first" % n for n in range(1, 12)]


def took(name):
    start = time.perf_counter_ns()
    __import__(name)
    return time.perf_counter_ns() - start


def private_dirty():
    # Neither file objects nor buffers: reading is not what is measured.
    fd = os.open("/proc/self/smaps_rollup", os.O_RDONLY)
    text = os.read(fd, 4096)
    os.close(fd)
    return sum(int(text.split(key)[1].split()[0]) for key in (b"Pss_Anon:", b"Pss_Shmem:"))


def times():
    return {
        "first": took(FIRST),
        "later": [took(name) for name in LATER],
        "further": [took(name) for name in FURTHER],
    }


def memory():
    # The nursery's pages are dirtied once, and not on our account.
    for _ in range(3):
        sum(len([n]) for n in range(200000))
    marks = [private_dirty()]
    for names in ([FIRST], FURTHER):
        for name in names:
            __import__(name)
        marks.append(private_dirty())
    return {"before": marks[0], "first": marks[1], "further": marks[2]}


# What Python reads of the packages (directories, __init__) is not measured.
for number in range(12):
    importlib.import_module("pkg%02d" % number)
took("pkg00.python")
print(json.dumps(memory() if sys.argv[1] == "memory" else times()))
