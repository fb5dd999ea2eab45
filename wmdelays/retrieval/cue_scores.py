"""How well each cue of a sequence retrieves its pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.retrieval.alignment import best_alignment, f1_of_counts
from wmdelays.scores import part_of

if TYPE_CHECKING:
    from wmdelays.raster import Raster
    from wmdelays.retrieval.sequences import Sequence


@dataclass(frozen=True)
class CueScore:
    """What came of one cue of a sequence.

    The network's own spikes are looked at from the end of the trigger window to the end of the
    pattern.

    Attributes
    ----------
    f1 : float
        Against the cued pattern at its place. Spikes of another pattern that is cued at the
        same time count neither for nor against.
    f1_all : float
        The same with those counted as wrong.
    precision : float
        The part of the network's spikes that belongs to any pattern that is cued then; NaN if it
        makes none.
    recall : float
        The part of the cued pattern's spikes that the network makes; NaN if it has none.
    recalled : int or None
        The pattern that the spikes resemble most, at its best place in time; None if none
        reaches the bound.
    recalled_f1 : float
        F1 of the most similar pattern, also below the bound.
    recalled_shift : int
        Steps by which that pattern begins after the onset of the cue; of a periodic one, the
        beginning next to it.
    """

    f1: float
    f1_all: float
    precision: float
    recall: float
    recalled: int | None
    recalled_f1: float
    recalled_shift: int


def score_cues(sequence: Sequence, own: Raster, bound: float = 0.5) -> list[CueScore]:
    """What came of each cue of a sequence.

    Parameters
    ----------
    sequence : Sequence
    own : Raster
        The network's own spikes.
    bound : float
        F1 from which on a pattern counts as recalled.

    Returns
    -------
    list of CueScore
    """
    step, n_neurons = sequence.cue.step, own.n_neurons
    own_steps, own_neurons = own.steps(step), own.neurons
    length, scores = sequence.pattern_steps, []

    def keys(k, start, stop):
        steps, neurons = sequence.spikes(k)
        inside = (steps >= start) & (steps < stop)
        return steps[inside] * n_neurons + neurons[inside]

    for k, onset in enumerate(sequence.onsets):
        start, stop = int(onset) + sequence.trigger, int(onset) + length
        inside = (own_steps >= start) & (own_steps < stop)
        steps, neurons = own_steps[inside], own_neurons[inside]
        made, wanted = steps * n_neurons + neurons, keys(k, start, stop)
        matched = np.isin(made, wanted)
        also = np.zeros(len(made), bool)
        for other in range(len(sequence.onsets)):
            if other != k:
                also |= np.isin(made, keys(other, start, stop))
        kept = matched | ~also
        n_matched, n_wanted = int(matched.sum()), len(wanted)
        best = -1.0, 0, 0
        cued = sequence.order[k]
        # The cued pattern comes first: of two that fit equally well it is the one recalled.
        for q in sorted(range(len(sequence.patterns)), key=lambda q: q != cued):
            pattern = sequence.patterns[q]
            f1, lag = best_alignment(steps[kept], neurons[kept], pattern, start, stop, sequence)
            if f1 > best[0]:
                best = f1, q, lag
        f1, q, lag = best
        shift = lag - int(onset) if f1 else 0
        if sequence.periodic:
            shift = (shift + length // 2) % length - length // 2
        scores.append(
            CueScore(
                f1=f1_of_counts(n_matched, int(kept.sum()), n_wanted),
                f1_all=f1_of_counts(n_matched, len(made), n_wanted),
                precision=part_of(int((matched | also).sum()), len(made)),
                recall=part_of(n_matched, n_wanted),
                recalled=q if f1 >= bound and f1 > 0 else None,
                recalled_f1=f1,
                recalled_shift=shift,
            )
        )
    return scores
