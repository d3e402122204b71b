# SPDX-License-Identifier: MIT
"""Runs somebody's tests, and writes each outcome as it comes and where modules were.

inside.py DIRECTORY pytest|regrtest|unittest ARGUMENT...

DIRECTORY/outcomes has a line for each test, [NAME, OUTCOME] in JSON, written at once: what
came before a crash is kept. DIRECTORY/modules has a line for each extension module that
the process had at its end, and for our own if it was there, [NAMESPACE, PATH]; 0 is base.
"""
import atexit
import importlib.machinery
import json
import os
import sys


class Outcomes:
    """The file of outcomes. Children that were forked write into it, too: a line is whole."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def add(self, name, outcome):
        os.write(self.file, json.dumps([name, outcome]).encode() + b"\n")


class Plugin:
    """For pytest."""

    def __init__(self, outcomes):
        self.outcomes = outcomes

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            outcome = report.outcome
            if hasattr(report, "wasxfail"):
                outcome = "xfailed" if report.skipped else "xpassed"
            elif report.failed and report.when != "call":
                outcome = "error in " + report.when
            self.outcomes.add(report.nodeid, outcome + kind_of(report))

    def pytest_collectreport(self, report):
        if not report.passed:
            outcome = report.outcome + kind_of(report)
            self.outcomes.add("collection of " + report.nodeid, outcome)


def kind_of(report):
    """Which exception it was that a test failed with."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if not report.failed or crash is None:
        return ""
    return ": " + crash.message.split("\n")[0].split(":")[0].split("(")[0][:60]


def record_unittest(outcomes):
    """From now on each result of unittest's is recorded, whoever runs the tests."""
    import unittest

    def wrap(method, outcome):
        original = getattr(unittest.TestResult, method)

        def recorded(self, test, *rest):
            text = outcome
            if rest and isinstance(rest[0], tuple):
                text += ": " + rest[0][0].__name__
            outcomes.add(test.id(), text)
            return original(self, test, *rest)

        setattr(unittest.TestResult, method, recorded)

    wrap("addSuccess", "passed")
    wrap("addFailure", "failed")
    wrap("addError", "failed")
    wrap("addSkip", "skipped")
    wrap("addExpectedFailure", "xfailed")
    wrap("addUnexpectedSuccess", "xpassed")
    original = unittest.TestResult.addSubTest

    def sub(self, test, subtest, error):
        if error is not None:
            outcomes.add(subtest.id(), "failed: " + error[0].__name__)
        return original(self, test, subtest, error)

    unittest.TestResult.addSubTest = sub


def write_modules(path, process):
    """Not before the end: this loads ctypes, which is one of the tested."""
    if os.getpid() != process:
        return
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "fixture"))
    import loaded
    import look

    tag = importlib.machinery.EXTENSION_SUFFIXES[0]
    named = {os.path.realpath(getattr(m, "__file__", None) or "") for m in sys.modules.values()}
    with open(path, "w") as out:
        for line in look.maps():
            start, _, offset, _, _, file = (line.split(maxsplit=5) + [""])[:6]
            ours = file.endswith("/libpypy-isolate.so")
            extension = file.endswith(tag) or (file in named and file.endswith(".so"))
            if offset == "00000000" and (ours or extension):
                number = loaded.namespace(int(start.split("-")[0], 16))
                out.write(json.dumps([number, file]) + "\n")


def main():
    directory, kind = sys.argv[1:3]
    sys.argv[:] = [kind] + sys.argv[3:]
    # As with `python -m`: not the directory of this file, but the current one.
    sys.path[0] = os.getcwd()
    atexit.register(write_modules, os.path.join(directory, "modules"), os.getpid())
    outcomes = Outcomes(os.path.join(directory, "outcomes"))
    if kind == "pytest":
        import pytest

        return pytest.main(sys.argv[1:], plugins=[Plugin(outcomes)])
    record_unittest(outcomes)
    if kind == "regrtest":
        import test.libregrtest

        return test.libregrtest.main()
    import unittest

    return unittest.main(module=None, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
