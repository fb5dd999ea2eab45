"""Times as people write them: ``1ms``, ``0.1 ms``, ``1/30s``."""

import math
import re

import numpy as np

from wmdelays.errors import InputError

_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_QUANTITY = re.compile(
    r"\s*(?P<value>[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)"
    r"(?:\s*/\s*(?P<divisor>\d*\.?\d+))?\s*(?P<unit>s|ms|us)\s*"
)

_MOST_SUBSTEPS = 1_000_000
# Steps, neurons, draws and the like are numbered in 32 bits.
LARGEST = 2**31 - 1
# Seeds may be as large as every library takes them.
LARGEST_SEED = 2**63 - 1


def seconds(text, name="time"):
    """A time in seconds from text with a unit.

    Parameters
    ----------
    text : str
        A number or a fraction, and one of the units s, ms and us: ``"1ms"``, ``"1/30s"``.
    name : str
        What the time is, for the error.

    Returns
    -------
    float
        The time in seconds.

    Raises
    ------
    InputError
        If the text is not a time with a unit.

    Examples
    --------
    >>> seconds("0.5 ms")
    0.0005
    """
    match = _QUANTITY.fullmatch(text)
    if match is None or (match["divisor"] and float(match["divisor"]) == 0):
        raise InputError(f"{name} {text!r} is not a time with a unit, such as 1ms, 0.5 ms or 1/30s")
    value = float(match["value"]) / float(match["divisor"] or 1) * _UNITS[match["unit"]]
    if not math.isfinite(value):
        raise InputError(f"{name} {text!r} is too large")
    return value


def whole_seconds(text, name="time", least=0):
    """A time of whole seconds from text with a unit.

    Parameters
    ----------
    text : str
        See `seconds`.
    name : str
        What the time is, for the error.
    least : int
        The shortest time, in seconds.

    Returns
    -------
    int
        The time in seconds.

    Raises
    ------
    InputError
        If the text is not such a time.

    Examples
    --------
    >>> whole_seconds("60000 ms")
    60
    """
    value = seconds(text, name)
    if value % 1:
        raise InputError(f"{name} {text!r} is not a whole number of seconds, such as 60s")
    if value < least:
        raise InputError(f"{name} {text!r} is too short; take at least {least}s")
    return int(value)


def substeps(step, dt):
    """How many simulation steps dt make one training step.

    Parameters
    ----------
    step, dt : float
        The training step and the simulation step, in seconds.

    Returns
    -------
    int
        ``step / dt``, which has to be whole to one part in ten thousand.

    Raises
    ------
    InputError
        If dt does not divide the step.
    """
    if not (np.isfinite(dt) and dt > 0):
        raise InputError(f"dt is {dt * 1e3:g} ms; it has to be greater than zero")
    ratio = step / dt
    if not math.isfinite(ratio):
        raise InputError(f"dt of {dt * 1e3:g} ms is too short for a step of {step * 1e3:.6g} ms")
    whole = round(ratio)
    if whole < 1 or abs(ratio - whole) > 1e-4 * whole:
        options = sorted({max(1, math.floor(ratio)), math.floor(ratio) + 1})
        good = " or ".join(f"{step * 1e3 / n:.6g}ms" for n in options)
        raise InputError(
            f"dt of {dt * 1e3:.6g} ms does not divide the step of {step * 1e3:.6g} ms; try {good}"
        )
    if whole > _MOST_SUBSTEPS:
        raise InputError(
            f"dt of {dt * 1e3:.6g} ms makes more than {_MOST_SUBSTEPS} simulation steps in a step of"
            f" {step * 1e3:.6g} ms; take a longer dt"
        )
    return whole


def whole(name, value, least, most=None):
    """A setting that has to be a whole number.

    Parameters
    ----------
    name : str
        Name of the setting.
    value : int or float
    least, most : int
        Bounds; by default there is no upper one.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If it is not a whole number, or out of bounds.
    """
    if value % 1 or value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} is {value}; it has to be a whole number {bounds}")
    return int(value)
