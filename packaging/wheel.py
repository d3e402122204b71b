# SPDX-License-Identifier: MIT
"""What `make install` installs -> the files of a wheel.

The program looks for the module in ../lib/pypy-isolate of its own directory, and there
pip puts it, in a venv as elsewhere. Another compiler in CC makes a wheel of another
architecture. Neither debug information nor the place of the build gets into the files.
The tag promises glibc 2.28; tests/wheel.bats has auditwheel look.
"""

import os
import shlex
import shutil
import subprocess

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def files_below(top):
    return (os.path.join(at, name) for at, _, names in os.walk(top) for name in names)


class Wheel(BuildHookInterface):
    def initialize(self, version, build_data):
        compiler = os.environ.get("CC", "gcc")
        target = subprocess.check_output([*shlex.split(compiler), "-dumpmachine"], text=True)
        machine = target.partition("-")[0].strip()
        built = os.path.join(self.root, "build", "wheel", machine)
        stage = os.path.join(built, "stage")
        shutil.rmtree(stage, ignore_errors=True)
        subprocess.check_call(
            [
                "make",
                "-s",
                "install",
                f"CC={compiler}",
                "CFLAGS=-O2",
                "LDFLAGS=-s",
                f"OUT={built}",
                f"MODULE={built}/libpypy-isolate.so",
                f"PROGRAM={built}/pypy-isolate",
                f"DESTDIR={stage}",
                "PREFIX=/usr",
                "LIBDIR=/usr/lib",
            ],
            cwd=self.root,
        )
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_2_28_{machine}"
        # File by file: of a directory hatchling leaves out what .gitignore names. In order,
        # so that two builds are the same.
        for path in sorted(files_below(stage)):
            place = os.path.relpath(path, f"{stage}/usr")
            if place.startswith("bin/"):
                build_data["shared_scripts"][path] = os.path.basename(path)
            else:
                build_data["shared_data"][path] = place
