"""Compiled programs, and a cache of them."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.machine.cache_folder import NAME, may_run
from wmdelays.machine.compiler import EXACT, compiler, finish, version
from wmdelays.machine.kept import Kept
from wmdelays.machine.processes import Job

# The rest of a program runs once; optimising it takes longer than it saves.
_COLD = ("-O0",)
_MOST_PROGRAMS = 100


class Program:
    """A C++ project, and the program in the cache that it compiles to.

    Parameters
    ----------
    directory : path
        The project's folder.
    cold, hot : list of str
        The project's .cpp files, relative to its folder; those that run once and those that run
        in every tick. Each list holds whole translation units.

    Raises
    ------
    InputError
        If there is no C++ compiler.
    """

    def __init__(self, directory, cold, hot):
        self.directory, self.cold, self.hot = Path(directory), cold, hot
        self.words = compiler()
        if self.words is None:
            raise InputError(
                "cpp_standalone needs a C++ compiler and none was found; install g++ or take the"
                " device numpy"
            )
        self._kept = Kept("programs", self._key(), _MOST_PROGRAMS)

    def _key(self):
        about = [*self.words, version(tuple(self.words)), *EXACT, *_COLD, platform.platform()]
        digest = hashlib.sha256("\n".join(about).encode())
        sources = (p for p in self.directory.rglob("*") if p.suffix in (".cpp", ".h"))
        for path in sorted(sources):
            digest.update(f"\n{path.relative_to(self.directory)}\n".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def is_cached(self):
        """Whether the program is there already."""
        return self._kept.path() is not None

    def ready(self, progress):
        """Path of the compiled program, which is compiled now if it has to be."""
        path = self._kept.path()
        if path is not None:
            return path
        progress("compiling", None)
        path = self._kept.keep(self._compile())
        check_may_run(path)
        return path

    def _compile(self):
        jobs, objects = [], []
        try:
            for flags, files in (((*EXACT, *_COLD), self.cold), (EXACT, self.hot)):
                for file in files:
                    objects.append(f"{file}.o")
                    command = [*self.words, *flags, "-I.", "-c", file, "-o", objects[-1]]
                    jobs.append(Job(command, self.directory))
            for job in jobs:
                finish(job, self.directory)
        finally:
            for job in jobs:
                job.end()
        linker = Job([*self.words, *objects, "-s", "-o", "main"], self.directory)
        finish(linker, self.directory)
        return self.directory / "main"


def check_may_run(program):
    """Raise an InputError where the programs of a folder may not be run."""
    if not may_run(program.parent):
        raise InputError(
            f"programs may not be run from {program.parent} (noexec); name a folder where they may in"
            f" the environment variable {NAME} or TMPDIR, or take the device numpy"
        )
