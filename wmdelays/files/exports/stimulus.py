"""A memory's cues as what other simulators know: spikes from outside, through synapses.

A cue forces spikes, and clamps the network: while it is cued a neuron emits the cue's spikes and no others.
Other simulators have neither. Here an input of a large weight makes a neuron fire, and one of a large negative
weight keeps it from firing on its own; a step later what is left of that is given back, so that the membrane
is where it would be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.quantities import shortened
from wmdelays.raster import Raster
from wmdelays.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

# What is left of a membrane before the next cue, as a part of it: less than a rounding.
_FORGOTTEN = 2.0**-60
# Microseconds of which a step of other simulators is a multiple.
_MICROSECONDS = 1e6


@dataclass(frozen=True, eq=False)
class Stimulus:
    """Inputs that cue patterns one after another in one simulation.

    Attributes
    ----------
    memory : Memory
    patterns : tuple of int
        Which are cued.
    onsets : tuple of int
        The step at which each begins.
    cues : tuple of Cue
        Of each.
    held : tuple of (int array, int array)
        For each, the steps and neurons at which the network would fire on its own while it is clamped, to
        its cue and behind its end to silence.

    Notes
    -----
    Inputs are numbered: one for each neuron that a cue can force, in their order, then one for each
    neuron that is held. A spike of an input at step t acts at step t + 1.
    """

    memory: Memory
    patterns: tuple
    onsets: tuple
    cues: tuple
    held: tuple = ()

    @property
    def n_steps(self) -> int:
        """Length of each pattern in steps; behind it membranes are left to decay."""
        return self.cues[0].n_steps

    @property
    def n_all_steps(self) -> int:
        """Length of all of them, to the end of the last."""
        return self.onsets[-1] + self.n_steps

    @property
    def n_held(self) -> int:
        """How many spikes are kept from being emitted."""
        return sum(len(steps) for steps, _ in self.held)

    @cached_property
    def held_neurons(self) -> np.ndarray:
        """Neurons that are held at some step, ascending."""
        none = np.empty(0, np.int64)
        return np.unique(np.concatenate([none, *(neurons for _, neurons in self.held)]))

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return self.memory.n_recorded + len(self.held_neurons)

    @cached_property
    def spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps and inputs of all spikes from outside, in the order of steps."""
        steps, inputs = [], []
        for onset, cue in zip(self.onsets, self.cues):
            steps.append(cue.spikes.steps(self.memory.step) + onset)
            inputs.append(cue.spikes.neurons)
        for onset, (when, neurons) in zip(self.onsets, self.held):
            steps.append(when + onset)
            place = np.searchsorted(self.held_neurons, neurons)
            inputs.append(place + self.memory.n_recorded)
        steps, inputs = np.concatenate(steps), np.concatenate(inputs)
        order = np.lexsort((inputs, steps))
        return steps[order], inputs[order]

    @cached_property
    def synapses(self) -> tuple[np.ndarray, ...]:
        """Of the inputs onto the neurons: input, neuron, delay in steps, and weight.

        Twice the farthest membrane makes a neuron fire whatever else arrives. What holds a neuron back
        is a power of two, of which the leak keeps beta exactly, so that what comes a step later gives
        back what is left of it.
        """
        memory, held = self.memory, self.held_neurons
        beta, farthest = memory.each("beta"), farthest_membranes(memory)
        forced = np.arange(memory.n_recorded)
        places = memory.n_recorded + np.arange(len(held))
        back = np.exp2(np.ceil(np.log2(farthest[held])))
        return (
            np.concatenate([forced, places, places]),
            np.concatenate([forced, held, held]),
            np.concatenate([np.ones(len(forced) + len(held), int), np.full(len(held), 2)]),
            np.concatenate([np.full(len(forced), 2 * farthest.max()), -back, beta[held] * back]),
        )

    def as_network(self) -> tuple[Memory, Cue]:
        """The neurons and their inputs as one network, and what makes its inputs fire.

        Its recall without a clamp is what another simulator does with them. The neurons come first.
        """
        memory = self.memory
        n, n_inputs = memory.n_neurons, self.n_inputs
        source, post, delay, weight = self.synapses
        network = Memory(
            n_neurons=n + n_inputs,
            n_delays=max(memory.n_delays, 2),
            step=memory.step,
            beta=np.append(memory.each("beta"), np.full(n_inputs, 0.5)),
            theta=np.append(memory.each("theta"), np.ones(n_inputs)),
            pre=np.append(memory.pre, source + n),
            post=np.append(memory.post, post),
            delay=np.append(memory.delay, delay),
            weight=np.append(memory.weight, weight),
        )
        steps, inputs = self.spikes
        spikes = Raster.from_steps(
            inputs + n, steps, network.n_neurons, self.n_all_steps + 1, memory.step
        )
        return network, Cue(spikes, memory.step, clamp=0)


def stimulus(memory: Memory, patterns: Sequence[int] = (0,)) -> Stimulus:
    """The cues of some patterns as one simulation; nothing is held back yet.

    Parameters
    ----------
    memory : Memory
    patterns : sequence of int
        Which patterns, in this order.

    Raises
    ------
    InputError
        If there is no such pattern, as of a number that is not whole, or a cue has no spikes.
    """
    patterns = tuple(patterns)
    if not memory.n_patterns:
        raise InputError("has no patterns, so there is nothing to cue")
    for k in patterns:
        if not isinstance(k, Integral) or not 0 <= k < memory.n_patterns:
            last = memory.n_patterns - 1
            raise InputError(f"has no pattern {shortened(k)}; they are numbered from 0 to {last}")
    patterns = tuple(map(int, patterns))
    cues = tuple(memory.cues(patterns))
    for k, cue in zip(patterns, cues):
        if not len(cue.spikes):
            raise InputError(
                f"pattern {k} has no spikes in its first {counted(memory.n_delays, 'step')}, so there"
                " is no cue"
            )
    each = memory.n_steps + memory.n_delays + steps_of_decay(memory)
    return Stimulus(memory, patterns, tuple(k * each for k in range(len(cues))), cues)


def farthest_membranes(memory: Memory) -> np.ndarray:
    """More than any membrane can be away from zero and theta, float64 of shape (n_neurons,).

    That is the sum of all weights onto its neuron, each at every step: sum over i, d of abs(W) /
    (1 - beta), and theta.
    """
    total = np.bincount(memory.post, np.abs(memory.weight), memory.n_neurons)
    return total / (1 - memory.each("beta")) + memory.each("theta")


def steps_of_decay(memory: Memory) -> int:
    """In how many steps the slowest membrane is as good as at rest, if nothing arrives."""
    return math.ceil(math.log(_FORGOTTEN) / math.log(float(np.max(memory.beta))))


def step_in_ms(memory: Memory) -> float:
    """How long a step is in a simulator whose times are whole microseconds.

    Where the step is none, 1 ms: only beta and delays in steps matter, not what a step is called.
    """
    microseconds = memory.step * _MICROSECONDS
    whole = round(microseconds)
    if whole < 1 or abs(microseconds - whole) > 1e-9 * whole:
        return 1.0
    return whole / 1000


def check_mapped(memory: Memory, where: str) -> None:
    """Raise an InputError unless neurons are those of eq. 1, which are iaf_psc_delta of NEST.

    Parameters
    ----------
    memory : Memory
    where : str
        What cannot hold others, as the beginning of a sentence.
    """
    if memory.neurons is not None:
        raise InputError(
            f"{where} holds neurons in discrete time alone; this memory is for"
            f" {memory.neurons.model.name}"
        )
    memory.check_reset(f"{where} holds")
    if not memory.n_synapses:
        raise InputError("has no synapses, and other programs take no network without any")
