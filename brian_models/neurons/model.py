"""What a neuron model is to Brian2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brian2 import Hz, ms, mV, nS, pA, pF

from wmdelays.neurons import NeuronModel

if TYPE_CHECKING:
    from wmdelays.memory import Memory


_UNITS = {"1": 1, "ms": ms, "Hz": Hz, "mV": mV, "nS": nS, "pF": pF, "pA": pA}


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
    return {one.name: values[one.name] * _UNITS[one.unit] for one in model.parameters}


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
    """

    model: NeuronModel
    equations: str
    reset: str
    arrival: str
    rest: Mapping
    method: str
    quantities: Callable = with_units

    @property
    def name(self) -> str:
        """What users call the model."""
        return self.model.name

    def parameters(self, memory: Memory) -> dict:
        """The values of the shared parameters for a memory, as a dict of Brian2's quantities."""
        return self.quantities(self.model, self.model.values(memory), memory.step)

    @property
    def to_rest(self) -> str:
        """What puts the postsynaptic neuron of a synapse to rest, as statements."""
        return "\n".join(f"{variable}_post = {value}" for variable, value in self.rest.items())


def put_to_rest(neurons, model):
    """Set the variables of a NeuronGroup, whose parameters are set already, to their rest."""
    for variable, value in model.rest.items():
        # That is where Brian2's variables begin.
        if value != "0":
            setattr(neurons, variable, value)
