"""How many synapses are enough: for a neuron to recall, and to bear as much damage as with all.

Of the synapses that learning makes, those that a neuron needs most help to make its own stored spikes: one
for each spike in their contexts. The others keep the neuron silent elsewhere, and of these it needs the
more the more of its possible synapses the contexts take up, since then they overlap.
"""

import numpy as np

from wmdelays.training.rules.margin.presentations import BLOCK

# Synapses for each spike in the contexts of a neuron's stored spikes, and how many more for the part of all
# possible synapses that these spikes take up; and how few are never too many. Measured, see
# benchmarks/fewer_synapses.py.
_EACH, _OVERLAP, _LEAST = 1.2, 50.0, 800
# Where more than this part of all possible synapses would be enough, there is little to gain.
_MOST = 0.5


def in_contexts(shown, wanted, n_delays):
    """How many spikes there are in the contexts of the stored spikes of each neuron of a block.

    Parameters
    ----------
    shown : Presentations
        The undamaged patterns, in their order.
    wanted : Targets
    n_delays : int

    Returns
    -------
    int64 array, shape (BLOCK,)
    """
    number = np.zeros(BLOCK, np.int64)
    for k, (m, start) in enumerate(zip(shown.pattern, shown.start)):
        own = slice(wanted.begin[m], wanted.begin[m + 1])
        step, lane = wanted.step[own], wanted.lane[own]
        step, lane = step[step >= start], lane[step >= start]
        first = shown.first[shown.begin[k] : shown.begin[k + 1]]
        np.add.at(number, lane, first[step] - first[np.maximum(step - n_delays, 0)])
    return number


def enough_synapses(shown, wanted, n_neurons, n_delays):
    """How many synapses are enough for each neuron.

    Parameters
    ----------
    shown : Presentations
        The undamaged patterns, in their order.
    wanted : sequence of Targets
        Of each block.
    n_neurons, n_delays : int

    Returns
    -------
    int64 array, shape (n_blocks, BLOCK), or None
        None where these are so many that all should stay.
    """
    possible = n_neurons * n_delays
    number = np.array([in_contexts(shown, of_block, n_delays) for of_block in wanted])
    enough = np.maximum(np.ceil(number * (_EACH + _OVERLAP * number / possible)), _LEAST)
    if not number.any() or enough[number > 0].mean() > _MOST * possible:
        return None
    return enough.astype(np.int64)
