"""The leaky integrate-and-fire neuron of the network in discrete time."""

from dataclasses import replace

from brian2 import second

from wmdelays import neurons
from wmdelays.brian_models.neurons.continuous import brian2_neuron
from wmdelays.neurons.lif import LIF_IN_CONTINUOUS_TIME, time_constant


def _quantities(model, values, step):
    return {"tau": time_constant(values["beta"], step) * second, "theta": values["theta"]}


# The network in discrete time knows no reset while it is clamped.
LIF = replace(
    brian2_neuron(LIF_IN_CONTINUOUS_TIME),
    model=neurons.LIF,
    quantities=_quantities,
    resets_while_clamped=False,
)
