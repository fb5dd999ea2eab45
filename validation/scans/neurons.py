"""Neurons in continuous time in the settings of scans."""

from __future__ import annotations

from wmdelays.errors import InputError, parameter
from wmdelays.neurons import Neurons, neuron_model, neurons_of
from wmdelays.neurons.specification import parameter_value

# The name of what a setting has for them, and that of their tick, in ms, where it is another one.
NEURON, TICK = "neuron", "dt_ms"
_DT_MS = 0.1


def neuron_values(given: dict, taken: set) -> dict:
    """What a setting has of its neurons in continuous time: their name, tick and parameters.

    Parameters
    ----------
    given : dict
        All that is given, by name, maybe as text; `neuron` is a specification, see
        `wmdelays.neurons.neurons_of`.
    taken : set of str
        What else of the setting has a name.

    Returns
    -------
    dict
        Parameters in their units. Empty for the network in discrete time.

    Raises
    ------
    InputError
        If there are no such neurons, or a parameter has the name of something else.
    """
    if NEURON not in given:
        if TICK in given:
            raise InputError(
                "the tick is that of neurons in continuous time; name them"
                f" ({parameter('neuron', '--for')})"
            )
        return {}
    name = str(given[NEURON])
    model = neuron_model(name.partition(":")[0])
    own = {one.name for one in model.parameters}
    for clash in sorted(own & taken):
        raise InputError(
            f"{clash} is a parameter of {model.name} and of something else that is set here"
        )
    try:
        tick = float(given.get(TICK, _DT_MS))
    except ValueError:
        raise InputError(f"{TICK} has to be a number of ms, not {given[TICK]!r}") from None
    values = dict(parameter_value(model, f"{k}={given[k]}") for k in sorted(own & given.keys()))
    found = {NEURON: name, TICK: tick} | values
    neurons_in(found, 1)
    return found


def neurons_in(setting: dict, n_neurons: int) -> Neurons | None:
    """The neurons of a setting; None for the network in discrete time."""
    if NEURON not in setting:
        return None
    model = neuron_model(setting[NEURON].partition(":")[0])
    own = [one.name for one in model.parameters if one.name in setting]
    settings = [f"{name}={setting[name]!r}" for name in own]
    return neurons_of(setting[NEURON], n_neurons, setting[TICK] * 1e-3, settings)


def names_of_neurons(setting: dict) -> set:
    """The names of what a setting has of its neurons."""
    if NEURON not in setting:
        return set()
    model = neuron_model(setting[NEURON].partition(":")[0])
    return {NEURON, TICK} | {one.name for one in model.parameters}
