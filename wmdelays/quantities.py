"""Numbers as people give them: times such as ``1ms`` and ``1/30s``, whole numbers, bounds."""

import math
import re
from dataclasses import dataclass

import numpy as np

from wmdelays.errors import InputError

_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_QUANTITY = re.compile(
    r"\s*(?P<value>[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)"
    r"(?:\s*/\s*(?P<divisor>\d*\.?\d+))?\s*(?P<unit>s|ms|us)\s*"
)

# Within these every product and quotient of two times, in whichever unit, is a number.
_SHORTEST, _LONGEST = 1e-15, 1e15
_MOST_SUBSTEPS = 1_000_000
# Characters of a value that an error shows.
_SHOWN = 80
# Steps, neurons, draws and the like are numbered in 32 bits.
LARGEST = 2**31 - 1
# Seeds may be as large as every library takes them.
LARGEST_SEED = 2**63 - 1


def seconds(text, name="time", above_zero=False):
    """A time in seconds from text with a unit.

    Parameters
    ----------
    text : str
        A number or a fraction, and one of the units s, ms and us: ``"1ms"``, ``"1/30s"``.
    name : str
        What the time is, for the error.
    above_zero : bool
        Whether it is a length, which cannot be zero.

    Returns
    -------
    float
        The time in seconds.

    Raises
    ------
    InputError
        If the text is not a time with a unit, or the time is negative.

    Examples
    --------
    >>> seconds("0.5 ms")
    0.0005
    """
    match = _QUANTITY.fullmatch(text)
    if match is None or (match["divisor"] and float(match["divisor"]) == 0):
        raise InputError(
            f"{name} {shortened(text)} is not a time with a unit, such as 1ms, 0.5 ms or 1/30s"
        )
    value = float(match["value"]) / float(match["divisor"] or 1) * _UNITS[match["unit"]]
    if not value <= _LONGEST:
        raise InputError(f"{name} {shortened(text)} is too large")
    if value < 0:
        raise InputError(f"{name} {shortened(text)} is negative; times start at 0")
    if above_zero and value < _SHORTEST:
        raise InputError(f"{name} {shortened(text)} is too short; it has to be greater than zero")
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
        raise InputError(f"{name} {shortened(text)} is not a whole number of seconds, such as 60s")
    if value < least:
        raise InputError(f"{name} {shortened(text)} is too short; take at least {least}s")
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


def whole(name, value, least, most=LARGEST):
    """A setting that has to be a whole number.

    Parameters
    ----------
    name : str
        Name of the setting.
    value : int or float
    least, most : int
        Bounds.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If it is not a whole number, or out of bounds.
    """
    # An infinity leaves no number, which counts as a rest.
    if value % 1 or not least <= value <= most:
        bounded = most != LARGEST or value > most
        bounds = f"from {least} to {most}" if bounded else f"of at least {least}"
        raise InputError(f"{name} is {shortened(value)}; it has to be a whole number {bounds}")
    return int(value)


def checked_seed(seed):
    """A seed of random numbers, which is a whole number as large as every library takes.

    Raises
    ------
    InputError
        If it is something else.
    """
    return whole("seed", seed, 0, LARGEST_SEED)


def shortened(value):
    """A value as an error shows it: as Python writes it, and its beginning where that is long."""
    try:
        text = repr(value)
    except ValueError:
        # Python writes no numbers of more than 4,300 digits.
        text = hex(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


@dataclass(frozen=True)
class Bounds:
    """What a number has to lie within.

    Parameters
    ----------
    least, most : float, optional
        The smallest and the largest value.
    above, below : float, optional
        Bounds that the value cannot have itself.

    Examples
    --------
    >>> print(Bounds(least=0), Bounds(above=0, most=1), sep=", ")
    be at least 0, lie from above 0 to 1
    >>> Bounds(above=0).hold(0), Bounds(above=0).hold(float("inf"))
    (False, False)
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def hold(self, value: float) -> bool:
        """Whether a value is a finite number within the bounds."""
        return (
            math.isfinite(value)
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def __str__(self):
        low = self.above if self.least is None else self.least
        high = self.below if self.most is None else self.most
        match low, high:
            case None, None:
                return "be a finite number"
            case low, None:
                return f"be {'greater than' if self.least is None else 'at least'} {low:g}"
            case None, high:
                return f"be {'less than' if self.most is None else 'at most'} {high:g}"
        if self.least is None and self.most is None:
            return f"lie between {low:g} and {high:g}"
        from_, to = "above " * (self.least is None), "below " * (self.most is None)
        return f"lie from {from_}{low:g} to {to}{high:g}"
