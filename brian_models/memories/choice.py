"""Which device to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmdelays.machine.compiler import compiler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.brian_models.neurons.model import Brian2Neuron
    from wmdelays.cue import Cue
    from wmdelays.memory import Memory
    from wmdelays.neurons import Variability


@dataclass(frozen=True)
class _Seconds:
    """What a device takes: once, and for each tick, synaptic event and synapse."""

    once: float
    tick: float
    event: float
    synapse: float

    def total(self, n_ticks, n_events, n_synapses):
        return self.once + n_ticks * self.tick + n_events * self.event + n_synapses * self.synapse


# Measured with `python benchmarks/devices.py` on two quiet cores, N = 1024. Cython has no row: it
# compiles for more than a minute before its first verdict.
_NUMPY = _Seconds(once=0.13, tick=72e-6, event=27e-9, synapse=0.02e-6)
_PROGRAM = _Seconds(once=0.11, tick=6.3e-6, event=13e-9, synapse=0.1e-6)
_COMPILING = 1.9
# What is compiled is kept for the next recall of that size, so compiling counts by half.
_FIRST_TIME = 0.5
# Finding out whether a program is in the cache takes the writing of its sources.
_LOOKING = 0.3


def choose_device(
    memory: Memory,
    cues: Sequence[Cue],
    dt: float | None = None,
    neuron: str | Brian2Neuron | None = None,
    variability: Variability | None = None,
) -> str:
    """The device that recalls these cues soonest, compiling included.

    Without a C++ compiler that is ``numpy``; `compiler` says whether there is one.

    Parameters
    ----------
    memory : Memory
    cues : sequence of Cue
    dt : float, optional
        Simulation step in seconds; by default a tenth of the memory's step.
    neuron : str or Brian2Neuron, optional
        The neuron model: a name from `NEURONS`, or a model of one's own. By default the memory's.
    variability : Variability, optional
        What differs and what is noisy.

    Returns
    -------
    str
        A name from `DEVICES`.

    Raises
    ------
    InputError
        If dt does not divide the step or the model is unknown.
    """
    from wmdelays.brian_models.memories.network import network_of

    network = network_of(memory, dt, neuron, variability)
    if compiler() is None:
        return "numpy"
    in_steps = memory.tick / memory.step
    n_steps = sum(cue.n_steps * in_steps + memory.n_delays for cue in cues)
    # If recall works, the network goes on at the rate of what is stored.
    rate = sum(map(len, memory.patterns)) / max(1, memory.n_patterns * memory.n_steps)
    n_spikes = sum(max(len(cue.spikes), rate * cue.n_steps * in_steps) for cue in cues)
    n_events = n_spikes * memory.n_synapses / memory.n_neurons
    size = (n_steps * network.n, n_events, memory.n_synapses)
    gained = _NUMPY.total(*size) - _PROGRAM.total(*size)
    if gained <= _LOOKING:
        return "numpy"
    if gained <= _FIRST_TIME * _COMPILING:
        from wmdelays.brian_models.memories.standalone import is_compiled

        if not is_compiled(network):
            return "numpy"
    return "cpp_standalone"
