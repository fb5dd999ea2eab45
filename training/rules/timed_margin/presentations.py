"""What is shown while learning: the stored spikes, and where each arrives when."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Presentation:
    """A pattern as every neuron sees it.

    Attributes
    ----------
    place : int32 array, shape (n_arrivals,)
        The row of each arrival, ``pre * n_delays + delay - 1``, in the order of ticks.
    first : int64 array, shape (n_ticks + 1,)
        Where the arrivals of each tick begin.
    targets : list of int64 arrays
        The ticks of each neuron's spikes, ascending.
    """

    place: np.ndarray
    first: np.ndarray
    targets: list

    def of_rows(self, row):
        """The places and firsts that are left where a neuron has synapses at some rows alone.

        Parameters
        ----------
        row : int array, shape (n_rows,)
            The place of each row among those that are left; -1 for the others.

        Returns
        -------
        place, first : arrays
        """
        left = row[self.place]
        kept = left >= 0
        before = np.concatenate([[0], np.cumsum(kept)])
        return left[kept].astype(np.int32), before[self.first]


def presentation(ticks, neurons, n_neurons, n_delays, n, n_ticks):
    """What a pattern shows.

    Parameters
    ----------
    ticks, neurons : int arrays, shape (n_spikes,)
    n_neurons, n_delays : int
    n : int
        Ticks in a step.
    n_ticks : int
        How long it is shown.

    Returns
    -------
    Presentation
    """
    order = np.lexsort((neurons, ticks))
    ticks, neurons = ticks[order].astype(np.int64), neurons[order].astype(np.int64)
    delays = np.arange(n_delays)
    at = (ticks[:, None] + n * (delays + 1)).ravel()
    row = (neurons[:, None] * n_delays + delays).ravel()
    inside = at < n_ticks
    at, row = at[inside], row[inside]
    order = np.argsort(at, kind="stable")
    by_neuron = np.argsort(neurons, kind="stable")
    ends = np.searchsorted(neurons[by_neuron], np.arange(1, n_neurons))
    return Presentation(
        row[order].astype(np.int32),
        np.searchsorted(at[order], np.arange(n_ticks + 1)).astype(np.int64),
        np.split(ticks[by_neuron], ends),
    )


def followable(ticks, neurons, clamp, refractory):
    """Which spikes a network can emit: those that no refractory period forbids.

    Those that the cue forces are emitted in any case.

    Parameters
    ----------
    ticks, neurons : int arrays, shape (n_spikes,)
    clamp : int
        Tick at which the cue ends.
    refractory : int array, shape (n_neurons,)
        In ticks.

    Returns
    -------
    bool array, shape (n_spikes,)
    """
    can = np.ones(len(ticks), bool)
    last = np.full(len(refractory), -(2**40))
    for k in np.lexsort((neurons, ticks)):
        j = neurons[k]
        can[k] = ticks[k] < clamp or ticks[k] - last[j] >= refractory[j]
        if can[k]:
            last[j] = ticks[k]
    return can
