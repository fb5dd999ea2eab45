"""The formulas with which Brian2 integrates a model."""

from functools import lru_cache

from brian2 import get_unit
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import StateUpdateMethod

from wmdelays.brian_models.neurons.continuous import brian2_neuron
from wmdelays.brian_models.neurons.model import dimension
from wmdelays.neurons.model import UNITS


@lru_cache(maxsize=64)
def tick_formulas(model):
    """What Brian2 computes in a tick of integration.

    Parameters
    ----------
    model : ContinuousNeuron

    Returns
    -------
    dict of str to (str, str)
        For each state the expression that gives it after a tick, of states, parameters and ``dt`` in
        units of the SI, and the state's unit in the model, one of `wmdelays.neurons.model.UNITS`.
    """
    equations = Equations(brian2_neuron(model).equations)
    variables = {name: None for name in equations.names}
    code = StateUpdateMethod.apply_stateupdater(equations, variables, model.method)
    lines = dict(line.split(" = ", 1) for line in code.splitlines())
    units = {dimension(unit): unit for unit in UNITS}
    return {
        state: (lines[f"_{state}"], units[repr(get_unit(equations.dimensions[state]))])
        for state in model.states
    }
