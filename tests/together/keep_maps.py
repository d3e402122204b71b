# SPDX-License-Identifier: MIT
"""Runs a script, then leaves a copy of /proc/self/maps in the directory MAPS."""
import os
import runpy
import sys

sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
sys.stdout.flush()
kept = "%s/%d" % (os.environ["MAPS"], os.getpid())
with open("/proc/self/maps") as now, open(kept, "w") as file:
    file.write(now.read())
