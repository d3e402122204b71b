# SPDX-License-Identifier: MIT
"""For gdb, where ld.so tells it of base alone: before glibc 2.35. Sourced (gdb -x), it reads
the symbols of what is mapped and gdb does not list: whenever something has been loaded, and
when it is told to (isolate-symbols), which is for a process that it came to later and for a
core file."""
import os

import gdb

known = set()


def is_elf(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def mapped():
    """(path, address) of each library that ld.so has mapped: in several parts, the first of
    which has its first byte. (The audit module looks at files in one part.)"""
    before = []
    for line in gdb.execute("info proc mappings", to_string=True).splitlines():
        words = line.split(None, 4)
        if line.count("0x") == 4 and len(words) == 5 and ".so" in words[4]:
            if before[1:] and before[4] == words[4] and before[1] == words[0]:
                if int(before[3], 0) == 0 and is_elf(words[4]):
                    yield words[4], int(before[0], 0)
            before = words


def load_symbols():
    gdb.execute("sharedlibrary", to_string=True)
    listed = {os.path.realpath(each.filename) for each in gdb.objfiles()}
    for path, start in mapped():
        if os.path.realpath(path) not in listed and (path, start) not in known:
            known.add((path, start))
            gdb.execute("add-symbol-file %s -o %#x" % (path, start), to_string=True)


class Symbols(gdb.Command):
    """Read the symbols of the modules in namespaces."""

    def __init__(self):
        super().__init__("isolate-symbols", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        load_symbols()


class Loaded(gdb.Breakpoint):
    """Where ld.so stops for a debugger."""

    def stop(self):
        load_symbols()
        return False


gdb.execute("set breakpoint pending on")
gdb.execute("set confirm off")
Symbols()
Loaded("_dl_debug_state", internal=True)
