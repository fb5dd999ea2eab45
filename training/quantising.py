"""Weights of a few bits, relearned: for memories of any rule in discrete time."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.hardware.grid import LEAST_BITS, MOST_BITS
from wmdelays.quantities import checked_seed, whole
from wmdelays.training.rules.margin.damage import Damage
from wmdelays.training.rules.margin.description import MARGIN
from wmdelays.training.rules.margin.on_grid import relearned
from wmdelays.training.rules.rule import sizes_of
from wmdelays.training.storing import scores_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from wmdelays.memory import Memory

# What a memory's own learning decides. Values of files are checked like those of a user.
_KEPT = ("kappa", "damaged_epochs", "shortest_trigger", *(one.name for one in fields(Damage)))


def quantise(
    memory: Memory,
    bits: int,
    *,
    seed: int = 0,
    progress: Callable[[str, float | None], None] | None = None,
) -> Memory:
    """The same memory with weights of a few bits, relearned on their grid.

    Each weight becomes a whole number from -L to L, L = 2^(bits - 1) - 1, times a scale that its
    postsynaptic neuron has. Half of the weights are put there, the others learn to make up for it,
    half of these are put there, and so on; with the bounds of the rule `margin`. A weight that becomes
    zero is no synapse any more; there are no new ones.

    Parameters
    ----------
    memory : Memory
        In discrete time, all neurons alike, with stored patterns.
    bits : int
        From 2 to 8.
    seed : int
        Seed of the random numbers.
    progress : callable, optional
        ``progress(stage, part)`` is called now and then with what is being done, and the part of it
        that is done.

    Returns
    -------
    Memory
        Its `made` has ``quantised`` and new ``scores`` and ``reached``. Its file is smaller.

    Raises
    ------
    InputError
        If the memory cannot be relearned or a setting makes no sense.

    Examples
    --------
    >>> from wmdelays import bernoulli, quantise, store
    >>> memory = quantise(store(bernoulli(40, 60, 2, rate=0.02), n_delays=15), bits=4)
    >>> memory.made["quantised"], memory.made["scores"]["f1"]
    ({'bits': 4}, 1.0)
    """
    bits, seed = whole("bits", bits, LEAST_BITS, MOST_BITS), checked_seed(seed)
    if memory.neurons is not None:
        raise InputError(
            "the memory is for neurons in continuous time; weights of few bits are learned for the"
            " network in discrete time"
        )
    memory.check_reset("weights of few bits are learned with")
    if not memory.n_patterns or not any(map(len, memory.patterns)):
        raise InputError("the memory holds no spikes that its weights could learn")
    settings = _settings(memory)
    sizes = sizes_of(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    MARGIN.check_room(sizes, memory.n_delays, settings | {"bits": bits})
    found = relearned(memory, bits, settings, seed, progress)
    found.made["scores"] = scores_of(found)
    return found


def _settings(memory):
    """The settings of `margin`: of damage and margin those of the learning, else the defaults.

    Which synapses there are, and their signs, the memory itself says.
    """
    settings = {option.name: option.default for option in MARGIN.options}
    said = memory.made.get("settings") if memory.made.get("rule") == MARGIN.name else None
    if isinstance(said, dict):
        known = {name: said[name] for name in _KEPT if name in said}
        settings |= MARGIN.checked(known, memory.n_delays)
    kappa = settings["kappa"]
    if kappa is None or not 0 < kappa < np.mean(memory.theta):
        settings["kappa"] = float(np.mean(memory.theta)) / 2
    return settings
