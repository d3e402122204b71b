# SPDX-License-Identifier: MIT
"""libxml2_work.py SITE: the libxml2 that the package `newer` brings."""
import os
import sys

sys.path.insert(0, sys.argv[1])
import newer.mod  # noqa: E402

version, path = newer.mod.version()
print(version[:3], "newer.libs" in os.path.realpath(path))
document = "<a>" + "".join("<b n='%d'>&lt;%d&#233;</b>" % (n, n) for n in range(1000)) + "</a>"
for turn in range(3):
    number, text = newer.mod.parse(document, "sum(//b[@n < 500]/@n)")
print(number, len(text), text[-40:].strip())
print(newer.mod.parse("<a><b></a>", "1"))
