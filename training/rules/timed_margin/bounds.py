"""How far from threshold membranes are to stay, and how steeply they are to cross it."""

import math
from dataclasses import dataclass

import numpy as np

from wmdelays.errors import InputError
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.training.continuous.code import specialised
from wmdelays.training.continuous.response import response

# Margin, slope, overshoot and reach of neurons that run up to a spike from far below their bound. The
# second is for those that are reset above it, so that spikes come in bursts.
_CHOSEN = {"izhikevich": (10.0, 4.0, 5.0, 60.0), "izhikevich-exp": (10.0, 4.0, 5.0, 60.0)}
_IN_BURSTS = (3.0, 1.0, 5.0, 60.0)
# The least slope is what one arrival makes, steeper by this factor, and between these parts of the way
# from rest to the bound in a millisecond.
_STEEPER, _FLATTEST, _STEEPEST = 1.3, 0.2, 0.4
_OF_UPSWING = 0.75
# What the way and the slope add to the margin, and the slope gives for the overshoot.
_KAPPA, _KAPPA_OF_SLOPE, _OVERSHOOT = 0.12, 0.7, 0.75
# An arrival counts until its effect has fallen to this part of its peak, or for so many ms.
_FADED, _LONGEST_MS = 0.05, 200.0
# No weight becomes larger than so many times what takes a neuron from rest to its bound at once.
_LARGEST = 2.0


@dataclass(frozen=True)
class Bounds:
    """Bounds of the membrane for neurons of one class.

    Attributes
    ----------
    kappa : float
        How far below the bound the membrane stays where no spike is wanted, in mV.
    slope : float
        The least slope with which it crosses, in mV/ms.
    overshoot : float
        How far it would rise within a millisecond if there were no reset, in mV.
    reach_ms : float
        For how long an arrival counts.
    largest : float
        The largest weight.
    """

    kappa: float
    slope: float
    overshoot: float
    reach_ms: float
    largest: float


def bounds_of(model, values, dt_ms, kappa=None, slope=None, overshoot=None):
    """The bounds for neurons with some values of the parameters.

    Parameters
    ----------
    model : ContinuousNeuron
    values : dict of str to float
        Of each parameter.
    dt_ms : float
        The tick in ms.
    kappa, slope, overshoot : float, optional
        What takes the place of the defaults. Those of kappa and of the overshoot follow the slope, but
        for Izhikevich's neurons.

    Returns
    -------
    Bounds

    Raises
    ------
    InputError
        If an arrival does not move the membrane.
    """
    map = one_tick(model)
    constants = map.values_of_constants(values, dt_ms)[0]
    start = rest(model, values)[0]
    course = specialised(response, model)(start, constants, round(_LONGEST_MS / dt_ms), 1.0)
    top = int(np.argmax(course))
    if not (math.isfinite(course[top]) and course[top] > 0):
        raise InputError(f"{model.name}: an excitatory arrival does not raise the membrane")
    faded = np.flatnonzero(course > _FADED * course[top])[-1] + 1
    bound = constants[map.constants.index(map.bound)]
    way = float(bound - start[map.place(model.membrane)])
    if way <= 0:
        raise InputError(f"{model.name}: at rest the membrane is not below its bound")
    steep = min(_STEEPEST, _STEEPER / (max(top, 1) * dt_ms)) * way
    if model.has_upswing:
        steep *= _OF_UPSWING
    steep = max(steep, _FLATTEST * way) if slope is None else slope
    kept = _KAPPA * way + _KAPPA_OF_SLOPE * steep
    chosen = (kept, steep, _OVERSHOOT * steep, float(faded * dt_ms))
    if model.name in _CHOSEN:
        chosen = _IN_BURSTS if values["v_r"] > values["v_b"] else _CHOSEN[model.name]
    given = (kappa, slope, overshoot, None)
    chosen = (default if own is None else own for default, own in zip(chosen, given))
    return Bounds(*chosen, largest=_LARGEST * way / float(course[top]))
