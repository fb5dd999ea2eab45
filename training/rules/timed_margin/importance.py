"""How much each synapse matters for the spikes that a neuron in continuous time is to fire."""

import numpy as np

from wmdelays.training.rules.margin.teacher_forcing import UNUSED


def importance(weights, shown, targets, begin, course):
    """How important each synapse of a neuron is, by the stored spikes that it makes steep.

    An excitatory synapse has a rank in each stored spike at which it raises the membrane: the part of
    these synapses that add at most as much to its slope there; the highest rank counts. So every stored
    spike keeps its fair part of the synapses when the least important ones are cut, and crosses its
    threshold as steeply as it can: the slope is what bears noise. Any other synapse counts by the part
    of all excitatory ones that are weaker, as in `wmdelays.training.rules.margin.importance`.

    Parameters
    ----------
    weights : float array, shape (n_rows,)
    shown : sequence of Presentation
    targets : sequence of int arrays
        The ticks of the neuron's stored spikes in each.
    begin : int
        The tick from which on spikes are the network's own.
    course : float array, shape (n,)
        What an arrival adds to a membrane at rest, in each tick after its own.

    Returns
    -------
    float array, shape (n_rows,)
        From 0, where there is no synapse, to 1.
    """
    size, helps = np.abs(weights).astype(float), weights > 0
    excitatory = np.sort(size[helps])
    weaker = np.searchsorted(excitatory, size) / max(len(excitatory), 1)
    # An excitatory synapse without a stored spike to make is of little use.
    value = np.where(helps, UNUSED * weaker, weaker)
    value = np.where(size > 0, np.maximum(value, np.finfo(float).tiny), 0)
    strength = np.where(helps, size, 0)
    # By how much an arrival raises the membrane in each tick, as long as it does.
    rise = np.maximum(np.diff(course, prepend=0), 0)
    rise = rise[: np.flatnonzero(rise)[-1] + 1]
    for one, ticks in zip(shown, targets):
        arrives = np.repeat(np.arange(len(one.first) - 1), np.diff(one.first))
        for tick in ticks[ticks >= begin]:
            within = slice(one.first[max(tick - len(rise), 0)], one.first[tick])
            raised = rise[tick - 1 - arrives[within]]
            added = strength * np.bincount(one.place[within], raised, minlength=len(weights))
            helping = np.flatnonzero(added > 0)
            order = helping[np.argsort(-added[helping], kind="stable")]
            rank = 1 - np.arange(len(order)) / max(len(order), 1)
            value[order] = np.maximum(value[order], rank)
    return value
