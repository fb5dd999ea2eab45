"""The questions that can be asked of a memory, a network or a recording, each a command."""

import os

from wmdelays.numba_cache import choose_numba_cache

choose_numba_cache(os.path.dirname(__file__))
