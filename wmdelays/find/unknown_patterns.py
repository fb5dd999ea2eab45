"""Patterns that nobody stored: elephant's SPADE and CAD, their results in this software's words."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.find.mining import Miner, TookTooLong, TooManyPatterns
from wmdelays.find.signatures import Signatures
from wmdelays.find.surrogates import surrogate_rasters
from wmdelays.machine.free_memory import in_words
from wmdelays.quantities import whole
from wmdelays.raster import Raster
from wmdelays.words import duration

if TYPE_CHECKING:
    from collections.abc import Callable


# SPADE's time grows with the patterns it comes across. Unless told otherwise, a pattern has to
# occur so often that the raster holds no more than this many.
_MOST_PATTERNS = 2000
# From one try to the next, fewer occurrences by this factor.
_FEWER = 0.7
# How elephant tells patterns from their own parts; the values of its tutorial's references.
_REDUCTION = (2, 2, 2)
# CAD leaves out pairs of units that coincide less often than this by chance, and those of units
# whose spikes coincide by chance nearly always: all but so many of the spikes of one of them.
_COINCIDENCES = 5
# What makes fewer patterns.
_SPADE_INSTEAD = (
    "take more --min-occurrences or --min-spikes, a shorter --window, or a longer --step"
)
_CAD_INSTEAD = "take more --min-occurrences, a shorter --window, or fewer units"


@dataclass(frozen=True)
class UnknownPattern:
    """Spikes that recur at fixed times from one another.

    Attributes
    ----------
    neurons : tuple of int
    lags : tuple of float
        Seconds after the pattern's first spike, in the order of `neurons`, sorted.
    times : tuple of float
        When the first spike of each occurrence is, in seconds: the start of its bin.
    p_value : float
        Of SPADE: ``(1 + k) / (1 + n)``, where k of n surrogates hold a pattern with at least as
        many spikes and occurrences. Of CAD: the largest of its tests, before the correction for
        their number, which CAD makes itself.
    """

    neurons: tuple
    lags: tuple
    times: tuple
    p_value: float


@dataclass(frozen=True)
class Unknown:
    """What SPADE or CAD found.

    Attributes
    ----------
    patterns : list of UnknownPattern
        Most spikes first, then most occurrences.
    chance : list of int
        How many patterns each surrogate has. Of SPADE those that would be significant in the
        raster, before parts of patterns are told from the patterns.
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


def spade(
    raster: Raster,
    *,
    step: float,
    window: int,
    draws: int,
    surrogates: str,
    dither: float,
    seed: int = 0,
    min_spikes: int = 3,
    min_occurrences: int | None = None,
    alpha: float = 0.05,
    progress: Callable[[str, float | None], None] | None = None,
    miner: Miner | None = None,
    max_time: float | None = None,
) -> Unknown:
    """Patterns of spikes by SPADE.

    Parameters
    ----------
    raster : Raster
    step : float
        Length of a bin in seconds.
    window : int
        Bins from the first to the last spike of a pattern, both counted.
    draws, surrogates, dither, seed
        See `wmdelays.find.surrogates.surrogate_rasters`; `surrogates` is its method.
    min_spikes : int
        Fewest neurons of a pattern.
    min_occurrences : int, optional
        By default as few as leave 2000 patterns or less to be tested; rarer ones are not looked
        for then.
    alpha : float
        Significance level, for patterns of all sizes together; see `wmdelays.find.signatures`.
    progress : callable, optional
        Called with what is being done (str) and the part of it that is done (float).
    miner : Miner, optional
        The process that mines, where many rasters are looked at; by default one for this call.
    max_time : float, optional
        Seconds that mining may take, raster and surrogates together, where it is this call's.

    Returns
    -------
    Unknown

    References
    ----------
    E. Torre et al., Statistical evaluation of synchronous spike patterns extracted by frequent
    item set mining, Front. Comput. Neurosci. 7:132 (2013). P. Quaglio et al., Detection and
    evaluation of spatio-temporal spike patterns in massively parallel spike train data with
    SPADE, Front. Comput. Neurosci. 11:41 (2017).
    """
    import quantities
    from elephant.spade import concept_output_to_patterns, pattern_set_reduction

    say = progress or (lambda stage, part: None)
    whole("min-spikes", min_spikes, 2)
    if min_occurrences is not None:
        whole("min-occurrences", min_occurrences, 2)
    _check_units("SPADE", raster, min_spikes)
    least, spectra = min_occurrences, []
    with _mining("SPADE", _SPADE_INSTEAD, miner, max_time) as miner:

        def mined(one, least, spectrum, size=min_spikes):
            return miner.spade(
                one,
                step,
                window,
                min_spikes=size,
                min_occurrences=least,
                spectrum=spectrum,
                min_neurons=min_spikes,
            )

        if least is None:
            least = _fewest_occurrences(raster, lambda c: mined(raster, c, True), say)
        say("SPADE: the patterns of the raster", None)
        mine = mined(raster, least, True)
        made = surrogate_rasters(raster, draws, method=surrogates, dither=dither, seed=seed)
        for number, surrogate in enumerate(made):
            say(f"SPADE: surrogate {number + 1} of {draws}", number / draws)
            spectra.append(mined(surrogate, least, True))
        say("SPADE: which patterns are significant", None)
        signatures = Signatures(mine, spectra, least, alpha)
        # Patterns are listed, which takes longer than to count them, from the smallest significant
        # ones on: of rare ones there are many that are not.
        large = [(z, c) for z, c, _ in mine.tolist() if signatures.significant(z, c)]
        concepts = []
        if large:
            fewest, smallest = min(c for _, c in large), min(z for z, _ in large)
            concepts = mined(raster, fewest, False, smallest)
    found = Counter()
    for size, _, n in mine.tolist():
        found[size] += n
    kept = pattern_set_reduction(
        [one for one in concepts if signatures.significant(len(one[0]), len(one[1]))],
        signatures.not_significant(),
        window,
        "#",
        h_subset_filtering=_REDUCTION[0],
        k_superset_filtering=_REDUCTION[1],
        l_covered_spikes=_REDUCTION[2],
        min_spikes=min_spikes,
        min_occ=least,
    )
    patterns = [
        _pattern(
            one["neurons"],
            [0.0, *one["lags"].rescale("s").magnitude],
            one["times"].rescale("s").magnitude,
            signatures.p_value(*one["signature"]),
        )
        for one in concept_output_to_patterns(kept, window, step * quantities.s)
    ]
    return Unknown(
        patterns=_sorted(patterns),
        chance=signatures.in_each(),
        candidates=_candidates(found, spectra),
        tested={
            "method": "SPADE",
            "bin_s": step,
            "longest_s": (window - 1) * step,
            "min_spikes": min_spikes,
            "min_occurrences": least,
            "min_occurrences_given": min_occurrences is not None,
            "candidates": found.total(),
            "alpha": alpha,
        },
    )


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
        raise InputError("CAD needs a window of at least three bins (--window, --step)")
    if n_bins - lag < 100:
        raise InputError(
            f"CAD needs at least 100 bins more than a window has; the raster has {n_bins}:"
            " take a shorter --step"
        )
    _check_units("CAD", raster, min_spikes)
    total = draws + 1
    pairs = testable_pairs(raster, step)
    patterns, chance = [], []
    with _mining("CAD", _CAD_INSTEAD, miner, max_time) as miner:

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
            patterns.append(_pattern(one["neurons"], lags - lags.min(), times, max(one["pvalue"])))
        made = surrogate_rasters(raster, draws, method=surrogates, dither=dither, seed=seed)
        for number, surrogate in enumerate(made):
            say(f"CAD: surrogate {number + 1} of {draws} ({each})", (number + 1) / total)
            chance.append(len(assemblies(surrogate)))
    return Unknown(
        patterns=_sorted(patterns),
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


@contextmanager
def _mining(name, instead, miner, seconds):
    """A process that mines; where there are too many patterns, a line that says what to change."""
    try:
        with nullcontext(miner) if miner else Miner(instead, seconds) as one:
            yield one
    except TooManyPatterns as error:
        raise InputError(
            f"{name} finds more patterns than {in_words(error.n_bytes)} of memory hold; {instead}"
        ) from None
    except TookTooLong:
        raise InputError(
            f"{name} has not come to an end in {duration(seconds)} (--max-time); {instead}"
        ) from None


def _check_units(name, raster, min_spikes):
    """Raise an InputError where too few units fire for any pattern."""
    n = len(np.unique(raster.neurons))
    if n < min_spikes:
        raise InputError(
            f"{name} looks for patterns of at least {min_spikes} units (--min-spikes), and"
            f" {n} {'unit has' if n == 1 else 'units have'} spikes in this raster"
        )


def _fewest_occurrences(raster, mine, say):
    """The fewest occurrences for which the raster holds no more than `_MOST_PATTERNS`."""
    busy = np.bincount(raster.neurons)
    trial = max(2, int(busy.max()))
    least = None
    while trial >= 2:
        say(f"SPADE: patterns that occur {trial} times", None)
        try:
            n_patterns = mine(trial)[:, 2].sum()
        except TooManyPatterns as error:
            # More than can be listed are too many to be tested, but not where memory is short:
            # what is found must not depend on the machine.
            if error.short or least is None:
                raise
            break
        if n_patterns > _MOST_PATTERNS:
            break
        least = trial
        trial = min(trial - 1, int(trial * _FEWER))
    return max(2, int(busy.max())) if least is None else least


def _candidates(found, spectra):
    """Number of spikes, patterns found, and patterns in a surrogate on average."""
    each = Counter()
    for one in spectra:
        for z, _, n in one.tolist():
            each[z] += n
    return [(z, found[z], each[z] / len(spectra)) for z in sorted({*found, *each})]


def _pattern(neurons, lags, times, p_value):
    order = np.lexsort((neurons, lags))
    return UnknownPattern(
        neurons=tuple(int(neurons[k]) for k in order),
        lags=tuple(float(lags[k]) for k in order),
        times=tuple(sorted(map(float, times))),
        p_value=float(p_value),
    )


def _sorted(patterns):
    return sorted(patterns, key=lambda one: (-len(one.neurons), -len(one.times), one.neurons))
