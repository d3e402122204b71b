# SPDX-License-Identifier: MIT
"""What a worker of an engine does with its part of the numbers; its modules have libraries of
their own."""
import os
import platform
import time


def part(numbers):
    """the process, where it runs, which Python, and the sum by numpy and by lxml"""
    import five    # whose libraries PyPy has, too
    import numpy
    from lxml import etree

    five.report()
    numbers = list(numbers)
    time.sleep(0.5)     # so that each worker gets some
    tree = etree.fromstring("<a>%s</a>" % "".join("<b>%d</b>" % n for n in numbers))
    return (os.getpid(), os.getcwd(), platform.python_implementation(),
            int(numpy.array(numbers).sum()), int(tree.xpath("sum(//b)")))


def print_whole(parts):
    """What came of all of them: their Python, and both sums"""
    print(*sorted({each[2] for each in parts}), sum(each[3] for each in parts),
          sum(each[4] for each in parts), flush=True)


def write_processes(parts, name):
    """A line each: process, and where it runs"""
    with open(name + ".new", "w") as file:
        for process, where in sorted({tuple(each[:2]) for each in parts}):
            print(process, where, file=file)
    os.rename(name + ".new", name)
