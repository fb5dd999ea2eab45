"""Patterns cued one after another in one simulation: the cue, and which pattern is active when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.draws import drawn_below
from wmdelays.errors import InputError, parameter
from wmdelays.quantities import LARGEST, whole
from wmdelays.raster import Raster
from wmdelays.recalls import check_room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wmdelays.memory import Memory


# Steps before the first cued pattern and after the last.
MARGIN = 50


@dataclass(frozen=True, eq=False)
class Sequence:
    """Patterns cued one after another, in one recall.

    Attributes
    ----------
    patterns : tuple of Raster
        All stored patterns.
    order : tuple of int
        The cued patterns.
    onsets : int array, shape (n_cues,)
        Step of the recall at which each cued pattern begins.
    trigger : int
        Length of the trigger windows in steps.
    background : float
        Probability of a random spike for each neuron and step in the gaps.
    periodic : bool
        Whether the end of each pattern leads back into its beginning. Then a cued pattern goes on
        to the end of the recall.
    cue : Cue
        The trigger windows and the background spikes, all forced on a network that is not clamped.
    """

    patterns: tuple
    order: tuple
    onsets: np.ndarray
    trigger: int
    background: float
    periodic: bool
    cue: Cue

    @property
    def pattern_steps(self):
        """Length of the patterns in steps, T."""
        return self.patterns[0].n_steps(self.cue.step)

    def spikes(self, k):
        """The spikes of the pattern of cue k at their places in the recall, while it is cued.

        Returns
        -------
        steps, neurons : int arrays, shape (n_spikes,)
        """
        pattern, length = self.patterns[self.order[k]], self.pattern_steps
        steps, neurons = pattern.steps(self.cue.step) + self.onsets[k], pattern.neurons
        if self.periodic:
            n_cycles = -(-(self.cue.n_steps - self.onsets[k]) // length)
            steps = (steps + length * np.arange(n_cycles)[:, None]).ravel()
            neurons = np.tile(neurons, n_cycles)
        inside = steps < self.cue.n_steps
        return steps[inside], neurons[inside]


def sequence(
    memory: Memory,
    order: Iterable[int],
    *,
    interval: int | None = None,
    trigger: int | None = None,
    background: float | None = None,
    margin: int = MARGIN,
    rng: np.random.Generator | None = None,
) -> Sequence:
    """The cue that calls patterns one after another.

    Random spikes are forced wherever no cued pattern has its time: before the first, between
    the end of one and the next, and after the last.

    Parameters
    ----------
    memory : Memory
    order : sequence of int
        The patterns to be cued; one may be cued several times.
    interval : int, optional
        Steps from one onset to the next; by default the patterns' length and `margin`. With fewer
        than the patterns' length they overlap in time.
    trigger : int, optional
        Length of the trigger windows in steps; by default the memory's `n_delays`.
    background : float, optional
        Probability of a random spike for each neuron and step; by default the mean rate of the
        stored patterns.
    margin : int
        Steps before the first cued pattern and after the end of the last.
    rng : numpy.random.Generator
        Draws the random spikes.

    Returns
    -------
    Sequence

    Raises
    ------
    InputError
        If there is no such pattern, or a length or the background makes no sense.
    """
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to recall")
    if not len(order):
        raise InputError("there is no pattern to cue")
    for k in order:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    length, n_neurons = memory.n_steps, memory.n_neurons
    margin = whole("margin", margin, 0)
    if interval is None:
        interval = length + margin
    else:
        interval = whole("interval", interval, 1, LARGEST // len(order))
    trigger = memory.n_delays if trigger is None else whole("trigger", trigger, 1, length - 1)
    if background is None:
        background = memory.rate
    if not 0 <= background <= 1:
        raise InputError(f"background is {background}; a probability lies from 0 to 1")

    # Latent neurons are not cued, however long the trigger, nor looked for.
    patterns = tuple(pattern.recorded() for pattern in memory.patterns)
    onsets = margin + interval * np.arange(len(order))
    n_steps = int(onsets[-1]) + length + margin
    check_room(
        memory, n_steps, f"cue fewer patterns, or with a shorter interval ({parameter('interval')})"
    )
    gap, entries = np.ones(n_steps, bool), []
    for k, onset in zip(order, onsets):
        pattern = patterns[k]
        steps = pattern.steps(memory.step)
        shown = steps < trigger
        entries.append((onset + steps[shown]) * n_neurons + pattern.neurons[shown])
        gap[onset : onset + length] = False
    if background:
        n_cued = memory.n_recorded
        rows, neurons = np.divmod(drawn_below(background, (int(gap.sum()), n_cued), rng), n_cued)
        entries.append(np.flatnonzero(gap)[rows] * n_neurons + neurons)
    steps, neurons = np.divmod(np.unique(np.concatenate(entries)), n_neurons)
    spikes = Raster.from_steps(
        neurons, steps, n_neurons, n_steps, memory.step, n_latent=memory.n_latent
    )
    cue = Cue(spikes, memory.step, clamp=0)
    return Sequence(patterns, tuple(order), onsets, trigger, background, memory.periodic, cue)
