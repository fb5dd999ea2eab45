"""Models in continuous time in the terms of Brian2, which takes their equations as they are."""

from functools import lru_cache

from wmdelays.brian_models.neurons.model import Brian2Neuron, dimension


@lru_cache(maxsize=64)
def brian2_neuron(model, differing=frozenset(), moving=None):
    """A model in the terms of Brian2.

    Parameters
    ----------
    model : ContinuousNeuron
    differing : frozenset of str
        The parameters in which neurons differ from each other.
    moving : str, optional
        A parameter that changes as time goes on.

    Returns
    -------
    Brian2Neuron
    """
    flags = dict.fromkeys(differing, " (constant)") | {moving: ""}
    parameters = [
        f"{one.name} : {dimension(one.unit)}{flags.get(one.name, ' (shared, constant)')}"
        for one in model.parameters
    ]
    fires = f"fires = {model.threshold} : boolean"
    return Brian2Neuron(
        model,
        equations="\n".join((model.equations, fires, *parameters)) + "\n",
        reset=model.reset,
        arrival=arrival(model),
        rest=model.rest,
        method=model.method,
        weight_unit=model.weight_unit,
        refractory=model.refractory,
        resets_while_clamped=True,
    )


def arrival(model, weight="w", states=None):
    """What an arrival does to the postsynaptic neuron.

    Parameters
    ----------
    model : ContinuousNeuron
    weight : str
        The weight that arrives.
    states : mapping of str to str, optional
        What stands for a state, by its name.

    Returns
    -------
    str
    """
    excitatory, inhibitory = (
        (states or {}).get(state, state) for state in (model.excitatory, model.inhibitory)
    )
    if model.is_signed:
        return f"{excitatory}_post += {weight}"
    unit = dimension(model.weight_unit)
    none = "0" if unit == "1" else f"0 * {unit}"
    return (
        f"{excitatory}_post += {weight} * int(w > {none})\n"
        f"{inhibitory}_post -= {weight} * int(w < {none})"
    )
