"""The leaky integrate-and-fire neuron."""

import numpy as np
from brian2 import second

from wmdelays import neurons
from wmdelays.brian_models.neurons.model import Brian2Neuron


def _time_constant(model, values, step):
    # In continuous time the membrane keeps the part beta = exp(-step / tau) of itself in a step.
    return {"tau": -step / np.log(values["beta"]) * second, "theta": values["theta"]}


# Between two arrivals the membrane only decays towards zero, so it reaches threshold at arrivals
# alone, which come on the grid of training steps. That is why any dt that divides the step gives
# the spikes of
#
#     u_j(t) = beta * u_j(t-1) * (1 - e_j(t-1)) + sum over i, d of W[j,i,d] * e_i(t-d)
#     s_j(t) = u_j(t) >= theta
#
# with u in the place of v after the arrivals of step t.
LIF = Brian2Neuron(
    neurons.LIF,
    equations="""
    dv/dt = -v / tau : 1
    fires = v >= theta : boolean
    tau : second (shared, constant)
    theta : 1 (shared, constant)
    """,
    reset="v = 0",
    arrival="v_post += w",
    rest={"v": "0"},
    method="exact",
    quantities=_time_constant,
)
