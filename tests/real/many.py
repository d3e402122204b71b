# SPDX-License-Identifier: MIT
"""many.py SEED FACTS SCRIPT...: all of the scripts in this one process, what each prints in
their order, in an order of the seed; and what is then loaded where, to the file FACTS.

First come the import statements of all, so that namespaces have run out before any work
begins. Of what is loaded, FACTS says, a line each:

    modules N       mapped files of site-packages that are extension modules, by their names
    base PATH       a mapped file of site-packages, module or not, that is in base
    spaces N        namespaces, base not counted, that the modules are in
    doubled NAME N  a file that is mapped N times, base's copy not counted, if N > 1; mirrors
                    are no files
"""
import ast
import contextlib
import gc
import io
import os
import random
import runpy
import sys
import sysconfig

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixture"))
import loaded
import look

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


def import_all(script):
    with open(script) as file:
        tree = ast.parse(file.read())
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            exec(compile(ast.Module([node], []), script, "exec"), {})


def work(script):
    """What it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            runpy.run_path(script, run_name="__main__")
        except BaseException as error:
            print("raised", repr(error))
    return printed.getvalue()


def mapped():
    """{path: the namespaces of its copies} of all shared objects that are files."""
    paths = {line.split(maxsplit=5)[-1] for line in look.maps() if ".so" in line}
    return {
        path: [loaded.namespace(start) for start in loaded.starts(path)]
        for path in sorted(paths)
        if not path.startswith("/memfd:")
    }


def write_facts(file):
    where = mapped()
    ours = {path: spaces for path, spaces in where.items() if "/site-packages/" in path}
    modules = {path: ours[path] for path in ours if path.endswith((SUFFIX, ".abi3.so"))}
    print("modules", len(modules), file=file)
    for path, spaces in ours.items():
        if 0 in spaces:
            print("base", path, file=file)
    print("spaces", len(set(sum(modules.values(), [])) - {0}), file=file)
    for path, spaces in where.items():
        copies = len(spaces) - spaces.count(0)
        if copies > 1:
            print("doubled", os.path.basename(path), copies, file=file)


gc.disable()  # PyPy 7.3.11 is aborted, plain too, by the finalizer of a Cython generator
seed, facts, scripts = int(sys.argv[1]), os.path.abspath(sys.argv[2]), sorted(sys.argv[3:])
order = random.Random(seed).sample(scripts, len(scripts))
for each in order:
    import_all(each)
output = {each: work(each) for each in order}
for each in scripts:
    print("==", os.path.basename(each))
    print(output[each], end="")
with open(facts, "w") as opened:
    write_facts(opened)
