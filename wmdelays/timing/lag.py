"""How late a recall is, followed through its pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.timing.matching import NANOSECOND, match_spikes, nanoseconds, neuron_keys

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

WIDTH = 0.04
# Spikes of the pattern that a window has at least; where they are few it is longer.
_FEWEST = 8
# A window's lag is known if this much of it is there, as F1.
_KNOWN = 0.3
# Lags are looked for on a grid, in nanoseconds, as far from the likeliest as this many points.
_GRID, _BAND = 250_000, 120
# Points by which the lag may change from window to window: a tempo of 10 %.
_CHANGE = 16
# A coincidence counts in full where it is exact, and not at all this many points away.
_KERNEL = 1 - np.abs(np.arange(-3, 4)) / 4
# What a change of lag costs, in coincidences for each point of the grid: 0.15 for a millisecond, so
# that a single spike that is where it is by chance does not lead astray.
_COST = 0.0375
# How far from the lag that was found on the grid spikes belong to it, in seconds.
_NEAR = 0.002
# How far from the median of a window's lags each may lie in their mean, in seconds.
_CLOSE = 0.001


@dataclass(frozen=True, repr=False, eq=False)
class Lag:
    """The lag of a recall over time: how much later than in its pattern spikes come.

    Attributes
    ----------
    times : float array, shape (n_windows,)
        The middle of each window, in seconds from the pattern's start.
    lags : float array, shape (n_windows,)
        In seconds; NaN where too little of the pattern is there to tell.
    f1 : float array, shape (n_windows,)
        F1 of each window, within 1 ms of the lag.
    weights : int array, shape (n_windows,)
        Number of spikes that match in each window.
    tempo_percent : float
        The slope of the line through all lags, in percent: how much slower than the pattern the
        recall is. NaN where fewer than two lags are known.
    wobble_ms : float
        The root mean square of what is left of the lags about that line, in milliseconds.
    """

    times: np.ndarray
    lags: np.ndarray
    f1: np.ndarray
    weights: np.ndarray
    tempo_percent: float
    wobble_ms: float

    def __repr__(self):
        known = np.isfinite(self.lags)
        if not known.any():
            return f"<Lag: known in none of {len(self.times)} windows>"
        return (
            f"<Lag: tempo {self.tempo_percent:+.3g} %, wobble {self.wobble_ms:.3g} ms,"
            f" {self.end_ms:+.3g} ms at the end; known in {known.sum()} of {len(known)} windows>"
        )

    @property
    def end_ms(self) -> float:
        """The last lag that is known, in milliseconds; NaN where none is."""
        known = self.lags[np.isfinite(self.lags)]
        return 1e3 * float(known[-1]) if len(known) else float("nan")

    def at(self, times):
        """The lag at any times of the pattern.

        Parameters
        ----------
        times : float array, shape (n,)
            In seconds from the pattern's start.

        Returns
        -------
        float array, shape (n,)
            In seconds. Between two windows whose lag is known it runs straight; before the first and
            after the last it goes on at the tempo of the recall. Zero where no lag is known.
        """
        times = np.asarray(times, dtype=np.float64)
        known = np.isfinite(self.lags)
        if not known.any():
            return np.zeros_like(times)
        slope = 0.0 if np.isnan(self.tempo_percent) else self.tempo_percent / 100
        left = self.lags[known] - slope * self.times[known]
        return slope * times + np.interp(times, self.times[known], left)


def follow_lag(
    pattern_neurons: ArrayLike,
    pattern_times: ArrayLike,
    recall_neurons: ArrayLike,
    recall_times: ArrayLike,
    start: float,
    stop: float,
    width: float = WIDTH,
) -> Lag:
    """Follow the lag of a recall from window to window of its pattern.

    Parameters
    ----------
    pattern_neurons, recall_neurons : int arrays, shape (n,)
    pattern_times, recall_times : float arrays, shape (n,)
        In seconds, both from the pattern's start.
    start, stop : float
        The stretch of the pattern that is looked at, in seconds.
    width : float
        Length of a window in seconds; windows with few spikes of the pattern are longer.

    Returns
    -------
    Lag

    Notes
    -----
    Differences of times between a spike of the pattern and those of the same neuron in the recall
    pile up at the lag, and lie anywhere else by chance. So of all courses that the lag can take, by
    up to 10 % of the time and at a cost for each change, the one along which most spikes coincide is
    found by dynamic programming (R. Bellman, Dynamic Programming, Princeton 1957), which bridges
    windows with few spikes. About it, the lag of each window is the mean of the differences of the
    spikes that match, each taken to within 1 ms of their median (a winsorized mean: J. W. Tukey, The
    future of data analysis, Ann. Math. Statist. 33, 1962). Where a window has less than F1 = 0.3,
    the recall has been lost or drowned there, and it has no lag.

    Examples
    --------
    >>> import numpy as np
    >>> from wmdelays.timing import follow_lag
    >>> times = np.arange(0.1, 1.1, 0.01)
    >>> neurons = np.arange(100) % 7
    >>> lag = follow_lag(neurons, times, neurons, 1.02 * times, 0.1, 1.1)
    >>> round(lag.tempo_percent, 3), round(lag.end_ms, 1)
    (2.0, 20.8)
    """
    order = np.argsort(pattern_times, kind="stable")
    stored = np.asarray(pattern_neurons)[order], np.asarray(pattern_times)[order]
    made = np.asarray(recall_neurons), np.asarray(recall_times)
    edges, course = _course(*stored, *made, start, stop, width)
    middles = (edges[1:] + edges[:-1]) / 2
    # Windows with few spikes of the pattern become one with the next.
    bounds = _pooled(edges, stored[1])
    first = _measured(lambda t: np.interp(t, middles, course), bounds, stored, made)
    # Along the line through those the lag within a window is straight.
    return _measured(first.at, bounds, stored, made)


def _measured(expected, bounds, stored, made):
    """The lag in each window between bounds, near where it is expected (a function of times)."""
    late = expected(stored[1])
    one, other = match_spikes(stored[0], stored[1] + late, *made, _NEAR)
    off = (nanoseconds(made[1])[other] - nanoseconds(stored[1])[one]) * NANOSECOND - late[one]
    window = _window(bounds, stored[1][one])
    weights = np.bincount(window, minlength=len(bounds) - 1)
    times, lags = (bounds[1:] + bounds[:-1]) / 2, np.full(len(weights), np.nan)
    sort = np.argsort(window, kind="stable")
    for k, these in enumerate(np.split(sort, np.cumsum(weights)[:-1])):
        if len(these):
            times[k] = np.mean(stored[1][one[these]])
            own = off[these]
            # A mean is finer than a median, and as safe where what lies far away counts for less.
            middle = np.median(own)
            mean = np.mean(np.clip(own, middle - _CLOSE, middle + _CLOSE))
            lags[k] = mean + expected(times[k])
    f1 = _f1(_with_line(times, lags, np.full(len(lags), np.nan), weights), bounds, stored, made)
    lags[~(f1 >= _KNOWN)] = np.nan
    return _with_line(times, lags, f1, weights)


def _with_line(times, lags, f1, weights):
    """A Lag, with the line through the lags that are known."""
    known = np.isfinite(lags)
    tempo = wobble = float("nan")
    if known.sum() > 1:
        t, lag, w = times[known], lags[known], weights[known] / weights[known].sum()
        middle, mean = w @ t, w @ lag
        tempo = (w * (t - middle)) @ (lag - mean) / ((w * (t - middle)) @ (t - middle))
        left = lag - mean - tempo * (t - middle)
        # No minus before a nought.
        tempo, wobble = 100 * float(tempo) + 0.0, 1e3 * float(np.sqrt(w @ left**2))
    return Lag(times, lags, f1, weights, tempo, wobble)


def _f1(lag, bounds, stored, made):
    """F1 of each window within a millisecond of the lag; NaN where neither has a spike."""
    one, other = match_spikes(stored[0], stored[1] + lag.at(stored[1]), *made, 0.001)
    # A match is in the window of its stored spike, what has none in its own.
    alone = np.searchsorted(bounds + lag.at(bounds), np.delete(made[1], other), side="right") - 1
    alone = alone[(alone >= 0) & (alone < len(bounds) - 1)]
    of_each = _window(bounds, stored[1][one]), _window(bounds, stored[1]), alone
    matched, wanted, added = (np.bincount(n, minlength=len(bounds) - 1) for n in of_each)
    with np.errstate(invalid="ignore"):
        return 2 * matched / (wanted + matched + added)


def _window(bounds, times):
    """The window that each time is in; the last one holds its end."""
    return np.clip(np.searchsorted(bounds, times, side="right") - 1, 0, len(bounds) - 2)


def _pooled(edges, times):
    """Edges of the windows that hold enough spikes: those of a few may be one."""
    counts = np.diff(np.searchsorted(times, edges))
    bounds, held = [edges[0]], 0
    for edge, n in zip(edges[1:], counts):
        held += n
        if held >= _FEWEST:
            bounds.append(edge)
            held = 0
    if len(bounds) == 1:
        return edges[[0, -1]]
    # What is left is too little for a window of its own.
    bounds[-1] = edges[-1]
    return np.array(bounds)


def _course(neurons, times, recall_neurons, recall_times, start, stop, width):
    """The course of the lag along which most spikes coincide.

    Returns
    -------
    edges : float array, shape (n_windows + 1,)
    course : float array, shape (n_windows,)
        In seconds, on a grid.
    """
    n_windows = max(1, int((stop - start) / width + 0.5))
    edges = start + width * np.arange(n_windows + 1)
    edges[-1] = stop
    wide = (_BAND + _CHANGE + 1) * _GRID
    farthest = wide + n_windows * _CHANGE * _GRID
    wanted, made = nanoseconds(times), nanoseconds(recall_times)
    keys, made_keys = neuron_keys([neurons, recall_neurons], [wanted, made], farthest)
    made_keys = np.sort(made_keys)
    firsts = np.searchsorted(times, edges)
    firsts[-1] = len(times)
    costs = _COST * np.abs(np.arange(-_CHANGE, _CHANGE + 1))
    band = np.arange(-_BAND, _BAND + 1)
    best, centre = -_COST * np.abs(band), 0
    steps, centres = np.empty((n_windows, len(band)), np.int8), np.empty(n_windows, np.int64)
    for k in range(n_windows):
        # From each point of the grid the likeliest before it.
        padded = np.concatenate([np.full(_CHANGE, -np.inf), best, np.full(_CHANGE, -np.inf)])
        reached = np.lib.stride_tricks.sliding_window_view(padded, len(costs)) - costs
        came = np.argmax(reached, axis=1)
        best = reached[np.arange(len(band)), came]
        steps[k], centres[k] = came - _CHANGE, centre
        best += _coincidences(keys[firsts[k] : firsts[k + 1]], made_keys, centre)
        # The band follows the likeliest.
        shift = int(np.argmax(best)) - _BAND
        if abs(shift) > _CHANGE and k + 1 < n_windows:
            moved = np.full(len(band), -np.inf)
            kept = slice(max(0, shift), len(band) + min(0, shift))
            moved[max(0, -shift) : len(band) - max(0, shift)] = best[kept]
            best, centre = moved, centre + shift
    point = int(np.argmax(best)) - _BAND + centre
    course = np.empty(n_windows)
    for k in range(n_windows - 1, -1, -1):
        course[k] = point * _GRID * NANOSECOND
        point += int(steps[k, point - centres[k] + _BAND])
    return edges, course


def _coincidences(keys, made_keys, centre):
    """How many spikes coincide at each lag of the band about a centre."""
    low = np.searchsorted(made_keys, keys + (centre - _BAND - 4) * _GRID)
    high = np.searchsorted(made_keys, keys + (centre + _BAND + 4) * _GRID, side="right")
    n = high - low
    which = np.repeat(np.arange(len(keys)), n)
    place = np.arange(len(which)) - np.repeat(np.cumsum(n) - n, n) + low[which]
    apart = made_keys[place] - keys[which]
    points = np.rint(apart / _GRID).astype(np.int64) - centre + _BAND + 4
    inside = (points >= 0) & (points < 2 * _BAND + 9)
    counts = np.bincount(points[inside], minlength=2 * _BAND + 9)
    return np.convolve(counts, _KERNEL, "valid")[1:-1]
