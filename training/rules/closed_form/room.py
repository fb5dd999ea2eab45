"""How much memory the rules `hebbian` and `pseudo-inverse` take.

The numbers of bytes were measured; from small networks to large ones they are within a factor of
two of the peak.
"""

import numpy as np

from wmdelays.machine.scratch import in_memory
from wmdelays.training.rules.room import COLUMNS, bytes_in_order

# Of each synapse that is found: a place and a weight; of each where all weights are kept, until it stands
# in a memory; and of each there could be.
FOUND, _SOLVED, _DENSE = 12, 24, 4
# Of each spike and delay in the contexts, and of each entry (neuron, step) of a target.
_IN_CONTEXT, _OF_TARGET = 40, 10
# How many neurons' synapses and gains are found together, and of each step of their membranes.
TOGETHER, _MEMBRANE = 256, 32


def most_found(sizes, n_delays, max_synapses=None):
    """How many synapses `hebbian` finds at most, about; `max_synapses` is the most onto a neuron."""
    # A synapse for each spike in the context of each spike.
    in_a_context = sizes.n_spikes / (sizes.n_patterns * sizes.n_steps) * n_delays
    n_synapses = min(sizes.n_spikes * in_a_context, sizes.n_neurons**2 * n_delays)
    if max_synapses is None:
        return n_synapses
    return min(n_synapses, sizes.n_neurons * max_synapses)


def hebbian_needs(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    n_synapses = most_found(sizes, n_delays, options.get("max_synapses"))
    return _of_columns(n_synapses) + _of_both(sizes, n_delays)


def hebbian_on_disk(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    return (FOUND + COLUMNS) * most_found(sizes, n_delays, options.get("max_synapses"))


def pseudo_inverse_needs(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    n_weights = sizes.n_neurons**2 * n_delays
    all_entries = sizes.n_patterns * sizes.n_steps * sizes.n_neurons
    return (
        _SOLVED * _solved(sizes, n_delays)
        + _of_columns(_solved(sizes, n_delays))
        + _DENSE * n_weights
        + _OF_TARGET * all_entries
        + _of_both(sizes, n_delays)
    )


def pseudo_inverse_on_disk(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    return (FOUND + COLUMNS) * _solved(sizes, n_delays)


def _solved(sizes, n_delays):
    """How many synapses the rule `pseudo-inverse` finds, about."""
    # Neurons that spike in some pattern have synapses among them, the others none.
    spiking = sizes.n_neurons * -np.expm1(-sizes.n_spikes / sizes.n_neurons)
    return spiking**2 * n_delays


def _of_columns(n_synapses):
    return in_memory(FOUND * n_synapses) + bytes_in_order(n_synapses)


def _of_both(sizes, n_delays):
    all_steps = sizes.n_patterns * sizes.n_steps
    together = min(sizes.n_neurons, TOGETHER)
    return _IN_CONTEXT * sizes.n_spikes * n_delays + _MEMBRANE * all_steps * together
