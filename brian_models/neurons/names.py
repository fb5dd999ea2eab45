"""The neuron models by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wmdelays.brian_models.neurons.continuous import brian2_neuron
from wmdelays.brian_models.neurons.lif import HETEROGENEOUS_LIF, LIF
from wmdelays.brian_models.neurons.model import Brian2Neuron
from wmdelays.brian_models.neurons.own_resets import own_resetting_lif
from wmdelays.errors import InputError
from wmdelays.neurons import NEURONS as IN_CONTINUOUS_TIME
from wmdelays.neurons import ContinuousNeuron

if TYPE_CHECKING:
    from wmdelays.memory import Memory

NEURONS = (LIF.name, *IN_CONTINUOUS_TIME)


def neuron_model(
    neuron: str | Brian2Neuron | ContinuousNeuron | None = None, memory: Memory | None = None
) -> Brian2Neuron:
    """The model of that name in the terms of Brian2; one of one's own is given back as it is.

    Parameters
    ----------
    neuron : str, Brian2Neuron or ContinuousNeuron, optional
        By default that of the memory.
    memory : Memory, optional
        What it is to recall.

    Returns
    -------
    Brian2Neuron

    Raises
    ------
    InputError
        If there is none of that name, or the memory was not learned for it.
    """
    if isinstance(neuron, Brian2Neuron):
        return neuron
    own = None if memory is None else memory.neurons
    if neuron is None:
        neuron = LIF.name if own is None else own.model
    if neuron not in NEURONS and not isinstance(neuron, ContinuousNeuron):
        raise InputError(f"there is no neuron {neuron!r}; there is {', '.join(NEURONS)}")
    if isinstance(neuron, str):
        neuron = IN_CONTINUOUS_TIME.get(neuron, LIF)
    if memory is not None and neuron is not (LIF if own is None else own.model):
        learned = LIF.name if own is None else own.model.name
        raise InputError(f"the memory was learned for {learned}, not for {neuron.name}")
    if neuron is LIF and memory is not None and memory.own_reset is not None:
        return own_resetting_lif(memory)
    if neuron is LIF:
        return HETEROGENEOUS_LIF if memory is not None and memory.is_heterogeneous else LIF
    values = {} if own is None else own.values
    return brian2_neuron(
        neuron, frozenset(name for name, value in values.items() if np.ndim(value))
    )
