"""Surrogates `stretch_shifting`: each unit's time in stretches that move by themselves.

Each unit is cut where it pauses, about once in the length that is asked for, and the spikes
between two cuts move together. So a burst stays a burst, and a pattern that recurs, even if only
for a moment, does not come back with other lags, as it would where much of a recording moves by
one amount. elephant's trial_shifting cuts all units everywhere at the same distance, bursts too, and
costs a loop over the stretches and all spikes in each; an hour of activity has 180,000 stretches of
20 ms.
"""

import numpy as np

from wmdelays.binning import EXACT
from wmdelays.raster import Raster


class Stretches:
    """The stretches of all units of a raster.

    Parameters
    ----------
    raster : Raster
    length : float
        In seconds. Each unit's time is divided into cells of this length, from a random place on,
        and the longest pause that reaches into a cell with spikes is a cut, as is every pause that
        is longer than a cell. Stretches are no longer than two cells.
    rng : numpy.random.Generator
        Where the cells begin, and which of pauses of the same length is taken.
    """

    def __init__(self, raster, length, rng):
        order = np.argsort(raster.neurons, kind="stable")
        self._neurons, self._times = raster.neurons[order], raster.times[order]
        self._n_neurons, self._duration = raster.n_neurons, raster.duration
        times, first = self._times, np.diff(self._neurons, prepend=-1) > 0
        n = len(times)
        # Draws go by the units that have spikes, so that silent ones change nothing.
        unit = np.cumsum(first) - 1
        cell = np.floor((times + rng.random(unit.max(initial=-1) + 1)[unit] * length) / length)
        changes = first | (np.diff(cell, prepend=-1) > 0)
        # Pauses before and after each spike; those at the ends of the raster are cuts as they are.
        before = np.where(first, times, np.diff(times, prepend=0))
        last = np.append(first[1:], True)[:n]
        after = np.where(last, raster.duration - times, np.diff(times, append=0))
        chosen = 1e-6 * length * rng.random(n + 1)
        before, after = before + chosen[:-1], after + chosen[1:]
        number = np.cumsum(changes) - 1
        longest = np.maximum.reduceat(np.maximum(before, after), np.flatnonzero(changes))[number]
        cut = first | (before > length) | (before == longest)
        cut[1:] |= after[:-1] == longest[:-1]
        self._stretch = np.cumsum(cut) - 1
        self._start = times[cut]
        self._span = times[np.append(cut[1:], True)[:n]] - self._start

    def shifted(self, dither, rng):
        """A surrogate of the raster: each stretch moves by up to the dither.

        What would leave the raster is reflected at its end, as a whole.

        Parameters
        ----------
        dither : float
            In seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Raster
        """
        start = self._start + dither * rng.uniform(-1, 1, len(self._start))
        # From 0 to this a stretch may begin; a long dither is reflected several times.
        room = np.maximum(self._duration - self._span, 0)
        start = np.remainder(start, np.maximum(2 * room, np.finfo(float).tiny))
        start = np.where(start > room, 2 * room - start, start)
        times = self._times + (start - self._start)[self._stretch]
        times = np.clip(times, 0, self._duration)
        return Raster(self._neurons, times, self._n_neurons, self._duration, clock=EXACT)
