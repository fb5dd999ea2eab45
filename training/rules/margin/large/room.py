"""When a network is large, and how much memory learning takes then.

The numbers of bytes were measured, see benchmarks/large.py; they are within a factor of two of the
peak.
"""

# From so many possible synapses of a neuron on, 5,000 neurons with 41 delays, those that it is to have are
# chosen before it learns.
_MANY = 200_000
# Of each synapse, until it stands in a memory; and of each neuron in each sequence that is shown, in how
# many epochs together, and about how many sequences of a pattern an epoch shows.
_SYNAPSE, _SHOWN, _EPOCHS, _SEQUENCES = 90, 4, 5, 8


def is_large(n_neurons, n_delays, options):
    """Whether there are to be a few of so many possible synapses that they are chosen first."""
    few = options["max_synapses"] is not None and options["prune"] != "recall"
    return few and n_neurons * n_delays > _MANY


def large_needs(sizes, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    n_sequences = sizes.n_patterns * (_SEQUENCES + options["presentations"])
    shown = _SHOWN * _EPOCHS * n_sequences * sizes.n_neurons
    return _SYNAPSE * sizes.n_neurons * options["max_synapses"] + shown
