"""What comes of looking for templates in a raster."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Occurrence:
    """A template in a raster.

    Attributes
    ----------
    template : int
        Which of the templates.
    onset : int
        The step at which its first spike is expected.
    n_matched : int
    completeness : float
        Matched part of the template's spikes.
    deviation : float
        Root mean square of the matched spikes' distances from the times expected, in steps.
    score : float
        See `wmdelays.find.chance`.
    p_value : float
        ``(1 + k) / (1 + n)``, where k of n surrogates have somewhere some template with at least
        this score.
    itself : bool
        Whether it is the stretch that was stored.
    stretch : float
        How much longer than the template it is, by least squares over the matched spikes.
    """

    template: int
    onset: int
    n_matched: int
    completeness: float
    deviation: float
    score: float
    p_value: float
    itself: bool = False
    stretch: float = 1.0


@dataclass(frozen=True)
class Level:
    """How often a completeness is reached.

    Attributes
    ----------
    completeness : float
    n_found : int
        Peaks of all templates with at least this completeness.
    n_chance : float
        The same in a surrogate, on average.
    """

    completeness: float
    n_found: int
    n_chance: float


@dataclass(frozen=True, eq=False)
class Tested:
    """A template that was looked for, and how well it is matched.

    Attributes
    ----------
    number : int
        Which of the templates.
    neurons, steps : int arrays, shape (n_spikes,)
        Its spikes on the grid.
    gap : int
        Least number of steps between two of its occurrences.
    least_matched : int
        Matched spikes that a listed occurrence needs; it may be more than the template has.
    best : int
        Most matched spikes anywhere in the raster, the stored stretch left out unless it counts.
    chance : int array, shape (draws,)
        The same in each surrogate.
    """

    number: int
    neurons: np.ndarray
    steps: np.ndarray
    gap: int
    least_matched: int
    best: int
    chance: np.ndarray


@dataclass(frozen=True, eq=False)
class Findings:
    """What came of looking for templates.

    Attributes
    ----------
    templates : list of Template
        All of them.
    tested : list of Tested
    untested : dict
        Why a template was not looked for (str), by its number.
    occurrences : list of Occurrence
        By onset.
    itself : list of Occurrence
        Templates where they were stored, if the raster holds that stretch. They are among the
        occurrences only if they were to count.
    n_chance : float
        How many such occurrences a surrogate has on average.
    least_score : float or None
        What the score of an occurrence has to exceed; None where a completeness was asked for.
    best_score : float
        Highest of all templates.
    chance_score : float array, shape (draws,)
        The same in each surrogate.
    levels : list of Level
    step : float
        In seconds.
    jitter : int
        In steps.
    """

    templates: list
    tested: list
    untested: dict
    occurrences: list
    itself: list
    n_chance: float
    least_score: float | None
    best_score: float
    chance_score: np.ndarray
    levels: list
    step: float
    jitter: int
