"""Preferences of Brian2 for the time of one simulation."""

from contextlib import contextmanager

import numpy as np
from brian2 import prefs

from wmdelays.brian_models.devices.cython_cache import cython_folder
from wmdelays.brian_models.devices.programs import EXACT


@contextmanager
def settings(wanted):
    """Brian2's preferences changed for a while, and always put back.

    Besides those wanted, the ones are set that would change the numbers. Ctrl-C is one of them:
    Brian2 ends a simulation early and goes on as if that were all of it.
    """
    always = {"core.default_float_dtype": np.float64, "core.stop_on_keyboard_interrupt": False}
    wanted = {**always, **wanted}
    before = {name: prefs[name] for name in wanted}
    try:
        for name, value in wanted.items():
            prefs[name] = value
        yield
    finally:
        for name, value in before.items():
            prefs[name] = value


def cython_settings(device):
    if device != "cython":
        return {}
    return {
        "codegen.cpp.extra_compile_args": list(EXACT),
        "codegen.runtime.cython.cache_dir": str(cython_folder()),
    }
