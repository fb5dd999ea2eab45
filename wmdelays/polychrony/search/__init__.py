"""The compiled search for polychronous groups."""

import os

from wmdelays.machine.numba_cache import choose_numba_cache

choose_numba_cache(os.path.dirname(__file__))

# numba keeps the machine code. Without these words the first search seems to hang.
COMPILED = "the first time it compiles, half a minute"
