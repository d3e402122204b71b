# SPDX-License-Identifier: MIT
"""What loading alone costs (host.c), and how it grows: with modules, namespaces and
exported symbols. Time of the processor, by modules that do nothing."""
import os
import shutil
import statistics

from measure import MODULE, PIN, WORK, columns, compile_c, figure, in_turn, rounds, run, summary

MODULES = 1, 10, 100, 1000
NAMESPACES = 1, 2, 4, 7, 10, 14
SYMBOLS = 10, 100, 1000, 10000
TREE = os.path.join(WORK, "opened")
SUFFIX = ".so"


def package(name, count, built):
    """Copies of a file: different modules of one package."""
    directory = os.path.join(TREE, "site-packages", name)
    os.makedirs(directory, exist_ok=True)
    files = [os.path.join(directory, "m%04d%s" % (number, SUFFIX)) for number in range(count)]
    for file in files:
        shutil.copy(built, file)
    return files


def with_symbols(count):
    header = os.path.join(WORK, "symbols-%d.h" % count)
    with open(header, "w") as out:
        for number in range(count):
            out.write("int a_symbol_of_a_module_%d(void);\n"
                      "int a_symbol_of_a_module_%d(void) { return %d; }\n" % ((number,) * 3))
    return compile_c("symbols-%d.so" % count, ["opened.c"], "-shared", "-fPIC",
                     "-DSYMBOLS=\"%s\"" % header)


_built = {}


def build():
    """Once: the host, its modules, and which files are opened for what."""
    if _built:
        return _built
    shutil.rmtree(TREE, ignore_errors=True)
    # As pypy3 is: a module's libm is there already.
    compile_c("host", ["host.c"], "-rdynamic", "-Wl,--no-as-needed", "-lm")
    one = compile_c("opened.so", ["opened.c"], "-shared", "-fPIC")
    alone = compile_c("alone.so", ["opened.c"], "-shared", "-fPIC", "-DALONE")
    many = package("many", max(MODULES), one)
    _built.update(
        many=many,
        packages=[package("p%02d" % number, 1, one)[0] for number in range(max(NAMESPACES))],
        alone=[package("a%02d" % number, 1, alone)[0] for number in range(8)],
        symbols={count: package("s%d" % count, 2, with_symbols(count)) for count in SYMBOLS})
    return _built


def opened(files, how="plain", before=0, **more):
    """Lines of (clock, processor, faults), one for each file; and KB for all."""
    out = run([*PIN, os.path.join(WORK, "host"), how, str(before), *files], **more).stdout
    lines = [[int(word) for word in line.split()] for line in out.splitlines()]
    return lines[:-1], lines[-1][0]


def sides(count, files, value, before=0):
    """Pairs of what value() makes of the lines."""
    return in_turn(count, lambda: value(opened(files, before=before)[0]),
                   lambda: value(opened(files, before=before, LD_AUDIT=MODULE)[0]))


def processor_of_all(lines):
    return sum(line[1] for line in lines)


def processor_median(lines):
    return statistics.median(line[1] for line in lines)


def load_figures():
    files = build()
    return [
        figure("dlopen() alone: the first", "us", "[$A] $H plain 0 build/bench/opened/...",
               sides(rounds(60), files["packages"][:1], processor_of_all), difference=300e3),
        figure("  later, same namespace", "us", "the same, of 20 in a package, the median",
               sides(rounds(40), files["many"][:21], processor_median, 1)),
        figure("  each further namespace", "us", "the same, of 12 packages, the median",
               sides(rounds(60), files["packages"][:13], processor_median, 1),
               difference=60e3),
    ]


def curve(name, axis, points):
    """points: (x, pairs of ns)"""
    return {
        "curve": name, "axis": axis,
        "points": [{"x": x, "plain": summary([plain for plain, _ in pairs]),
                    "isolated": summary([isolated for _, isolated in pairs])}
                   for x, pairs in points],
    }


def measure():
    files = build()
    return [
        curve("modules of one package", "modules",
              [(count, sides(rounds(8), files["many"][:count], processor_of_all))
               for count in MODULES]),
        curve("packages, a namespace each", "namespaces",
              [(count, sides(rounds(20), files["packages"][:count], processor_of_all))
               for count in NAMESPACES]),
        # The second of two, so that the first namespace is not counted.
        curve("a module by what it exports", "exported symbols",
              [(count, sides(rounds(20), files["symbols"][count], processor_of_all, 1))
               for count in SYMBOLS]),
    ]


def table(curves):
    """Beside each point, how much more isolation costs for each of x."""
    rows = [["how it grows (us of the processor)", "", "plain", "isolated", "more", "for each"]]
    for each in curves:
        for point in each["points"]:
            plain, isolated = point["plain"][0] / 1e3, point["isolated"][0] / 1e3
            rows.append([each["curve"] if point is each["points"][0] else "",
                         "%d %s" % (point["x"], each["axis"]), "%.0f" % plain,
                         "%.0f" % isolated, "%+.0f" % (isolated - plain),
                         "%+.2f" % ((isolated - plain) / point["x"])])
    return columns(rows)
