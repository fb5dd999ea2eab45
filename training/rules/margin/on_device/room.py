"""How many blocks of neurons have the memory of a device to learn at once."""

import numpy as np
import torch

from wmdelays.errors import InputError, parameter
from wmdelays.machine.free_memory import free_memory, in_words
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.teacher_forcing import reach

# Of each weight of a block, with where it may be; more of it where gradients are kept.
_WEIGHT, _GRADIENT = 5, 4
# Of each entry of a context and lane, in all operators of a step together; of each step and lane of a
# sequence.
_ENTRY, _STEP = 40, 48
# The part of the free memory that is taken, since more is lost between what is asked for.
_PART = 0.8


def n_together(of_blocks, n_blocks):
    """How many blocks of neurons can learn at once on a device.

    Parameters
    ----------
    of_blocks : wmdelays.training.rules.margin.on_device.learner.DeviceBlockLearner
    n_blocks : int
        How many there are.

    Returns
    -------
    int
        From 1 to `n_blocks`.

    Raises
    ------
    InputError
        If there is no memory for one.
    """
    free, needed = _PART * free_bytes(of_blocks.device), bytes_of_a_block(of_blocks)
    if needed > free:
        raise InputError(
            f"a block of {BLOCK} neurons needs about {in_words(needed)} of memory on"
            f" {of_blocks.device}, and {in_words(free)} are free; take fewer neurons or delays, or leave"
            f" out {parameter('learn_on')}"
        )
    return int(max(1, min(n_blocks, free // needed)))


def free_bytes(device):
    """How much memory is free on a device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return free_memory()


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
