"""Which synapses the neurons of a large network are to have: those by which they can make their spikes."""

import numpy as np

from wmdelays.training.rules.closed_form.analytic import largest
from wmdelays.training.rules.margin.large.chosen_block import ChosenBlock
from wmdelays.training.rules.margin.presentations import BLOCK

# The part of a neuron's synapses that are inhibitory. With many more recall bears less damage, with many
# fewer less jitter.
_INHIBITORY = 0.25
# So many times as many of those are looked at as there can be.
_LOOKED_AT = 8


def chosen_synapses(shown, wanted, n_rows, n_delays, limits, sign=None):
    """The synapses of a block of neurons, before they learn.

    By excitatory synapses spikes arrive when the neuron is to spike: those that serve most of its stored
    spikes, and of equal ones some from all contexts. By inhibitory ones, a quarter, or more where there
    are too few excitatory ones, spikes arrive in the steps before and after its own, and never when it
    is to spike.

    Parameters
    ----------
    shown : Presentations
        The undamaged patterns, in their order.
    wanted : Targets
    n_rows : int
        Number of possible synapses of a neuron.
    n_delays : int
    limits : SynapseLimits
        With `max_synapses`.
    sign : int8 array, shape (n_rows,), optional
        The sign of the presynaptic neuron; by default synapses of both signs can come from any.

    Returns
    -------
    ChosenBlock
        Its weights are zero.
    """
    pattern = np.repeat(np.arange(len(wanted.begin) - 1), np.diff(wanted.begin))
    place, signs = [np.empty(0, np.int64)], [np.empty(0, np.int8)]
    for b in range(BLOCK):
        own = wanted.lane == b
        spikes = list(zip(pattern[own], wanted.step[own]))
        if spikes:
            of_each = _of_neuron(shown, spikes, n_delays, limits, sign)
            for rows, one in zip(of_each, (1, -1)):
                place.append(rows * BLOCK + b)
                signs.append(np.full(len(rows), one, np.int8))
    place, signs = np.concatenate(place), np.concatenate(signs)
    order = np.argsort(place)
    return ChosenBlock(n_rows, place[order], np.zeros(len(place), np.float32), signs[order])


def _of_neuron(shown, spikes, n_delays, limits, sign):
    """Excitatory and inhibitory synapses of a neuron, as rows."""
    most, one = limits.max_synapses, limits.one_delay_per_pair
    at_spikes, serves = np.unique(_arriving(shown, spikes, n_delays), return_counts=True)
    beside = [(m, t + side) for m, t in spikes for side in (-1, 1)]
    beside = np.unique(_arriving(shown, beside, n_delays, _LOOKED_AT * most))
    place = np.searchsorted(at_spikes, beside)
    beside = beside[np.append(at_spikes, -1)[place] != beside]
    if sign is not None:
        helps = sign[at_spikes] > 0
        at_spikes, serves, beside = at_spikes[helps], serves[helps], beside[sign[beside] < 0]
    if one:
        at_spikes, serves = _of_pairs(at_spikes, serves, n_delays)
        beside, _ = _of_pairs(beside, np.ones(len(beside)), n_delays)
    n_beside = min(len(beside), int(_INHIBITORY * most))
    at_spikes = at_spikes[largest(serves, most - n_beside)]
    if one:
        beside = beside[~np.isin(beside // n_delays, at_spikes // n_delays)]
    beside = beside[largest(np.ones(len(beside), int), most - len(at_spikes))]
    return at_spikes, beside


def _of_pairs(rows, serves, n_delays):
    """Of each presynaptic neuron the synapse that serves most, of equal ones any; and how much."""
    mixed = np.random.default_rng(len(rows)).permutation(len(rows))
    by_use = mixed[np.argsort(-serves[mixed], kind="stable")]
    kept = by_use[np.unique(rows[by_use] // n_delays, return_index=True)[1]]
    return rows[kept], serves[kept]


def _arriving(shown, times, n_delays, enough=None):
    """The synapses, as rows, by which spikes arrive at any of these times: (pattern, step).

    Where there are many more than are enough, some from all of them.
    """
    contexts = []
    for m, t in times:
        first = shown.first[shown.begin[m] : shown.begin[m + 1]]
        if shown.start[m] <= t < len(first) - 1:
            contexts.append((shown.row[first[max(t - n_delays, 0)] : first[t]], t))
    n = sum(len(rows) for rows, _ in contexts)
    every = 1 if enough is None else max(n // enough, 1)
    rows = [rows[::every] + t for rows, t in contexts]
    return np.concatenate(rows) if rows else np.empty(0, np.int64)
