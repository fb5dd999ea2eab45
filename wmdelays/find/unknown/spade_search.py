"""SPADE: spikes that recur with the same lags, mined by elephant."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.find.surrogates import surrogate_rasters
from wmdelays.find.unknown.limits import within_limits
from wmdelays.find.unknown.mining import Miner, TooManyPatterns
from wmdelays.find.unknown.patterns import Unknown, by_size, check_units, pattern
from wmdelays.find.unknown.signatures import Signatures
from wmdelays.quantities import whole
from wmdelays.raster import Raster

if TYPE_CHECKING:
    from collections.abc import Callable

# SPADE's time grows with the patterns it comes across. Unless told otherwise, a pattern has to
# occur so often that the raster holds no more than this many.
_MOST_PATTERNS = 2000
# From one try to the next, fewer occurrences by this factor.
_FEWER = 0.7
# How elephant tells patterns from their own parts; the values of its tutorial's references.
_REDUCTION = (2, 2, 2)
# What makes fewer patterns.
_INSTEAD = "take more {min_occurrences} or {min_spikes}, a shorter {window}, or a longer {step}"


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
        Significance level, for patterns of all sizes together; see `wmdelays.find.unknown.signatures`.
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
    check_units("SPADE", raster, min_spikes)
    least, spectra = min_occurrences, []
    with within_limits("SPADE", _INSTEAD, miner, max_time) as miner:

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
        pattern(
            one["neurons"],
            [0.0, *one["lags"].rescale("s").magnitude],
            one["times"].rescale("s").magnitude,
            signatures.p_value(*one["signature"]),
        )
        for one in concept_output_to_patterns(kept, window, step * quantities.s)
    ]
    return Unknown(
        patterns=by_size(patterns),
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
