"""Replay: candidate events in which units fire in the order of a template, whatever the tempo.

Candidate events are bursts of the population: its rate, smoothed, rises above its mean and peaks so
many standard deviations over it (K. Diba and G. Buzsáki, Forward and reverse hippocampal place-cell
sequences during ripples, Nat. Neurosci. 10:1241, 2007; T. J. Davidson et al., Hippocampal replay of
extended experience, Neuron 63:497, 2009). In each, the order of the units' first spikes is
compared with the template's by Spearman's rank correlation, and with that of templates whose units
have changed places (D. J. Foster and M. A. Wilson, Reverse replay of behavioural sequences in
hippocampal place cells during the awake state, Nature 440:680, 2006).

Some events always fit. How many do is therefore compared with how many do for each of the same shuffled
templates: a shuffle changes the places of all units at once, for all events together, so that
events which resemble each other, for reasons that have nothing to do with the template, are
counted alike on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.draws import random_numbers
from wmdelays.errors import InputError
from wmdelays.machine.free_memory import check_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.raster import Raster

# The population's rate has bins of this part of the smoothing.
_BINS = 10
# Ranks are sums and means: what is equal differs by rounding at most.
_EQUAL = 1e-9


@dataclass(frozen=True)
class Event:
    """A candidate event, and how well it keeps the order of a template.

    Attributes
    ----------
    start, stop : float
        In seconds from the beginning of the raster.
    n_units : int
        Units of the template that fire in it.
    correlation : float
        Spearman's, of their first spikes and the template: 1 forwards, -1 backwards.
    p_value : float
        ``(1 + k) / (1 + n)``, where k of n shuffled templates are correlated as much with it,
        forwards or backwards.
    """

    start: float
    stop: float
    n_units: int
    correlation: float
    p_value: float


@dataclass(frozen=True, eq=False)
class Replay:
    """What became of a template in all candidate events.

    Attributes
    ----------
    events : list of Event
        Those with enough units, by time.
    level : float
        The p-value up to which an event is counted.
    chance : int array, shape (n_shuffles, 2)
        How many events each shuffled template has that would be counted: forwards, backwards.
    p_value : float
        ``(1 + k) / (1 + n)``, where k of n shuffled templates have at least as many.
    """

    events: list
    level: float
    chance: np.ndarray
    p_value: float

    @property
    def counted(self):
        """The events that keep the order, list of Event."""
        return [one for one in self.events if one.p_value <= self.level + _EQUAL]


def candidate_events(
    raster: Raster,
    *,
    smoothing: float = 0.015,
    threshold: float = 3.0,
    shortest: float = 0.05,
    longest: float = 0.5,
) -> np.ndarray:
    """Bursts of the population.

    Parameters
    ----------
    raster : Raster
    smoothing : float
        Standard deviation of the Gaussian by which the population's rate is smoothed, in seconds.
    threshold : float
        How many standard deviations the rate has to peak over its mean.
    shortest, longest : float
        Of an event, which lasts while the rate is above its mean, in seconds.

    Returns
    -------
    float array, shape (n_events, 2)
        Beginning and end of each in seconds.

    Raises
    ------
    InputError
        If a setting makes no sense.
    """
    if not smoothing > 0:
        raise InputError(f"the smoothing is {smoothing * 1e3:g} ms; it has to be above 0")
    if not threshold > 0:
        raise InputError(f"the threshold is {threshold:g}; it has to be above 0")
    if not 0 <= shortest < longest:
        raise InputError(
            f"events last from {shortest * 1e3:g} ms to {longest * 1e3:g} ms, which is no range"
        )
    width = smoothing / _BINS
    n_bins = int(raster.duration / width) + 1
    check_memory(
        4 * 8 * n_bins, f"the rate in {n_bins} bins", "take more smoothing, or a shorter stretch"
    )
    from scipy.ndimage import gaussian_filter1d

    counts = np.bincount((raster.times / width).astype(np.int64), minlength=n_bins)[:n_bins]
    rate = gaussian_filter1d(counts.astype(float), _BINS, mode="constant")
    mean, spread = rate.mean(), rate.std()
    edges = np.flatnonzero(np.diff(np.r_[0, rate > mean, 0]))
    starts, stops = edges[::2], edges[1::2]
    if not len(starts):
        return np.zeros((0, 2))
    high = np.maximum.reduceat(np.r_[rate, 0.0], np.stack([starts, stops], 1).ravel())[::2]
    length = (stops - starts) * width
    kept = (high >= mean + threshold * spread) & (length >= shortest) & (length <= longest)
    return np.stack([starts, stops], 1)[kept] * width


def replay(
    order: Sequence[int],
    raster: Raster,
    events: np.ndarray,
    *,
    ranks: np.ndarray | None = None,
    min_units: int = 5,
    shuffles: int = 1000,
    level: float = 0.05,
    seed: int = 0,
    name: str = "template",
) -> Replay:
    """Which events keep the order of a template, and how many do by chance.

    Parameters
    ----------
    order : sequence of int
        The template's units, each once.
    raster : Raster
    events : float array, shape (n_events, 2)
        See `candidate_events`.
    ranks : array_like, optional
        When in the template each unit fires; equal ones share a rank. By default 0, 1, 2, …
    min_units : int
        Events with fewer units of the template are left out.
    shuffles : int
        Number of shuffled templates.
    level : float
        See `Replay`.
    seed : int
    name : str
        Of the template: shuffles are drawn for each name anew.

    Returns
    -------
    Replay
    """
    order = np.asarray(order)
    ranks = np.arange(len(order)) if ranks is None else np.asarray(ranks)
    rng = random_numbers(seed, "replay", name)
    # The template itself, then the shuffled ones: the rank that each unit has in them.
    places = np.stack([ranks, *(rng.permutation(ranks) for _ in range(shuffles))])
    number = np.full(raster.n_neurons, -1)
    number[order] = np.arange(len(order))
    units, times = number[raster.neurons], raster.times
    units, times = units[number[raster.neurons] >= 0], times[number[raster.neurons] >= 0]
    made, counts = [], np.zeros((1 + shuffles, 2), np.int64)
    for start, stop in events:
        first, last = np.searchsorted(times, [start, stop])
        there, at = np.unique(units[first:last], return_index=True)
        if len(there) < max(min_units, 2):
            continue
        fit = _correlations(places[:, there], times[first:last][at])
        size = np.sort(np.abs(fit))
        # Of all templates alike: those that are correlated as much, itself among them.
        p = 1 - np.searchsorted(size, np.abs(fit) - _EQUAL) / len(fit)
        keeps = p <= level + _EQUAL
        counts += np.stack([keeps & (fit > 0), keeps & (fit < 0)], axis=1)
        made.append(Event(float(start), float(stop), len(there), float(fit[0]), float(p[0])))
    total = counts.sum(axis=1)
    return Replay(made, level, counts[1:], float(np.mean(total >= total[0])))


def _correlations(places, times):
    """Spearman's correlation of each row of places with the times."""
    from scipy.stats import rankdata

    rows, column = rankdata(places, axis=1), rankdata(times)
    rows -= rows.mean(axis=1, keepdims=True)
    column -= column.mean()
    size = np.sqrt((rows**2).sum(axis=1) * (column**2).sum())
    return (rows @ column) / np.where(size > 0, size, 1.0)
