"""What putting synapses in the order of a memory takes, see `wmdelays.training.rules.in_order`."""

from wmdelays.machine.scratch import in_memory
from wmdelays.synapses import AT_ONCE

# Bytes of a synapse as the columns of a memory, two neurons, a delay and a weight; and while it is put there.
COLUMNS, _ORDERING = 20, 16


def bytes_in_order(n_synapses):
    """How much memory it takes beside the blocks of synapses, about."""
    return in_memory(COLUMNS * n_synapses) + _ORDERING * min(n_synapses, AT_ONCE)
