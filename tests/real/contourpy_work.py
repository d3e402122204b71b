# SPDX-License-Identifier: MIT
"""Contour lines, also by C++ threads."""
import contourpy
import numpy as np

print(contourpy.__version__)
x = np.linspace(-2, 2, 200)
z = np.exp(-(x[:, None] ** 2) - x[None, :] ** 2)
for name in ("serial", "threaded"):
    lines = contourpy.contour_generator(x, x, z, name=name).lines(0.5)
    print(name, len(lines), sum(len(line) for line in lines), "%.6f" % lines[0].max())
try:
    contourpy.contour_generator(z=np.zeros(3))
except (TypeError, ValueError) as error:
    print("error", type(error).__name__)
