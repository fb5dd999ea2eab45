"""Where templates occur in a raster, with jitter and missing spikes allowed.

Template, raster and the times at which a template may begin are all on a grid of steps. At each
of those times the template's matched spikes are counted: those whose neuron has a spike in the
raster at most `jitter` steps from the time that the template gives. The completeness is their
share of the template's spikes.
"""

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.machine.free_memory import check_memory

# Bytes for each step and each unit that a template is looked for at.
_OF_A_STEP, _OF_A_UNIT = 40, 16
# Intervals that are laid out at once; this bounds the memory that a long template takes.
_BLOCK = 2_000_000


class Coverage:
    """The steps that lie close to a spike of each neuron.

    Parameters
    ----------
    raster : Raster
    step : float
        Length of a step in seconds. Spikes of a neuron in one step count once.
    jitter : int
        The most steps from a spike that are close to it.

    Attributes
    ----------
    n_steps, n_neurons : int
        Size of the raster.
    """

    def __init__(self, raster, step, jitter):
        self.n_steps, self.n_neurons = raster.n_steps(step), raster.n_neurons
        self.jitter = jitter
        # A number for each neuron and step, those of two neurons further apart than the jitter.
        self._width = self.n_steps + 2 * jitter + 2
        if self._width * self.n_neurons >= 2**63:
            raise InputError(
                f"{self.n_steps} steps of {self.n_neurons} units, {jitter} steps of jitter: more than"
                f" can be numbered; take a longer step ({parameter('step')}) or less jitter"
                f" ({parameter('jitter')})"
            )
        check_memory(
            _OF_A_STEP * self.n_steps + _OF_A_UNIT * self.n_neurons,
            f"looking at each of {self.n_steps} steps and {self.n_neurons} units",
            f"take a longer step ({parameter('step')}) or a shorter stretch ({parameter('start')},"
            f" {parameter('stop')})",
        )
        # Sorted here: np.unique takes twenty times as long for millions of spikes.
        keys = np.sort(raster.neurons * self._width + raster.steps(step))
        self._keys = keys = keys[np.diff(keys, prepend=-1) > 0]
        neurons, steps = np.divmod(keys, self._width)
        # Stretches that touch are joined, so that a step is covered once.
        joined = (np.diff(steps) <= 2 * jitter + 1) & (np.diff(neurons) == 0)
        starts = np.flatnonzero(np.r_[True, ~joined][: len(keys)])
        ends = np.r_[starts[1:] - 1, len(keys) - 1][: len(starts)]
        self._start, self._stop = steps[starts] - jitter, steps[ends] + jitter + 1
        self._first = np.searchsorted(neurons[starts], np.arange(self.n_neurons + 1))

    def stretches(self, neurons):
        """How many stretches each of these neurons has, shape of `neurons`."""
        return self._first[neurons + 1] - self._first[neurons]

    def offsets(self, span):
        """The steps at which a template of this span (steps) may begin: first, and number.

        All of it lies in the raster, but for the jitter of its first and last spike.
        """
        return -self.jitter, max(0, self.n_steps - span + 2 * self.jitter)

    def matched(self, neurons, steps):
        """Number of matched spikes of a template at each step at which it may begin.

        Parameters
        ----------
        neurons, steps : int arrays, shape (n_spikes,)
            The template on the grid, its first spike at step 0. Neurons that the raster does not
            have never match.

        Returns
        -------
        int array, shape (n_offsets,)
            For the steps that `offsets` gives.
        """
        first, n = self.offsets(int(steps[-1]))
        known = neurons < self.n_neurons
        neurons, steps = neurons[known], steps[known]
        change = np.zeros(n + 1, np.int64)
        number = self.stretches(neurons)
        block = np.cumsum(number) // _BLOCK
        for b in np.unique(block):
            chosen = np.flatnonzero(block == b)
            count = number[chosen]
            spike = np.repeat(chosen, count)
            within = np.arange(len(spike)) - np.repeat(np.cumsum(count) - count, count)
            stretch = self._first[neurons[spike]] + within
            shift = steps[spike] + first
            low = np.clip(self._start[stretch] - shift, 0, n)
            high = np.clip(self._stop[stretch] - shift, 0, n)
            change += np.bincount(low, minlength=n + 1) - np.bincount(high, minlength=n + 1)
        return np.cumsum(change[:n])

    def deviations(self, neurons, steps, onset):
        """How far the nearest spike of the same neuron is from each spike of a template.

        Parameters
        ----------
        neurons, steps : int arrays, shape (n_spikes,)
        onset : int
            The step of the raster at which the template begins.

        Returns
        -------
        int array, shape (n_spikes,)
            In steps, later ones above 0; `jitter` + 1 where no spike is so close.
        """
        nothing = self.jitter + 1
        if not len(self._keys):
            return np.full(len(steps), nothing)
        expected = neurons * self._width + steps + onset
        place = np.searchsorted(self._keys, expected)
        around = np.clip([place - 1, place], 0, len(self._keys) - 1)
        before, after = self._keys[around] - expected
        nearest = np.where(np.abs(before) < np.abs(after), before, after)
        return np.where(np.abs(nearest) <= self.jitter, nearest, nothing)


def tops(matched, least=0):
    """Where the count of matched spikes is highest among its neighbours.

    Parameters
    ----------
    matched : int array, shape (n_offsets,)
    least : int
        Lowest count that is taken.

    Returns
    -------
    int array
        The middle of each stretch of equal counts that has lower ones on both sides, as places in
        `matched`.
    """
    if not len(matched):
        return np.zeros(0, np.int64)
    ends = np.append(np.flatnonzero(np.diff(matched)), len(matched) - 1)
    starts = np.append(0, ends[:-1] + 1)
    height = matched[starts]
    around = np.pad(height, 1, constant_values=-1)
    top = (height > around[:-2]) & (height > around[2:]) & (height >= least)
    return (starts[top] + ends[top]) // 2


def peaks(matched, gap, least):
    """The best moments of a template, none of them close to a better one.

    Parameters
    ----------
    matched : int array, shape (n_offsets,)
    gap : int
        Least number of steps between two that are kept: of tops (see `tops`) closer than that the
        higher one is kept, of equal ones the first.
    least : int
        Lowest count of a peak.

    Returns
    -------
    int array
        Places in `matched`, sorted.
    """
    place = tops(matched, least)
    if gap <= 1 or len(place) < 2:
        return place
    taken, kept = np.zeros(len(matched), bool), []
    for k in place[np.argsort(-matched[place], kind="stable")].tolist():
        if not taken[k]:
            kept.append(k)
            taken[max(0, k - gap + 1) : k + gap] = True
    return np.array(sorted(kept))
