"""The adaptive exponential integrate-and-fire neuron.

References
----------
R. Brette & W. Gerstner, Adaptive exponential integrate-and-fire model as an effective description
of neuronal activity, J. Neurophysiol. 94 (2005). R. Naud, N. Marcille, C. Clopath & W. Gerstner,
Firing patterns in the adaptive exponential integrate-and-fire model, Biol. Cybern. 99 (2008).
"""

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

# Table 1 of Naud et al. 2008, and the neuron of Brette & Gerstner 2005.
PRESETS = {
    "brette-gerstner": {},
    "tonic": dict(
        c=200, g_l=10, e_l=-70, v_t=-50, delta_t=2, a=2, tau_w=30, b=0, v_r=-58, upswing=10
    ),
    "adapting": dict(
        c=200, g_l=12, e_l=-70, v_t=-50, delta_t=2, a=2, tau_w=300, b=60, v_r=-58, upswing=10
    ),
    "initial-burst": dict(
        c=130, g_l=18, e_l=-58, v_t=-50, delta_t=2, a=4, tau_w=150, b=120, v_r=-50, upswing=10
    ),
    "bursting": dict(
        c=200, g_l=10, e_l=-58, v_t=-50, delta_t=2, a=2, tau_w=120, b=100, v_r=-46, upswing=10
    ),
    "irregular": dict(
        c=100, g_l=12, e_l=-60, v_t=-50, delta_t=2, a=-11, tau_w=130, b=30, v_r=-48, upswing=10
    ),
    "transient": dict(
        c=100, g_l=10, e_l=-65, v_t=-50, delta_t=2, a=10, tau_w=90, b=100, v_r=-47, upswing=10
    ),
    "delayed": dict(
        c=100, g_l=10, e_l=-65, v_t=-50, delta_t=2, a=-10, tau_w=90, b=30, v_r=-47, upswing=10
    ),
}


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
        timescale="c / g_l",
        presets=PRESETS,
        requires=(
            (lambda p: p["e_l"] < p["v_t"], "the resting potential e_l has to lie below v_t"),
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
