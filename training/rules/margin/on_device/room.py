"""How much memory of a device a block of neurons needs."""

import numpy as np

from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.teacher_forcing import reach

# Of each weight of a block, with where it may be; more of it where gradients are kept.
_WEIGHT, _GRADIENT = 5, 4
# Of each entry of a context and lane, in all operators of a step together; of each step and lane of a
# sequence.
_ENTRY, _STEP = 40, 48


def bytes_of_a_block(of_blocks):
    """How much a block of neurons needs while it learns."""
    n_delays, first = of_blocks.memory.n_delays, of_blocks.undamaged.first
    # A sequence with noise has hardly more spikes than the pattern it is made of.
    t, own = np.arange(of_blocks.n_steps), first.reshape(-1, of_blocks.n_steps + 1)
    entries = own[:, :-1] - own[:, np.maximum(t - n_delays, 0)]
    n_entries = int(entries.max(initial=1))
    weight = _WEIGHT
    if of_blocks.limits:
        # Neurons that learn once more look back as far as a membrane does.
        n_entries *= 1 + int(reach(np.float32(of_blocks.beta)).max())
        weight += _GRADIENT
    return BLOCK * (weight * of_blocks.n_rows + _ENTRY * n_entries + _STEP * of_blocks.n_steps)
