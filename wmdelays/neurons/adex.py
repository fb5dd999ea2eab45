"""The adaptive exponential integrate-and-fire neuron.

References
----------
R. Brette & W. Gerstner, Adaptive exponential integrate-and-fire model as an effective description
of neuronal activity, J. Neurophysiol. 94 (2005). R. Naud, N. Marcille, C. Clopath & W. Gerstner,
Firing patterns in the adaptive exponential integrate-and-fire model, Biol. Cybern. 99 (2008).
"""

import math

from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.model import Parameter
from wmdelays.neurons.synapses import conductances, currents

_MEMBRANE = (
    Parameter("c", "pF", 281.0, "capacitance of the membrane", 0, inclusive=False),
    Parameter("g_l", "nS", 30.0, "leak conductance", 0, inclusive=False),
    Parameter("e_l", "mV", -70.6, "leak reversal potential"),
    Parameter("v_t", "mV", -50.4, "threshold of the upswing"),
    Parameter("delta_t", "mV", 2.0, "how gradually the upswing begins", 0, inclusive=False),
    Parameter("tau_w", "ms", 144.0, "time constant of adaptation", 0, inclusive=False),
    Parameter("a", "nS", 4.0, "adaptation below threshold"),
    Parameter("b", "pA", 80.5, "adaptation by a spike"),
    Parameter("v_r", "mV", -70.6, "potential after a spike"),
    Parameter(
        "upswing", "mV", 10.0, "height above v_t at which a spike counts", 0, inclusive=False
    ),
    Parameter("t_ref", "ms", 2.0, "refractory period", 0),
)

# Of Brette & Gerstner 2005, and two other kinds of neuron with the same membrane, as Brian2's
# example of the paper has them (examples/frompapers/Brette_Gerstner_2005.py).
_BRETTE_GERSTNER = {
    "regular": {},
    "bursting": dict(tau_w=20, b=500, v_r=-45.4),
    "fast-spiking": dict(a=2 * 281 / 144, b=0),
}

# Table 1 of Naud et al. 2008. The row "transient" is that of P. Müller (Distortions of neural network
# models induced by their emulation on neuromorphic hardware, Diploma thesis, Heidelberg 2011), which
# Brian2's example of the paper has too: as printed it does not give the paper's figure. The row
# "delayed regular bursting" is left out: as printed it does not burst (b = 0), and as Müller has it
# (a = -g_l) the neuron does not rest without input.
_NAUD = {
    "tonic": dict(c=200, g_l=10, e_l=-70, a=2, tau_w=30, b=0, v_r=-58),
    "adapting": dict(c=200, g_l=12, e_l=-70, a=2, tau_w=300, b=60, v_r=-58),
    "initial-burst": dict(c=130, g_l=18, e_l=-58, a=4, tau_w=150, b=120, v_r=-50),
    "regular-bursting": dict(c=200, g_l=10, e_l=-58, a=2, tau_w=120, b=100, v_r=-46),
    "delayed-accelerating": dict(c=200, g_l=12, e_l=-70, a=-10, tau_w=300, b=0, v_r=-58),
    "transient": dict(c=100, g_l=10, e_l=-65, a=10, tau_w=90, b=100, v_r=-47),
    "irregular": dict(c=100, g_l=12, e_l=-60, a=-11, tau_w=130, b=30, v_r=-48),
}
PRESETS = _BRETTE_GERSTNER | {
    name: dict(v_t=-50, delta_t=2, **values) for name, values in _NAUD.items()
}


def _rests(p):
    """Whether the current at which the neuron begins to fire (its rheobase) is more than zero."""
    if p["a"] <= -p["g_l"]:
        return False
    return p["v_t"] - p["e_l"] > p["delta_t"] * (1 - math.log1p(p["a"] / p["g_l"]))


def _neuron(name, help, synapses):
    return ContinuousNeuron(
        name,
        help,
        (*_MEMBRANE, *synapses.parameters),
        equations="dv/dt = (g_l * (e_l - v) + g_l * delta_t * exp((v - v_t) / delta_t) - w_ad + i_syn)"
        " / c : volt (unless refractory)\n"
        "dw_ad/dt = (a * (v - e_l) - w_ad) / tau_w : amp\n" + synapses.equations,
        threshold="v >= v_t + upswing",
        reset="v = v_r\nw_ad += b",
        rest={"v": "e_l", "w_ad": "0 * pA", **synapses.rest},
        excitatory=synapses.excitatory,
        inhibitory=synapses.inhibitory,
        weight_unit=synapses.unit,
        method="euler",
        refractory="t_ref",
        bound="v_t",
        lead=2.5,
        timescale="c / g_l",
        presets=PRESETS,
        requires=(
            (lambda p: p["e_l"] < p["v_t"], "the resting potential e_l has to lie below v_t"),
            (
                _rests,
                "without input the neuron does not rest: a is too far below zero, or e_l too near v_t",
            ),
            (
                lambda p: p["v_r"] < p["v_t"] + p["upswing"],
                "the potential after a spike v_r has to lie below v_t + upswing",
            ),
        ),
        source="Brette & Gerstner 2005",
    )


ADEX = _neuron(
    "adex",
    "adaptive exponential integrate-and-fire, with conductances that decay exponentially",
    conductances(),
)
ADEX_EXP = _neuron(
    "adex-exp",
    "adaptive exponential integrate-and-fire, with synaptic currents that decay exponentially",
    currents(),
)
