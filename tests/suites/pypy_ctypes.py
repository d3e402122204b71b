# SPDX-License-Identifier: MIT
"""A plugin of pytest: what PyPy's tests of ctypes import from ctypes/test/__init__.py,
which Debian's pypy3-lib-testsuite lacks."""
import ctypes
import ctypes.test
import unittest


def need_symbol(name):
    return unittest.skipUnless(hasattr(ctypes, name), "ctypes has no %s" % name)


ctypes.test.need_symbol = need_symbol
ctypes.test.xfail = unittest.expectedFailure
