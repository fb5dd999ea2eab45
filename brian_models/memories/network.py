"""What Brian2 simulates for a memory: neurons, weights and delays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.brian_models.neurons.model import Brian2Neuron
from wmdelays.brian_models.neurons.names import neuron_model
from wmdelays.brian_models.neurons.variable import variable_neuron
from wmdelays.draws import random_numbers
from wmdelays.errors import InputError
from wmdelays.neurons.drawn_network import draw_network

if TYPE_CHECKING:
    from wmdelays.memory import Memory


@dataclass(frozen=True, eq=False)
class Brian2Network:
    """A network as Brian2 simulates it.

    Attributes
    ----------
    memory : Memory
        With the weights that Brian2 gets.
    model : Brian2Neuron
    n : int
        Number of ticks in a step.
    delays : int array, shape (n_synapses,)
        In ticks; with a jitter, the earliest at which a spike can count.
    late : int array, shape (n_synapses,)
        How many ticks after that a spike counts without its jitter.
    most_jitter : int
        The largest jitter in ticks.
    dead : int array
        Neurons that never fire.
    seed : int or None
        Of what is drawn while it runs; None if nothing is.
    one_by_one : bool
        Whether a recall may depend on those before it in the same simulation: something is drawn
        anew, or the neuron is one of the user's own, which may do that or look at the time.
    """

    memory: Memory
    model: Brian2Neuron
    n: int
    delays: np.ndarray
    late: np.ndarray | None = None
    most_jitter: int = 0
    dead: np.ndarray | None = None
    seed: int | None = None
    one_by_one: bool = False

    @property
    def dt(self):
        """The tick in seconds."""
        return self.memory.step / self.n

    @property
    def longest_delay(self):
        """The longest delay of the memory and the jitter, in ticks."""
        longest = self.memory.n_delays * self.n
        return max(longest, int(self.delays.max(initial=1)) + 2 * self.most_jitter)

    @property
    def seconds(self):
        """Brian2's delay of each synapse in seconds; see `expand`."""
        return (self.delays - np.int32(1)) * self.dt


def network_of(memory, dt=None, neuron=None, variability=None, seed=0):
    """The network of a memory.

    Parameters
    ----------
    memory : Memory
    dt, neuron
        See `wmdelays.brian_models.recall`.
    variability : Variability, optional
    seed : int

    Returns
    -------
    Brian2Network

    Raises
    ------
    InputError
        If dt does not divide the step, the model is unknown, or its neurons cannot vary so.
    """
    model, n = neuron_model(neuron, memory), memory.substeps(dt)
    if not variability:
        own = isinstance(neuron, Brian2Neuron)
        return Brian2Network(memory, model, n, memory.delay_ticks(n), one_by_one=own)
    memory.check_reset("neurons that differ or are noisy need")
    if model is not neuron_model(None, memory):
        raise InputError("a neuron of one's own has no variability; write it into its equations")
    drawn = draw_network(memory, variability, seed, n)
    most = drawn.most_jitter
    earliest = np.maximum(drawn.delays - np.int32(most), 1)
    return Brian2Network(
        drawn.memory,
        variable_neuron(drawn),
        n,
        earliest,
        drawn.delays - earliest if most else None,
        most,
        np.flatnonzero(~drawn.alive),
        int(random_numbers(seed, "brian2").integers(2**31)),
        variability.is_noisy,
    )
