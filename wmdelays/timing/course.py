"""How far a recall goes: whether it is whole, and from when on it is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.scores import event_keys, of_recorded

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wmdelays.raster import Raster
    from wmdelays.recalls import Recall


@dataclass(frozen=True)
class Course:
    """When a recall leaves its pattern.

    Attributes
    ----------
    first_wrong_s : float
        Time of the first spike that is missing or too many, in seconds from the pattern's start; NaN
        if there is none.
    lost_from_s : float
        From when on the pattern is not there any more, see `lost_from`; NaN if it is there at its end.
    """

    first_wrong_s: float
    lost_from_s: float


def course(recalled: Recall, pattern: Raster, width: float) -> Course:
    """When a recall leaves its pattern, spikes compared at whole steps.

    Parameters
    ----------
    recalled : Recall
    pattern : Raster
        The pattern that was cued.
    width : float
        Length in seconds of the end of the pattern that is looked at, see `lost_from`.

    Returns
    -------
    Course

    Examples
    --------
    >>> from dataclasses import replace
    >>> from wmdelays import Raster, bernoulli, store
    >>> from wmdelays.training import recall
    >>> memory = store(bernoulli(40, 60, 1, rate=0.02), n_delays=15)
    >>> found = recall(memory, memory.cues()[0])
    >>> course(found, memory.patterns[0], width=0.015)
    Course(first_wrong_s=nan, lost_from_s=nan)
    >>> silent = replace(found, own=Raster([], [], 40, found.own.duration))
    >>> times = memory.patterns[0].times
    >>> bool(course(silent, memory.patterns[0], width=0.015).lost_from_s == min(times[times > 0.0145]))
    True
    """
    cue, (made, pattern) = recalled.cue, of_recorded(recalled, pattern)
    onset, start = cue.onset * cue.step, (cue.scored_from - cue.onset) * cue.step
    stop = min(pattern.duration, (cue.n_steps - cue.onset) * cue.step)
    stored = _between(pattern, 0.0, start, stop, cue.step)
    own = _between(made, onset, start, stop, cue.step)
    keys = [event_keys(raster, cue.step) for raster in (stored, own)]
    matched, wanted = np.isin(*keys), np.isin(*keys[::-1])
    missing, extra = stored.times[~matched], own.times[~wanted]
    first = min((times[0] for times in (missing, extra) if len(times)), default=np.nan)
    return Course(float(first), lost_from(stored.times, matched, extra, stop, width))


def lost_from(
    times: ArrayLike, matched: ArrayLike, extra: ArrayLike, stop: float, width: float
) -> float:
    """From when on a pattern is lost, if it is not there at its end.

    Parameters
    ----------
    times : float array, shape (n_stored,)
        Of the stored spikes, sorted, in seconds.
    matched : bool array, shape (n_stored,)
        Which of them are recalled.
    extra : float array, shape (n_extra,)
        Times of the recalled spikes that are not stored.
    stop : float
        End of what is compared, in seconds.
    width : float
        Length in seconds of the stretch before the end in which the pattern has to be there, with an
        F1 of at least one half; longer where the last stored spike comes earlier.

    Returns
    -------
    float
        When the spike comes from which on, up to any later moment, F1 is below one half: the first
        that is missing or too many. NaN if the pattern is there at its end.

    Notes
    -----
    A stored spike that is recalled counts 2, one that is missing or too many -1, so that a sum below
    nought is an F1 below one half. The recall is lost where their running sum is highest for the last
    time: the estimate of the time of a change by cumulative sums (E. S. Page, Continuous inspection
    schemes, Biometrika 41, 1954).
    """
    times, matched = np.asarray(times, dtype=float), np.asarray(matched, dtype=bool)
    if not len(times):
        return float("nan")
    when = np.concatenate([times, np.asarray(extra, dtype=float)])
    counts = np.concatenate([np.where(matched, 2, -1), np.full(len(extra), -1)])
    order = np.argsort(when, kind="stable")
    when, counts = when[order], counts[order]
    # Sums of steps are rounded, by less than this.
    at_end = when >= min(stop - width, times[-1]) - 1e-9
    if counts[at_end].sum() >= 0:  # F1 is one half or more
        return float("nan")
    sums = np.concatenate([[0], np.cumsum(counts)])
    place = len(sums) - 1 - int(np.argmax(sums[::-1]))
    return float(when[place])


def _between(raster, onset, start, stop, step):
    """The spikes from `start` on and before `stop` (seconds after `onset`), with times from there."""
    times = raster.times - onset
    inside = (times >= start - step * 1e-3) & (times < stop - step * 1e-3)
    kept = np.maximum(times[inside], 0)
    return replace(
        raster, neurons=raster.neurons[inside], times=kept, duration=max(stop, step), clock=None
    )
