"""CAD: cell assemblies, found by elephant."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.find.surrogates import surrogate_rasters
from wmdelays.find.unknown.limits import within_limits
from wmdelays.find.unknown.mining import Miner
from wmdelays.find.unknown.patterns import Unknown, by_size, check_units, pattern
from wmdelays.quantities import whole
from wmdelays.raster import Raster
from wmdelays.words import duration

if TYPE_CHECKING:
    from collections.abc import Callable

# CAD leaves out pairs of units that coincide less often than this by chance, and those of units
# whose spikes coincide by chance nearly always: all but so many of the spikes of one of them.
_COINCIDENCES = 5
# What makes fewer assemblies.
_INSTEAD = "take more {min_occurrences}, a shorter {window}, or fewer units"


def cad(
    raster: Raster,
    *,
    step: float,
    window: int,
    draws: int,
    surrogates: str,
    dither: float,
    seed: int = 0,
    min_spikes: int = 2,
    min_occurrences: int | None = None,
    alpha: float = 0.05,
    progress: Callable[[str, float | None], None] | None = None,
    miner: Miner | None = None,
    max_time: float | None = None,
) -> Unknown:
    """Cell assemblies by CAD.

    Parameters
    ----------
    raster, step, draws, surrogates, dither, seed, alpha, progress, miner, max_time
        See `spade`; CAD corrects for the number of its tests.
    window : int
        Largest lag between two neurons of an assembly in bins, and one.
    min_spikes : int
        Fewest neurons of an assembly that is listed.
    min_occurrences : int, optional
        By default 5.

    Returns
    -------
    Unknown

    References
    ----------
    E. Russo and D. Durstewitz, Cell assemblies at multiple time scales with arbitrary lag
    constellations, eLife 6:e19428 (2017).
    """
    say = progress or (lambda stage, part: None)
    whole("min-spikes", min_spikes, 2)
    least = whole("min-occurrences", 5 if min_occurrences is None else min_occurrences, 2)
    lag = window - 1
    n_bins = raster.n_steps(step)
    if lag < 2:
        raise InputError(
            f"CAD needs a window of at least two steps ({parameter('window')}, {parameter('step')})"
        )
    if n_bins - lag < 100:
        raise InputError(
            f"CAD needs at least 100 bins more than a window has; the raster has {n_bins}:"
            f" take a shorter {parameter('step')}"
        )
    check_units("CAD", raster, min_spikes)
    total = draws + 1
    pairs = testable_pairs(raster, step)
    patterns, chance = [], []
    with within_limits("CAD", _INSTEAD, miner, max_time) as miner:

        def assemblies(one):
            # It counts those with more occurrences than the number it is given.
            found = miner.cad(one, step, max_lag=lag, alpha=alpha, min_occurrences=least - 1)
            return [each for each in found if len(each["neurons"]) >= min_spikes]

        # elephant says nothing until it is done: one pair tells how long all of them take.
        say("CAD: how long a pair takes", 0.0)
        began = time.perf_counter()
        if len(pairs):
            assemblies(_of_two(raster, pairs[0]))
        least_time = duration((time.perf_counter() - began) * len(pairs))
        each = f"{len(pairs)} pairs, at least {least_time}"
        say(f"CAD: the raster ({each}); surrogates to come: {draws}", 0.0)
        for one in assemblies(raster):
            lags = np.append(0.0, one["lags"])
            # CAD's times are those of its first neuron, which need not be the first to fire.
            times = one["times"] + lags.min()
            patterns.append(pattern(one["neurons"], lags - lags.min(), times, max(one["pvalue"])))
        made = surrogate_rasters(raster, draws, method=surrogates, dither=dither, seed=seed)
        for number, surrogate in enumerate(made):
            say(f"CAD: surrogate {number + 1} of {draws} ({each})", (number + 1) / total)
            chance.append(len(assemblies(surrogate)))
    return Unknown(
        patterns=by_size(patterns),
        chance=chance,
        candidates=[],
        tested={
            "method": "CAD",
            "bin_s": step,
            "longest_s": lag * step,
            "min_spikes": min_spikes,
            "min_occurrences": least,
            "min_occurrences_given": min_occurrences is not None,
            "pairs_with_enough_spikes": len(pairs),
            "pairs": raster.n_neurons * (raster.n_neurons - 1) // 2,
            "alpha": alpha,
        },
    )


def testable_pairs(raster, step):
    """The pairs of units that CAD tests: neither too few coincidences by chance nor nearly all.

    Parameters
    ----------
    raster : Raster
    step : float
        Length of a bin in seconds.

    Returns
    -------
    int array, shape (n_pairs, 2)

    Notes
    -----
    The expected coincidences of units a and b are the sum over k = 1, 2, … of n_a(k) n_b(k) / n for
    n bins, n(k) of which hold k spikes of the unit or more (beside those that all bins hold), each
    term rounded down. They have to be above 5, and below the spikes of the unit with fewer less 5.
    """
    n_bins = raster.n_steps(step)
    keys, counts = np.unique(raster.neurons * n_bins + raster.steps(step), return_counts=True)
    units = keys // n_bins
    # What a unit has in every bin does not count.
    fewest = np.full(raster.n_neurons, np.iinfo(np.int64).max)
    np.minimum.at(fewest, units, counts)
    fewest[np.bincount(units, minlength=raster.n_neurons) < n_bins] = 0
    counts = counts - fewest[units]
    expected = np.zeros((raster.n_neurons, raster.n_neurons))
    for k in range(1, int(counts.max()) + 1):
        bins = np.bincount(units[counts >= k], minlength=raster.n_neurons).astype(float)
        expected += np.floor(np.outer(bins, bins) / n_bins)
    spikes = np.bincount(units, counts, raster.n_neurons)
    enough = expected > _COINCIDENCES
    enough &= expected < np.minimum.outer(spikes, spikes) - _COINCIDENCES
    return np.argwhere(np.triu(enough, 1))


def _of_two(raster, pair):
    """Two units of a raster alone."""
    chosen = np.isin(raster.neurons, pair)
    second = (raster.neurons[chosen] == pair[1]).astype(int)
    return Raster(second, raster.times[chosen], 2, raster.duration)
