# SPDX-License-Identifier: MIT
"""How the benchmark measures: pairs of runs -> figures -> tables.

Each figure is the median of many runs, plain and isolated in turn, with the quartiles
beside it; ratios and differences are those of neighbours in time, so what the machine does
meanwhile meets both. What one core runs is pinned to one, where taskset(1) can. Times are of
a warm cache, unless it is said. Instructions are exact: they are those of user space, counted
by callgrind, and two runs give the same number."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAUNCHER, WORK, JSON_FILE = (os.path.abspath(name) for name in sys.argv[1:4])
PERCENT = int(sys.argv[4])
MODULE = os.path.join(os.path.dirname(LAUNCHER), "libpypy-isolate.so")
SITE = os.path.join(WORK, "site-packages")
REAL = os.path.join(HERE, "..", "..", "cache", "real", "site-packages")
SECONDS, PAIRS_MIN = 8, 5
CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
# As a person would type it; the commands of the tables speak of these.
ALIASES = """\
A='env LD_AUDIT=./libpypy-isolate.so'
P='env PYTHONPATH=build/bench/site-packages'
R='env PYTHONPATH=cache/real/site-packages'
S='build/bench/spawn'; H='build/bench/host'
V='env PYTHONHASHSEED=0 PYPY_GC_NURSERY=256MB valgrind --tool=callgrind'"""
ENVIRONMENT = dict(os.environ, PYTHONPATH=SITE, LC_ALL="C.UTF-8")
UNITS = {"ms": (1e-6, 2), "us": (1e-3, 1), "ns": (1, 1), "s": (1e-9, 2), "KB": (1, 1),
         "open": (1, 0), "maps": (1, 0), "instr": (1, 0)}


def pin():
    """A prefix that keeps a command on one core, if there is one to choose."""
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() - 1
    prefix = ["taskset", "-c", str(core)]
    if shutil.which("taskset") and not subprocess.call(prefix + ["true"]):
        return prefix
    return []


PIN = pin()


def rounds(usual):
    return max(2, usual * PERCENT // 100)


def fails(command, done):
    return SystemExit("bench: %s: status %d: %s"
                      % (" ".join(command), done.returncode, done.stderr.strip()))


def run(command, **more):
    done = subprocess.run(command, env=dict(ENVIRONMENT, **more), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise fails(command, done)
    return done


def compile_c(out, sources, *flags, compiler="gcc"):
    """Sources of this directory -> WORK/out."""
    path = os.path.join(WORK, out)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    run([os.environ.get("CC", compiler) if compiler == "gcc" else compiler, "-O2", "-Wall",
         "-o", path] + [os.path.join(HERE, name) for name in sources] + list(flags))
    return path


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


def whole(command, prefix=(), before=None, **more):
    """One run of a process, as (clock, processor) in ns, from its start to its end."""
    def once():
        if before:
            before()
        out = run([*PIN, os.path.join(WORK, "spawn"), "1", "1", *prefix, *command], **more)
        return tuple(int(number) for number in out.stdout.split()[-3:-1])
    return once


def pick(pairs, value):
    return [(value(plain), value(isolated)) for plain, isolated in pairs]


def clock(pairs):
    return pick(pairs, lambda each: each[0])


def processor(pairs):
    return pick(pairs, lambda each: each[1])


# ---- figures ----

def summary(values):
    """median, lower and upper quartile"""
    if len(values) == 1:
        return values * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return [middle, low, high]


def quotient(plain, isolated):
    return isolated / plain if plain else float("nan")


def figure(name, unit, command, pairs, ratio=None, difference=None):
    """ratio and difference are the goal: at most so much, or None."""
    result = {
        "figure": name, "unit": "ns" if unit in ("ms", "us", "s") else unit, "shown": unit,
        "command": command, "runs": len(pairs), "pairs": pairs,
        "plain": summary([plain for plain, _ in pairs]),
        "isolated": summary([isolated for _, isolated in pairs]),
        "ratio": summary([quotient(*pair) for pair in pairs]),
        "difference": summary([isolated - plain for plain, isolated in pairs]),
        "goal": {"ratio": ratio, "difference": difference},
    }
    result["verdict"] = verdict(result)
    return result


def verdict(each):
    """Against the goal: `met` or `missed` when the quartiles are on one side of it, else
    what the median says, with a question mark: the noise is larger than the distance."""
    words = []
    for key, most in each["goal"].items():
        if most is not None:
            middle, low, high = each[key]
            word = "met" if middle <= most else "missed"
            words.append(word if (low > most) == (high > most) else word + "?")
    for word in ("missed", "missed?", "met?", "met"):
        if word in words:
            return word
    return ""


def goal_text(each):
    scale, digits = UNITS[each["shown"]]
    texts = []
    if each["goal"]["ratio"] is not None:
        texts.append("%.2fx" % each["goal"]["ratio"])
    if each["goal"]["difference"] is not None:
        texts.append(format(each["goal"]["difference"] * scale, "+.%df" % min(digits, 2)))
    return " ".join(texts)


# ---- tables ----

def shown(values, scale, digits, sign=""):
    # + 0.0: of two zeroes the one without a minus.
    texts = [format(round(value * scale, digits) + 0.0, "%s,.%df" % (sign, digits))
             for value in values]
    return texts[0] if texts[0] == texts[1] == texts[2] else "%s (%s..%s)" % tuple(texts)


def columns(rows):
    """Lines of aligned cells; the first column to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0])] +
                      [text.rjust(width) for text, width in zip(row[1:], widths[1:])])
            for row in rows]


def table(figures):
    rows = [["", "", "pairs", "plain", "isolated", "ratio", "difference", "goal", ""]]
    for number, each in enumerate(figures, 1):
        scale, digits = UNITS[each["shown"]]
        # Instructions are exact, and more digits of theirs say something.
        rows.append([("[%d]" % number).ljust(5) + each["figure"], each["shown"],
                     str(each["runs"]), shown(each["plain"], scale, digits),
                     shown(each["isolated"], scale, digits),
                     shown(each["ratio"], 1, 4 if each["shown"] == "instr" else 3),
                     shown(each["difference"], scale, digits, "+"),
                     goal_text(each), each["verdict"]])
    return columns(rows)


def commands(figures):
    return ["", "The commands; [...] is there for the column `isolated`.", *ALIASES.split("\n"),
            *["%-5s%s" % ("[%d]" % number, each["command"])
              for number, each in enumerate(figures, 1)]]


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    try:
        with open("/sys/kernel/mm/transparent_hugepage/enabled") as file:
            huge = re.search(r"\[(.*)\]", file.read()).group(1)
    except OSError:
        huge = "never"
    return {
        "glibc": os.confstr("CS_GNU_LIBC_VERSION"),
        "kernel": os.uname().release,
        "cpu": model.group(1) if model else os.uname().machine,
        "cores": os.cpu_count(),
        "interpreter": " ".join(sys.version.split()),
        "huge pages": huge,
        "load": os.getloadavg()[0],
        "pinned": bool(PIN),
    }
