# SPDX-License-Identifier: MIT
"""threadpoolctl looks for OpenBLAS in the libraries of the process, and sets its threads.

A library that it finds it opens with ctypes, to call the functions of that copy."""
import os
import sys

import numpy
import threadpoolctl

if "scipy" in sys.argv:
    import scipy.linalg


def pools():
    return sorted((os.path.basename(pool["filepath"]), pool["internal_api"], pool["prefix"],
                   pool["version"], pool["num_threads"])
                  for pool in threadpoolctl.threadpool_info())


def product():
    square = numpy.arange(300 * 300, dtype=float).reshape(300, 300) % 17
    answer = numpy.linalg.det(square[:40, :40] + 20 * numpy.eye(40))
    if "scipy" in sys.argv:
        answer += scipy.linalg.blas.dasum(square[0])
    return (square @ square).sum(), "%.6g" % answer


threadpoolctl.threadpool_limits(2)
for pool in pools():
    print(*pool)
before = product()
with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
    print("limited", [pool[-1] for pool in pools()], product() == before)
print("restored", [pool[-1] for pool in pools()], product() == before)
controller = threadpoolctl.ThreadpoolController()
print("selected", len(controller.select(internal_api="openblas").info()))
print("threading", {pool["threading_layer"] for pool in controller.info()})
