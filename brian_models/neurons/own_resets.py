"""The leaky integrate-and-fire neuron that its own spikes alone reset, as networks trained elsewhere have it.

Why its spikes are the same at any dt that divides the step stands in `docs/background/dynamics.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brian2 import second

from wmdelays import neurons
from wmdelays.brian_models.neurons.model import Brian2Neuron
from wmdelays.neurons.lif import time_constant

if TYPE_CHECKING:
    from wmdelays.memory import Memory

# A neuron that is left above threshold would fire again in the next tick, so it waits for a period, which is
# a step. What is to be taken off the membrane of the next step is taken at the spike: `taken` is larger
# than that, as it leaks with the membrane.
_EQUATIONS = """
dv/dt = -v / tau : 1
fires = v >= theta and timestep(t - last, dt) >= timestep(period, dt) : boolean
last : second
tau : second (constant)
theta : 1 (constant)
taken : 1 (constant)
forgets : 1 (shared, constant)
deaf : 1 (shared, constant)
period : second (shared, constant)
"""
# A spike that a cue forces resets nothing.
_RESET = """
own = int(fires)
v = v * (1 - forgets * own) - taken * own
last = own * t + (1 - own) * last
"""
_ARRIVAL = "v_post += w * (1 - deaf * int(timestep(t - last_post, dt) == timestep(period, dt)))"


def own_resetting_lif(memory: Memory) -> Brian2Neuron:
    """The neurons of a memory whose own spikes reset them, in the terms of Brian2.

    Parameters
    ----------
    memory : Memory
        With an `own_reset`.

    Returns
    -------
    Brian2Neuron
        With the parameters of this memory.
    """
    beta, reset = memory.each("beta"), memory.own_reset

    def quantities(_model, _values, step):
        return {
            "tau": time_constant(beta, step) * second,
            "theta": memory.each("theta"),
            "taken": memory.each("reset_by") / beta,
            "forgets": float(reset.forgets),
            "deaf": float(reset.deaf),
            "period": step * second,
        }

    return Brian2Neuron(
        neurons.LIF,
        equations=_EQUATIONS,
        reset=_RESET.strip(),
        arrival=_ARRIVAL,
        rest={"v": "0", "last": "-2 * period"},
        method="exact",
        quantities=quantities,
        resets_while_clamped=True,
    )
