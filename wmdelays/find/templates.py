"""Templates: spikes at fixed times from one another, to be looked for in a raster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.binning import ROUNDING
from wmdelays.errors import InputError
from wmdelays.files.recording import begins_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wmdelays.memory import Memory
    from wmdelays.polychrony.groups import Group


# A template is made so many times faster or slower at most.
_FASTEST = 1e6


@dataclass(frozen=True, eq=False)
class Template:
    """Spikes at fixed times from one another.

    Parameters
    ----------
    name : str
        What it is: a pattern, a piece of one, a group.
    neurons : array_like of int, shape (n_spikes,)
    times : array_like of float, shape (n_spikes,)
        In seconds. They are kept sorted, with the first spike at 0.
    speed : float
        How many times faster than in the source; below 0 it runs backwards.
    stored_at : float, optional
        When its first spike is in the recording that it was cut from, in seconds.

    Raises
    ------
    InputError
        If there are no spikes, or a neuron or a time is none.
    """

    name: str
    neurons: np.ndarray
    times: np.ndarray
    speed: float = 1.0
    stored_at: float | None = None

    def __post_init__(self):
        neurons, times = np.asarray(self.neurons), np.asarray(self.times, dtype=np.float64)
        if neurons.shape != times.shape or neurons.ndim != 1 or not len(neurons):
            raise InputError(f"{self.name}: a template needs spikes, and one neuron for each time")
        if not np.issubdtype(neurons.dtype, np.integer) or neurons.min() < 0:
            raise InputError(f"{self.name}: neurons are numbered by whole numbers from 0")
        if not np.isfinite(times).all():
            raise InputError(f"{self.name}: there is a spike without a finite time")
        order = np.lexsort((neurons, times))
        object.__setattr__(self, "neurons", neurons.astype(np.int64)[order])
        object.__setattr__(self, "times", times[order] - times.min())

    def __len__(self):
        """Number of spikes."""
        return len(self.times)

    @property
    def span(self):
        """Time from the first to the last spike in seconds."""
        return float(self.times[-1])

    @property
    def label(self):
        """The name, and the speed where it is not 1."""
        return self.name if self.speed == 1 else f"{self.name}, speed {self.speed:g}"

    def at_speed(self, speed):
        """The same spikes, `speed` times faster; backwards if it is below 0.

        Raises
        ------
        InputError
            If the speed is 0, or too far from 1.
        """
        if not 1 / _FASTEST <= abs(speed) <= _FASTEST:
            raise InputError(
                f"a speed is a number other than 0, from {1 / _FASTEST:g} to {_FASTEST:g} forwards or"
                f" backwards, not {speed:g}"
            )
        return replace(self, times=self.times / speed, speed=self.speed * speed)

    def on_grid(self, step):
        """Neurons and whole steps of the spikes, int arrays; those that become equal are one.

        Parameters
        ----------
        step : float
            Length of a step in seconds.
        """
        # Halves all go up, as in a raster: what lies a step apart stays so at double speed.
        nearest = np.floor(self.times / step + 0.5 + ROUNDING).astype(np.int64)
        pairs = np.stack([nearest, self.neurons])
        steps, neurons = np.unique(pairs, axis=1)
        return neurons, steps


def pattern_templates(memory: Memory, window: float | None = None) -> list[Template]:
    """The stored patterns of a memory as templates.

    Parameters
    ----------
    memory : Memory
    window : float, optional
        Length in seconds of the pieces into which the patterns are cut; by default they stay
        whole. A piece without spikes is left out.

    Returns
    -------
    list of Template

    Raises
    ------
    InputError
        If the memory has no patterns, or the window is shorter than a step.

    Examples
    --------
    >>> from wmdelays import bernoulli, store
    >>> from wmdelays.find import pattern_templates
    >>> memory = store(bernoulli(40, 100, 1, rate=0.02), n_delays=15)
    >>> [one.name for one in pattern_templates(memory, window=0.05)]
    ['pattern 0, 0 to 0.05 s', 'pattern 0, 0.05 to 0.1 s']
    """
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to look for")
    if window is not None and not window >= memory.step * (1 - 1e-9):
        raise InputError(
            f"the window of {window * 1e3:g} ms is shorter than the memory's step of"
            f" {memory.step * 1e3:g} ms"
        )
    length = memory.n_steps if window is None else max(1, round(window / memory.step))
    made = []
    for k, pattern in enumerate(memory.patterns):
        pattern = pattern.recorded()
        steps, begin = pattern.steps(memory.step), begins_at(memory, k)
        for start in range(0, memory.n_steps, length):
            inside = (steps >= start) & (steps < start + length)
            if inside.any():
                name = f"pattern {k}"
                if length < memory.n_steps:
                    stop = min(start + length, memory.n_steps)
                    first, last = ((begin or 0) + edge * memory.step for edge in (start, stop))
                    name += f", {first:.6g} to {last:.6g} s"
                times = steps[inside] * memory.step
                stored_at = None if begin is None else begin + float(times.min())
                made.append(Template(name, pattern.neurons[inside], times, stored_at=stored_at))
    return made


def group_templates(groups: Iterable[Group]) -> list[Template]:
    """Polychronous groups as templates; one that was found several times is looked for once.

    Parameters
    ----------
    groups : iterable of Group

    Returns
    -------
    list of Template
        Named after the first place of the group in the file, from 0.
    """
    made = {}
    for k, group in enumerate(groups):
        if group.spike_set not in made:
            neurons, milliseconds = zip(*group.spikes)
            made[group.spike_set] = Template(
                f"group {k}", np.array(neurons), np.array(milliseconds) * 1e-3
            )
    return list(made.values())
