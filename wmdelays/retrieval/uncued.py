"""What a network emits that no cue asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.raster import Raster
from wmdelays.retrieval.alignment import LEAST_F1, f1_of_counts, sliding_best_f1, stored_in_window

if TYPE_CHECKING:
    from wmdelays.retrieval.sequences import Sequence


@dataclass(frozen=True)
class Spontaneous:
    """A pattern that came up without being cued.

    Attributes
    ----------
    pattern : int
    start, stop : int
        Step of the recall of its first spike, and the one after its last.
    begins : int
        The step of the pattern with which it begins.
    f1 : float
        From start to stop.
    """

    pattern: int
    start: int
    stop: int
    begins: int
    f1: float


def spontaneous(
    sequence: Sequence, own: Raster, width: int, bound: float = 0.5
) -> list[Spontaneous]:
    """Recalls in a sequence that were not cued.

    Spikes of the patterns that are cued at the moment are left out. What remains is compared with
    each pattern in a sliding window, see `sliding_best_f1`. Where patterns, or parts of one,
    resemble each other, the recall with most matched spikes is kept of those that share more than
    half of theirs.

    Parameters
    ----------
    sequence : Sequence
    own : Raster
        The network's own spikes.
    width : int
        Length of the window in steps.
    bound : float
        F1 from which on a pattern counts as recalled.

    Returns
    -------
    list of Spontaneous
        In the order of their starts.
    """
    step, length = sequence.cue.step, sequence.pattern_steps
    keys = own.steps(step) * own.n_neurons + own.neurons
    left = np.ones(len(keys), bool)
    for k in range(len(sequence.order)):
        steps, neurons = sequence.spikes(k)
        left &= ~np.isin(keys, steps * own.n_neurons + neurons)
    rest = Raster(own.neurons[left], own.times[left], own.n_neurons, own.duration)
    steps, found = rest.steps(step), []
    for k, pattern in enumerate(sequence.patterns):
        f1, lags = sliding_best_f1(rest, pattern, width, step, sequence.periodic)
        entries, stored_steps = pattern.dense(step), pattern.steps(step)
        reached = np.flatnonzero(f1 >= max(bound, LEAST_F1))
        for lag in np.unique(lags[reached]):
            windows = reached[lags[reached] == lag]
            for stretch in np.split(windows, np.flatnonzero(np.diff(windows) > width) + 1):
                inside = np.flatnonzero((steps >= stretch[0]) & (steps < stretch[-1] + width))
                place = steps[inside] - lag
                if sequence.periodic:
                    place = place % length
                known = (place >= 0) & (place < length)
                inside, place = inside[known], place[known]
                matched = inside[entries[place, rest.neurons[inside]]]
                # From its first spike to its last; the windows reach further.
                start, stop = int(steps[matched[0]]), int(steps[matched[-1]]) + 1
                recalled = int(np.diff(np.searchsorted(steps, [start, stop]))[0])
                stored = stored_in_window(
                    stored_steps, length, start - lag, stop - lag, sequence.periodic
                )
                begins = int(start - lag) % length
                value = f1_of_counts(len(matched), recalled, int(stored))
                found.append((matched, Spontaneous(k, start, stop, begins, value)))
    taken, kept = np.zeros(len(steps), bool), []
    for matched, one in sorted(found, key=lambda pair: -len(pair[0])):
        if 2 * taken[matched].sum() <= len(matched):
            kept.append(one)
            taken[matched] = True
    return sorted(kept, key=lambda one: (one.start, one.pattern, one.begins))
