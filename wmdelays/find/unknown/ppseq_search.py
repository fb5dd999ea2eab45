"""PPSeq: types of sequences that recur, each unit with a lag and a precision of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.draws import random_numbers
from wmdelays.errors import InputError, parameter
from wmdelays.find.surrogates import surrogate_rasters
from wmdelays.find.unknown.binned_spikes import BinnedSpikes
from wmdelays.find.unknown.patterns import Unknown, UnknownPattern, by_size, check_units
from wmdelays.find.unknown.sequence_model import best_sequence
from wmdelays.machine.free_memory import check_memory
from wmdelays.quantities import whole
from wmdelays.raster import Raster
from wmdelays.words import duration

if TYPE_CHECKING:
    from collections.abc import Callable

# Stretches of a raster that are tried as the beginning of a sequence, and how many of them, those
# that recur best, are fitted.
_TRIES, _FITTED = 400, 10
# Types that are looked for at most.
_MOST_TYPES = 10
# A unit belongs to a type if its spikes at the occurrences are not by chance at this level, all
# units and offsets together: a test of likelihoods, with part, offset and width as free parameters.
_LEVEL, _FREE = 0.05, 3
# A raster has to hold so many windows.
_WINDOWS = 10
# From this part of the first raster on it is known how long all will take; what would take so many
# times as long as it may is not begun.
_KNOWN, _TOO_LONG = 0.1, 1.5
# Numbers in memory at once for each bin of the window, and each bin or cell with spikes.
_TABLES = 4


def ppseq(
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
    max_time: float | None = None,
) -> Unknown:
    """Types of sequences by PPSeq's model, one after another as long as they are significant.

    Unlike patterns of `spade` and assemblies of `cad`, a sequence need not be complete where it
    occurs, and its spikes may be early or late.

    Parameters
    ----------
    raster, step, draws, surrogates, dither, seed, progress
        See `spade`.
    window : int
        Bins of the longest sequence.
    min_spikes : int
        Fewest units of a sequence that is listed.
    min_occurrences : int, optional
        Fewest occurrences of a sequence that is listed, by default 3.
    alpha : float
        Significance level. A type is significant whose score is beaten by the best type of so few
        surrogates. The first that is not ends the search.
    max_time : float, optional
        Seconds that it may take, raster and surrogates together.

    Returns
    -------
    Unknown
        `tested` has the scores: how much likelier, as a logarithm, the raster is with the type than
        without, the occurrence that tells most left out; and those of the surrogates.

    Raises
    ------
    InputError
        If the raster is too short, has too few units with spikes, or there is no memory or time.

    References
    ----------
    A. H. Williams, A. Degleris, Y. Wang and S. W. Linderman, Point process models for sequence
    detection in high-dimensional neural spike trains, NeurIPS 33 (2020). The fit is described in
    `wmdelays.find.unknown.sequence_model`. The surrogates and what counts as an occurrence are
    ours, and so is where a fit begins: at stretches of the raster itself that recur well.
    """
    whole("min-spikes", min_spikes, 2)
    least = whole("min-occurrences", 3 if min_occurrences is None else min_occurrences, 2)
    check_units("PPSeq", raster, min_spikes)
    n_bins = raster.n_steps(step)
    if n_bins < _WINDOWS * window:
        raise InputError(
            f"PPSeq needs a raster of at least {_WINDOWS} windows; it has {n_bins} bins and a window"
            f" {window}: take a shorter {parameter('window')}"
        )
    instead = f"take a longer {parameter('step')}, a shorter {parameter('window')}, or a stretch of the raster"
    what = f"PPSeq on {n_bins} bins and {len(raster)} spikes with windows of {window}"
    check_memory(_TABLES * 8 * (n_bins + len(raster)) * window, what, instead)
    say = progress or (lambda stage, part: None)
    began = time.monotonic()

    def check_time(part, first):
        taken = time.monotonic() - began
        if taken > max_time:
            raise InputError(
                f"PPSeq has not come to an end in {duration(max_time)} ({parameter('max_time')});"
                f" {instead}"
            )
        # Each surrogate takes as long as the raster.
        expected = taken / part * (1 + draws) if first and part >= _KNOWN else 0
        if expected > _TOO_LONG * max_time:
            raise InputError(
                f"PPSeq would take about {duration(expected)} here, more than the {duration(max_time)}"
                f" that it may ({parameter('max_time')}); {instead}"
            )

    def best(spikes, explained, stage, *words):
        def tell(part):
            if max_time is not None:
                check_time(part, words == ("raster", 0))
            say(stage, part)

        rng = random_numbers(seed, "ppseq", *words)
        return best_sequence(spikes, explained, rng, _TRIES, _FITTED, tell)

    spikes = BinnedSpikes(raster, step, window)
    explained = np.zeros(len(spikes.count))
    new = best(spikes, explained, "PPSeq: the raster", "raster", 0)
    by_chance = []
    made = surrogate_rasters(raster, draws, method=surrogates, dither=dither, seed=seed)
    for number, surrogate in enumerate(made):
        stage = f"PPSeq: surrogate {number + 1} of {draws}"
        one = BinnedSpikes(surrogate, step, window)
        by_chance.append(_score(best(one, np.zeros(len(one.count)), stage, "surrogate", number)))
    by_chance = np.array(by_chance)

    def p_value(score):
        return float((1 + np.sum(by_chance >= score)) / (1 + draws))

    from scipy.stats import chi2

    limit = chi2.isf(_LEVEL / (raster.n_neurons * window), _FREE)
    scores, patterns = [], []
    while new is not None:
        scores.append(new.score)
        if p_value(new.score) > alpha + 1e-12:
            break
        units = np.flatnonzero(2 * new.each > limit)
        if len(units) >= min_spikes and len(new.occurrences) >= least:
            patterns.append(_pattern(new, units, step, p_value(new.score)))
        if len(scores) == _MOST_TYPES:
            break
        explained += new.explained
        stage = f"PPSeq: the raster, type {len(scores) + 1}"
        new = best(spikes, explained, stage, "raster", len(scores))
    return Unknown(
        patterns=by_size(patterns),
        chance=[int(p_value(score) <= alpha + 1e-12) for score in by_chance],
        candidates=[],
        tested={
            "method": "PPSeq",
            "bin_s": step,
            "longest_s": (window - 1) * step,
            "min_spikes": min_spikes,
            "min_occurrences": least,
            "min_occurrences_given": min_occurrences is not None,
            "scores": scores,
            "scores_by_chance": by_chance.tolist(),
            "most_types": _MOST_TYPES,
            "alpha": alpha,
        },
    )


def _score(sequence):
    return 0.0 if sequence is None else sequence.score


def _pattern(sequence, units, step, p_value):
    """What is listed of a type of sequence."""
    order = units[np.argsort(sequence.offsets[units], kind="stable")]
    offsets = sequence.offsets[order]
    return UnknownPattern(
        neurons=tuple(order.tolist()),
        lags=tuple(((offsets - offsets[0]) * step).tolist()),
        # Spikes are anywhere in their bins.
        times=tuple(((sequence.occurrences + offsets[0] + 0.5) * step).tolist()),
        p_value=p_value,
        widths=tuple((sequence.widths[order] * step).tolist()),
    )
