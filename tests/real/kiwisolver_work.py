# SPDX-License-Identifier: MIT
"""The Cassowary solver (C++ templates and exceptions)."""
import kiwisolver as kiwi

print(kiwi.__version__, kiwi.__kiwi_version__)
variables = [kiwi.Variable("x%d" % i) for i in range(30)]
solver = kiwi.Solver()
solver.addConstraint(variables[0] == 5)
for a, b in zip(variables, variables[1:]):
    solver.addConstraint(b >= a + 2)
    solver.addConstraint((b == a) | "weak")
solver.updateVariables()
print([v.value() for v in variables[:4]], variables[-1].value())
try:
    solver.addConstraint(variables[0] == 6)
except kiwi.UnsatisfiableConstraint:
    print("error unsatisfiable")
