"""How a spike train is aligned with a stored pattern: the best F1 over all shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wmdelays.quantities import whole

if TYPE_CHECKING:
    from wmdelays.raster import Raster


# With fewer spikes in common than this, a window says nothing: chance finds one or two at some lag.
LEAST_MATCHED = 3

# An F1 below this counts as 0. So a network in which everything fires is told at once.
LEAST_F1 = 0.05

# Pairs of spikes, and windows times lags, that are looked at together; they decide the room needed.
_PAIRS, _CELLS = 2_000_000, 8_000_000


def f1_of_counts(matched, recalled, stored):
    return 2 * matched / (recalled + stored) if recalled + stored else 1.0


def best_alignment(steps, neurons, pattern, start, stop, sequence):
    """The best F1 of a pattern in one window, over all lags, and that lag.

    The pattern has to cover at least half of the window.
    """
    length = sequence.pattern_steps
    stored_steps = pattern.steps(sequence.cue.step)
    if _most_f1(len(steps), len(pattern)) < LEAST_F1:
        return 0.0, 0
    _, lags = _pairs(steps, neurons, stored_steps, pattern)
    if sequence.periodic:
        lags = start - (start - lags) % length  # the last beginning before the window
        first, last = start - length + 1, start
    else:
        # The pattern covers half of the window, from its middle on or up to there.
        half = -(-(stop - start) // 2)
        first, last = start + half - length, stop - half
        lags = lags[(lags >= first) & (lags <= last)]
    matched = np.bincount(lags - first, minlength=last - first + 1)
    places = np.arange(first, last + 1)
    stored = stored_in_window(
        stored_steps, length, start - places, stop - places, sequence.periodic
    )
    f1 = 2 * matched / np.maximum(len(steps) + stored, 1)
    f1[(matched < LEAST_MATCHED) | (f1 < LEAST_F1)] = 0.0
    k = int(np.argmax(f1))
    return float(f1[k]), int(places[k])


def sliding_best_f1(
    own: Raster, pattern: Raster, width: int, step: float, periodic: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """F1 of a pattern at its best place in time, in a window that slides over a recall.

    A lag says where the pattern would begin. In each window, spikes of the recall that are those
    of the pattern at this lag are matched, and F1 = 2 matched / (recalled + stored), with the
    spikes of the recall and of the pattern at this lag in the window. The best of all lags at which
    the pattern covers the whole window is taken. Less than three matched spikes, or an F1 below
    0.05, count as 0.

    Parameters
    ----------
    own : Raster
        The network's own spikes.
    pattern : Raster
    width : int
        Length of the window in steps, at most that of the pattern.
    step : float
        Training time step in seconds.
    periodic : bool
        Whether the end of the pattern leads back into its beginning.

    Returns
    -------
    f1 : float array, shape (n_windows,)
        For the window of the steps t to t + width - 1, for each t from 0 on.
    lag : int array, shape (n_windows,)
        The step of the recall at which the pattern begins then, the first of those that are
        equally good; of a periodic pattern, the beginning from 0 to its length. 0 where F1 is.

    Raises
    ------
    InputError
        If the window is empty, or longer than the pattern or the recall.

    Examples
    --------
    >>> from wmdelays import bernoulli
    >>> from wmdelays.retrieval import sliding_best_f1
    >>> (pattern,) = bernoulli(40, 100, 1, rate=0.02)
    >>> f1, lag = sliding_best_f1(pattern, pattern, width=30, step=0.001)
    >>> float(f1.min()), set(lag.tolist())
    (1.0, {0})
    """
    length, n_steps = pattern.n_steps(step), own.n_steps(step)
    width = whole("window", width, 1, min(length, n_steps))
    n_windows = n_steps - width + 1
    f1, lag = np.zeros(n_windows), np.full(n_windows, n_steps)
    own_steps, own_neurons, stored_steps = own.steps(step), own.neurons, pattern.steps(step)
    recalled = _in_window(own_steps, n_steps, width)
    places = np.arange(length if periodic else length - width + 1)
    stored = stored_in_window(stored_steps, length, places, places + width, periodic)
    hopeful = _most_f1(recalled, stored.max()) >= LEAST_F1
    n_pairs = np.bincount(pattern.neurons, minlength=own.n_neurons)[own_neurons]
    before = np.concatenate([[0], np.cumsum(np.bincount(own_steps, n_pairs, n_steps))])
    start = 0
    while start < n_windows:
        stop = int(np.searchsorted(before, before[start] + _PAIRS)) - width + 1
        stop = min(max(stop, start + 1), start + max(1, _CELLS // length), n_windows)
        if hopeful[start:stop].any():
            first, last = np.searchsorted(own_steps, [start, stop + width - 1])
            part = slice(first, last)
            steps, lags = _pairs(own_steps[part], own_neurons[part], stored_steps, pattern)
            windows, at, matched = _matched(steps, lags, start, stop, width, length, periodic)
            place = (windows - at) % length
            value = 2 * matched / (recalled[windows] + stored[place])
            good = value >= LEAST_F1
            windows, at, value = windows[good], at[good], value[good]
            np.maximum.at(f1, windows, value)
            best = value == f1[windows]
            np.minimum.at(lag, windows[best], at[best])
        start = stop
    return f1, np.where(f1 > 0, lag, 0)


def _matched(steps, lags, start, stop, width, length, periodic):
    """Matched spikes for every window and lag that have enough of them.

    Parameters
    ----------
    steps, lags : int arrays, shape (n_pairs,)
        Step of a spike of the recall, and the lag at which it is the pattern's.
    start, stop : int
        First window, and the one after the last.

    Returns
    -------
    windows, lags, matched : int arrays, shape (n_found,)
    """
    if periodic:
        lags = lags % length
    # Pairs in the order of lags, then of steps, as one number for each.
    lowest, span = int(lags.min(initial=0)), stop + 2 * width
    key = np.sort((lags - lowest) * span + steps)
    lags, steps = key // span, key % span
    group, lags = lags * span, lags + lowest
    number = np.arange(len(key))
    last_most = np.searchsorted(key, group + steps + width)
    # A pair is the first of its lag in the windows from `low` to `high`.
    before = np.full(len(key), -1)
    same = lags[1:] == lags[:-1]
    before[1:][same] = steps[:-1][same]
    low = np.maximum(np.maximum(before + 1, steps - width + 1), start)
    high = np.minimum(steps, stop - 1)
    if not periodic:
        low, high = np.maximum(low, lags), np.minimum(high, lags + length - width)
    chosen = (last_most - number >= LEAST_MATCHED) & (high >= low)
    number, group, lags, low = number[chosen], group[chosen], lags[chosen], low[chosen]
    count = high[chosen] - low + 1
    place = np.repeat(np.arange(len(count)), count)
    windows = low[place] + np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    matched = np.searchsorted(key, group[place] + windows + width) - number[place]
    enough = matched >= LEAST_MATCHED
    return windows[enough], lags[place][enough], matched[enough]


def _pairs(steps, neurons, stored_steps, pattern):
    """Every spike of a recall with every one of the pattern of the same neuron.

    Returns
    -------
    steps, lags : int arrays, shape (n_pairs,)
        Step of the spike of the recall, and the step at which the pattern would have to begin.
    """
    order = np.argsort(pattern.neurons, kind="stable")
    by_neuron = stored_steps[order]
    first = np.searchsorted(pattern.neurons[order], np.arange(pattern.n_neurons + 1))
    count = first[neurons + 1] - first[neurons]
    spike = np.repeat(np.arange(len(steps)), count)
    within = np.arange(len(spike)) - np.repeat(np.cumsum(count) - count, count)
    return steps[spike], steps[spike] - by_neuron[first[neurons][spike] + within]


def stored_in_window(stored_steps, length, start, stop, periodic):
    """Spikes of a pattern from its step `start` up to, not including, `stop` (arrays)."""
    total = np.concatenate([[0], np.cumsum(np.bincount(stored_steps, minlength=length))])

    def up_to(place):
        if not periodic:
            return total[np.clip(place, 0, length)]
        cycles, place = np.divmod(place, length)
        return cycles * total[-1] + total[place]

    return up_to(stop) - up_to(start)


def _in_window(steps, n_steps, width):
    total = np.concatenate([[0], np.cumsum(np.bincount(steps, minlength=n_steps))])
    return total[width:] - total[:-width]


def _most_f1(recalled, stored):
    """The best F1 that so many spikes can have with at most so many stored."""
    return 2 * np.minimum(recalled, stored) / np.maximum(recalled + stored, 1)
