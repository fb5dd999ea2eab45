"""What a neuron model is to Brian2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brian2 import get_unit, ms, mV, nS, pA, pF
from brian2.units.fundamentalunits import get_dimensions

from wmdelays.neurons import NeuronModel

if TYPE_CHECKING:
    from wmdelays.memory import Memory


_UNITS = {"1": 1, "ms": ms, "1/ms": 1 / ms, "mV": mV, "nS": nS, "pF": pF, "pA": pA}


def with_units(model, values, step):
    """The parameters of a model as Brian2's quantities, under their own names.

    Parameters
    ----------
    model : NeuronModel
    values : dict of str to float
        The value of each parameter.
    step : float
        The memory's step in seconds.

    Returns
    -------
    dict of str to Quantity or float
    """
    return {one.name: in_unit(values[one.name], one.unit) for one in model.parameters}


def in_unit(value, unit):
    """A number, or an array of them, as Brian2's quantity."""
    return value * _UNITS[unit]


@dataclass(frozen=True)
class Brian2Neuron:
    """A neuron model in the terms of Brian2.

    An object of this class can stand wherever the name of a neuron model can: in `recall`,
    `expand`, `play` and `choose_device`, and in ``wmdelays.compare``.

    Parameters
    ----------
    model : NeuronModel
        Its name and its parameters.
    equations : str
        Differential equations, and one ``name : unit (shared, constant)`` for each parameter. They
        define ``fires``, a boolean that says whether the neuron is at its threshold; a refractory
        period belongs in there too, since a cue makes neurons fire at any time.
    reset : str
        What a spike does to the neuron that emits it.
    arrival : str
        What a spike that arrives at a synapse of weight ``w`` does to the postsynaptic neuron.
    rest : mapping of str to str
        The value of each variable of the neuron at rest, as if nothing had ever happened. It may
        name parameters.
    method : str
        How Brian2 integrates the equations.
    quantities : callable
        ``quantities(model, values, step)``: the parameters that the equations name. By default
        those of the model in their units, see `with_units`.
    weight_unit : str
        The unit of weights, one of `wmdelays.neurons.model.UNITS`.
    refractory : str, optional
        What Brian2 takes as the refractory period of a group. A cue makes a neuron fire all the same.
    resets_while_clamped : bool
        Whether a neuron that reaches its threshold while a cue clamps the network is reset, without
        sending anything. Otherwise its membrane goes on.
    after_integration, after_arrivals : str
        What else a neuron does in each tick, before and after its arrivals.
    also_sent : str
        A condition under which a neuron's synapses hear a spike that it does not emit.
    synapse_variables : str
        Equations of synapses, beside the weight.
    """

    model: NeuronModel
    equations: str
    reset: str
    arrival: str
    rest: Mapping
    method: str
    quantities: Callable = with_units
    weight_unit: str = "1"
    refractory: str | None = None
    resets_while_clamped: bool = False
    after_integration: str = ""
    after_arrivals: str = ""
    also_sent: str = ""
    synapse_variables: str = ""

    @property
    def name(self) -> str:
        """What users call the model."""
        return self.model.name

    def parameters(self, memory: Memory) -> dict:
        """The values of the shared parameters for a memory, as a dict of Brian2's quantities."""
        return self.quantities(self.model, self.model.values(memory), memory.step)

    @property
    def unit_of_weights(self):
        """The unit of weights as Brian2 has it."""
        return _UNITS[self.weight_unit]

    @property
    def to_rest(self) -> str:
        """What puts the postsynaptic neuron of a synapse to rest, as statements."""
        return "\n".join(f"{variable}_post = {value}" for variable, value in self.rest.items())


def dimension(unit):
    """What stands behind the colon of an equation for a quantity of that unit, such as ``volt``."""
    return repr(get_unit(get_dimensions(_UNITS[unit])))


def put_to_rest(neurons, model):
    """Set the variables of a NeuronGroup, whose parameters are set already, to their rest."""
    for variable, value in model.rest.items():
        # That is where Brian2's variables begin.
        if value.split()[0] != "0":
            setattr(neurons, variable, value)
