# SPDX-License-Identifier: MIT
"""Linear algebra (OpenBLAS, libgfortran), FFT, random streams, sorting."""
import numpy as np

random = np.random.default_rng(1)
a = random.standard_normal((120, 120))
b = random.standard_normal(120)
x = np.linalg.solve(a, b)
u, s, vt = np.linalg.svd(a)
q, r = np.linalg.qr(a)
symmetric = a + a.T
print(np.__version__)
print("solve", np.allclose(a @ x, b), "svd", np.allclose((u * s) @ vt, a))
print("qr", np.allclose(q @ r, a))
print("eigh", np.isclose(np.linalg.eigvalsh(symmetric).sum(), np.trace(symmetric)))
print("fft", np.allclose(np.fft.ifft(np.fft.fft(b)), b))
print("sort", int(np.argsort(random.integers(0, 1 << 40, 5000), kind="stable")[17]))
print("strings", np.char.upper(np.array(["a", "bc"])).tolist(), np.arange(3).tobytes().hex())
try:
    np.linalg.inv(np.zeros((2, 2)))
except np.linalg.LinAlgError as error:
    print("error", error)
with np.errstate(divide="raise"):
    try:
        np.float64(1) / np.float64(0)
    except FloatingPointError as error:
        print("error", error)
