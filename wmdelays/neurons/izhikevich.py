"""Izhikevich's simple model.

References
----------
E. M. Izhikevich, Simple model of spiking neurons, IEEE Trans. Neural Netw. 14 (2003).
"""

import math

from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.model import Parameter
from wmdelays.neurons.synapses import conductances, currents

_MEMBRANE = (
    Parameter("a", "1/ms", 0.02, "rate of recovery", 0, inclusive=False),
    Parameter("b", "1", 0.2, "how far recovery follows the membrane"),
    Parameter("v_r", "mV", -65.0, "potential after a spike; the paper's c"),
    Parameter("d", "mV", 8.0, "step of recovery by a spike"),
    Parameter("v_peak", "mV", 30.0, "potential at which a spike counts"),
    Parameter("v_b", "mV", -55.0, "potential from which on learning takes a spike to begin"),
    Parameter("t_ref", "ms", 2.0, "refractory period, which the paper does not have", 0),
)

# Figure 2 of the paper: regular spiking, intrinsically bursting, chattering, fast spiking,
# low-threshold spiking, thalamo-cortical, resonator.
PRESETS = {
    "RS": dict(a=0.02, b=0.2, v_r=-65, d=8),
    "IB": dict(a=0.02, b=0.2, v_r=-55, d=4),
    "CH": dict(a=0.02, b=0.2, v_r=-50, d=2),
    "FS": dict(a=0.1, b=0.2, v_r=-65, d=2),
    "LTS": dict(a=0.02, b=0.25, v_r=-65, d=2),
    "TC": dict(a=0.02, b=0.25, v_r=-65, d=0.05),
    "RZ": dict(a=0.1, b=0.26, v_r=-65, d=2),
}

# Where the neuron rests without input: 0.04 v^2 + (5 - b) v + 140 = 0, the lower root.
_LARGEST_B = 5 - math.sqrt(22.4)
_REST = "(b - 5 - sqrt((5 - b)**2 - 22.4)) / 0.08 * mV"


def _neuron(name, help, synapses):
    return ContinuousNeuron(
        name,
        help,
        (*_MEMBRANE, *synapses.parameters),
        equations="dv/dt = (0.04 / mV * v**2 + 5 * v + 140 * mV - u + i_syn) / ms : volt"
        " (unless refractory)\n"
        "du/dt = a * (b * v - u) : volt\n" + synapses.equations,
        threshold="v >= v_peak",
        reset="v = v_r\nu += d",
        rest={"v": _REST, "u": f"b * {_REST}", **synapses.rest},
        excitatory=synapses.excitatory,
        inhibitory=synapses.inhibitory,
        weight_unit=synapses.unit,
        method="euler",
        refractory="t_ref",
        bound="v_b",
        lead=4.5,
        timescale="10 * ms",
        presets=PRESETS,
        requires=(
            (
                lambda p: p["b"] < _LARGEST_B,
                "without input the neuron does not rest: b has to be less than 0.267",
            ),
            (
                lambda p: p["b"] - math.sqrt((5 - p["b"]) ** 2 - 22.4) < p["a"],
                "without input the neuron does not rest: a is too small for this b",
            ),
            (
                lambda p: p["v_r"] < p["v_peak"],
                "the potential after a spike v_r has to lie below v_peak",
            ),
        ),
        source="Izhikevich 2003",
    )


IZHIKEVICH = _neuron(
    "izhikevich",
    "Izhikevich's simple model, with conductances that decay exponentially",
    conductances("1"),
)
IZHIKEVICH_EXP = _neuron(
    "izhikevich-exp",
    "Izhikevich's simple model, with synaptic currents that decay exponentially",
    currents("mV"),
)
