# SPDX-License-Identifier: MIT
"""bench.py LAUNCHER WORK-DIRECTORY JSON-FILE PERCENT

Costs of isolation -> a table and a JSON file. Each figure is the median of many
runs, plain and isolated in turn, with the quartiles beside it; ratios and
differences are those of neighbours in time, so what the machine does meanwhile
meets both. Times are of a warm cache. Instructions are exact: they are those of
user space, counted by callgrind, and two runs give the same number.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
LAUNCHER, WORK, JSON_FILE = (os.path.abspath(name) for name in sys.argv[1:4])
PERCENT = int(sys.argv[4])
MODULE = os.path.join(os.path.dirname(LAUNCHER), "libpypy-isolate.so")
SITE = os.path.join(WORK, "site-packages")
IMPORTS = os.path.join(HERE, "imports.py")
CALLS = os.path.join(HERE, "calls.py")
REAL = os.path.join(HERE, "..", "..", "cache", "real", "site-packages")
PACKAGES, LATER = 12, 8
CALL_COUNT = 5000
SECONDS, PAIRS_MIN = 10, 5
CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
# As a person would type it; the commands of the table speak of these.
ALIASES = """\
A='env LD_AUDIT=./libpypy-isolate.so'
P='env PYTHONPATH=build/bench/site-packages'
R='env PYTHONPATH=cache/real/site-packages'
V='env PYTHONHASHSEED=0 PYPY_GC_NURSERY=256MB valgrind --tool=callgrind'"""
ENVIRONMENT = dict(os.environ, PYTHONPATH=SITE, LC_ALL="C.UTF-8")
UNITS = {"ms": (1e-6, 2), "us": (1e-3, 0), "KB": (1, 1), "instr": (1, 0)}


def rounds(usual):
    return max(2, usual * PERCENT // 100)


def run(command, **more):
    done = subprocess.run(command, env=dict(ENVIRONMENT, **more), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit("bench: %s: status %d: %s"
                 % (" ".join(command), done.returncode, done.stderr.strip()))
    return done


def build_packages():
    """12 packages with the same module; the first has more names of it."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    built = os.path.join(WORK, "module.so")
    run([os.environ.get("CC", "gcc"), "-O2", "-Wall", "-Wextra", "-shared", "-fPIC",
         "-I", sysconfig.get_path("include"), "-o", built, os.path.join(HERE, "module.c")])
    shutil.rmtree(SITE, ignore_errors=True)
    for number in range(PACKAGES):
        package = os.path.join(SITE, "pkg%02d" % number)
        os.makedirs(package)
        for name in ("__init__.py", "python.py"):
            open(os.path.join(package, name), "w").close()
        names = ["first"] + (["later%d" % n for n in range(LATER)] if number == 0 else [])
        for name in names:
            shutil.copy(built, os.path.join(package, name + suffix))


def check_isolation():
    """What is not isolated costs nothing: no figure without this."""
    log = run([LAUNCHER, "pypy3", IMPORTS, "time"], PYPY_ISOLATE_LOG="debug").stderr
    found = set(re.findall(r": namespace (\d+), package pkg", log))
    if len(found) != PACKAGES:
        sys.exit("bench: %d packages got %d namespaces\n%s" % (PACKAGES, len(found), log))


# ---- samples: pairs (plain, isolated), in ns or KB ----

def in_turn(count, plain, isolated):
    """Pairs, after one run of each that warms the cache. Each second pair begins
    with the other: who comes first could be at an advantage. On a slow machine
    time ends it: fewer pairs, and wider quartiles, but it does end."""
    plain(), isolated()
    pairs = []
    end = time.monotonic() + SECONDS
    for number in range(count):
        if len(pairs) >= PAIRS_MIN and time.monotonic() > end:
            break
        if number % 2:
            second = isolated()
            pairs.append((plain(), second))
        else:
            pairs.append((plain(), isolated()))
    return pairs


def whole(command, **more):
    """One run of a process: wall clock, from its start to its end."""
    out = os.path.join(WORK, "hyperfine.json")

    def once():
        run(["hyperfine", "-N", "-r", "1", "--style", "none", "--export-json", out,
             " ".join(command)], **more)
        with open(out) as file:
            return json.load(file)["results"][0]["times"][0] * 1e9
    return once


def inside(what, prefix=()):
    return lambda: json.loads(run([*prefix, "pypy3", IMPORTS, what]).stdout)


def pick(pairs, value):
    return [(value(plain), value(isolated)) for plain, isolated in pairs]


def time_figures():
    start = ["pypy3", "-c", "pass"]
    imports = in_turn(rounds(60), inside("time"), inside("time", [LAUNCHER]))
    memory = in_turn(rounds(6), inside("memory"), inside("memory", [LAUNCHER]))
    return [
        ("start pypy3, nothing to isolate", "ms",
         "hyperfine -N 'pypy3 -c pass' './pypy-isolate pypy3 -c pass'",
         in_turn(rounds(60), whole(start), whole([LAUNCHER] + start))),
        ("  without the launcher", "ms",
         "hyperfine -N 'pypy3 -c pass'; $A hyperfine -N 'pypy3 -c pass'",
         in_turn(rounds(60), whole(start), whole(start, LD_AUDIT=MODULE))),
        ("a child that is no interpreter", "ms",
         "hyperfine -N /bin/true; $A hyperfine -N /bin/true",
         in_turn(rounds(150), whole(["/bin/true"]), whole(["/bin/true"], LD_AUDIT=MODULE))),
        ("first isolated import", "ms", imports_command("time", "first"),
         pick(imports, lambda each: each["first"])),
        ("later import, same namespace", "us", imports_command("time", "later, median of 8"),
         pick(imports, lambda each: statistics.median(each["later"]))),
        ("each further namespace", "us",
         imports_command("time", "further, median of 11"),
         pick(imports, lambda each: statistics.median(each["further"]))),
        ("  memory, first namespace", "KB", imports_command("memory", "first - before"),
         pick(memory, lambda each: each["first"] - each["before"])),
        ("  memory, each further one", "KB",
         imports_command("memory", "(further - first) / 11"),
         pick(memory, lambda each: (each["further"] - each["first"]) / (PACKAGES - 1))),
    ] + [real_figure(name) for name in ("numpy", "av")]


def real_figure(name):
    """A package from PyPI; av has 50 modules and 38 libraries of its own."""
    command = ["pypy3", "-c", "'import %s'" % name]
    return (
        "import %s, a whole process" % name, "ms",
        "$R hyperfine -N [./pypy-isolate] \"pypy3 -c 'import %s'\"" % name,
        in_turn(rounds(30), whole(command, PYTHONPATH=REAL),
                whole([LAUNCHER] + command, PYTHONPATH=REAL)),
    )


def imports_command(what, which):
    return "$P [./pypy-isolate] pypy3 tests/bench/imports.py %s: %s" % (what, which)


# ---- instructions ----

def instructions(command, **more):
    """With one seed of hashes, and with no garbage collection in between: when it
    comes depends on addresses."""
    text = run(CALLGRIND + command, PYTHONHASHSEED="0", PYPY_GC_NURSERY="256MB", **more).stderr
    return int(re.search(r"Collected : (\d+)", text).group(1))


def calls(what, count):
    # Without the JIT, for what it compiles depends on addresses, too.
    return ["pypy3", "-S", "--jit", "off", CALLS, what, str(count)]


def both(pool, counts, command):
    """The futures of a command's two counts; each command runs once."""
    key = tuple(command)
    if key not in counts:
        counts[key] = (pool.submit(instructions, command),
                       pool.submit(instructions, command, LD_AUDIT=MODULE))
    return counts[key]


def instruction_plan():
    """(figure, command of the larger run, of the smaller, how many times larger)"""
    return [
        ("start pypy3, nothing to isolate", ["pypy3", "-c", "pass"], None, 1),
        ("a child that is no interpreter", ["/bin/true"], None, 1),
        ("first isolated import", calls("first", 1), calls("first", 0), 1),
        ("later import, same namespace", calls("later", LATER), calls("first", 1), LATER),
        ("each further namespace", calls("first", PACKAGES), calls("first", 1),
         PACKAGES - 1),
    ] + [
        (name, calls(what, 2 * CALL_COUNT), calls(what, CALL_COUNT), CALL_COUNT)
        for name, what in (("call from Python into C", "nothing"),
                           ("call from C into the C API", "api"),
                           ("malloc and free in C", "heap"))
    ]


def instruction_command(larger, smaller, times):
    text = "$P [$A] $V " + " ".join(larger).replace(HERE, "tests/bench")
    if smaller:
        text += "; minus %s" % " ".join(smaller[-2:])
    return text + ("; / %d" % times if times > 1 else "")


def instruction_figures():
    figures, counts = [], {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _, larger, smaller, _ in instruction_plan():
            both(pool, counts, larger)
            if smaller:
                both(pool, counts, smaller)
        for name, larger, smaller, times in instruction_plan():
            pair = [count.result() for count in both(pool, counts, larger)]
            if smaller:
                less = [count.result() for count in both(pool, counts, smaller)]
                pair = [(a - b) / times for a, b in zip(pair, less)]
            command = instruction_command(larger, smaller, times)
            figures.append((name, "instr", command, [tuple(pair)]))
    return figures


# ---- the table ----

def summary(values):
    """median, lower and upper quartile"""
    if len(values) == 1:
        return values * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return [middle, low, high]


def quotient(plain, isolated):
    return isolated / plain if plain else float("nan")


def figure(name, unit, command, pairs):
    return {
        "figure": name, "unit": {"ms": "ns", "us": "ns"}.get(unit, unit), "shown": unit,
        "command": command, "runs": len(pairs), "pairs": pairs,
        "plain": summary([plain for plain, _ in pairs]),
        "isolated": summary([isolated for _, isolated in pairs]),
        "ratio": summary([quotient(*pair) for pair in pairs]),
        "difference": summary([isolated - plain for plain, isolated in pairs]),
    }


def shown(values, scale, digits, sign=""):
    # + 0.0: of two zeroes the one without a minus.
    texts = [format(round(value * scale, digits) + 0.0, "%s,.%df" % (sign, digits))
             for value in values]
    return texts[0] if texts[0] == texts[1] == texts[2] else "%s (%s..%s)" % tuple(texts)


def table(figures):
    rows = [["", "", "pairs", "plain", "isolated", "ratio", "difference"]]
    for each in figures:
        scale, digits = UNITS[each["shown"]]
        # Instructions are exact, and more digits of theirs say something.
        rows.append([each["figure"], each["shown"], str(each["runs"]),
                     shown(each["plain"], scale, digits),
                     shown(each["isolated"], scale, digits),
                     shown(each["ratio"], 1, 4 if each["shown"] == "instr" else 2),
                     shown(each["difference"], scale, digits, "+")])
    widths = [max(len(row[i]) for row in rows) for i in range(7)]
    for number, row in enumerate(rows):
        mark = "[%d]" % number if number else ""
        print("%-5s%-*s  %-*s" % (mark, widths[0], row[0], widths[1], row[1]), end="")
        print("".join("  %*s" % (width, text) for width, text in zip(widths[2:], row[2:])))
    print("\nThe commands; [...] is there for the column `isolated`.\n%s" % ALIASES)
    for number, each in enumerate(figures, 1):
        print("%-5s%s" % ("[%d]" % number, each["command"]))


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return {
        "glibc": os.confstr("CS_GNU_LIBC_VERSION"),
        "kernel": os.uname().release,
        "cpu": model.group(1) if model else os.uname().machine,
        "cores": os.cpu_count(),
        "interpreter": " ".join(sys.version.split()),
        "load": os.getloadavg()[0],
    }


def main():
    about = machine()
    print("%(glibc)s, Linux %(kernel)s, %(cpu)s, %(cores)d cores, load %(load).1f" % about)
    print(about["interpreter"])
    build_packages()
    check_isolation()
    print("Medians (quartiles) of runs in turn: plain, isolated, isolated, plain. Warm cache.")
    if about["load"] > about["cores"] / 2:
        print("The machine is busy: believe the ratios and the instructions, not the times.")
    print(flush=True)
    figures = [figure(*each) for each in time_figures() + instruction_figures()]
    table(figures)
    with open(JSON_FILE, "w") as file:
        json.dump({"machine": about, "figures": figures}, file, indent=1)
    print("\nAll numbers: %s" % os.path.relpath(JSON_FILE))


main()
