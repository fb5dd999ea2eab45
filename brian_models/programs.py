"""Compiled programs: the compiler, and a cache of what it made."""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import uuid
from functools import cache
from pathlib import Path

from wmdelays.errors import InputError

# Brian2 compiles with -ffast-math unless told otherwise. Sums in another order or a fused
# multiply-add can move a membrane across its threshold.
EXACT = ("-O2", "-std=c++17", "-fno-fast-math", "-ffp-contract=off", "-w")
# The rest of a program runs once; optimising it takes longer than it saves.
_COLD = ("-O0",)
_MOST_PROGRAMS = 100
_FOLDER = "WMDELAYS_CACHE"


def compiler():
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


def cache_folder():
    """The folder that keeps what was compiled.

    The environment variable ``WMDELAYS_CACHE``, or else ``wmdelays`` in the user's cache folder;
    a temporary folder where that cannot be written.
    """
    chosen = os.environ.get(_FOLDER)
    if not chosen:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        chosen = os.path.join(base, "wmdelays")
    return chosen if _can_write(chosen) else _temporary_folder()


def _can_write(folder):
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError:
        return False
    # Programs are run from here: nobody else may have put them there.
    mine = not hasattr(os, "getuid") or os.stat(folder).st_uid == os.getuid()
    return mine and os.access(folder, os.W_OK | os.X_OK)


@cache
def _temporary():
    return tempfile.TemporaryDirectory(prefix="wmdelays-")


def _temporary_folder():
    return _temporary().name


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
        self.path = Path(cache_folder()) / "programs" / self._key()

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
        return self.path.is_file()

    def ready(self, progress):
        """Path of the compiled program, which is compiled now if it has to be."""
        if self.is_cached():
            # The oldest programs go first when the cache is full.
            os.utime(self.path)
            return self.path
        progress("compiling", None)
        return self._keep(self._compile())

    def _compile(self):
        jobs = []
        for flags, files in (((*EXACT, *_COLD), self.cold), (EXACT, self.hot)):
            for file in files:
                command = [*self.words, *flags, "-I.", "-c", file, "-o", f"{file}.o"]
                jobs.append((command, self._start(command)))
        objects = [command[-1] for command, _ in jobs]
        try:
            for command, job in jobs:
                _finish(command, job)
        finally:
            for _, job in jobs:
                if job.poll() is None:
                    job.kill()
                    job.communicate()
        link = [*self.words, *objects, "-s", "-o", "main"]
        _finish(link, self._start(link))
        return self.directory / "main"

    def _start(self, command):
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.directory, stdout=pipe, stderr=pipe, text=True)

    def _keep(self, made):
        """Put a program into the cache, where it appears at once and whole."""
        part = self.path.with_name(f".{uuid.uuid4().hex}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(made, part)
            os.replace(part, self.path)
            _trim(self.path.parent)
        except OSError:
            # A full disk costs the next run a compilation, not this one its result.
            part.unlink(missing_ok=True)
            return made
        return self.path


def _finish(command, job):
    _, errors = job.communicate()
    if job.returncode:
        lines = [line for line in errors.splitlines() if "error" in line] or errors.splitlines()
        reason = lines[0].strip() if lines else f"status {job.returncode}"
        raise InputError(
            f"{command[0]} could not compile the simulation: {reason}; the device numpy needs no compiler"
        )


def _trim(folder):
    programs = []
    for path in folder.iterdir():
        try:
            programs.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            pass  # another process is trimming too
    for _, path in sorted(programs)[:-_MOST_PROGRAMS]:
        path.unlink(missing_ok=True)
