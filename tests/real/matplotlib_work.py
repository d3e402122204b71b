# SPDX-License-Identifier: MIT
"""A figure by Agg and FreeType as PNG (Pillow), SVG and PDF; contours, triangles, C++ all."""
import hashlib
import io
import os
import tempfile

os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp()
import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

print(matplotlib.__version__, matplotlib.ft2font.__freetype_version__)
x = np.linspace(-3, 3, 60)
figure, (left, right) = plt.subplots(1, 2, figsize=(6, 3))
left.contourf(x, x, np.sin(x)[:, None] * np.cos(x)[None, :], levels=8)
left.set_title("contours $\\alpha^2$")
n = np.arange(40)
right.tripcolor(np.cos(n * 2.4) * n, np.sin(n * 2.4) * n, n)
figure.canvas.draw()
print(hashlib.sha256(bytes(figure.canvas.buffer_rgba())).hexdigest()[:16])
for kind in ("png", "svg", "pdf"):
    file = io.BytesIO()
    figure.savefig(file, format=kind)
    print(kind, len(file.getvalue()) > 5000)
