"""The leaky integrate-and-fire neuron of the network in discrete time."""

from dataclasses import replace

from brian2 import second

from wmdelays import neurons
from wmdelays.brian_models.neurons.continuous import brian2_neuron
from wmdelays.neurons.lif import LIF_IN_CONTINUOUS_TIME, time_constant


def _quantities(model, values, step):
    return {"tau": time_constant(values["beta"], step) * second, "theta": values["theta"]}


def _in_discrete_time(differing=frozenset()):
    # The network in discrete time knows no reset while it is clamped.
    return replace(
        brian2_neuron(LIF_IN_CONTINUOUS_TIME, differing),
        model=neurons.LIF,
        quantities=_quantities,
        resets_while_clamped=False,
    )


LIF = _in_discrete_time()
# Each neuron has its own beta and theta.
HETEROGENEOUS_LIF = _in_discrete_time(frozenset({"tau", "theta"}))
