"""Learning: the network in discrete time and the rules that find its weights."""

import os
from importlib import import_module

from wmdelays.machine.numba_cache import choose_numba_cache

# Before any of these makes a function that numba is to keep.
choose_numba_cache(os.path.dirname(__file__))

from wmdelays.training.discrete.compiled import recall  # noqa: E402
from wmdelays.training.rules.margin.rule import margin  # noqa: E402
from wmdelays.training.storing import RULES, store  # noqa: E402

# These need torch, which takes seconds to import.
_HOMES = {
    "bptt": "rules.bptt.backpropagation",
    "hebbian": "rules.closed_form.analytic",
    "pseudo_inverse": "rules.closed_form.analytic",
}

__all__ = ["RULES", "bptt", "hebbian", "margin", "pseudo_inverse", "recall", "store"]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))
