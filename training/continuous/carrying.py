"""Weights of the network in discrete time, carried over to neurons in continuous time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.quantities import substeps
from wmdelays.synapses import whole_numbers
from wmdelays.training.continuous.code import specialised
from wmdelays.training.continuous.response import response

if TYPE_CHECKING:
    from wmdelays.neurons import ContinuousNeuron, Neurons

# For so long the peak of a response is looked for, in ms; where an arrival begins to be felt.
_LONGEST_MS, _FELT = 200.0, 1e-3


@dataclass(frozen=True)
class Potential:
    """The postsynaptic potential (PSP) of one arrival, for neurons of one class.

    Attributes
    ----------
    excitatory, inhibitory : float
        Its peak for a weight of 1, in mV, with the driving force at the bound.
    peak_ms : float
        How long after the arrival an excitatory one has its peak.
    way : float
        From rest to the bound, in mV.
    """

    excitatory: float
    inhibitory: float
    peak_ms: float
    way: float


def potential(model: ContinuousNeuron, values: dict[str, float], dt_ms: float) -> Potential:
    """What one arrival does to the membrane of a neuron at rest.

    Parameters
    ----------
    model : ContinuousNeuron
    values : dict of str to float
        Of the parameters; those that are left out have their defaults.
    dt_ms : float
        The tick in ms.

    Returns
    -------
    Potential

    Raises
    ------
    InputError
        If an arrival does not move the membrane, or at rest it is not below its bound.

    Notes
    -----
    The course is that at rest. What decides about a spike are arrivals near threshold, where the
    driving force of a conductance is another one: excitation has less of it, inhibition more,
    three times as much for the values of `lif-cond`. So the course is multiplied by how fast an
    arrival moves the membrane at its bound over how fast it does at rest. For synaptic currents
    that is 1. The leak is that at rest: at the bound of a neuron with an upswing there is none.
    """
    known = {one.name: one.default for one in model.parameters} | dict(values)
    map = one_tick(model)
    constants, start = map.values_of_constants(known, dt_ms)[0], rest(model, known)[0]
    place = map.place(model.membrane)
    near = start.copy()
    near[place] = constants[map.constants.index(map.bound)]
    way = float(near[place] - start[place])
    if way <= 0:
        raise InputError(f"{model.name}: at rest the membrane is not below its bound")
    follow, n_ticks = specialised(response, model), round(_LONGEST_MS / dt_ms)
    peaks, top = [], 0
    for sign in (-1.0, 1.0):
        course = follow(start, constants, n_ticks, sign)
        top = int(np.argmax(course))
        if not (np.isfinite(course).all() and course[top] > 0):
            raise InputError(f"{model.name}: an arrival does not move the membrane")
        felt = int(np.argmax(course > _FELT * course[top]))
        force = follow(near, constants, felt + 1, sign)[felt] / course[felt]
        peaks.append(float(course[top] * force))
    return Potential(peaks[1], peaks[0], (top + 1) * dt_ms, way)


@dataclass(frozen=True, eq=False)
class Carried:
    """A memory for the network in discrete time, with what its weights and delays are in neurons.

    Its weights are those by the peak of the PSP: a weight w, of a threshold theta, becomes the one
    whose PSP has its peak at w / theta of the way from rest to the bound.

    Parameters
    ----------
    memory : Memory
        For the network in discrete time.
    neurons : Neurons
        What it is carried over to.

    Raises
    ------
    InputError
        If the tick does not divide the step.
    """

    memory: Memory
    neurons: Neurons

    def __post_init__(self):
        n = substeps(self.memory.step, self.neurons.dt)
        kinds = [
            potential(self.neurons.model, values, self.neurons.dt * 1e3)
            for values in self.neurons.classes.values()
        ]
        mine = self.neurons.members[self.memory.post]
        excitatory, inhibitory = (
            np.array([one.way / getattr(one, name) for one in kinds])[mine]
            for name in ("excitatory", "inhibitory")
        )
        part = self.memory.weight / self.memory.theta
        object.__setattr__(self, "n", n)
        object.__setattr__(self, "peak_ms", max(one.peak_ms for one in kinds))
        object.__setattr__(self, "weight", part * np.where(part > 0, excitatory, inhibitory))
        patterns = tuple(pattern.bin(self.neurons.dt) for pattern in self.memory.patterns)
        object.__setattr__(self, "patterns", patterns)

    def memory_with(self, shift_ms: float, gain: float) -> tuple[Memory, int]:
        """The memory with its delays shorter by a shift, and its weights times a gain.

        Parameters
        ----------
        shift_ms : float
            In the mean: each delay is shorter by one of the two numbers of ticks next to it, spread
            evenly over the synapses.
        gain : float

        Returns
        -------
        memory : Memory
            With a step of one tick, so that its delays are whole ticks.
        n_shortest : int
            Number of synapses whose delay would be shorter than a tick, which it is instead. Those
            that then are alike are one synapse, of the sum of their weights.
        """
        old, ticks = self.memory, shift_ms * 1e-3 / self.neurons.dt
        delay = old.delay.astype(np.int64) * self.n - whole_numbers(ticks, old.n_synapses)
        n_shortest = int(np.count_nonzero(delay < 1))
        pre, post, delay, weight = old.pre, old.post, np.maximum(delay, 1), self.weight * gain
        # The trigger window stays as it was, so there is room for delays up to it.
        longest = old.n_delays * self.n
        pre, post, delay, weight = _summed(pre, post, delay, weight, old.n_neurons, longest)
        made = Memory(
            n_neurons=old.n_neurons,
            n_delays=longest,
            step=self.neurons.dt,
            beta=None,
            theta=None,
            pre=pre,
            post=post,
            delay=delay,
            weight=weight,
            patterns=self.patterns,
            periodic=old.periodic,
            neurons=self.neurons,
        )
        return made, n_shortest


def _summed(pre, post, delay, weight, n_neurons, longest):
    """The synapses, those of the same neurons and delay as one."""
    key = (pre.astype(np.int64) * (longest + 1) + delay) * n_neurons + post
    order = np.argsort(key, kind="stable")
    key, weight = key[order], weight[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    if not len(weight):
        return pre, post, delay, weight
    kept = order[first]
    return pre[kept], post[kept], delay[kept], np.add.reduceat(weight, first)
