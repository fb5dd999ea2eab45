"""Spikes of a population."""

from dataclasses import dataclass

import numpy as np

from wmdelays.errors import InputError

# Files often round the times of their frames. Times that all lie this close (in steps) to a
# multiple of the step are taken to mean that multiple.
_ON_GRID = 0.05
# Room for the rounding error of time / step when a time lies on the edge between two bins.
_EDGE = 1e-6
_LARGEST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Raster:
    """Spikes of a population: events, a number of neurons and a duration.

    Parameters
    ----------
    neurons : array_like of int, shape (n_spikes,)
        The neuron of each spike, from 0 to ``n_neurons - 1``.
    times : array_like of float, shape (n_spikes,)
        The time of each spike in seconds, from 0 to ``duration``.
    n_neurons : int
        Number of neurons, silent ones included.
    duration : float
        Length in seconds.

    Raises
    ------
    InputError
        If a spike lies outside the neurons or the duration.

    Notes
    -----
    Spikes are kept sorted by time, then by neuron. A raster has no time step of its own: a
    dense view is made for a step, and where the times lie on the grid of that step it holds
    the same spikes.
    """

    neurons: np.ndarray
    times: np.ndarray
    n_neurons: int
    duration: float

    def __post_init__(self):
        neurons, times = np.asarray(self.neurons), np.asarray(self.times, dtype=np.float64)
        if neurons.shape != times.shape or neurons.ndim != 1:
            raise InputError(
                f"a raster needs one neuron for each time: {neurons.shape} and {times.shape} do not match"
            )
        if neurons.size and not np.issubdtype(neurons.dtype, np.integer):
            raise InputError("neurons are numbered by whole numbers from 0")
        if not 1 <= self.n_neurons <= _LARGEST or self.n_neurons % 1:
            raise InputError(
                f"a raster has a whole number of neurons from 1 to {_LARGEST}, not {self.n_neurons}"
            )
        if not (np.isfinite(self.duration) and self.duration > 0):
            raise InputError(f"a raster needs a duration greater than zero, not {self.duration} s")
        if neurons.size:
            if neurons.min() < 0 or neurons.max() >= self.n_neurons:
                bad = neurons[(neurons < 0) | (neurons >= self.n_neurons)][0]
                raise InputError(
                    f"there is a spike of neuron {bad}, outside 0…{self.n_neurons - 1}"
                )
            outside = ~((times >= 0) & (times <= self.duration))
            if outside.any():
                raise InputError(
                    f"{outside.sum()} spikes lie outside the stated duration of {self.duration:g} s,"
                    f" the first at {times[outside][0]:g} s"
                )
        order = np.lexsort((neurons, times))
        object.__setattr__(self, "neurons", neurons.astype(np.int64)[order])
        object.__setattr__(self, "times", times[order])
        object.__setattr__(self, "n_neurons", int(self.n_neurons))
        object.__setattr__(self, "duration", float(self.duration))

    @classmethod
    def from_steps(cls, neurons, steps, n_neurons, n_steps, step):
        """A raster of spikes at whole steps.

        Parameters
        ----------
        neurons, steps : array_like of int, shape (n_spikes,)
            Neuron and step of each spike.
        n_neurons, n_steps : int
            Size of the raster.
        step : float
            Length of a step in seconds.
        """
        times = np.asarray(steps, dtype=np.float64) * step
        return cls(np.asarray(neurons, dtype=np.int64), times, n_neurons, n_steps * step)

    @classmethod
    def from_dense(cls, dense, step):
        """A raster from its dense view, bool of shape (n_steps, n_neurons); `step` in seconds."""
        dense = np.asarray(dense, dtype=bool)
        steps, neurons = np.nonzero(dense)
        return cls.from_steps(neurons, steps, dense.shape[1], dense.shape[0], step)

    def __len__(self):
        """Number of spikes."""
        return len(self.times)

    def __eq__(self, other):
        if not isinstance(other, Raster):
            return NotImplemented
        return (
            self.n_neurons == other.n_neurons
            and self.duration == other.duration
            and np.array_equal(self.neurons, other.neurons)
            and np.array_equal(self.times, other.times)
        )

    @property
    def rate(self):
        """Mean number of spikes of a neuron in a second, in Hz."""
        return len(self) / (self.n_neurons * self.duration)

    def steps(self, step):
        """The step that each spike falls into, int of shape (n_spikes,); `step` in seconds.

        Times that all lie on the grid of steps, to 5 % of a step as in a file that rounds its
        frame times, belong to the nearest step. Other times belong to the step that contains
        them: step k holds the times from k * step up to, not including, (k + 1) * step.
        """
        position = self.times / step
        nearest = np.rint(position)
        if np.all(np.abs(position - nearest) <= _ON_GRID):
            return nearest.astype(np.int64)
        return np.floor(position + _EDGE).astype(np.int64)

    def n_steps(self, step):
        """The number of steps that hold the raster; `step` in seconds."""
        last = self.steps(step)[-1] if len(self) else 0
        return int(max(np.ceil(self.duration / step - _ON_GRID), last + 1))

    def dense(self, step):
        """Dense view, bool of shape (n_steps, n_neurons); `step` in seconds."""
        dense = np.zeros((self.n_steps(step), self.n_neurons), dtype=bool)
        dense[self.steps(step), self.neurons] = True
        return dense

    def slice(self, start=0.0, stop=None):
        """The spikes from `start` up to `stop` (seconds, the end excluded), with time 0 at `start`.

        Raises
        ------
        InputError
            If the stretch is empty or not inside the raster.
        """
        to_the_end = stop is None
        stop = self.duration if to_the_end else stop
        if not (0 <= start < stop):
            raise InputError(f"a stretch from {start:g} s to {stop:g} s is empty")
        if start >= self.duration or stop > self.duration * (1 + 1e-9):
            raise InputError(
                f"the stretch from {start:g} s to {stop:g} s is not inside the raster's {self.duration:g} s"
            )
        inside = (self.times >= start - 1e-9) & (self.times < stop - 1e-9)
        if to_the_end:
            inside |= self.times >= stop - 1e-9
        times = np.clip(self.times[inside] - start, 0, stop - start)
        return Raster(self.neurons[inside], times, self.n_neurons, stop - start)

    def bin(self, step, merge_spikes=False):
        """The same spikes at whole steps.

        Parameters
        ----------
        step : float
            Length of a step in seconds.
        merge_spikes : bool
            Whether two spikes of a neuron in one step may become one.

        Returns
        -------
        Raster
            With every time a whole multiple of the step, see `steps`.

        Raises
        ------
        InputError
            If two spikes of a neuron fall into one step and `merge_spikes` is not set.
        """
        if not (np.isfinite(step) and step > 0):
            raise InputError(f"the step is {step * 1e3:g} ms; it has to be greater than zero")
        if self.duration / step > _LARGEST:
            raise InputError(
                f"a bin of {step * 1e3:g} ms cuts {self.duration:g} s into more steps than can be"
                " numbered; take a longer bin (--bin), or a stretch (--start, --stop)"
            )
        n_steps, steps = self.n_steps(step), self.steps(step)
        kept = np.unique(steps * self.n_neurons + self.neurons)
        n_merged = len(self) - len(kept)
        if n_merged and not merge_spikes:
            raise InputError(
                f"a bin of {step * 1e3:g} ms merges {n_merged} of {len(self)} spikes with another of"
                " the same unit; take a shorter bin (--bin), or accept it (--merge-spikes)"
            )
        return Raster.from_steps(
            kept % self.n_neurons, kept // self.n_neurons, self.n_neurons, n_steps, step
        )
