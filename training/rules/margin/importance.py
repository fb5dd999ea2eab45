"""How much each synapse matters for the spikes and silences that are learned."""

import numpy as np
from numba import njit

from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.teacher_forcing import UNUSED


def importance(weights, shown, wanted, *, n_delays):
    """How important each synapse is for its neuron.

    An excitatory synapse has a rank in the context of each stored spike that it helps to make: the
    part of the context's excitatory synapses that are at most as strong; the highest rank counts.
    So every stored spike keeps its fair part of the synapses when the least important ones are
    cut. Any other synapse counts by the part of all excitatory synapses onto the neuron that are
    weaker.

    Parameters
    ----------
    weights, shown, wanted, n_delays
        See `present`; the undamaged patterns.

    Returns
    -------
    float32 array, shape of `weights`
        From 0, where there is no synapse, to 1.
    """
    value = np.zeros_like(weights)
    place = np.flatnonzero(weights)
    weight = weights.reshape(-1)[place]
    by_neuron = np.argsort(place % BLOCK, kind="stable")
    ends = np.searchsorted(place[by_neuron] % BLOCK, np.arange(BLOCK + 1))
    for chosen in (by_neuron[a:b] for a, b in zip(ends[:-1], ends[1:])):
        size, helps = np.abs(weight[chosen]), weight[chosen] > 0
        excitatory = np.sort(size[helps])
        weaker = np.searchsorted(excitatory, size) / max(len(excitatory), 1)
        # An excitatory synapse without a stored spike to make is of little use.
        weaker = np.where(helps, UNUSED * weaker, weaker)
        value.reshape(-1)[place[chosen]] = np.maximum(weaker, np.finfo(np.float32).tiny)
    _importance(
        value,
        weights,
        shown.row,
        shown.first,
        shown.begin,
        shown.pattern,
        shown.start,
        wanted.begin,
        wanted.step,
        wanted.lane,
        n_delays,
    )
    return value


@njit(nogil=True, cache=True)
def _importance(
    value,
    weights,
    row,
    first_of_all,
    begin,
    pattern,
    start,
    target_begin,
    target_step,
    target_lane,
    n_delays,
):
    for k in range(len(pattern)):
        first = first_of_all[begin[k] : begin[k + 1]]
        for target in range(target_begin[pattern[k]], target_begin[pattern[k] + 1]):
            t, b = target_step[target], target_lane[target]
            if t < start[k]:
                continue
            rows = row[first[max(t - n_delays, 0)] : first[t]] + t
            helping = np.zeros(len(rows), np.float32)
            for p in range(len(rows)):
                helping[p] = max(weights[rows[p], b], 0)
            n = np.count_nonzero(helping)
            for rank, p in enumerate(np.argsort(-helping)[:n]):
                value[rows[p], b] = max(value[rows[p], b], np.float32(1 - rank / n))
