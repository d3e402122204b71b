# SPDX-License-Identifier: MIT
"""plot.py JSON-FILE DIRECTORY: the curves -> DIRECTORY/curve-N.dat, for plot.gp."""
import json
import os
import sys

with open(sys.argv[1]) as file:
    curves = json.load(file)["curves"]
for number, curve in enumerate(curves):
    with open(os.path.join(sys.argv[2], "curve-%d.dat" % number), "w") as out:
        out.write("# %(curve)s\n# %(axis)s\n" % curve)
        for point in curve["points"]:
            values = [ns / 1e3 for ns in point["plain"] + point["isolated"]]
            out.write(" ".join("%.2f" % value for value in [point["x"], *values]) + "\n")
