"""The neuron models by name."""

from __future__ import annotations

import copyreg
import pickle

from wmdelays.errors import InputError
from wmdelays.neurons.adex import ADEX, ADEX_EXP
from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.integrate_and_fire import LIF_ALPHA, LIF_COND, LIF_EXP
from wmdelays.neurons.izhikevich import IZHIKEVICH, IZHIKEVICH_EXP
from wmdelays.quantities import shortened

NEURONS = {
    one.name: one
    for one in (LIF_EXP, LIF_ALPHA, LIF_COND, ADEX, ADEX_EXP, IZHIKEVICH, IZHIKEVICH_EXP)
}


def neuron_model(neuron: str | ContinuousNeuron) -> ContinuousNeuron:
    """The model in continuous time of that name; a model of one's own is given back as it is.

    Parameters
    ----------
    neuron : str or ContinuousNeuron

    Returns
    -------
    ContinuousNeuron

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> from wmdelays.neurons import neuron_model
    >>> neuron_model("adex").threshold
    'v >= v_t + upswing'
    """
    if isinstance(neuron, ContinuousNeuron):
        return neuron
    if not isinstance(neuron, str) or neuron not in NEURONS:
        raise InputError(
            f"there is no neuron {shortened(neuron)} in continuous time; there is"
            f" {', '.join(NEURONS)}"
        )
    return NEURONS[neuron]


def _reduced(model):
    if NEURONS.get(model.name) is model:
        return neuron_model, (model.name,)
    return model.__reduce_ex__(pickle.DEFAULT_PROTOCOL)


# In another process each of them is itself too, with all that has been derived from it there.
copyreg.pickle(ContinuousNeuron, _reduced)
