"""What a neuron model is to Brian2."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class NeuronModel:
    """A neuron model as Brian2 reads it.

    Attributes
    ----------
    equations : str
        Differential equations and parameters. They define `fires`, a boolean that says whether the
        neuron is at its threshold.
    reset : str
        What a spike does to the neuron that emits it.
    arrival : str
        What a spike that arrives at a synapse of weight w does to the postsynaptic neuron.
    rest : str
        What puts the postsynaptic neuron of a synapse to rest, as if nothing had ever happened.
    parameters : callable
        The values of the shared parameters for a Memory, as a dict of quantities.
    method : str
        How Brian2 integrates the equations.
    """

    equations: str
    reset: str
    arrival: str
    rest: str
    parameters: Callable
    method: str
