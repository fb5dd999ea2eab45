"""The neuron models by name."""

from __future__ import annotations

from wmdelays.brian_models.neurons.lif import LIF
from wmdelays.brian_models.neurons.model import Brian2Neuron
from wmdelays.errors import InputError

NEURONS = {model.name: model for model in (LIF,)}


def neuron_model(neuron: str | Brian2Neuron) -> Brian2Neuron:
    """The model of that name; a model of one's own is given back as it is.

    Parameters
    ----------
    neuron : str or Brian2Neuron

    Returns
    -------
    Brian2Neuron

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if isinstance(neuron, Brian2Neuron):
        return neuron
    if not isinstance(neuron, str) or neuron not in NEURONS:
        raise InputError(f"there is no neuron {neuron!r}; there is {', '.join(NEURONS)}")
    return NEURONS[neuron]
