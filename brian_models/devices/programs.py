"""Compiled programs: the compiler, and a cache of what it made."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import time
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

from wmdelays.brian_models.devices.processes import Job
from wmdelays.errors import InputError
from wmdelays.machine.cache_folder import NAME, cache_folder, is_own_file, may_run
from wmdelays.machine.temporary import full_disk, is_full, says_full

# Brian2 compiles with -ffast-math unless told otherwise. Sums in another order or a fused
# multiply-add can move a membrane across its threshold.
EXACT = ("-O2", "-std=c++17", "-fno-fast-math", "-ffp-contract=off", "-w")
# The rest of a program runs once; optimising it takes longer than it saves.
_COLD = ("-O0",)
_MOST_PROGRAMS = 100
# Seconds after which what was to become a program in the cache is of a process that was killed.
_UNFINISHED = 3600


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
def _version(words):
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
        self._cache = cache_folder("programs")
        self._name = self._key()

    def _key(self):
        about = [*self.words, _version(tuple(self.words)), *EXACT, *_COLD, platform.platform()]
        digest = hashlib.sha256("\n".join(about).encode())
        sources = (p for p in self.directory.rglob("*") if p.suffix in (".cpp", ".h"))
        for path in sorted(sources):
            digest.update(f"\n{path.relative_to(self.directory)}\n".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def is_cached(self):
        """Whether the program is there already."""
        return self._cached() is not None

    def ready(self, progress):
        """Path of the compiled program, which is compiled now if it has to be."""
        path = self._cached()
        if path is not None:
            return path
        progress("compiling", None)
        path = self._keep(self._compile())
        if not may_run(path.parent):
            raise InputError(
                f"programs may not be run from {path.parent} (noexec); name a folder where they may in"
                f" the environment variable {NAME} or TMPDIR, or take the device numpy"
            )
        return path

    def _cached(self):
        """The program in the cache, or None; one that is not what was compiled is removed."""
        for path in self._cache.glob(f"{self._name}-*"):
            # Another process may remove it as well.
            with suppress(OSError):
                if is_own_file(path) and path.name == self._full_name(path):
                    # The oldest programs go first when the cache is full.
                    os.utime(path)
                    return path
                path.unlink(missing_ok=True)
        return None

    def _full_name(self, path):
        """The name of a program in the cache, which holds the digest of the file itself."""
        return f"{self._name}-{hashlib.sha256(path.read_bytes()).hexdigest()}"

    def _compile(self):
        jobs, objects = [], []
        try:
            for flags, files in (((*EXACT, *_COLD), self.cold), (EXACT, self.hot)):
                for file in files:
                    objects.append(f"{file}.o")
                    command = [*self.words, *flags, "-I.", "-c", file, "-o", objects[-1]]
                    jobs.append(Job(command, self.directory))
            for job in jobs:
                self._finish(job)
        finally:
            for job in jobs:
                job.end()
        self._finish(Job([*self.words, *objects, "-s", "-o", "main"], self.directory))
        return self.directory / "main"

    def _finish(self, job):
        status, _, errors = job.finish()
        if not status:
            return
        # The linker does not always find words for it.
        if says_full(errors) or is_full(self.directory):
            raise full_disk(self.directory)
        lines = [line for line in errors.splitlines() if "error" in line] or errors.splitlines()
        reason = lines[0].strip() if lines else f"status {status}"
        raise InputError(
            f"{job.command[0]} could not compile the simulation: {reason}; the device numpy needs no compiler"
        )

    def _keep(self, made):
        """Put a program into the cache, where it appears at once and whole."""
        part = self._cache / f".{uuid.uuid4().hex}"
        path = self._cache / self._full_name(made)
        try:
            shutil.copyfile(made, part)
            part.chmod(0o700)
            os.replace(part, path)
            _trim(self._cache)
        except OSError:
            # A full disk costs the next run a compilation, not this one its result.
            part.unlink(missing_ok=True)
            return made
        return path


def _trim(folder):
    programs = []
    for path in folder.iterdir():
        try:
            age = path.stat().st_mtime
        except FileNotFoundError:
            continue  # another process is trimming too
        if not path.name.startswith("."):
            programs.append((age, path))
        elif age < time.time() - _UNFINISHED:
            path.unlink(missing_ok=True)
    for _, path in sorted(programs)[:-_MOST_PROGRAMS]:
        path.unlink(missing_ok=True)
