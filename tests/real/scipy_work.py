# SPDX-License-Identifier: MIT
"""Fortran, C++ and OpenBLAS of its own: sparse systems, ODEs, FFT, quadrature, images."""
import numpy as np
import scipy
from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, sparse, spatial
from scipy import special, stats
from scipy.sparse import linalg as sparse_linalg

random = np.random.default_rng(1)
print(scipy.__version__)
a = random.standard_normal((80, 80))
print("schur", np.allclose((lambda t, z: z @ t @ z.T)(*linalg.schur(a)), a))
grid = sparse.diags([-1, 2.1, -1], [-1, 0, 1], (2000, 2000), format="csc")
x = sparse_linalg.spsolve(grid, np.ones(2000))
print("sparse", np.allclose(grid @ x, 1), "eigs", sparse_linalg.eigsh(grid, 1)[0].round(6).tolist())
print("ode", integrate.solve_ivp(lambda t, y: -y, (0, 1), [1], rtol=1e-9).y[0, -1].round(6))
print("quad %.9f" % integrate.quad(lambda x: np.exp(-x * x), -np.inf, np.inf)[0])
print("root %.9f" % optimize.brentq(np.cos, 1, 2), optimize.linprog([1, 1], [[-1, -2]], [-4]).fun)
print("fft", np.allclose(fft.irfft(fft.rfft(a[0])), a[0]), signal.medfilt([1, 9, 2, 8, 3]).tolist())
print("special %.9f %.9f" % (special.gamma(0.5), special.jv(1, 2.5)))
print("label", ndimage.label(a > 1)[1], "hull", len(spatial.ConvexHull(a[:, :2]).vertices))
print("test %.6f" % stats.ks_2samp(a[0], a[1]).pvalue, interpolate.CubicSpline(range(5), [0, 1, 4, 9, 16])(2.5))
try:
    linalg.cholesky(-np.eye(3))
except linalg.LinAlgError as error:
    print("error", type(error).__name__)
