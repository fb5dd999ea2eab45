"""How many processors there are for this process."""

import os


def n_processors():
    """How many processors this process may use; not every system says it."""
    may_use = getattr(os, "sched_getaffinity", None)
    return n_of_machine() if may_use is None else len(may_use(0))


def n_of_machine():
    """How many processors the machine has, those among them that are left to other processes."""
    return os.cpu_count() or 1


def said_threads():
    """How many threads the environment variable OMP_NUM_THREADS says; None if it says none."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) or None if said.isdecimal() else None
