"""What arrives at one neuron of a network, from the spikes that are sent."""

import numpy as np


def arrivals(memory, delay, sent, post):
    """Every arrival at a neuron, in the order in which the closed loop adds them.

    Parameters
    ----------
    memory : Memory
    delay : int array, shape (n_synapses,)
        Of each synapse, in ticks.
    sent : tuple of int arrays, shape (n_spikes,)
        The tick and the neuron of each spike, in the order of ticks.
    post : int

    Returns
    -------
    spike : int array, shape (n_arrivals,)
        The place of its spike in `sent`.
    at : int array, shape (n_arrivals,)
        Its tick.
    weight : float array, shape (n_arrivals,)
    """
    mine = np.flatnonzero(memory.post == post)
    ticks, senders = sent
    # The table of synapses is sorted by its senders.
    low = np.searchsorted(memory.pre[mine], senders)
    n = np.searchsorted(memory.pre[mine], senders, side="right") - low
    spike = np.repeat(np.arange(len(senders)), n)
    synapse = mine[np.arange(len(spike)) - np.repeat(np.cumsum(n) - n, n) + low[spike]]
    return spike, ticks[spike] + delay[synapse], memory.weight[synapse]


def summed(at, weight, n_ticks):
    """What arrives in each tick, excitation and inhibition apart.

    Parameters
    ----------
    at, weight : arrays, shape (n_arrivals,)
        See `arrivals`; those after the last tick are left out.
    n_ticks : int

    Returns
    -------
    excitation, inhibition : float arrays, shape (n_ticks,)
    """
    sums = np.zeros((2, n_ticks))
    for into, kind in zip(sums, (weight > 0, weight < 0)):
        there = kind & (at < n_ticks)
        np.add.at(into, at[there], weight[there])
    return sums
