# SPDX-License-Identifier: MIT
"""What isolation costs a server of many workers: one worker is measured, and the rest is
arithmetic. Workers share nothing here but files; those that are forked after the imports
share what was there before, and the row of a fork is what one of them has of its own."""
import json
import os

from measure import HERE, LAUNCHER, PIN, REAL, columns, figure, in_turn, pick, processor, rounds
from measure import run, whole

WORKER = os.path.join(HERE, "worker.py")
WORKERS = 1000
# The key of worker.py's, the row, the unit of a worker, and the unit of all: so many of one.
ROWS = (("memory", "  memory of its own", "KB", "MB", 1024),
        ("fork", "  memory of its own, of a fork", "KB", "MB", 1024),
        ("descriptors", "  descriptors", "open", "open", 1),
        ("mappings", "  mappings", "maps", "maps", 1))


def figures():
    command = ["pypy3", WORKER]
    inside = [lambda prefix=prefix: json.loads(run([*PIN, *prefix, *command],
                                                   PYTHONPATH=REAL).stdout)
              for prefix in ([], [LAUNCHER])]
    times = in_turn(rounds(20), whole(command, PYTHONPATH=REAL),
                    whole(command, [LAUNCHER], PYTHONPATH=REAL))
    pairs = in_turn(rounds(10), *inside)
    typed = "$R $S 1 1 [./pypy-isolate] pypy3 tests/bench/worker.py"
    return [figure("a worker of numpy, lxml and Pillow, processor", "ms", typed,
                   processor(times))] + [
        figure(name, unit, "$R [./pypy-isolate] pypy3 tests/bench/worker.py: %s" % key,
               pick(pairs, lambda each, key=key: each[key]))
        for key, name, unit, _, _ in ROWS]


def table(measured):
    """measured: as figures() gives them"""
    rows = [["%s such workers, by arithmetic" % format(WORKERS, ","), "", "plain", "isolated",
             "difference"]]
    units = [("s", 1e9)] + [(unit, size) for _, _, _, unit, size in ROWS]
    for each, (unit, size) in zip(measured, units):
        values = [each[key][0] * WORKERS / size for key in ("plain", "isolated", "difference")]
        rows.append(["  " + each["figure"].split(", ")[-1].strip(), unit,
                     *[format(value, ",.0f") for value in values[:2]],
                     format(values[2], "+,.1f" if unit == "s" else "+,.0f")])
    return columns(rows)
