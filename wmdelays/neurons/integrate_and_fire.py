"""The leaky integrate-and-fire neuron with synapses that take their time.

References
----------
L. Lapicque, Recherches quantitatives sur l'excitation électrique des nerfs traitée comme une
polarisation, J. Physiol. Pathol. Gen. 9 (1907). W. Gerstner, W. M. Kistler, R. Naud & L. Paninski,
Neuronal Dynamics, Cambridge University Press (2014), chapters 1 and 3.
"""

from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.model import Parameter
from wmdelays.neurons.synapses import alpha_currents, conductances, currents

_MEMBRANE = (
    Parameter("c", "pF", 200.0, "capacitance of the membrane", 0, inclusive=False),
    Parameter(
        "g_l", "nS", 10.0, "leak conductance; c / g_l is the time constant", 0, inclusive=False
    ),
    Parameter("e_l", "mV", -70.0, "resting potential"),
    Parameter("theta", "mV", -50.0, "threshold"),
    Parameter("v_r", "mV", -60.0, "potential after a spike"),
    Parameter("t_ref", "ms", 2.0, "refractory period", 0),
)
_BELOW = (
    (lambda p: p["e_l"] < p["theta"], "the resting potential e_l has to lie below theta"),
    (lambda p: p["v_r"] < p["theta"], "the potential after a spike v_r has to lie below theta"),
)
_APART = (
    lambda p: abs(p["tau_s"] * p["g_l"] / p["c"] - 1) > 1e-3,
    "tau_s is the membrane's time constant c / g_l, where the exact integration has no value;"
    " take another by a hundredth",
)


def _neuron(name, help, synapses, method, requires):
    return ContinuousNeuron(
        name,
        help,
        (*_MEMBRANE, *synapses.parameters),
        equations="dv/dt = (g_l * (e_l - v) + i_syn) / c : volt (unless refractory)\n"
        + synapses.equations,
        threshold="v >= theta",
        reset="v = v_r",
        rest={"v": "e_l", **synapses.rest},
        excitatory=synapses.excitatory,
        inhibitory=synapses.inhibitory,
        weight_unit=synapses.unit,
        method=method,
        refractory="t_ref",
        timescale="c / g_l",
        requires=requires,
        source="Gerstner, Kistler, Naud & Paninski 2014",
    )


LIF_EXP = _neuron(
    "lif-exp",
    "leaky integrate-and-fire, synaptic currents that decay exponentially",
    currents(),
    "exact",
    (*_BELOW, _APART),
)
LIF_ALPHA = _neuron(
    "lif-alpha",
    "leaky integrate-and-fire, synaptic currents that rise and decay as an alpha function",
    alpha_currents(),
    "exact",
    (*_BELOW, _APART),
)
LIF_COND = _neuron(
    "lif-cond",
    "leaky integrate-and-fire, excitatory and inhibitory conductances that decay exponentially",
    conductances(),
    "exponential_euler",
    (
        *_BELOW,
        (lambda p: p["e_e"] > p["theta"], "excitation needs a reversal potential above theta"),
        (lambda p: p["e_i"] < p["theta"], "inhibition needs a reversal potential below theta"),
    ),
)
