"""The peak memory of a piece of work."""

import ctypes
import gc
import resource
import sys
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Peak:
    """What `peak_memory` finds.

    Attributes
    ----------
    n_bytes : int or None
        Most bytes of physical memory that the process had, libraries included.
    alone : bool
        Whether that is the peak of this piece of work. Elsewhere than on Linux it is that of the
        process so far.
    """

    n_bytes: int | None = None
    alone: bool = False


@contextmanager
def peak_memory():
    """Measure the peak memory of this process while the block runs.

    Yields
    ------
    Peak
        Filled in when the block ends.
    """
    gc.collect()
    _give_back()
    peak = Peak(alone=_reset())
    try:
        yield peak
    finally:
        peak.n_bytes = _high_water() if peak.alone else _of_the_process()


def _give_back():
    """Have the C library give back what it keeps of earlier work, where it can (glibc)."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        pass


def _reset():
    """Begin the peak anew; gives whether that is possible here."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        _high_water()
    except (OSError, ValueError):
        return False
    return True


def _high_water():
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise ValueError("/proc/self/status has no VmHWM")


def _of_the_process():
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024
