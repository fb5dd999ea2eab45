"""Models in continuous time in the terms of Brian2, which takes their equations as they are."""

from functools import lru_cache

from wmdelays.brian_models.neurons.model import Brian2Neuron, dimension


@lru_cache(maxsize=64)
def brian2_neuron(model, differing=frozenset()):
    """A model in the terms of Brian2.

    Parameters
    ----------
    model : ContinuousNeuron
    differing : frozenset of str
        The parameters in which neurons differ from each other.

    Returns
    -------
    Brian2Neuron
    """
    parameters = [
        f"{one.name} : {dimension(one.unit)}"
        + (" (constant)" if one.name in differing else " (shared, constant)")
        for one in model.parameters
    ]
    fires = f"fires = {model.threshold} : boolean"
    return Brian2Neuron(
        model,
        equations="\n".join((model.equations, fires, *parameters)) + "\n",
        reset=model.reset,
        arrival=_arrival(model),
        rest=model.rest,
        method=model.method,
        weight_unit=model.weight_unit,
        refractory=model.refractory,
        resets_while_clamped=True,
    )


def _arrival(model):
    if model.is_signed:
        return f"{model.excitatory}_post += w"
    unit = dimension(model.weight_unit)
    none = "0" if unit == "1" else f"0 * {unit}"
    return (
        f"{model.excitatory}_post += w * int(w > {none})\n"
        f"{model.inhibitory}_post -= w * int(w < {none})"
    )
