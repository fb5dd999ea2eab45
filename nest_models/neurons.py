"""Neurons in continuous time as NEST has them.

NEST's tick is that of the compiled loop: the membrane is integrated, what arrives is added to synapses, a
membrane at its threshold fires. Its models `iaf_psc_exp` and `iaf_psc_alpha` are integrated exactly, as
ours are (A. Rotter & M. Diesmann, Exact digital simulation of time-invariant linear systems with
applications to neuronal modeling, Biol. Cybern. 81, 1999). The others it integrates by a Runge-Kutta-Fehlberg
method of its own, with steps as long as the tick or shorter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.neurons.names import neuron_model

if TYPE_CHECKING:
    from wmdelays.memory import Memory


@dataclass(frozen=True)
class NestNeuron:
    """A model of ours in NEST's terms.

    Attributes
    ----------
    name : str
        NEST's model.
    parameters : callable
        NEST's parameters from the values of ours (dict): floats, or arrays of one for each neuron.
    above : callable
        A membrane potential, in mV: where the membrane can go on by itself while it is held, a threshold
        that it never reaches; else one at which the neuron fires in the next tick, whatever arrives.
    can_be_held : bool
        Whether nothing but the membrane depends on the membrane.
    at_rest : tuple of str
        The states beside the membrane that can be set; they are zero at rest.
    synapses : tuple of str
        Time constants of synapses.
    weight : float
        NEST's weight for one of ours.
    formulas : mapping of str to (str, str), optional
        How NEST computes each of our states after a tick, where it integrates the equations exactly, as
        the compiled loop does, so that the spikes are the same; see `wmdelays.neurons.rounding`.
    """

    name: str
    parameters: Callable
    above: Callable
    at_rest: tuple = ()
    synapses: tuple = ("tau_s",)
    weight: float = 1.0
    can_be_held: bool = True
    formulas: Mapping | None = None

    @property
    def exact(self) -> bool:
        """Whether its spikes are those of the compiled loop."""
        return self.formulas is not None


def _membrane(p):
    return {"C_m": p["c"], "E_L": p["e_l"], "V_th": p["theta"], "V_reset": p["v_r"]}


def _currents(p):
    return {"tau_syn_ex": p["tau_s"], "tau_syn_in": p["tau_s"]}


def _conductances(p):
    return {
        **{"g_L": p["g_l"], "tau_syn_ex": p["tau_e"], "tau_syn_in": p["tau_i"]},
        **{"E_ex": p["e_e"], "E_in": p["e_i"]},
    }


def _psc(p):
    return {**_membrane(p), **_currents(p), "tau_m": p["c"] / p["g_l"]}


def _adapting(p):
    return {
        **{"C_m": p["c"], "g_L": p["g_l"], "E_L": p["e_l"], "V_th": p["v_t"]},
        **{"Delta_T": p["delta_t"], "tau_w": p["tau_w"], "a": p["a"], "b": p["b"]},
        **{"V_reset": p["v_r"], "V_peak": p["v_t"] + p["upswing"]},
    }


def _far_above(p):
    return p["theta"] + 1e6


def _above_peak(p):
    return p["v_t"] + p["upswing"] + 10.0


# What is left of a membrane and of a synapse after a tick, and what of a current moves the membrane by. NEST
# takes differences of exponentials by the function expm1, which rounds less than what stands here.
_LEFT, _DECAYED = "exp(-dt * g_l / c)", "exp(-dt / tau_s)"
_APART = "((c - g_l * tau_s) / (tau_s * c))"
_BY_CURRENT = f"i_syn * ({_LEFT} - {_DECAYED}) / {_APART} / c"
_BY_RISE = f"rise / tau_s * (({_LEFT} - {_DECAYED}) / {_APART}**2 - dt * {_DECAYED} / {_APART}) / c"
_EXP = {
    "v": (f"e_l + (v - e_l) * {_LEFT} + {_BY_CURRENT}", "mV"),
    "i_syn": (f"i_syn * {_DECAYED}", "pA"),
}
_ALPHA = {
    "v": (f"e_l + (v - e_l) * {_LEFT} + {_BY_CURRENT} + {_BY_RISE}", "mV"),
    "i_syn": (f"(i_syn + dt * (rise / tau_s)) * {_DECAYED}", "pA"),
    "rise": (f"rise / tau_s * {_DECAYED} * tau_s", "pA"),
}
# An alpha function is as high as its weight in NEST, and as high as its weight over e here.
NEURONS = {
    "lif-exp": NestNeuron("iaf_psc_exp", _psc, _far_above, formulas=_EXP),
    "lif-alpha": NestNeuron("iaf_psc_alpha", _psc, _far_above, weight=1 / math.e, formulas=_ALPHA),
    "lif-cond": NestNeuron(
        "iaf_cond_exp",
        lambda p: {**_membrane(p), **_conductances(p)},
        _far_above,
        ("g_ex", "g_in"),
        ("tau_e", "tau_i"),
    ),
    "adex": NestNeuron(
        "aeif_cond_exp",
        lambda p: {**_adapting(p), **_conductances(p)},
        _above_peak,
        ("g_ex", "g_in", "w"),
        ("tau_e", "tau_i"),
        can_be_held=False,
    ),
    "adex-exp": NestNeuron(
        "aeif_psc_exp",
        lambda p: {**_adapting(p), **_currents(p)},
        _above_peak,
        ("I_syn_ex", "I_syn_in", "w"),
        can_be_held=False,
    ),
}
# What runs in ticks of NEST's own.
OTHERWISE_INTEGRATED = tuple(name for name, one in NEURONS.items() if not one.exact)


def nest_neuron(memory: Memory) -> NestNeuron:
    """The neurons of a memory in continuous time in NEST's terms.

    Raises
    ------
    InputError
        If NEST has no such model.
    """
    model = memory.neurons.model
    name = model.name
    if name not in NEURONS or model is not neuron_model(name):
        raise InputError(f"NEST has no {name} neurons; here it knows {', '.join(NEURONS)}")
    return NEURONS[name]


def nest_parameters(memory: Memory, dt: float) -> dict[str, float | np.ndarray]:
    """NEST's parameters of the neurons of a memory, for ticks of dt seconds."""
    neurons = memory.neurons
    found = nest_neuron(memory).parameters(neurons.values)
    # NEST's refractory period begins with the tick after the spike's, ours with the spike's own.
    ticks = neurons.refractory_ticks(dt) - 1
    period = ticks * dt * 1e3
    return {**found, "t_ref": float(period[0]) if np.all(period == period[0]) else period}


def check_ticks(memory: Memory, n: int):
    """Raise an InputError unless NEST can have ticks of a part of a step, and delays leave room for gates."""
    microseconds = memory.step / n * 1e6
    if abs(microseconds - round(microseconds)) > 1e-6 or round(microseconds) < 1:
        raise InputError(
            f"NEST's ticks are whole microseconds; take another dt than {microseconds / 1e3:g} ms"
        )
    if memory.n_synapses and memory.delay_ticks(n).min() < 2:
        raise InputError(
            "in NEST the shortest delay has to be two ticks at least; take a shorter dt"
        )
