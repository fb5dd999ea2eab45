"""The C++ compiler: which there is, how it is told to be exact, and why it failed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from functools import cache

from wmdelays.errors import InputError
from wmdelays.machine.temporary import full_disk, is_full, says_full

# Simulators compile with -ffast-math unless told otherwise. Sums in another order or a fused
# multiply-add can move a membrane across its threshold.
EXACT = ("-O2", "-std=c++17", "-fno-fast-math", "-ffp-contract=off", "-w")


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


def finish(job, folder, instead="the device numpy needs no compiler", who=None):
    """Wait for a compiler that works in a folder; an InputError says why it failed.

    `who` it was that could not compile is the first word of its command, unless told otherwise.
    """
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
    who = who or job.command[0]
    raise InputError(f"{who} could not compile the simulation: {reason}; {instead}")
