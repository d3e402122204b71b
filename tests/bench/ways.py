# SPDX-License-Identifier: MIT
"""Side by side: isolation, and what people do instead. What it costs, and what it breaks,
which probe.cc finds out: each probe is a process of its own, and holds if that ends well."""
import os
import shutil
import statistics
import subprocess
import time

import curves
from measure import (ENVIRONMENT, HERE, LAUNCHER, MODULE, PIN, REAL, WORK, columns, compile_c,
                     rounds, run, whole)

PROBES = "own", "api", "errno", "environ", "heap", "iostream"
JEMALLOC = "libjemalloc.so.2"
CALLS = 20000
WHEEL = ["PIL", "pillow.libs"]
IMPORT = "import PIL._imaging"
# In the interpreter: what an import is preceded by.
DEEPBIND = "import sys; sys.setdlopenflags(0x2 | 0x8); "
POOL = """\
import multiprocessing, time
if __name__ == "__main__":
    pool = multiprocessing.Pool(1)
    pool.apply(abs, (1,))
    start = time.perf_counter_ns()
    for _ in range(300):
        pool.apply(abs, (1,))
    print((time.perf_counter_ns() - start) / 300)
"""

# name, how host.c and probe.cc load, prefix, environment
WAYS = [
    ("plain", "plain", [], {}),
    ("pypy-isolate", "plain", [LAUNCHER], {}),
    ("RTLD_DEEPBIND", "deepbind", [], {}),
    ("dlmopen, a libc each", "dlmopen", [], {}),
    ("renamed by patchelf", "plain", [], {}),
    ("another process", "process", [], {}),
]


def in_probe(name):
    return os.path.join(WORK, "probe", name)


def build():
    """probe and its module, each with a library that has dep_version(); and a second module
    whose library is renamed."""
    origin = "-Wl,-rpath,$ORIGIN"
    ours = compile_c("probe/libdep.so.1", ["dep.c"], "-shared", "-fPIC", "-DVERSION=1",
                     "-Wl,-soname,libdep.so.1")
    theirs = compile_c("probe/site-packages/pkg/libdep.so.2", ["dep.c"], "-shared", "-fPIC",
                       "-DVERSION=2", "-Wl,-soname,libdep.so.2")
    compile_c("probe/probe", ["probe.cc"], "-rdynamic", ours, origin, compiler="g++")
    compile_c("probe/site-packages/pkg/probed.so", ["probed.cc"], "-shared", "-fPIC", theirs,
              origin, compiler="g++")
    shutil.rmtree(in_probe("renamed"), ignore_errors=True)
    shutil.copytree(in_probe("site-packages"), in_probe("renamed"))
    rename(in_probe("renamed"))


# ---- renaming, as auditwheel repair does it: a new name, and who needs it told so ----

def shared_objects(tree):
    return [os.path.join(directory, name) for directory, _, names in os.walk(tree)
            for name in names if ".so" in name]


def rename(tree):
    """Nanoseconds for all libraries (what has a SONAME) below the tree."""
    start = time.monotonic_ns()
    objects = shared_objects(tree)
    new_name = {}
    for path in objects:
        soname = run(["patchelf", "--print-soname", path]).stdout.strip()
        if soname:
            stem, _, rest = os.path.basename(path).partition(".so")
            new_name[os.path.basename(path)] = "%s-0badcafe.so%s" % (stem, rest)
    for path in objects:
        arguments = []
        if os.path.basename(path) in new_name:
            arguments += ["--set-soname", new_name[os.path.basename(path)]]
        for needed in run(["patchelf", "--print-needed", path]).stdout.split():
            if needed in new_name:
                arguments += ["--replace-needed", needed, new_name[needed]]
        if arguments:
            run(["patchelf", *arguments, path])
    for path in objects:
        if os.path.basename(path) in new_name:
            os.rename(path, os.path.join(os.path.dirname(path), new_name[os.path.basename(path)]))
    return time.monotonic_ns() - start


def renamed_wheel():
    tree = os.path.join(WORK, "renamed")
    shutil.rmtree(tree, ignore_errors=True)
    for name in WHEEL:
        shutil.copytree(os.path.join(REAL, name), os.path.join(tree, name))
    return tree, rename(tree)


# ---- what breaks ----

def module_of(name):
    tree = "renamed" if name.startswith("renamed") else "site-packages"
    return os.path.join(in_probe(tree), "pkg", "probed.so")


def holds(way, probe):
    """yes, or how the process ended."""
    name, how, prefix, more = way
    environment = dict(ENVIRONMENT, **more)
    if probe == "heap":
        environment["LD_PRELOAD"] = JEMALLOC
    done = subprocess.run([*prefix, in_probe("probe"), how, probe, module_of(name)],
                          env=environment, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode < 0 or done.returncode > 128:
        return "crash"
    if done.returncode > 1:
        raise SystemExit("bench: probe %s, %s: %s" % (name, probe, done.stderr))
    if probe == "iostream" and done.stdout != "abc\n":
        return "no"
    return "no" if done.returncode else "yes"


# ---- what it costs ----

def call(way):
    name, how, prefix, more = way
    command = [*prefix, in_probe("probe"), how, "calls", module_of(name), str(CALLS)]
    return statistics.median(float(run(command, **more).stdout) for _ in range(rounds(5)))


def load(way):
    """Processor time of a further package, and its memory. A file of another name is not
    loaded otherwise, and another process is no way to load one."""
    _, how, prefix, more = way
    if how == "process":
        return None, None
    files = curves.build()["alone"]
    if prefix:
        more = dict(more, LD_AUDIT=MODULE)
    runs = [curves.opened(files, how, 1, **more) for _ in range(rounds(20))]
    return (statistics.median(curves.processor_median(lines) for lines, _ in runs),
            statistics.median(memory for _, memory in runs) / (len(files) - 1))


def import_commands(tree):
    """No interpreter can be told to import by dlmopen()."""
    return {
        "plain": (["pypy3", "-c", IMPORT], (), REAL),
        "pypy-isolate": (["pypy3", "-c", IMPORT], [LAUNCHER], REAL),
        "RTLD_DEEPBIND": (["pypy3", "-c", DEEPBIND + IMPORT], (), REAL),
        "renamed by patchelf": (["pypy3", "-c", IMPORT], (), tree),
    }


def works(command, prefix, path):
    """What is renamed need not load any more: patchelf before 0.15 leaves the old name where
    the versions of symbols are needed."""
    environment = dict(ENVIRONMENT, PYTHONPATH=path)
    return not subprocess.call([*prefix, *command], env=environment,
                               stderr=subprocess.DEVNULL)


def imports(tree):
    """Processor time of a whole process that imports; the ways in turn, round after round.
    None for one that fails."""
    commands = import_commands(tree)
    once = {name: whole(command, prefix, PYTHONPATH=path)
            for name, (command, prefix, path) in commands.items()
            if works(command, prefix, path)}
    samples = {name: [] for name in once}
    for _ in range(rounds(12)):
        for name, measure in once.items():
            samples[name].append(measure()[1])
    return {name: statistics.median(samples[name]) if name in once else "fails"
            for name in commands}


def pool_call():
    script = os.path.join(WORK, "pool.py")
    with open(script, "w") as out:
        out.write(POOL)
    return float(run(["pypy3", script]).stdout)


def rows():
    build()
    tree, rewriting = renamed_wheel()
    took = imports(tree)
    result = []
    for way in WAYS:
        name = way[0]
        processor, memory = load(way)
        result.append({
            "way": name, "call": call(way), "load": processor, "memory": memory,
            "import": took.get(name), "before": rewriting if name.startswith("renamed") else None,
            "holds": {probe: holds(way, probe) for probe in PROBES},
        })
    result[-1]["python_call"] = pool_call()
    return result


def cell(value, scale, form):
    if value is None or isinstance(value, str):
        return value or "-"
    return form % (value * scale)


def table(result):
    head = ["side by side", "call ns", "load us", "KB each", "import ms", "before s", *PROBES]
    body = [[each["way"], cell(each["call"], 1, "%.1f"), cell(each["load"], 1e-3, "%.0f"),
             cell(each["memory"], 1, "%.0f"), cell(each["import"], 1e-6, "%.0f"),
             cell(each["before"], 1e-9, "%.1f"), *[each["holds"][probe] for probe in PROBES]]
            for each in result]
    return columns([head] + body) + [
        "call: into the module, from C; by multiprocessing.Pool of pypy3 it is %.0f us."
        % (result[-1]["python_call"] / 1e3),
        "load: one more package, of the processor (host.c). KB each: its private dirty memory.",
        "import: pypy3 -c '%s', of the processor. before: to rename the wheel's libraries."
        % IMPORT,
        "own: the module calls its own library, not the program's. api: it finds the program's "
        "functions.", "errno, environ, heap (with %s), iostream: both have the same (probe.cc)."
        % JEMALLOC,
    ]
