"""Preferences of Brian2 for the time of one simulation."""

import logging
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
from brian2 import get_device, prefs
from brian2 import seed as set_seed
from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager

from wmdelays.brian_models.devices.cython_cache import cython_folder
from wmdelays.errors import InputError
from wmdelays.machine.compiler import EXACT


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


@contextmanager
def in_python(device, wanted=()):
    """The preferences with which Brian2 runs in Python, on the device `numpy` or `cython`.

    Parameters
    ----------
    device : str
    wanted : dict, optional
        Others to change for that time.

    Raises
    ------
    InputError
        If Cython has refused code. Brian2 takes no notice of that and goes on without the code, as if what it
        should do had been done.
    """
    refused, create = [], cython_extension_manager.create_extension

    def created(*arguments, owner_name="a part", **options):
        extension = create(*arguments, owner_name=owner_name, **options)
        if extension is None:
            refused.append(
                InputError(
                    f"Cython {version('cython')} refuses the code of Brian2 {version('brian2')} for"
                    f" {owner_name}; take the device numpy or cpp_standalone, or other versions"
                )
            )
            raise refused[0]
        return extension

    cython_extension_manager.create_extension = created
    try:
        with settings({"codegen.target": device, **cython_settings(device), **dict(wanted)}):
            yield
    except Exception:
        if refused:  # Brian2 may have put another error around it.
            raise refused[0] from None
        raise
    finally:
        del cython_extension_manager.create_extension


@contextmanager
def seeded(seed):
    """Brian2's random numbers from a seed for a while, then as they were; None leaves them alone."""
    if seed is None:
        yield
        return
    before = get_device().get_random_state()
    set_seed(seed)
    try:
        yield
    finally:
        get_device().set_random_state(before)


@contextmanager
def in_any_order():
    """For a while Brian2 does not warn that random numbers are drawn synapse by synapse."""
    logger = logging.getLogger("brian2.codegen.generators.base")

    def passes(record):
        return "may not be well-defined" not in record.getMessage()

    logger.addFilter(passes)
    try:
        yield
    finally:
        logger.removeFilter(passes)


@contextmanager
def quiet(name):
    """For a while a library's log says nothing but errors."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def cython_settings(device):
    if device != "cython":
        return {}
    return {
        "codegen.cpp.extra_compile_args": list(EXACT),
        "codegen.runtime.cython.cache_dir": str(cython_folder()),
    }
