"""Compiled programs: the compiler, and a cache of what it made."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

from wmdelays.brian_models.devices.kept import Kept
from wmdelays.brian_models.devices.processes import Job
from wmdelays.errors import InputError
from wmdelays.machine.cache_folder import NAME, may_run
from wmdelays.machine.temporary import full_disk, is_full, says_full

# Brian2 compiles with -ffast-math unless told otherwise. Sums in another order or a fused
# multiply-add can move a membrane across its threshold.
EXACT = ("-O2", "-std=c++17", "-fno-fast-math", "-ffp-contract=off", "-w")
# The rest of a program runs once; optimising it takes longer than it saves.
_COLD = ("-O0",)
_MOST_PROGRAMS = 100


def compiler() -> list[str] | None:
    """The C++ compiler as a list of words, or None if there is none.

    It is the command in the environment variable ``CXX``, or else the first found of g++, clang++
    and c++.
    """
    try:
        command = shlex.split(os.environ.get("CXX", ""))
    except ValueError as error:
        raise InputError(f"the environment variable CXX is no command: {error}") from None
    for words in [command] if command else [["g++"], ["clang++"], ["c++"]]:
        path = shutil.which(words[0])
        if path:
            return [path, *words[1:]]
    return None


@cache
def version(words):
    """What a compiler says of itself."""
    done = subprocess.run([*words, "--version"], capture_output=True, text=True)
    return done.stdout + done.stderr


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


def finish(job, folder, instead="the device numpy needs no compiler"):
    """Wait for a compiler that works in a folder; an InputError says why it failed."""
    status, _, errors = job.finish()
    if not status:
        return
    # The linker does not always find words for it.
    if says_full(errors) or is_full(folder):
        raise full_disk(folder)
    told = errors.splitlines()
    # What the linker misses comes before it says that there was an error.
    missed = [line for line in told if "cannot find" in line or "undefined reference" in line]
    lines = missed or [line for line in told if "error" in line] or told
    reason = lines[0].strip() if lines else f"status {status}"
    raise InputError(f"{job.command[0]} could not compile the simulation: {reason}; {instead}")


def check_may_run(program):
    """Raise an InputError where the programs of a folder may not be run."""
    if not may_run(program.parent):
        raise InputError(
            f"programs may not be run from {program.parent} (noexec); name a folder where they may in"
            f" the environment variable {NAME} or TMPDIR, or take the device numpy"
        )
