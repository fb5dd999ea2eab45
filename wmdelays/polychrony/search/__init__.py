"""The compiled search for polychronous groups."""

import os

from wmdelays.machine.numba_cache import choose_numba_cache

choose_numba_cache(os.path.dirname(__file__))
