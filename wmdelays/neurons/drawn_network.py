"""A network as `Variability` makes it, in numbers that every simulator takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.draws import lognormal_factors, random_numbers
from wmdelays.errors import InputError
from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.lif import LIF_IN_CONTINUOUS_TIME, time_constant

if TYPE_CHECKING:
    from wmdelays.memory import Memory
    from wmdelays.neurons.variability import Variability


@dataclass(frozen=True, eq=False)
class DrawnNetwork:
    """A network whose neurons and synapses differ, and the noise of its recalls.

    Attributes
    ----------
    variability : Variability
    model : ContinuousNeuron
        That of the memory; for the network in discrete time its `lif` in continuous time.
    memory : Memory
        With the weights that were drawn, and without the synapses of dead neurons.
    delays : int array, shape (n_synapses,)
        Of the synapses of `memory`, in ticks of the simulation.
    values : dict of str to float or float array, shape (n_neurons,)
        Of each parameter of the model, in its unit.
    alive : bool array, shape (n_neurons,)
    kick : float array, shape (n_neurons,)
        What the drive adds to a membrane in a tick.
    noise : float array, shape (n_neurons,)
        Standard deviation of what the noise adds to a membrane in a tick.
    threshold_noise : float
        Standard deviation of the threshold, in the unit of the model.
    jitter : float
        Standard deviation of the jitter of delays, in ticks.
    most_jitter : int
        The largest jitter, in ticks.
    background : float
        Probability of a spike that is heard and not the network's, for each neuron and tick.
    """

    variability: Variability
    model: ContinuousNeuron
    memory: Memory
    delays: np.ndarray
    values: dict
    alive: np.ndarray
    kick: np.ndarray
    noise: np.ndarray
    threshold_noise: float
    jitter: float
    most_jitter: int
    background: float


def draw_network(memory: Memory, variability: Variability, seed: int, n: int) -> DrawnNetwork:
    """Draw what differs in a network and stays.

    It depends on the memory's sizes, the variability and the seed alone, not on the simulation.

    Parameters
    ----------
    memory : Memory
    variability : Variability
    seed : int
    n : int
        Number of ticks of the simulation in a step of the memory.

    Returns
    -------
    DrawnNetwork

    Raises
    ------
    InputError
        If a neuron cannot have the values that are drawn for it.
    """
    tick = memory.step / n * 1e3
    memory.check_reset("neurons that differ or are noisy need")
    if memory.neurons is None:
        # Of neurons whose thresholds differ, the mean.
        model, unit = LIF_IN_CONTINUOUS_TIME, float(np.mean(memory.theta))
        values = {"tau": time_constant(memory.beta, memory.step * 1e3), "theta": memory.theta}
    else:
        model, unit, values = memory.neurons.model, 1.0, memory.neurons.values

    def normal(what, size):
        return random_numbers(seed, what).standard_normal(size)

    delays = memory.delay_ticks(n)
    if variability.delay_spread:
        off = variability.delay_spread / tick * normal("delays", memory.n_synapses)
        delays = np.maximum(delays + np.rint(off).astype(delays.dtype), 1)
    from wmdelays.neurons.one_tick import of_parameters

    weight = memory.weight
    if variability.weights:
        weight = weight * (1 + variability.weights * normal("weights", memory.n_synapses))
    alive = random_numbers(seed, "dead").random(memory.n_neurons) >= variability.dead
    network = memory
    kept = alive[memory.pre] & alive[memory.post] & (weight != 0)
    if weight is not memory.weight or not kept.all():
        columns = {"pre": memory.pre, "post": memory.post, "delay": memory.delay, "weight": weight}
        network = replace(memory, **{name: column[kept] for name, column in columns.items()})
    values = _differing(model, values, variability, unit, memory.n_neurons, normal)
    decay = tick / of_parameters(model, model.timescale, values, "timescale")
    kick = -np.expm1(-decay) * variability.drive * unit
    noise = np.sqrt(-np.expm1(-2 * decay)) * variability.membrane_noise * unit
    return DrawnNetwork(
        variability,
        model,
        network,
        delays[kept],
        values,
        alive,
        np.full(memory.n_neurons, kick),
        np.full(memory.n_neurons, noise),
        variability.threshold_noise * unit,
        variability.delay_jitter / tick,
        variability.most_jitter(tick),
        min(variability.background * tick * 1e-3, 1.0),
    )


def _differing(model, values, variability, unit, n_neurons, normal):
    """The values of parameters, some of which differ from neuron to neuron."""
    found, part = dict(values), variability.time_constants
    if part:
        for name, power in _time_constants(model):
            factor = lognormal_factors(normal(name, n_neurons), part)
            found[name] = found[name] * factor**power
    if variability.thresholds:
        name = model.threshold_parameter
        if name is None:
            raise InputError(f"{model.name} has no parameter that sets its threshold")
        off = variability.thresholds * unit * normal("thresholds", n_neurons)
        found[name] = found[name] + off
    if part or variability.thresholds:
        for j in range(n_neurons):
            own = {name: float(np.broadcast_to(v, n_neurons)[j]) for name, v in found.items()}
            try:
                model.check(own)
            except InputError as error:
                raise InputError(f"as drawn, neuron {j} is none: {error}") from None
    return found


def _time_constants(model):
    """The parameters that are time constants, and whether they grow (1) or shrink (-1) with them."""
    powers = {"ms": 1, "1/ms": -1, "pF": 1}
    for one in model.parameters:
        if one.unit in powers and one.name != model.refractory:
            yield one.name, powers[one.unit]
