"""Learning: the network in discrete time and the rules that find its weights.

`store` is the front door. A rule is described in `wmdelays.training.rules`; `register` adds one.
"""

import os
from importlib import import_module

from wmdelays.machine.numba_cache import choose_numba_cache

# Before any module here makes a function that numba is to keep.
choose_numba_cache(os.path.dirname(__file__))

# numba and torch take seconds to import, so each name waits for its first use.
_HOMES = {
    "Option": "rules.rule",
    "RULES": "rules.registry",
    "Rule": "rules.rule",
    "bptt": "rules.bptt.backpropagation",
    "hebbian": "rules.closed_form.analytic",
    "margin": "rules.margin.rule",
    "pseudo_inverse": "rules.closed_form.analytic",
    "recall": "discrete.compiled",
    "register": "rules.registry",
    "store": "storing",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
