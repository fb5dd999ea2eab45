"""When a network is large, and how much memory learning takes then.

The numbers of bytes were measured, see benchmarks/large.py; they are within a factor of two of the
peak.
"""

from wmdelays.machine.scratch import in_memory
from wmdelays.training.rules.room import COLUMNS, bytes_in_order

# From so many possible synapses of a neuron on, 5,000 neurons with 41 delays, those that it is to have are
# chosen before it learns.
_MANY = 200_000
# Of each synapse that is learned: a place, a weight and a sign; and how many there can be at most for each
# spike in the contexts of stored spikes: by those at its step and in the steps beside it.
CHOSEN, _FOUND = 9, 3
# Of each neuron and of each spike in each sequence that is shown, and in how many epochs together; about
# how many sequences of a pattern an epoch shows beside those whose trigger is damaged, and how many of
# them whole.
_NEURON, _SPIKE, _EPOCHS, _SEQUENCES, _WHOLE = 4, 12, 5, 8, 6


def is_large(n_neurons, n_delays, options):
    """Whether there are to be a few of so many possible synapses that they are chosen first."""
    few = options["max_synapses"] is not None and options["prune"] != "recall"
    return few and n_neurons * n_delays > _MANY


def most_chosen(sizes, n_delays, max_synapses):
    """How many synapses are chosen at most, about."""
    in_a_context = sizes.n_spikes / (sizes.n_patterns * sizes.n_steps) * n_delays
    return min(sizes.n_neurons * max_synapses, _FOUND * sizes.n_spikes * in_a_context)


def large_needs(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    n_synapses = most_chosen(sizes, n_delays, options["max_synapses"])
    n_sequences = sizes.n_patterns * (_SEQUENCES + options["presentations"])
    # A sequence with a damaged trigger ends when that has left the context.
    short = options["presentations"] * min(2 * n_delays / sizes.n_steps, 1)
    n_shown = sizes.n_spikes * (_WHOLE + short)
    shown = _EPOCHS * (_NEURON * n_sequences * sizes.n_neurons + _SPIKE * n_shown)
    return in_memory(CHOSEN * n_synapses) + bytes_in_order(n_synapses) + shown


def large_on_disk(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    return (CHOSEN + COLUMNS) * most_chosen(sizes, n_delays, options["max_synapses"])
