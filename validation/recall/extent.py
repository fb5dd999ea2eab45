"""How much of each pattern is recalled, and how far."""

from __future__ import annotations

from dataclasses import dataclass

from wmdelays.scores import Score, known
from wmdelays.timing.course import course

WHOLE, IN_PART, NOT_AT_ALL = "whole", "in part", "not at all"
# F1 below which there is nothing of a pattern to speak of.
LITTLE = 0.1


@dataclass(frozen=True)
class Extent:
    """How much of a pattern a simulator recalls.

    Attributes
    ----------
    pattern : int
    score : Score
        Spikes at the very step; for neurons in continuous time within 1 ms, the lag followed.
    lost_from_s : float
        From when on the pattern is lost, in seconds from its start; NaN if it is there at its end.
        See `wmdelays.timing.course.lost_from`.
    """

    pattern: int
    score: Score
    lost_from_s: float

    @property
    def recalled(self) -> str:
        """Whether the pattern is recalled whole, in part or not at all."""
        return _said(self.score)

    def as_dict(self) -> dict:
        """What is recalled as plain JSON values."""
        return {"recalled": self.recalled, "lost_from_s": known(self.lost_from_s)}


def extents(simulation, memory, patterns) -> list[Extent]:
    """How much of each pattern a simulation recalls.

    Parameters
    ----------
    simulation : Simulation
    memory : Memory
    patterns : sequence of int
        Those that were cued.

    Returns
    -------
    list of Extent
    """
    if simulation.times is not None:
        return [
            Extent(k, one.followed, one.lost_from_s)
            for k, one in zip(patterns, simulation.times.patterns)
        ]
    # As long as the trigger window: what is not there for so long does not come back.
    width = memory.n_delays * memory.step
    return [
        Extent(k, score, course(recall, memory.patterns[k], width).lost_from_s)
        for k, score, recall in zip(patterns, simulation.scores.patterns, simulation.recalls)
    ]


def total(found) -> Score:
    """The Score over all patterns at once."""
    return sum((one.score for one in found), Score(0, 0, 0))


def overall(found) -> str:
    """Whether all patterns are recalled whole, or how much of all of them."""
    return _said(total(found))


def _said(score):
    if score.whole:
        return WHOLE
    return NOT_AT_ALL if score.f1 < LITTLE else IN_PART
