"""The neuron of the network in discrete time.

Its equation stands in `wmdelays.training.discrete` in steps, and here in continuous time.
"""

import numpy as np

from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.model import NeuronModel, Parameter

# Threshold and weights (in its unit) stay this far inside double precision, so that no membrane can
# overflow.
RANGE = 1e9

LIF = NeuronModel(
    "lif",
    "leaky integrate-and-fire: the membrane decays, and what arrives is added to it",
    (
        Parameter("beta", "1", 0.7, "what is left of the membrane after a step", 0, 1, False),
        Parameter("theta", "1", 1.0, "threshold", 1 / RANGE, RANGE),
    ),
    held=("beta", "theta"),
)

# Between two arrivals the membrane only decays towards zero, so it reaches threshold at arrivals
# alone, which come on the grid of training steps. That is why any tick that divides the step gives
# the spikes of
#
#     u_j(t) = beta * u_j(t-1) * (1 - e_j(t-1)) + sum over i, d of W[j,i,d] * e_i(t-d)
#     s_j(t) = u_j(t) >= theta
#
# with u in the place of v after the arrivals of step t.
LIF_IN_CONTINUOUS_TIME = ContinuousNeuron(
    LIF.name,
    LIF.help,
    (
        Parameter("tau", "ms", 2.8, "time constant of the membrane", 0, inclusive=False),
        LIF.parameters[1],
    ),
    equations="dv/dt = -v / tau : 1",
    threshold="v >= theta",
    reset="v = 0",
    rest={"v": "0"},
    excitatory="v",
    inhibitory="v",
    method="exact",
    timescale="tau",
)


def time_constant(beta, step):
    """The time constant of membranes that keep the part beta of themselves in a step, in its unit."""
    return -step / np.log(beta)
