"""Patterns that nobody stored: what they are, and what a method found."""

from dataclasses import dataclass

import numpy as np

from wmdelays.errors import InputError, parameter


@dataclass(frozen=True)
class UnknownPattern:
    """Spikes that recur at fixed times from one another.

    Attributes
    ----------
    neurons : tuple of int
    lags : tuple of float
        Seconds after the pattern's first spike, in the order of `neurons`, sorted.
    times : tuple of float
        When the first spike of each occurrence is, in seconds: the start of its bin. Of PPSeq,
        when it is to be expected.
    p_value : float
        Of SPADE: ``(1 + k) / (1 + n)``, where k of n surrogates hold a pattern with at least as
        many spikes and occurrences. Of CAD: the largest of its tests, before the correction for
        their number, which CAD makes itself. Of PPSeq: ``(1 + k) / (1 + n)``, where the best type
        of k of n surrogates has at least the score of this one.
    widths : tuple of float, optional
        Of PPSeq: standard deviations of the lags in seconds, the width of a bin included.
    """

    neurons: tuple
    lags: tuple
    times: tuple
    p_value: float
    widths: tuple | None = None


@dataclass(frozen=True)
class Unknown:
    """What SPADE, CAD or PPSeq found.

    Attributes
    ----------
    patterns : list of UnknownPattern
        Most spikes first, then most occurrences.
    chance : list of int
        How many patterns each surrogate has. Of SPADE those that would be significant in the
        raster, before parts of patterns are told from the patterns; of PPSeq one, its best, or none.
    candidates : list of (int, int, float)
        Of SPADE: a number of spikes, how many patterns of so many spikes recur often enough to be
        tested, and how many a surrogate has on average.
    tested : dict
        What was tested, as plain values.
    """

    patterns: list
    chance: list
    candidates: list
    tested: dict


def check_units(name, raster, min_spikes):
    """Raise an InputError where too few units fire for any pattern."""
    n = len(np.unique(raster.neurons))
    if n < min_spikes:
        raise InputError(
            f"{name} looks for patterns of at least {min_spikes} units ({parameter('min_spikes')}), and"
            f" {n} {'unit has' if n == 1 else 'units have'} spikes in this raster"
        )


def pattern(neurons, lags, times, p_value):
    """An `UnknownPattern`, its neurons in the order of their lags."""
    order = np.lexsort((neurons, lags))
    return UnknownPattern(
        neurons=tuple(int(neurons[k]) for k in order),
        lags=tuple(float(lags[k]) for k in order),
        times=tuple(sorted(map(float, times))),
        p_value=float(p_value),
    )


def by_size(patterns):
    """Patterns, most spikes first, then most occurrences."""
    return sorted(patterns, key=lambda one: (-len(one.neurons), -len(one.times), one.neurons))
