"""How much memory this process may still take, and a check before a lot is asked for."""

import resource
from pathlib import Path

import psutil

from wmdelays.errors import InputError

# Where a container's limits stand: (limit, use, statistics) for version 2 and version 1 of cgroups.
_GROUPS = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)
_ROOT = Path("/sys/fs/cgroup")
# Less than this is not worth asking for: every array would be, and there is always so much.
_LITTLE = 1e7
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def free_memory():
    """Bytes of memory that this process may still take.

    The least of what the machine has free, of what its cgroup (a container, a batch job) leaves
    over, and of its own limits (``ulimit -v``, ``ulimit -d``).

    Returns
    -------
    int
    """
    return max(0, min(psutil.virtual_memory().available, *_left_by_groups(), *_left_by_limits()))


def check_memory(n_bytes, what, instead):
    """Raise an InputError where less memory is free than is about to be needed.

    For use before anything large is allocated: a process that takes more than there is gets killed
    without a word. What is far below anything that could run short is let through unasked.

    Parameters
    ----------
    n_bytes : int or float
        What will be needed at the peak.
    what : str
        What needs it, such as ``"a raster of 25000 steps of 25000 neurons"``.
    instead : str
        What the user can change, such as ``"take fewer patterns"``.

    Raises
    ------
    InputError
        With the line ``{what} needs about … of memory, and … are free; {instead}``.
    """
    if n_bytes < _LITTLE:
        return
    free = free_memory()
    if n_bytes > free:
        raise InputError(
            f"{what} needs about {in_words(n_bytes)} of memory, and {in_words(free)} are free;"
            f" {instead}"
        )


def how_many(n_bytes, most):
    """How many pieces of work have the memory to run side by side.

    Parameters
    ----------
    n_bytes : int or float
        What each needs.
    most : int
        How many there could be.

    Returns
    -------
    int
        From 1 to `most`.
    """
    if n_bytes * most < _LITTLE:
        return most
    return int(max(1, min(most, free_memory() // n_bytes)))


def in_words(n_bytes):
    """A number of bytes as ``3.2 GB``, in powers of ten."""
    size = float(min(n_bytes, 1e300))
    for unit in _UNITS:
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return "more than any machine's memory"


def _left_by_groups():
    """What each cgroup that this process sees leaves over."""
    for limit_file, use_file, statistics_file in _GROUPS:
        try:
            limit = (_ROOT / limit_file).read_text().strip()
            use = int((_ROOT / use_file).read_text())
            statistics = (_ROOT / statistics_file).read_text().split()
        except (OSError, ValueError):
            continue
        if limit.isdigit():
            # Files that were read are kept in memory until it is needed.
            values = dict(zip(statistics[::2], statistics[1::2]))
            yield int(limit) - use + int(values.get("inactive_file", 0))


def _left_by_limits():
    memory = psutil.Process().memory_info()
    for limit, used in (("RLIMIT_AS", memory.vms), ("RLIMIT_DATA", getattr(memory, "data", 0))):
        most, _ = resource.getrlimit(getattr(resource, limit))
        if most != resource.RLIM_INFINITY:
            yield most - used
