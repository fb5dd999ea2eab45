"""Which spike of one raster is which of another, where times may differ a little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Times are compared in whole nanoseconds, so that a spike exactly as late as is allowed counts.
NANOSECOND = 1e-9


def match_spikes(
    first_neurons: ArrayLike,
    first_times: ArrayLike,
    second_neurons: ArrayLike,
    second_times: ArrayLike,
    window: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Pair the spikes of two rasters, one with one, of the same neuron and at most `window` apart.

    Parameters
    ----------
    first_neurons, second_neurons : int arrays, shape (n,)
    first_times, second_times : float arrays, shape (n,)
        In seconds.
    window : float
        The largest difference in time, in seconds; one of just this size counts.

    Returns
    -------
    first, second : int arrays, shape (n_pairs,)
        Places of the spikes of each pair. No other pairing has more pairs.

    Notes
    -----
    Along the time of a neuron, the earliest two spikes that can be a pair are made one; that gives
    as many pairs as there can be, as in the coincidence factor of Kistler et al.

    References
    ----------
    W. M. Kistler, W. Gerstner & J. L. van Hemmen, Reduction of the Hodgkin-Huxley equations to a
    single-variable threshold model, Neural Comput. 9 (1997).

    Examples
    --------
    >>> from wmdelays.timing import match_spikes
    >>> first, second = match_spikes([0, 0, 1], [0.01, 0.02, 0.01], [0, 1], [0.0205, 0.03], 0.001)
    >>> first.tolist(), second.tolist()
    ([1], [0])
    """
    times = [nanoseconds(first_times), nanoseconds(second_times)]
    wide = int(nanoseconds(window))
    keys = neuron_keys([first_neurons, second_neurons], times, wide)
    order = [np.argsort(key) for key in keys]
    a, b = (key[places] for key, places in zip(keys, order))
    low, high = np.searchsorted(b, a - wide), np.searchsorted(b, a + wide, side="right")
    near = high - low
    # How many of the first can be paired with each of the second.
    claims = np.cumsum(
        np.bincount(low, minlength=len(b) + 1) - np.bincount(high, minlength=len(b) + 1)
    )
    single = near == 1
    single[single] = claims[low[single]] == 1
    open_a = np.flatnonzero((near > 0) & ~single)
    left = np.zeros(len(b) + 1, dtype=np.int64)
    np.add.at(left, low[open_a], 1)
    np.add.at(left, high[open_a], -1)
    open_b = np.flatnonzero(np.cumsum(left)[:-1] > 0)
    one, other = _earliest_first(a[open_a].tolist(), b[open_b].tolist(), wide)
    first = np.concatenate([np.flatnonzero(single), open_a[one]])
    second = np.concatenate([low[single], open_b[other]])
    sort = np.argsort(first)
    return order[0][first[sort]], order[1][second[sort]]


def _earliest_first(a, b, wide):
    """Pairs of two sorted lists of numbers that differ by no more than `wide`, as places in each."""
    one, other, i, j = [], [], 0, 0
    while i < len(a) and j < len(b):
        apart = b[j] - a[i]
        if apart > wide:
            i += 1
        elif apart < -wide:
            j += 1
        else:
            one.append(i)
            other.append(j)
            i, j = i + 1, j + 1
    return np.array(one, dtype=np.int64), np.array(other, dtype=np.int64)


def nanoseconds(times):
    """Times in seconds as whole nanoseconds."""
    return np.rint(np.asarray(times, dtype=np.float64) / NANOSECOND).astype(np.int64)


def neuron_keys(neurons, times, wide):
    """A number for each spike in which the times of different neurons are farther than `wide` apart.

    Parameters
    ----------
    neurons, times : sequences of int arrays
        Of several rasters; times in nanoseconds.
    wide : int
        In nanoseconds.

    Returns
    -------
    list of int arrays
        Differences of keys of one neuron are differences of times.
    """
    neurons = [np.asarray(one, dtype=np.int64) for one in neurons]
    low = min((int(one.min()) for one in times if len(one)), default=0)
    high = max((int(one.max()) for one in times if len(one)), default=0)
    apart = high - low + 2 * wide + 1
    if apart * (1 + max((int(one.max()) for one in neurons if len(one)), default=0)) >= 2**62:
        # Only those that spike have to be told apart.
        _, place = np.unique(np.concatenate(neurons), return_inverse=True)
        neurons = np.split(place, np.cumsum([len(one) for one in neurons])[:-1])
    return [one * apart + (when - low) for one, when in zip(neurons, times)]
