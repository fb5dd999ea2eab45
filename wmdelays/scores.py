"""How much of a pattern a recall brings back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.recalls import Recall
from wmdelays.words import counted, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.raster import Raster


@dataclass(frozen=True)
class Score:
    """Counts of a comparison of recalled with stored spikes.

    Attributes
    ----------
    matched : int
        Spikes that are in both, at the same neuron and step.
    recalled : int
        Spikes of the recall.
    stored : int
        Spikes of the pattern.
    """

    matched: int
    recalled: int
    stored: int

    def __add__(self, other):
        return Score(
            self.matched + other.matched, self.recalled + other.recalled, self.stored + other.stored
        )

    @property
    def precision(self) -> float:
        """The part of the recalled spikes that is stored; NaN if nothing was recalled."""
        return part_of(self.matched, self.recalled)

    @property
    def recall(self) -> float:
        """The part of the stored spikes that is recalled; NaN if nothing was stored."""
        return part_of(self.matched, self.stored)

    @property
    def f1(self) -> float:
        """F1 = 2 matched / (recalled + stored); 0 if nothing that was stored is recalled.

        Where nothing was stored and nothing recalled it is 1: nothing is missing or too many.
        """
        spikes = self.recalled + self.stored
        return 2 * self.matched / spikes if spikes else 1.0

    @property
    def whole(self) -> bool:
        """Whether every stored spike is recalled, and no other."""
        return self.matched == self.recalled == self.stored

    def as_dict(self) -> dict:
        """F1, precision and recall as plain JSON values; what is not defined is None."""
        return {name: known(getattr(self, name)) for name in ("f1", "precision", "recall")}


def part_of(n, total):
    """The part ``n / total``, NaN where there is nothing to be a part of."""
    return n / total if total else float("nan")


def known(value):
    """A number as a plain JSON value: None where it is NaN."""
    return None if value != value else value


@dataclass(frozen=True, repr=False)
class Scores:
    """Scores of several recalls: over all spikes at once, and of each pattern.

    Attributes
    ----------
    total : Score
        Over all patterns, neurons and steps at once (micro average).
    patterns : tuple of Score
        Of each pattern.
    """

    total: Score
    patterns: tuple

    def __repr__(self):
        n = counted(len(self.patterns), "pattern")
        worst = f", {share(self.worst_pattern_f1)} in the worst" if len(self.patterns) > 1 else ""
        return f"<Scores: F1 {share(self.total.f1)} over {n}{worst}>"

    @property
    def worst_pattern_f1(self) -> float:
        """F1 of the pattern that is recalled worst."""
        return min(score.f1 for score in self.patterns)


def score(recalled: Recall | Sequence[Recall], pattern: Raster | Sequence[Raster]) -> Scores:
    """Compare recalls with the patterns they should bring back.

    The network's own spikes are compared with the pattern's from the end of the trigger window
    on, at whole steps. Latent neurons do not count.

    Parameters
    ----------
    recalled : Recall or sequence of Recall
    pattern : Raster or sequence of Raster
        For each recall the pattern that was cued.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        If the numbers of recalls and patterns differ.

    Examples
    --------
    >>> from wmdelays import bernoulli, score, store
    >>> from wmdelays.training import recall
    >>> memory = store(bernoulli(40, 60, 2, rate=0.02), n_delays=15)
    >>> scores = score(recall(memory, memory.cues()), memory.patterns)
    >>> scores.total.f1, scores.worst_pattern_f1
    (1.0, 1.0)
    """
    if isinstance(recalled, Recall):
        recalled, pattern = [recalled], [pattern]
    if len(recalled) != len(pattern) or not len(recalled):
        raise InputError(f"cannot score {len(recalled)} recalls against {len(pattern)} patterns")
    scores = []
    for one, stored in zip(recalled, pattern):
        made, wanted = _scored_entries(one, stored)
        matched = len(np.intersect1d(made, wanted, assume_unique=True))
        scores.append(Score(matched, len(made), len(wanted)))
    return Scores(sum(scores, Score(0, 0, 0)), tuple(scores))


def _scored_entries(recalled, pattern):
    """The part of a recall and of its pattern that is compared, as numbers of entries.

    Returns
    -------
    made, wanted : int arrays
        A number for each neuron and step with a spike, from the end of the trigger window to the
        end of the pattern or of the recall.
    """
    cue, (own, pattern) = recalled.cue, of_recorded(recalled, pattern)
    n_steps = min(cue.n_steps - cue.scored_from, pattern.n_steps(cue.step) - _of_pattern(cue))
    parts = []
    for raster, first in ((own, cue.scored_from), (pattern, _of_pattern(cue))):
        steps = raster.steps(cue.step) - first
        inside = (steps >= 0) & (steps < n_steps)
        parts.append(np.unique(steps[inside] * raster.n_neurons + raster.neurons[inside]))
    return parts


def _of_pattern(cue):
    """The step of the pattern from which it is compared."""
    return cue.scored_from - cue.onset


def of_recorded(recalled, pattern):
    """What of a recall and of its pattern is compared: the spikes of neurons that are not latent.

    Parameters
    ----------
    recalled : Recall
    pattern : Raster

    Returns
    -------
    own, pattern : Raster
        Of the recorded neurons alone.

    Raises
    ------
    InputError
        If they have different numbers of neurons.
    """
    n_neurons = recalled.cue.n_neurons
    if pattern.n_neurons != n_neurons:
        raise InputError(f"a recall of {n_neurons} neurons, a pattern of {pattern.n_neurons}")
    return recalled.own.first_neurons(pattern.n_recorded), pattern.recorded()


def scored_spikes(recalled, pattern):
    """The part of a recall and of its pattern that is compared, as dense views.

    Returns
    -------
    made, wanted : bool arrays, shape (n_scored_steps, n_recorded)
        From the end of the trigger window to the end of the pattern or of the recall.
    """
    cue, (own, pattern) = recalled.cue, of_recorded(recalled, pattern)
    made = own.dense(cue.step)[cue.scored_from :]
    wanted = pattern.dense(cue.step)[_of_pattern(cue) :]
    n = min(len(made), len(wanted))
    return made[:n], wanted[:n]


def sliding_f1(recalled: Recall, pattern: Raster, width: int) -> tuple[np.ndarray, np.ndarray]:
    """F1 in a window that slides over the recall.

    Parameters
    ----------
    recalled : Recall
    pattern : Raster
        The pattern that was cued.
    width : int
        Length of the window in steps.

    Returns
    -------
    time : float array, shape (n_windows,)
        The middle of each window, in seconds from the pattern's start.
    f1 : float array, shape (n_windows,)
        NaN where neither has a spike.

    Examples
    --------
    >>> from wmdelays import bernoulli, sliding_f1, store
    >>> from wmdelays.training import recall
    >>> memory = store(bernoulli(40, 60, 1, rate=0.02), n_delays=15)
    >>> time, f1 = sliding_f1(recall(memory, memory.cues()[0]), memory.patterns[0], width=20)
    >>> len(time), float(f1.min())
    (26, 1.0)
    """
    made, wanted = scored_spikes(recalled, pattern)
    width = max(1, min(int(width), len(made)))

    def in_window(counts):
        total = np.concatenate([[0], np.cumsum(counts)])
        return total[width:] - total[:-width]

    matched = in_window((made & wanted).sum(axis=1))
    spikes = in_window(made.sum(axis=1) + wanted.sum(axis=1))
    cue = recalled.cue
    first = cue.scored_from - cue.onset
    time = (first + np.arange(len(spikes)) + width / 2) * cue.step
    with np.errstate(invalid="ignore"):
        return time, np.where(spikes > 0, 2 * matched / np.maximum(spikes, 1), np.nan)


@dataclass(frozen=True)
class Agreement:
    """How far two rasters hold the same spikes.

    Attributes
    ----------
    matched, only_first, only_second : int
        Spikes in both, and in one of them alone.
    first_difference : float or None
        Time in seconds of the first spike that is in one alone; None if there is none.
    """

    matched: int
    only_first: int
    only_second: int
    first_difference: float | None

    @property
    def exact(self) -> bool:
        """Whether both hold the same spikes."""
        return self.only_first == 0 and self.only_second == 0


def agreement(first: Raster, second: Raster, step: float) -> Agreement:
    """Compare two rasters spike for spike.

    Two spikes are the same if neuron and step are, and both lie on the grid of steps; a spike
    between two steps equals no spike on the grid.

    Parameters
    ----------
    first, second : Raster
    step : float
        Training time step in seconds.

    Returns
    -------
    Agreement

    Examples
    --------
    >>> from wmdelays import Raster, agreement
    >>> first = Raster([0, 1], [0.001, 0.002], n_neurons=2, duration=0.01)
    >>> second = Raster([0, 1], [0.001, 0.003], n_neurons=2, duration=0.01)
    >>> found = agreement(first, second, step=0.001)
    >>> found.matched, found.exact
    (1, False)
    """
    events = [np.unique(event_keys(raster, step)) for raster in (first, second)]
    if first.n_neurons != second.n_neurons:
        raise InputError(f"rasters of {first.n_neurons} and {second.n_neurons} neurons")
    matched = np.intersect1d(*events, assume_unique=True)
    alone = [np.setdiff1d(e, matched, assume_unique=True) for e in events]
    differing = np.concatenate(alone)
    first_difference = None
    if differing.size:
        first_difference = float(differing.min() // first.n_neurons * 1e-6 * step)
    return Agreement(len(matched), len(alone[0]), len(alone[1]), first_difference)


def event_keys(raster, step):
    """A number for each spike: equal for spikes that count as the same, and in the order of time.

    Parameters
    ----------
    raster : Raster
    step : float
        Training time step in seconds.

    Returns
    -------
    int array, shape (n_spikes,)
    """
    # A millionth of a step tells apart all times a simulation can produce, and is far above the
    # rounding of a time in seconds.
    ticks = np.rint(raster.times / step * 1e6).astype(np.int64)
    return ticks * raster.n_neurons + raster.neurons
