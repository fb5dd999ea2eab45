"""Learning: the network in discrete time and the rules that find its weights.

`store` is the front door. A rule is described in `wmdelays.training.rules`; `register` adds one.
"""

import os

import lazy_loader

from wmdelays.machine.numba_cache import choose_numba_cache

# Before any module here makes a function that numba is to keep.
choose_numba_cache(os.path.dirname(__file__))

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
