"""Izhikevich's polychronization network in Brian2.

1000 neurons, 800 of them excitatory, with delays of whole milliseconds up to 20 ms, and synapses
that learn by the times of spikes. Each tick is a millisecond and does what a pass of the loop in
the program of the paper does, in the same order: a random input, the spikes and what they mean for
the learning, the arrivals, then the membranes.

References
----------
E. M. Izhikevich, Polychronization: Computation with Spikes, Neural Computation 18 (2006), and its
program spnet. R. Pauli, P. Weidel, S. Kunkel, A. Morrison, Reproducing polychronization,
Front. Neuroinform. 12:46 (2018), on what the order within a millisecond does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Subgroup,
    Synapses,
    TimedArray,
    ms,
    second,
)

from wmdelays.errors import InputError
from wmdelays.polychrony.delay_network import MAX_WEIGHT, DelayNetwork

SCHEDULE = ["start", "thresholds", "resets", "synapses", "groups", "end"]
PREFIX = "wmdelays_polychronization"

NEURON = """
v : 1
u : 1
I : 1
a : 1 (constant)
d : 1 (constant)
depression : 1
"""
THRESHOLD = "v >= 30"
RESET = """
v = -65
u += d
depression = 0.12
"""
# v' = 0.04 v^2 + 5 v + 140 - u + I in two half steps, then u' = a (0.2 v - u) in one, as the
# program of the paper has it: with another scheme the same neurons fire at other times.
MEMBRANE = """
v += 0.5 * ((0.04 * v + 5) * v + 140 - u + I)
v += 0.5 * ((0.04 * v + 5) * v + 140 - u + I)
u += a * (0.2 * v - u)
depression *= 0.95
I = 0
"""
SYNAPSE = """
weight : 1
derivative : 1
arrived : second
"""
# A spike that arrives after the neuron's own weakens its synapse by 0.12 * 0.95**k, k ms later ...
ON_ARRIVAL = """
I_post += weight
derivative -= depression_post
arrived = t
"""
# ... and strengthens it by 0.1 * 0.95**k if the neuron fires k ms later. A neuron whose membrane
# passes the threshold in a millisecond spikes at the beginning of the next.
ON_SPIKE = "derivative += potentiation(t - dt - arrived)"
LEARNING = """
weight += 0.01 + derivative
weight = clip(weight, 0, maximum)
derivative *= 0.9
"""
INHIBITION = "I_post += weight"
INPUT = "I_post += 20"


def wire(
    seed: int = 0,
    n_excitatory: int = 800,
    n_inhibitory: int = 200,
    n_targets: int = 100,
    max_delay: int = 20,
) -> DelayNetwork:
    """The network of the paper before any learning.

    An excitatory neuron reaches `n_targets` others, as many with each delay from 1 ms on; an
    inhibitory one as many excitatory neurons, all with 1 ms. No neuron reaches another twice.
    Weights are 6 and -5, in mV.

    Parameters
    ----------
    seed : int
    n_excitatory, n_inhibitory : int
        Number of neurons.
    n_targets : int
        Synapses of a neuron, a multiple of `max_delay`.
    max_delay : int
        Longest delay in ms.

    Returns
    -------
    DelayNetwork

    Raises
    ------
    InputError
        If the numbers do not fit together.
    """
    n_neurons = n_excitatory + n_inhibitory
    if n_targets % max_delay:
        raise InputError(f"{n_targets} synapses cannot be shared evenly among {max_delay} delays")
    if n_targets > n_excitatory - (n_inhibitory == 0):
        raise InputError(f"{n_targets} synapses are too many for {n_excitatory} excitatory neurons")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    neurons = np.arange(n_neurons)
    post = np.array(
        [rng.choice(np.delete(neurons, i), n_targets, replace=False) for i in range(n_excitatory)]
        + [rng.choice(n_excitatory, n_targets, replace=False) for _ in range(n_inhibitory)]
    )
    delay = np.ones_like(post)
    delay[:n_excitatory] = np.repeat(np.arange(1, max_delay + 1), n_targets // max_delay)
    excitatory = neurons < n_excitatory
    weight = np.where(excitatory, 6.0, -5.0)
    return DelayNetwork(
        np.repeat(neurons, n_targets),
        post.ravel(),
        delay.ravel(),
        np.repeat(weight, n_targets),
        excitatory,
        MAX_WEIGHT,
    )


def random_input(seed, second, n_neurons):
    """The neuron that gets the input in each millisecond of a second, int of shape (1000,)."""
    # Each second has random numbers of its own, so that it does not matter where a run began.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, second)))
    return rng.integers(n_neurons, size=1000)


@dataclass(frozen=True)
class Parts:
    """The Brian2 objects of the network.

    Attributes
    ----------
    clock : brian2.Clock
        Of 1 ms. Milliseconds count from tick 1 on, so that second k ends with tick 1000 k.
    learning_clock : brian2.Clock
        Of 1 s: the weights change in the tick that ends a second.
    neurons : brian2.NeuronGroup
        Excitatory ones first.
    excitation, inhibition : brian2.Synapses
    generator : brian2.SpikeGeneratorGroup
        A cell for each neuron; it fires when the neuron gets the random input.
    stimulation : brian2.Synapses
        From the generator to the neurons.
    monitor : brian2.SpikeMonitor
    network : brian2.Network
        Of all of these.
    """

    clock: Clock
    learning_clock: Clock
    neurons: NeuronGroup
    excitation: Synapses
    inhibition: Synapses
    generator: SpikeGeneratorGroup
    stimulation: Synapses
    monitor: SpikeMonitor
    network: Network


def build(n_excitatory, n_inhibitory, max_weight=MAX_WEIGHT, name=PREFIX):
    """The Brian2 objects of a network of this size, not yet connected.

    Parameters
    ----------
    n_excitatory, n_inhibitory : int
        Number of neurons.
    max_weight : float
        The ceiling of excitatory weights in mV.
    name : str
        Beginning of the names of the objects.

    Returns
    -------
    Parts
    """
    n_neurons = n_excitatory + n_inhibitory
    clock = Clock(dt=1 * ms, name=f"{name}_clock")
    neurons = NeuronGroup(
        n_neurons,
        NEURON,
        threshold=THRESHOLD,
        reset=RESET,
        clock=clock,
        name=f"{name}_neurons",
        namespace={},
    )
    neurons.run_regularly(MEMBRANE, when="groups", clock=clock, name=f"{name}_membrane")

    # Powers by repeated multiplication; after a second 5e-24 would be left, which moves no weight.
    powers = np.append(np.multiply.accumulate([0.1] + [0.95] * 999), 0)
    potentiation = TimedArray(powers, dt=1 * ms, name=f"{name}_potentiation")
    excitation = Synapses(
        Subgroup(neurons, 0, n_excitatory, name=f"{name}_excitatory"),
        neurons,
        SYNAPSE,
        on_pre=ON_ARRIVAL,
        on_post=ON_SPIKE,
        delay={"post": 0 * ms},
        clock=clock,
        name=f"{name}_excitation",
        namespace={"potentiation": potentiation, "maximum": max_weight},
    )
    # A neuron's own spike counts before the arrivals of the millisecond.
    excitation.post.order = -1
    learning_clock = Clock(dt=1 * second, name=f"{name}_learning_clock")
    excitation.run_regularly(LEARNING, when="end", clock=learning_clock, name=f"{name}_learning")
    inhibition = Synapses(
        Subgroup(neurons, n_excitatory, n_neurons, name=f"{name}_inhibitory"),
        neurons,
        "weight : 1 (constant)",
        on_pre=INHIBITION,
        clock=clock,
        name=f"{name}_inhibition",
        namespace={},
    )
    inhibition.pre.order = 1
    generator = SpikeGeneratorGroup(n_neurons, [], [] * ms, clock=clock, name=f"{name}_generator")
    stimulation = Synapses(
        generator,
        neurons,
        on_pre=INPUT,
        clock=clock,
        name=f"{name}_stimulation",
        namespace={},
    )
    stimulation.pre.order = -1
    monitor = SpikeMonitor(neurons, name=f"{name}_spikes")
    objects = (neurons, excitation, inhibition, generator, stimulation, monitor)
    network = Network(*objects, name=f"{name}_network")
    network.schedule = SCHEDULE
    return Parts(clock, learning_clock, *objects, network)
