# SPDX-License-Identifier: MIT
"""numpy, scipy and pandas in one process: arrays that one makes and another computes with."""
import ctypes
import hashlib
import io

import numpy
import pandas
import scipy
from scipy import (fft, integrate, interpolate, linalg, ndimage, optimize, sparse, spatial,
                   special, stats)
from scipy.linalg import cython_blas
from scipy.sparse import csgraph
from scipy.sparse.linalg import eigsh, spsolve


def brief(array):
    return ["%.8g" % value for value in numpy.ravel(array)[:4]]


print(numpy.__version__, scipy.__version__, pandas.__version__)
draw = numpy.random.default_rng(2617)
square = draw.standard_normal((60, 60))
lu = linalg.lu_factor(square)
print("lu", numpy.allclose(square @ linalg.lu_solve(lu, square[:, 0]), square[:, 0]))
u, s, vh = linalg.svd(square)
print("svd", brief(s), numpy.allclose(u * s @ vh, square))
positive = square @ square.T
print("eig", brief(linalg.eigvalsh(positive)), brief(numpy.linalg.eigvalsh(positive)))
print("expm", brief(linalg.expm(square / 60)), brief(linalg.cholesky(positive)))
ddot = linalg.get_blas_funcs("dot", (square,))
print("blas", ddot.typecode, "%.10g" % ddot(square[0], square[1]))
print("cython", "ddot" in cython_blas.__pyx_capi__)

grid = sparse.diags([-1.0, 2.0, -1.0], [-1, 0, 1], shape=(400, 400), format="csc")
print("sparse", brief(spsolve(grid, numpy.ones(400))), brief(eigsh(grid, k=3, sigma=0)[0]))
graph = sparse.csr_matrix(numpy.where(abs(square) > 1.5, abs(square), 0))
print("graph", csgraph.connected_components(graph)[0],
      brief(csgraph.dijkstra(graph, indices=0)[1:]))

rosen = optimize.minimize(optimize.rosen, [1.3, 0.7, 0.8], method="L-BFGS-B")
print("minimize", rosen.success, numpy.allclose(rosen.x, 1, atol=1e-3))
print("root", brief(optimize.root(lambda x: [x[0] + x[1] - 3, x[0] * x[1] - 2], [0.5, 2.5]).x))
plan = optimize.linprog([-1, -2], A_ub=[[1, 1], [1, 3]], b_ub=[4, 6], method="highs")
print("linprog", plan.status, brief(plan.x), plan.fun)
curve, _ = optimize.curve_fit(lambda x, a, b: a * numpy.exp(b * x), numpy.arange(5.0),
                              2 * numpy.exp(0.5 * numpy.arange(5.0)), p0=(1, 1))
print("curve", brief(curve))

wave = numpy.sin(numpy.arange(256) * 0.3)
print("fft", int(abs(fft.rfft(wave)).argmax()), numpy.allclose(fft.irfft(fft.rfft(wave)), wave),
      numpy.allclose(fft.fft(wave), numpy.fft.fft(wave)))
print("quad", "%.12f" % integrate.quad(lambda x: numpy.exp(-x * x), -numpy.inf, numpy.inf)[0])


@ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double))
def cube(count, values):
    return values[0] ** 3


print("quad of a C function", "%.12f" % integrate.quad(scipy.LowLevelCallable(cube), 0, 2)[0])
decay = integrate.solve_ivp(lambda t, y: [-y[0]], (0, 1), [1.0], rtol=1e-9)
print("ode", brief(decay.y[:, -1]))
print("spline", brief(interpolate.CubicSpline(range(5), [0, 1, 4, 9, 16])([1.5, 2.5])))
print("image", brief(ndimage.gaussian_filter(square, 2)), ndimage.label(square > 1)[1])
print("tree", spatial.cKDTree(square[:, :3]).query(square[5, 3:6])[1],
      "%.8f" % spatial.ConvexHull(square[:, :2]).volume)
print("special", "%.12g %.12g" % (special.gamma(4.5), special.jv(2, 3.3)))
print("stats", "%.8f" % stats.ttest_ind(square[0], square[1]).pvalue)

frame = pandas.DataFrame({"key": list("abcab") * 12, "value": square[0],
                          "day": pandas.date_range("2024-02-27", periods=60)})
print(frame.groupby("key")["value"].agg(["count", "mean", "std"]).round(6).to_csv().split())
names = pandas.DataFrame({"key": ["a", "b"], "name": ["Anna", "Bo"]})
merged = frame.merge(names, on="key", how="left")
print("merge", merged["name"].isna().sum(), merged.shape)
print("resample", frame.set_index("day")["value"].resample("MS").sum().round(6).to_dict())
print("rolling", brief(frame["value"].rolling(5).mean()[10:]))
text = merged.to_csv(index=False, float_format="%.6f")
again = pandas.read_csv(io.StringIO(text), parse_dates=["day"])
print("csv", hashlib.sha256(text.encode()).hexdigest()[:16], again.dtypes.astype(str).to_dict())
print("json", hashlib.sha256(frame.to_json().encode()).hexdigest()[:16])
print("pivot", frame.pivot_table(index="key", columns=frame["day"].dt.month, values="value",
                                 aggfunc="size").to_numpy().tolist())
sparsed = pandas.DataFrame.sparse.from_spmatrix(graph)
print("sparse frame", sparsed.sparse.to_coo().nnz == graph.nnz)
print("zone", frame["day"].dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC").iloc[-1])
try:
    linalg.cholesky(-numpy.eye(3))
except numpy.linalg.LinAlgError as error:
    print("numpy's error from scipy:", error)
