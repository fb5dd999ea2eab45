"""What becomes of jitter in a recall, told from the matrix that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.timing.lag import WIDTH, Lag, follow_lag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.neurons.drawn_network import DrawnNetwork
    from wmdelays.timing.jitter import JitterMatrix

# Spikes of which the wobble is looked at; how long after the cue jitter is what the cue leaves, in s.
_SPIKES, _AFTER_CUE = 400, 0.01
# What is smaller than the jitter that is left after the cue by this factor is rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, repr=False, eq=False)
class Fading:
    """What becomes of a jitter of 1 of every spike of the cue, each on its own.

    Attributes
    ----------
    times : float array, shape (n_own,)
        Of the network's own spikes, in seconds.
    wobble : float array, shape (n_own,)
        Standard deviation of what is left in each, about the shift of all that stays in the end.
    left : float
        The same (root mean square) for the spikes of the first 10 ms after the cue.
    stays : float
        Standard deviation of the shift that stays.
    decay_ms : float
        Time in which the wobble falls to 1/e: that of the exponential which fits it best. Negative
        where it grows, NaN where there are too few spikes to tell.
    """

    times: np.ndarray
    wobble: np.ndarray
    left: float
    stays: float
    decay_ms: float

    def __repr__(self):
        return (
            f"<Fading: {self.left:.3g} after the cue, to 1/e in {self.decay_ms:.3g} ms;"
            f" a shift of {self.stays:.3g} stays>"
        )


@dataclass(frozen=True, repr=False, eq=False)
class Expected:
    """What theory expects of recalls by an untidy network.

    Attributes
    ----------
    lag : Lag
        Of the mean recall.
    wander_ms : float
        Standard deviation by which the lag changes in a second, as a random walk.
    wobble_ms : float
        Root mean square of single spikes about the lag.
    """

    lag: Lag
    wander_ms: float
    wobble_ms: float

    def __repr__(self):
        return (
            f"<Expected: tempo {self.lag.tempo_percent:+.3g} %, lag wanders by"
            f" {self.wander_ms:.3g} ms in a second, wobble {self.wobble_ms:.3g} ms>"
        )


def fading(matrix: JitterMatrix) -> Fading:
    """What becomes of the jitter of a cue.

    Parameters
    ----------
    matrix : JitterMatrix

    Returns
    -------
    Fading
    """
    times, late = matrix.times[matrix.own], matrix.cue_jitter()
    stays = late[times > times[-1] - WIDTH].mean(0)
    wobble = np.linalg.norm(late - stays, axis=1)
    left = float(np.sqrt(np.mean(wobble[times <= times[0] + _AFTER_CUE] ** 2)))
    # Near the end what stays is a mean of the very spikes.
    seen = (times < times[-1] - WIDTH) & (wobble > _ROUNDING * left)
    decay = np.nan
    if seen.sum() > 2 and np.ptp(times[seen]) > 0:
        slope = np.polyfit(times[seen], np.log(wobble[seen]), 1)[0]
        decay = -1e3 / slope if slope else np.inf
    return Fading(times, wobble, left, float(np.linalg.norm(stays)), float(decay))


def expected(matrix: JitterMatrix, drawn: DrawnNetwork, start: float, stop: float) -> Expected:
    """What an untidy network makes of a recall, to first order.

    Parameters
    ----------
    matrix : JitterMatrix
    drawn : DrawnNetwork
        See `JitterMatrix.late` for what counts.
    start, stop : float
        The stretch of the recall that is looked at, in seconds.

    Returns
    -------
    Expected
    """
    mean, sd = matrix.late(drawn)
    neurons, times = matrix.neurons[matrix.own], matrix.times[matrix.own]
    late = matrix.spread(mean)[matrix.own] * 1e-3
    lag = follow_lag(neurons, times, neurons, times + late, start, stop)
    change, wobble = _random(matrix, sd)
    # What comes late by itself is not late by the same everywhere.
    uneven = 1e3 * (late - lag.at(times))
    return Expected(lag, change, float(np.sqrt(wobble**2 + np.mean(uneven**2))))


def wander(lags: Sequence[Lag]) -> float:
    """By how much the lag changes in a second, as a random walk, from several recalls.

    Of each the change from the middle on is taken: what happens while a cue ends, such as a spike
    that is lost there, shifts all that follows.

    Parameters
    ----------
    lags : sequence of Lag

    Returns
    -------
    float
        A standard deviation in ms; NaN where fewer than two are known.
    """
    changes = []
    for one in lags:
        known = np.flatnonzero(np.isfinite(one.lags))
        if len(known) > 1:
            t = one.times[known]
            middle = known[np.argmin(np.abs(t - (t[0] + t[-1]) / 2))]
            took = one.times[known[-1]] - one.times[middle]
            if took > 0:
                changes.append(1e3 * (one.lags[known[-1]] - one.lags[middle]) / np.sqrt(took))
    return float(np.std(changes, ddof=1)) if len(changes) > 1 else float("nan")


def amplification(matrix: JitterMatrix) -> tuple[float, float]:
    """What becomes of a jitter of 1 that every spike adds, each on its own.

    Parameters
    ----------
    matrix : JitterMatrix

    Returns
    -------
    wander, wobble : float
        Standard deviation by which the lag changes in a second, as a random walk, and that of
        single spikes about the lag.
    """
    return _random(matrix, (~matrix.given).astype(float))


def _random(matrix, sd):
    """The wander and the wobble if each spike adds jitter of a standard deviation."""
    change, took, about = _influences(matrix)
    wobble = np.sqrt(((sd[:, None] * about) ** 2).sum(0).mean())
    return float(np.linalg.norm(change * sd) / np.sqrt(took)), float(wobble)


def _influences(matrix):
    """How much the error of each spike counts in the lag, and in single spikes about it.

    Returns
    -------
    change : float array, shape (n_spikes,)
        In how the lag changes from the middle to the end.
    took : float
        The time between, in seconds.
    about : float array, shape (n_spikes, n)
        In some of the spikes of the second half.
    """
    at = np.flatnonzero(matrix.own)
    times = matrix.times[at]
    last = at[times > times[-1] - WIDTH]
    middle = at[np.abs(times - (times[0] + times[-1]) / 2) <= WIDTH / 2]
    took = float(matrix.times[last].mean() - matrix.times[middle].mean())
    half = at[len(at) // 2 :]
    chosen = half[np.unique(np.linspace(0, len(half) - 1, _SPIKES).astype(int))]
    sums = np.zeros((len(matrix.times), len(chosen) + 1))
    sums[last, -1] += 1 / len(last)
    sums[middle, -1] -= 1 / len(middle)
    for k, j in enumerate(chosen):
        near = at[np.abs(times - matrix.times[j]) <= WIDTH / 2]
        sums[near, k] = -1 / len(near)
        sums[j, k] += 1
    found = matrix.influences(sums)
    return found[:, -1], took, found[:, :-1]
