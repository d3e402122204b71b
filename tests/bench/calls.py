# SPDX-License-Identifier: MIT
"""calls.py WHAT N: does a thing N times, so that what two values of N differ by is
what the thing costs, and start-up falls out."""
import sys


def nothing(count):
    call = __import__("pkg00.first").first.nothing
    for _ in range(count):
        call()


def api(count):
    __import__("pkg00.first").first.api(count)


def heap(count):
    __import__("pkg00.first").first.heap(count)


def first(count):
    for number in range(count):
        __import__("pkg%02d.first" % number)


def later(count):
    first(1)
    for number in range(count):
        __import__("pkg00.later%d" % number)


# The same for each N: what Python reads of packages before it loads a module.
for each in range(12):
    __import__("pkg%02d" % each)
__import__("pkg00.python")
globals()[sys.argv[1]](int(sys.argv[2]))
