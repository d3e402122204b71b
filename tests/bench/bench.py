# SPDX-License-Identifier: MIT
"""bench.py LAUNCHER WORK-DIRECTORY JSON-FILE PERCENT

Costs of isolation -> tables and a JSON file. What each figure is, measure.py says; the goals
are those of the table."""
import json
import os
import re
import shutil
import statistics
import sysconfig
from concurrent.futures import ThreadPoolExecutor

import curves
import fleet
import limit
import ways
from measure import (CALLGRIND, HERE, JSON_FILE, LAUNCHER, MODULE, PIN, REAL, SITE, WORK, clock,
                     commands, compile_c, figure, in_turn, machine, pick, processor, rounds,
                     run, table, whole)

IMPORTS = os.path.join(HERE, "imports.py")
CALLS = os.path.join(HERE, "calls.py")
PACKAGES, LATER = 12, 8
CALL_COUNT = 5000
PROCESSES, CORES = 1000, 2
US, MS = 1e3, 1e6


def build():
    """12 packages with the same module; the first has more names of it. And what measures."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    built = compile_c("module.so", ["module.c"], "-shared", "-fPIC", "-I",
                      sysconfig.get_path("include"))
    shutil.rmtree(SITE, ignore_errors=True)
    for number in range(PACKAGES):
        package = os.path.join(SITE, "pkg%02d" % number)
        os.makedirs(package)
        for name in ("__init__.py", "python.py"):
            open(os.path.join(package, name), "w").close()
        names = ["first"] + (["later%d" % n for n in range(LATER)] if number == 0 else [])
        for name in names:
            shutil.copy(built, os.path.join(package, name + suffix))
    compile_c("spawn", ["spawn.c"])


def check_isolation():
    """What is not isolated costs nothing: no figure without this."""
    log = run([LAUNCHER, "pypy3", IMPORTS, "time"], PYPY_ISOLATE_LOG="debug").stderr
    found = set(re.findall(r": namespace (\d+), package pkg", log))
    if len(found) != PACKAGES:
        raise SystemExit("bench: %d packages got %d namespaces\n%s"
                         % (PACKAGES, len(found), log))


# ---- processes ----

def two(name, unit, command, pairs, **goal):
    """The same by the clock and of the processor."""
    return [figure(name, unit, command, clock(pairs), **goal),
            figure("  of the processor", unit, command, processor(pairs), **goal)]


def start_figures():
    start, nothing = ["pypy3", "-c", "pass"], ["/bin/true"]
    return (
        two("start pypy3, nothing to isolate", "ms", "$S 1 1 [./pypy-isolate] pypy3 -c pass",
            in_turn(rounds(60), whole(start), whole(start, [LAUNCHER])),
            ratio=1.01, difference=0.3 * MS) +
        two("  without the launcher", "ms", "[$A] $S 1 1 pypy3 -c pass",
            in_turn(rounds(60), whole(start), whole(start, LD_AUDIT=MODULE)),
            ratio=1.01, difference=0.3 * MS) +
        two("a child that is no interpreter", "ms", "[$A] $S 1 1 /bin/true",
            in_turn(rounds(300), whole(nothing), whole(nothing, LD_AUDIT=MODULE)),
            difference=0.1 * MS))


def server_figure():
    """Blocks of processes, plain and isolated in turn."""
    part = rounds(PROCESSES) // 10
    command = [os.path.join(WORK, "spawn"), str(CORES), str(part), "pypy3", "-c", "pass"]
    pairs = in_turn(10, lambda: int(run(command).stdout),
                    lambda: int(run(command, LD_AUDIT=MODULE).stdout))
    return figure("%d processes by %d cores, pypy3" % (len(pairs) * part, CORES), "s",
                  "[$A] $S %d %d pypy3 -c pass" % (CORES, part), pairs, ratio=1 / 0.99)


# ---- imports ----

def inside(what, prefix=()):
    return lambda: json.loads(run([*PIN, *prefix, "pypy3", IMPORTS, what]).stdout)


def imports_command(what, which):
    return "$P [./pypy-isolate] pypy3 tests/bench/imports.py %s: %s" % (what, which)


def import_figures():
    imports = in_turn(rounds(60), inside("time"), inside("time", [LAUNCHER]))
    memory = in_turn(rounds(6), inside("memory"), inside("memory", [LAUNCHER]))
    return [
        figure("first isolated import", "ms", imports_command("time", "first"),
               pick(imports, lambda each: each["first"]), difference=0.3 * MS),
        figure("later import, same namespace", "us",
               imports_command("time", "later, median of 8"),
               pick(imports, lambda each: statistics.median(each["later"])), ratio=1.03),
        figure("each further namespace", "us", imports_command("time", "further, median of 11"),
               pick(imports, lambda each: statistics.median(each["further"])),
               difference=60 * US),
        figure("  memory, first namespace", "KB", imports_command("memory", "first - before"),
               pick(memory, lambda each: each["first"] - each["before"])),
        figure("  memory, each further one", "KB",
               imports_command("memory", "(further - first) / 11"),
               pick(memory, lambda each: (each["further"] - each["first"]) / (PACKAGES - 1)),
               difference=40),
    ]


def real_figures(name, python="pypy3", path=REAL):
    command = [python, "-c", "import %s" % name]
    return two("import %s" % name, "ms",
               "$R $S 1 1 [./pypy-isolate] %s -c 'import %s'" % (python, name),
               in_turn(rounds(30), whole(command, PYTHONPATH=path),
                       whole(command, [LAUNCHER], PYTHONPATH=path)), ratio=1.02)


def evict(tree):
    """A function that puts the files of a tree out of the page cache, and our own."""
    script = ("import os, sys\n"
              "for name in sys.argv[1:]:\n"
              "    fd = os.open(name, os.O_RDONLY)\n"
              "    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)\n")
    files = [MODULE, LAUNCHER]
    for directory, _, names in os.walk(tree):
        files += [os.path.join(directory, name) for name in names]
    return lambda: run(["/usr/bin/python3", "-S", "-c", script, *files])


def cold_figures():
    """A copy, for what other processes have mapped stays in the cache."""
    copy = os.path.join(WORK, "cold")
    shutil.rmtree(copy, ignore_errors=True)
    for name in ("numpy", "numpy.libs"):
        shutil.copytree(os.path.join(REAL, name), os.path.join(copy, name))
    os.sync()
    command, cold = ["pypy3", "-c", "import numpy"], evict(copy)
    pairs = in_turn(rounds(15), whole(command, before=cold, PYTHONPATH=copy),
                    whole(command, [LAUNCHER], before=cold, PYTHONPATH=copy))
    return [figure("import numpy, cold files", "ms",
                   "the same with a copy, put out of the page cache by posix_fadvise(2)",
                   clock(pairs), ratio=1.02)]


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
    """(figure, command of the larger run, of the smaller, how many times larger, goal)"""
    return [
        ("start pypy3, nothing to isolate", ["pypy3", "-c", "pass"], None, 1, 1.01),
        ("a child that is no interpreter", ["/bin/true"], None, 1, None),
        ("first isolated import", calls("first", 1), calls("first", 0), 1, None),
        ("later import, same namespace", calls("later", LATER), calls("first", 1), LATER, 1.03),
        ("each further namespace", calls("first", PACKAGES), calls("first", 1), PACKAGES - 1,
         None),
    ] + [
        (name, calls(what, 2 * CALL_COUNT), calls(what, CALL_COUNT), CALL_COUNT, 1.004)
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
        for _, larger, smaller, _, _ in instruction_plan():
            both(pool, counts, larger)
            if smaller:
                both(pool, counts, smaller)
        for name, larger, smaller, times, goal in instruction_plan():
            pair = [count.result() for count in both(pool, counts, larger)]
            if smaller:
                less = [count.result() for count in both(pool, counts, smaller)]
                pair = [(a - b) / times for a, b in zip(pair, less)]
            command = instruction_command(larger, smaller, times)
            figures.append(figure(name, "instr", command, [tuple(pair)], ratio=goal))
    return figures


# ---- all ----

def real_imports():
    """Of PyPI for pypy3; pandas has no wheel for it, so that is Debian's, for python3."""
    return (real_figures("numpy") + real_figures("lxml.etree") + real_figures("PIL._imaging") +
            real_figures("av") + real_figures("pandas", "/usr/bin/python3", ""))


def main():
    about = machine()
    print("%(glibc)s, Linux %(kernel)s, %(cpu)s, %(cores)d cores, huge pages %(huge pages)s, "
          "load %(load).1f" % about)
    print(about["interpreter"])
    build()
    check_isolation()
    print("Medians (quartiles) of runs in turn: plain, isolated, isolated, plain. Warm cache%s."
          % (", on one core" if PIN else ""))
    if about["load"] > about["cores"] / 2:
        print("The machine is busy: believe the ratios and the instructions, not the times.")
    print(flush=True)
    worker = fleet.figures()
    imports = import_figures()
    figures = (start_figures() + [server_figure()] + imports + real_imports() + cold_figures() +
               curves.load_figures() + instruction_figures() + worker)
    print("\n".join(table(figures) + commands(figures)), flush=True)
    print("\n" + "\n".join(fleet.table(worker)), flush=True)
    least = limit.measure()
    print("\n" + "\n".join(limit.table(least, imports[0], imports[2])), flush=True)
    sides = ways.rows()
    print("\n" + "\n".join(ways.table(sides)), flush=True)
    lines = curves.measure()
    print("\n" + "\n".join(curves.table(lines)))
    with open(JSON_FILE, "w") as file:
        json.dump({"machine": about, "figures": figures, "limit": least, "ways": sides,
                   "curves": lines}, file, indent=1)
    print("\nAll numbers: %s" % os.path.relpath(JSON_FILE))


main()
