# SPDX-License-Identifier: MIT
"""The suites: whose tests, under which interpreter, and which modules must be isolated.

What they need is installed by `tests/setup suites`.
"""
import dataclasses
import pathlib

CACHE = pathlib.Path(__file__).resolve().parent.parent.parent / "cache"
MANY = 40  # more names than that are not run again one by one

CPYTHON, PYPY = "/usr/bin/python3", "/usr/bin/pypy3"
VENV = str(CACHE / "suites/cpython/bin/python3")
PYPY_VENV = str(CACHE / "suites/pypy/bin/pypy3")
PACKAGES, OURS = "*-packages/*", "*/libpypy-isolate.so"


@dataclasses.dataclass
class Suite:
    name: str
    python: str
    kind: str  # see inside.py
    arguments: list
    isolates: str = PACKAGES  # modules like this are in namespaces, and in base without us
    path: tuple = ()  # PYTHONPATH, below cache/
    copies: dict = dataclasses.field(default_factory=dict)  # where to, from below cache/
    policy: str = ""
    environment: dict = dataclasses.field(default_factory=dict)

    def one(self, name):
        """The arguments that run just this test."""
        if self.kind == "pytest":
            return PYTEST + ["/" + name]
        if self.kind == "regrtest":
            return [*self.arguments, "-m", name.split(" ")[0]]
        return [name.split(" ")[0]]


# Names begin at the root, and so do not depend on where we are.
PYTEST = ["--rootdir=/", "-q", "-rf", "-p", "no:cacheprovider", "-p", "no:randomly"]


def pytest(name, python, arguments, **rest):
    return Suite(name, python, "pytest", PYTEST + arguments.split(), **rest)


NUMPY = (
    "--pyargs numpy.{0}.tests.test_multiarray numpy.{0}.tests.test_umath"
    " numpy.linalg numpy.random.tests.test_generator_mt19937"
)
# A generator of Cython 3 ends the process, without us as well: "missing slot wrapper".
NUMPY_DIES = str(CACHE / "real/site-packages/numpy/random/tests/test_generator_mt19937.py")[1:]
NUMPY_DIES += "::TestRandomDist"
SCIPY = (
    "--pyargs scipy.linalg.tests.test_basic scipy.linalg.tests.test_blas scipy.fft"
    " scipy.linalg.tests.test_lapack scipy.sparse.linalg scipy.special.tests.test_basic"
    " scipy.integrate scipy.spatial.tests.test_qhull scipy.ndimage.tests.test_filters"
)
# By path: so pytest sees the options that pandas' conftest.py adds.
PANDAS = " ".join("/usr/lib/python3/dist-packages/pandas/tests/" + part
                  for part in ("libs", "tslibs", "arrays"))
REAL = ("real/site-packages",)
CFFI = "testing/cffi0 testing/cffi1"
SOURCES = "suites/src/"


LXML_FILES = (
    "etree elementtree objectify xslt xpathevaluator htmlparser sax threading relaxng"
    " xmlschema unicode classlookup nsclasses builder css dtd schematron isoschematron"
)

# Bases of tests that are no tests by themselves, and what looks for the documentation.
LXML = ["-k", "not CaseBase and not test_suite"]


def lxml(name, python, version, files, **rest):
    """As a package, since the tests import their neighbours, but not one named lxml."""
    tests = SOURCES + "lxml-%s/src/lxml/tests" % version
    copies = {"lxml_tests": tests}
    suite = pytest(name, python, files, copies=copies, **rest)
    suite.arguments += LXML
    return suite


# The modules of the standard library are left alone by the policy, unless ours says
# otherwise. Two of these tests are not in Debian's package, but in the source; of PyPy's,
# those are left out that need files which its package lacks.
STDLIB = {
    "ctypes": "test_ctypes",
    "capi": "test_capi test_sqlite3",
    "importlib": "test_importlib test_import",
    "data": "test_zlib test_bz2 test_lzma test_pyexpat test_decimal test_json test_hashlib"
    " test_dbm test_xml_etree_c test_uuid test_zoneinfo test_array test_struct test_mmap",
    "ssl": "test_ssl",
    "terminal": "test_curses test_readline test_pty test_tcl",
    "threads": "test_threading test_fork1 test_asyncio",
    "multiprocessing": "test_multiprocessing_fork test_multiprocessing_spawn"
    " test_multiprocessing_forkserver",
}
FROM_SOURCE = "capi"
PYPY_STDLIB = {
    "data": "test_zlib test_bz2 test_lzma test_pyexpat test_hashlib test_sqlite test_dbm"
    " test_audioop test_struct test_mmap test_resource test_syslog test_pwd",
    "ssl": "test_ssl",
    "terminal": "test_curses test_readline test_pty",
    "threads": "test_threading test_fork1",
}


def stdlib(name, python, tests=STDLIB, **rest):
    for part, words in tests.items():
        arguments = ["-u", "all,-gui,-network,-urlfetch,-largefile,-cpu", "-v", *words.split()]
        path = (SOURCES + "cpython",) if part == FROM_SOURCE else ()
        yield Suite("%s-%s" % (name, part), python, "regrtest", arguments, path=path, **rest)


SUITES = [
    pytest("numpy-debian", CPYTHON, NUMPY.format("core")),
    pytest("numpy-pypy", PYPY_VENV, NUMPY.format("_core") + " --deselect=" + NUMPY_DIES,
           path=REAL),
    pytest("numpy-linalg-pypy", PYPY_VENV, "--pyargs numpy.linalg", path=REAL),
    pytest("numpy-short-pypy", PYPY_VENV, "--pyargs numpy.linalg.tests.test_regression"
           " numpy.fft.tests.test_helper", path=REAL),
    pytest("scipy-debian", CPYTHON, SCIPY),
    pytest("pandas-debian", CPYTHON, PANDAS),
    # Later ones have generators of Cython 3, which end the process of this pypy3 as such.
    lxml("lxml-pypy", PYPY_VENV, "4.9.2", " ".join(
        "lxml_tests/test_%s.py" % part for part in LXML_FILES.split())),
    lxml("lxml-short-pypy", PYPY_VENV, "4.9.2", "lxml_tests/test_etree.py"),
    lxml("lxml-debian", CPYTHON, "4.9.2", "lxml_tests"),
    lxml("lxml-cpython", VENV, "5.4.0", "lxml_tests"),
    *stdlib("cpython", CPYTHON, isolates=OURS),
    *stdlib("dynload", CPYTHON, isolates="*/lib-dynload/*", policy='isolate "*/lib-dynload/*"'),
    *stdlib("pypy", PYPY, PYPY_STDLIB, isolates=OURS),
    *stdlib("pypylib", PYPY, PYPY_STDLIB, isolates="/usr/lib/pypy3*",
            policy='isolate "/usr/lib/pypy3*/*"'),
    pytest("cffi-cpython", VENV, CFFI + " src/c/test_c.py",
           copies={".": SOURCES + "cffi-1.17.1"}),
    Suite("greenlet-cpython", VENV, "unittest", ["discover", "greenlet.tests"]),
    Suite("regex-cpython", VENV, "unittest", ["regex.test_regex"]),
    Suite("bitarray-cpython", VENV, "unittest",
          ["bitarray.test_bitarray", "bitarray.test_util"]),
    pytest("pillow-cpython", VENV, "Tests", copies={".": SOURCES + "pillow-11.0.0"}),
    pytest("pillow-pypy", PYPY_VENV, "Tests", copies={".": SOURCES + "pillow-11.0.0"},
           path=REAL),
    pytest("yaml-cpython", VENV, "tests", copies={".": SOURCES + "pyyaml-6.0.2"}),
    pytest("yaml-pypy", PYPY_VENV, "tests", copies={".": SOURCES + "pyyaml-6.0.2"}, path=REAL),
    pytest("msgpack-cpython", VENV, "test", copies={"test": SOURCES + "msgpack-1.1.0/test"}),
    pytest("zstandard-cpython", VENV, "tests",
           copies={"tests": SOURCES + "zstandard-0.23.0/tests"}),
    pytest("bcrypt-pypy", PYPY_VENV, "tests", copies={"tests": SOURCES + "bcrypt-4.2.0/tests"},
           path=REAL),
    pytest("xxhash-pypy", PYPY_VENV, "tests", copies={"tests": SOURCES + "xxhash-4.1.0/tests"},
           path=REAL),
]
