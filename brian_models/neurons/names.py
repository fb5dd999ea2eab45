"""The neuron models by name."""

from wmdelays.brian_models.neurons.lif import LIF
from wmdelays.errors import InputError

NEURONS = {"lif": LIF}


def neuron_model(name):
    """The model of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in NEURONS:
        raise InputError(f"there is no neuron {name!r}; there is {', '.join(NEURONS)}")
    return NEURONS[name]
