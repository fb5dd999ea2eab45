"""How many processors there are for this process."""

import os
from pathlib import Path

from wmdelays.machine.processors import n_processors

ROOT = Path(__file__).parents[3]
ROOMS = ("wmdelays", "training", "brian_models", "nest_models", "genn_models", "validation")


def test_they_are_those_that_this_process_may_use(processors):
    assert n_processors() == len(os.sched_getaffinity(0))
    processors(3)
    assert n_processors() == 3


def test_they_are_counted_in_one_place():
    """On a node that is shared, the processors of the machine are others' too."""
    files = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    counting = [path for path in files if "cpu_count" in path.read_text()]
    assert counting == [ROOT / "wmdelays/machine/processors.py"]
