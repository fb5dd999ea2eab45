"""When a network is large, and how much memory learning takes then.

The numbers of bytes were measured, see benchmarks/large.py.
"""

# From so many possible synapses of a neuron on, 5,000 neurons with 41 delays, those that it is to have are
# chosen before it learns.
_MANY = 200_000


def is_large(n_neurons, n_delays, options):
    """Whether there are to be a few of so many possible synapses that they are chosen first."""
    few = options["max_synapses"] is not None and options["prune"] != "recall"
    return few and n_neurons * n_delays > _MANY
