"""Damaged presentations: what a neuron is shown so that it learns to bear noise."""

from dataclasses import dataclass, fields

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Damage:
    """How much of what a neuron is shown differs from the stored spikes, anew each time.

    Sizes mean what they mean for recalls, see `wmdelays.neurons.Variability` and `wmdelays robustness`.

    Parameters
    ----------
    jitter : float
        Standard deviation in ms by which each spike is moved, for all its synapses alike.
    release_failures : float
        Probability with which an arrival fails.
    background : float
        Rate of spikes of neurons drawn at random, as a part of the patterns' rate.
    membrane_noise : float
        Standard deviation of a membrane at rest in mV.
    """

    jitter: float = 0.0
    release_failures: float = 0.0
    background: float = 0.0
    membrane_noise: float = 0.0

    @classmethod
    def of(cls, settings):
        """What settings ask for, among others."""
        return cls(**{field.name: settings[field.name] for field in fields(cls)})

    @property
    def gain(self):
        """What makes up in the mean for arrivals that fail.

        So crossings are in time with and without failures, and what is learned is to bear their
        absence one by one.
        """
        return 1 / (1 - self.release_failures)

    def arrivals(self, ticks, neurons, places, n_delays, n, tick_ms, n_ticks, rng):
        """Draw the arrivals of a pattern at a neuron.

        Parameters
        ----------
        ticks, neurons : int64 arrays, shape (n_spikes,)
            The stored spikes.
        places : int32 array, shape (n_neurons * n_delays,)
            The place of each row among the neuron's synapses; -1 where it has none.
        n_delays, n : int
            Longest delay, in steps, and ticks of a step.
        tick_ms : float
        n_ticks : int
            How long it is shown.
        rng : numpy.random.Generator

        Returns
        -------
        place, first : arrays
            As in `wmdelays.training.rules.timed_margin.presentations.Presentation`.
        """
        n_spikes = len(ticks)
        if self.jitter:
            off = rng.normal(0, self.jitter / tick_ms, n_spikes)
            ticks = ticks + np.rint(off).astype(np.int64)
        if self.background:
            n_more = rng.poisson(self.background * n_spikes)
            ticks = np.concatenate([ticks, rng.integers(0, n_ticks, n_more)])
            n_neurons = len(places) // n_delays
            neurons = np.concatenate([neurons, rng.integers(0, n_neurons, n_more)])
        return _laid_out(ticks, neurons, places, n_delays, n, n_ticks, self.release_failures, rng)


@njit(nogil=True, cache=True)
def _laid_out(ticks, neurons, places, n_delays, n, n_ticks, failures, rng):
    """The arrivals of spikes in the order of ticks, but those that fail."""
    room = len(ticks) * n_delays
    row, at = np.empty(room, np.int32), np.empty(room, np.int64)
    first = np.zeros(n_ticks + 1, np.int64)
    m = 0
    for s in range(len(ticks)):
        for d in range(n_delays):
            k = ticks[s] + n * (d + 1)
            p = places[neurons[s] * n_delays + d]
            if p < 0 or not 0 <= k < n_ticks:
                continue
            if failures > 0 and rng.random() < failures:
                continue
            row[m], at[m] = p, k
            first[k + 1] += 1
            m += 1
    first = np.cumsum(first)
    following = first.copy()
    place = np.empty(m, np.int32)
    for a in range(m):
        place[following[at[a]]] = row[a]
        following[at[a]] += 1
    return place, first
