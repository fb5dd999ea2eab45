"""Spikes of a population."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.binning import ON_GRID, ROUNDING, Clock
from wmdelays.errors import InputError, parameter
from wmdelays.machine.free_memory import check_memory
from wmdelays.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from wmdelays.binning import Binning


_LARGEST = 2**31 - 1


@dataclass(frozen=True, eq=False, repr=False)
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
    start : float
        When time 0 is in the recording of which this is a piece, in seconds.
    clock : Clock, optional
        The times of that recording; by default the raster is all of it. They decide how times
        become steps, so that every piece of a recording is binned in one way.
    units : sequence of str, optional
        What each neuron that is not latent is called where it was recorded; by default they are
        numbered.
    n_latent : int
        How many neurons, the last ones, are latent: added to a network, in no recording. They are
        never cued nor scored.

    Raises
    ------
    InputError
        If a spike lies outside the neurons or the duration, or the units are not as many as the
        neurons, or two have one name, or all neurons are latent.

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
    start: float = 0.0
    clock: Clock | None = None
    units: tuple[str, ...] | None = None
    n_latent: int = 0

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
        neurons = neurons.astype(np.int64)
        if _are_sorted(neurons, times):
            times = times.copy()
        else:
            order = np.lexsort((neurons, times))
            neurons, times = neurons[order], times[order]
        object.__setattr__(self, "neurons", neurons)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "n_neurons", int(self.n_neurons))
        object.__setattr__(self, "duration", float(self.duration))
        if not 0 <= self.n_latent < self.n_neurons or self.n_latent % 1:
            raise InputError(
                f"{self.n_latent} of {counted(self.n_neurons, 'neuron')} cannot be latent"
            )
        object.__setattr__(self, "n_latent", int(self.n_latent))
        if self.units is not None:
            object.__setattr__(self, "units", _checked_units(self.units, self.n_recorded))
            if not set(self.units).isdisjoint(self._latent_names()):
                raise InputError(
                    'a recorded unit is called as a latent neuron is, such as "latent 0"'
                )

    @classmethod
    def from_steps(
        cls,
        neurons: ArrayLike,
        steps: ArrayLike,
        n_neurons: int,
        n_steps: int,
        step: float,
        units: Sequence[str] | None = None,
        n_latent: int = 0,
    ) -> Raster:
        """A raster of spikes at whole steps.

        Parameters
        ----------
        neurons, steps : array_like of int, shape (n_spikes,)
            Neuron and step of each spike.
        n_neurons, n_steps : int
            Size of the raster.
        step : float
            Length of a step in seconds.
        units : sequence of str, optional
            Names of the neurons.
        n_latent : int
            How many of them, the last ones, are latent.
        """
        times = np.asarray(steps, dtype=np.float64) * step
        neurons = np.asarray(neurons, dtype=np.int64)
        return cls(neurons, times, n_neurons, n_steps * step, units=units, n_latent=n_latent)

    @classmethod
    def from_dense(cls, dense: ArrayLike, step: float) -> Raster:
        """A raster from its dense view, bool of shape (n_steps, n_neurons); `step` in seconds."""
        dense = np.asarray(dense, dtype=bool)
        steps, neurons = np.nonzero(dense)
        return cls.from_steps(neurons, steps, dense.shape[1], dense.shape[0], step)

    def __repr__(self):
        start = f", {self.start:g} s into a recording" if self.start else ""
        spikes, neurons = counted(len(self), "spike"), counted(self.n_neurons, "neuron")
        return f"<Raster: {spikes} of {neurons} in {self.duration:g} s{start}>"

    def _repr_html_(self):
        # Figures are above this room, so they are asked for by name, and by a notebook alone.
        return import_module("wmdelays.plots.notebook").as_html(self)

    def __len__(self):
        """Number of spikes."""
        return len(self.times)

    def __eq__(self, other):
        if not isinstance(other, Raster):
            return NotImplemented
        return (
            self.n_neurons == other.n_neurons
            and self.n_latent == other.n_latent
            and self.duration == other.duration
            and np.array_equal(self.neurons, other.neurons)
            and np.array_equal(self.times, other.times)
        )

    @property
    def rate(self) -> float:
        """Mean number of spikes of a neuron in a second, in Hz."""
        return len(self) / (self.n_neurons * self.duration)

    def unit(self, neuron: int) -> str:
        """What a neuron is called: the name of its unit, else its number, else which latent neuron."""
        if neuron >= self.n_recorded:
            return self._latent_names()[neuron - self.n_recorded]
        return str(int(neuron)) if self.units is None else self.units[neuron]

    def names(self) -> tuple[str, ...]:
        """What all neurons are called, see `unit`."""
        recorded = self.units or tuple(map(str, range(self.n_recorded)))
        return recorded + self._latent_names()

    def _latent_names(self):
        return tuple(f"latent {k}" for k in range(self.n_latent))

    @property
    def n_recorded(self) -> int:
        """Number of neurons that are not latent."""
        return self.n_neurons - self.n_latent

    def recorded(self) -> Raster:
        """The spikes of the neurons that are not latent."""
        return self.first_neurons(self.n_recorded)

    def first_neurons(self, n_neurons: int) -> Raster:
        """The spikes of the first `n_neurons` neurons, none of which is latent."""
        if n_neurons == self.n_neurons and not self.n_latent:
            return self
        kept = self.neurons < n_neurons
        return Raster(
            self.neurons[kept],
            self.times[kept],
            n_neurons,
            self.duration,
            start=self.start,
            clock=self.clock,
            units=None if self.units is None else self.units[:n_neurons],
        )

    def with_units(self, names: Sequence[str]) -> Raster:
        """The same spikes where the neurons are those that are named.

        Parameters
        ----------
        names : sequence of str
            Of the neurons, in their order; those that this raster does not have are silent.

        Raises
        ------
        InputError
            If a unit that spikes is not among them.
        """
        names = tuple(names)
        place = {name: k for k, name in enumerate(names)}
        # Those that spike: there may be a billion of others.
        spiking, which = np.unique(self.neurons, return_inverse=True)
        moved = np.array([place.get(self.unit(k), -1) for k in spiking], np.int64)
        neurons = moved[which]
        if len(neurons) and neurons.min() < 0:
            name = self.unit(spiking[np.argmin(moved)])
            raise InputError(f"there is no unit {printable(name)} among the {len(names)} units")
        return Raster(
            neurons,
            self.times,
            len(names),
            self.duration,
            start=self.start,
            clock=self.clock,
            units=None if names == tuple(map(str, range(len(names)))) else names,
        )

    @cached_property
    def _own_clock(self):
        return Clock(self.times + self.start, self.neurons)

    def binning(self, step: float) -> Binning:
        """How the times of the recording become steps of `step` seconds, see `Binning`.

        Returns
        -------
        Binning
        """
        return self.recording.binning(step)

    @property
    def recording(self) -> Clock:
        """The recording of which this is a piece: its Clock."""
        return self._own_clock if self.clock is None else self.clock

    def steps(self, step: float) -> np.ndarray:
        """The step that each spike falls into, int of shape (n_spikes,); `step` in seconds.

        If the bulk of the recording's times lies on the grid of steps, to their resolution or to
        5 % of a step, spikes belong to the nearest step. Other times belong to the step that
        contains them: step k holds the times from k * step up to, not including, (k + 1) * step,
        with the room below that the resolution of the times asks for. See `wmdelays.binning`.
        """
        self._check_step(step)
        steps = self._at_whole_steps(step) if self.clock is None else None
        if steps is None:
            steps = self.binning(step).steps(self.times + self.start, self.start)
            # What was cut may stand a rounding error before its beginning.
            steps = np.maximum(steps, 0)
        return steps

    def _at_whole_steps(self, step):
        """The steps of spikes that all lie on them, as those of patterns do; else None."""
        position = self.times / step
        nearest = np.rint(position)
        if np.all(np.abs(position - nearest) <= ROUNDING):
            return nearest.astype(np.int64)
        return None

    def _check_step(self, step):
        if not (np.isfinite(step) and step > 0):
            raise InputError(f"the step is {step * 1e3:g} ms; it has to be greater than zero")
        if self.duration > _LARGEST * step:
            raise InputError(
                f"a step of {step * 1e3:g} ms cuts {self.duration:g} s into more steps than can be"
                f" numbered; take a longer step ({parameter('step')}), or a stretch ({parameter('start')},"
                f" {parameter('stop')})"
            )

    def n_steps(self, step: float) -> int:
        """The number of steps that hold the raster; `step` in seconds."""
        self._check_step(step)
        steps = self._at_whole_steps(step) if self.clock is None else None
        nearest = steps is not None or self.binning(step).points == 1
        steps = self.steps(step) if steps is None else steps
        last = steps[-1] if len(steps) else -1
        # Where a file rounds times, it rounds its duration too.
        room = ON_GRID if nearest else ROUNDING
        return int(max(np.ceil(self.duration / step - room), last + 1, 1))

    def dense(self, step: float) -> np.ndarray:
        """Dense view, bool of shape (n_steps, n_neurons); `step` in seconds.

        Raises
        ------
        InputError
            If there is no memory for it.
        """
        shape = self.n_steps(step), self.n_neurons
        check_memory(
            shape[0] * shape[1],
            f"a dense view of {shape[0]} steps of {shape[1]} neurons",
            "take a longer step, a shorter stretch or fewer neurons",
        )
        dense = np.zeros(shape, dtype=bool)
        dense[self.steps(step), self.neurons] = True
        return dense

    def slice(
        self, start: float = 0.0, stop: float | None = None, step: float | None = None
    ) -> Raster:
        """The spikes from `start` up to `stop` (seconds, the end excluded), with time 0 at `start`.

        Parameters
        ----------
        start : float
        stop : float, optional
            By default the end of the raster, with all that is there.
        step : float, optional
            The step in seconds with which the piece is going to be binned: spikes are cut as they
            are binned, so that one that means a step belongs to the stretch in which the step is.

        Raises
        ------
        InputError
            If the stretch is empty or not inside the raster.
        """
        end, to_the_end = self.duration, stop is None
        if step is not None and len(self):
            end = max(end, self.n_steps(step) * step)
        stop = end if to_the_end else stop
        empty = f"a stretch from {start:g} s to {stop:g} s is empty"
        if not (0 <= start < stop):
            raise InputError(empty)
        if start >= end or stop > end * (1 + 1e-9):
            raise InputError(
                f"the stretch from {start:g} s to {stop:g} s is not inside the raster's {self.duration:g} s"
            )
        recorded = self.times + self.start
        if step is None:
            inside = (self.times >= start - 1e-9) & (self.times < stop - 1e-9)
        else:
            binning = self.binning(step)
            start, stop = (binning.edge(self.start + t) - self.start for t in (start, stop))
            if not start < stop:
                raise InputError(empty)
            inside = binning.inside(recorded, self.start + start, self.start + stop)
        if to_the_end:
            inside |= self.times >= stop - 1e-9
            stop = self.duration if start < self.duration else stop
        times = np.clip(self.times[inside] - start, 0, stop - start)
        return Raster(
            self.neurons[inside],
            times,
            self.n_neurons,
            stop - start,
            start=self.start + start,
            clock=self.recording,
            units=self.units,
            n_latent=self.n_latent,
        )

    def in_recording(self) -> Raster:
        """The same spikes at their times in the recording of which this is a piece, `start` and on."""
        if not self.start:
            return self
        return Raster(
            self.neurons,
            self.times + self.start,
            self.n_neurons,
            self.start + self.duration,
            clock=self.clock,
            units=self.units,
            n_latent=self.n_latent,
        )

    def meant(self, step: float) -> Raster:
        """The same spikes at the times that are meant: those of a grid, where they lie on one.

        For what is going to move spikes, such as surrogates: what is left of their rounding would
        show as jitter afterwards. See `wmdelays.binning.Binning`.
        """
        binning = self.binning(step)
        if not binning.points:
            return self
        times = binning.meant(self.times + self.start) - self.start
        if np.all(np.abs(times - self.times) <= ROUNDING * step):
            return self
        duration = max(self.duration, times.max(initial=0))
        return Raster(
            self.neurons,
            np.maximum(times, 0),
            self.n_neurons,
            duration,
            start=self.start,
            units=self.units,
            n_latent=self.n_latent,
        )

    def aligned(self, step: float, phase: float) -> Raster:
        """The same spikes with time 0 at a point of a grid of steps, before the beginning.

        Parameters
        ----------
        step : float
            Length of a step in seconds.
        phase : float
            When in the recording one of the steps begins, in seconds.

        Returns
        -------
        Raster
            Longer by less than a step. Where spikes are taken to the nearest step, all beginnings
            give the same steps, and nothing changes.
        """
        before = (self.start - phase) % step
        if self.binning(step).points == 1 or min(before, step - before) <= ROUNDING * step:
            return self
        return Raster(
            self.neurons,
            self.times + before,
            self.n_neurons,
            self.duration + before,
            start=self.start - before,
            clock=self.recording,
            units=self.units,
            n_latent=self.n_latent,
        )

    def bin(self, step: float, merge_spikes: bool = False) -> Raster:
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
        n_steps, steps = self.n_steps(step), self.steps(step)
        kept = np.unique(steps * self.n_neurons + self.neurons)
        n_merged = len(self) - len(kept)
        if n_merged and not merge_spikes:
            raise InputError(
                f"a step of {step * 1e3:g} ms merges {n_merged} of {len(self)} spikes with another of"
                f" the same unit; take a shorter step ({parameter('step')}), or accept it"
                f" ({parameter('as_raster(spikes).bin(step, merge_spikes=True)', '--merge-spikes')})"
            )
        return Raster.from_steps(
            kept % self.n_neurons,
            kept // self.n_neurons,
            self.n_neurons,
            n_steps,
            step,
            units=self.units,
            n_latent=self.n_latent,
        )


def _checked_units(units, n_neurons):
    units = tuple(units)
    if len(units) != n_neurons:
        raise InputError(f"there are {len(units)} names of units for {n_neurons} neurons")
    if not all(isinstance(name, str) for name in units):
        raise InputError("the names of units have to be texts")
    if len(set(units)) < n_neurons:
        twice = next(name for name in units if units.count(name) > 1)
        raise InputError(f"there are two units of the name {printable(twice)}")
    return units


def _are_sorted(neurons, times):
    """Whether spikes are sorted by time, then by neuron; sorting millions takes seconds."""
    apart = np.diff(times)
    return bool(np.all((apart > 0) | ((apart == 0) & (np.diff(neurons) >= 0))))
