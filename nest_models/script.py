"""Cues laid out in NEST's time, one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.raster import Raster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.cue import Cue

# A spike of a generator takes one tick to its neuron, and the first tick of all is NEST's zero.
_LEAD = 2


@dataclass(frozen=True)
class Trial:
    """A cue and its place in NEST's time, in ticks.

    Attributes
    ----------
    cue : Cue
    start : int
        The tick of its first step.
    n : int
        Ticks in a step.
    """

    cue: Cue
    start: int
    n: int

    @property
    def release(self):
        """The tick from which on the network is its own."""
        return self.start + self.n * self.cue.clamp

    @property
    def stop(self):
        """The tick after those of its last step."""
        return self.start + self.n * self.cue.n_steps

    def entries(self, raster: Raster) -> tuple[np.ndarray, np.ndarray]:
        """Neurons and ticks of the spikes of a raster of this trial."""
        return raster.neurons, self.start + self.n * raster.steps(self.cue.step)

    def raster(self, neurons: np.ndarray, ticks: np.ndarray) -> Raster:
        """The spikes at ticks of this trial, each once."""
        cue = self.cue
        steps = (ticks - self.start) // self.n
        found = np.unique(steps.astype(np.int64) * cue.n_neurons + neurons)
        steps, neurons = np.divmod(found, cue.n_neurons)
        return Raster.from_steps(neurons, steps, cue.n_neurons, cue.n_steps, cue.step)

    def timed_raster(self, neurons: np.ndarray, ticks: np.ndarray) -> Raster:
        """The same where spikes can come between the steps of the cue."""
        cue = self.cue
        found = np.unique((ticks - self.start).astype(np.int64) * cue.n_neurons + neurons)
        ticks, neurons = np.divmod(found, cue.n_neurons)
        whole, part = np.divmod(ticks, self.n)
        # The same product as elsewhere for whole steps, so that equal times are equal floats.
        times = np.where(part == 0, whole * cue.step, ticks * (cue.step / self.n))
        return Raster(neurons, times, cue.n_neurons, cue.spikes.duration)


def lay_out(cues: Sequence[Cue], silence: int, n: int, now: int) -> tuple[list[Trial], int]:
    """The trials of cues, and the tick at which the last has died away.

    Parameters
    ----------
    cues : sequence of Cue
    silence : int
        Ticks after each trial, in which all spikes still on their way arrive.
    n : int
        Ticks in a step of the cues.
    now : int
        Ticks that NEST has simulated.
    """
    trials, free = [], now
    for cue in cues:
        trials.append(Trial(cue, free + _LEAD, n))
        free = trials[-1].stop + silence + _LEAD
    return trials, free


def needs_gates(cues: Sequence[Cue]) -> bool:
    """Whether a cue does what takes gates: it loses spikes, or forces some after its clamp."""
    return any(
        cue.lost is not None or bool((cue.spikes.steps(cue.step) >= cue.clamp).any())
        for cue in cues
    )
