# SPDX-License-Identifier: MIT
"""All that a program could tell its interpreter's start by, on one line; NAME=VALUE each.

What must be as without us, whoever starts it: so a test compares the text."""
import os
import sys
import sysconfig

with open("/proc/self/comm") as comm, open("/proc/self/cmdline") as cmdline:
    print(
        "executable=%s base=%s prefix=%s base_prefix=%s argv=%s orig=%s name=%s cmdline=%s"
        " include=%s stdlib=%s environment=%s limits=%s"
        % (
            sys.executable,
            getattr(sys, "_base_executable", None),
            sys.prefix,
            sys.base_prefix,
            sys.argv[1:],
            getattr(sys, "orig_argv", None),
            comm.read().strip(),
            cmdline.read().split("\0")[0],
            sysconfig.get_paths()["include"],
            os.path.dirname(os.__file__),
            # The shell's own, which counts its commands.
            sorted(item for item in os.environb.items() if item[0] != b"_"),
            sorted(os.listdir("/proc/self/fd")),
        )
    )
