"""Operations and memory traffic of a recall, event by event and as a dense matrix product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.memory import Memory
    from wmdelays.recalls import Recall

# Bits of a number that is no weight: a membrane, a current, the address of a synapse's target.
WORD = 32


@dataclass(frozen=True)
class Traffic:
    """Accesses to one memory.

    Attributes
    ----------
    n_accesses : float
        Reads and writes, each of one number.
    n_bytes : float
        How large the memory is.
    """

    n_accesses: float
    n_bytes: float


@dataclass(frozen=True)
class Operations:
    """What a recall takes, in the mean over recalls.

    Attributes
    ----------
    n_adds, n_multiplies : float
    weights, targets, state, spikes : Traffic
        Of weights; of where synapses lead to; of membranes and currents; of the spikes.
    """

    n_adds: float
    n_multiplies: float
    weights: Traffic
    targets: Traffic
    state: Traffic
    spikes: Traffic


def synaptic_events(memory: Memory, recall: Recall) -> int:
    """How many spikes arrive at synapses before a recall ends.

    Parameters
    ----------
    memory : Memory
        In discrete time.
    recall : Recall
        Of this memory. Every emitted spike counts, also those of the cue.

    Returns
    -------
    int
        Number of terms of eq. 1 that are not zero, over all neurons and steps.
    """
    emitted = recall.emitted
    left = emitted.n_steps(memory.step) - 1 - emitted.steps(memory.step)
    by_delay = np.zeros((memory.n_neurons, memory.n_delays + 1), np.int64)
    np.add.at(by_delay, (memory.pre, memory.delay), 1)
    reached = by_delay.cumsum(1)[emitted.neurons, np.minimum(left, memory.n_delays)]
    return int(reached.sum())


def event_driven(
    memory: Memory, recalls: Sequence[Recall], weight_bits: float = WORD
) -> Operations:
    """What recalls take where only spikes touch synapses.

    Each synaptic event reads a weight and the address of its target, and adds to a current that waits
    there: two additions (one is for the address), one read and one write of it. Each membrane is, at
    every step, read, multiplied by beta, added to its current, compared with theta and written; the
    current is read and set to zero. Each spike is written once, read once, and reads where the
    synapses of its neuron begin and end; and it resets a membrane.

    Parameters
    ----------
    memory : Memory
        In discrete time.
    recalls : sequence of Recall
    weight_bits : float
        Bits of a weight.

    Returns
    -------
    Operations

    References
    ----------
    E. Lemaire, L. Cordone, A. Castagnetti, P.-E. Novac, J. Courtois & B. Miramond, An Analytical
    Estimation of Spiking Neural Networks Energy Efficiency, ICONIP 2022, arXiv 2210.13107: their
    fully connected spiking layer with leak. It has one weight for each pair, so no addresses of
    targets are read there.
    """
    n_neurons, n_synapses = memory.n_neurons, memory.n_synapses
    n_spikes = float(np.mean([len(one.emitted) for one in recalls]))
    n_events = float(np.mean([synaptic_events(memory, one) for one in recalls]))
    n_updates = n_neurons * float(np.mean([one.cue.n_steps for one in recalls]))
    # A membrane, and the currents that wait for each of the next steps.
    state = n_neurons * (memory.n_delays + 2) * WORD / 8
    return Operations(
        n_adds=2 * n_events + 2 * n_updates + n_spikes,
        n_multiplies=n_updates,
        weights=Traffic(n_events, n_synapses * weight_bits / 8),
        targets=Traffic(n_events + 2 * n_spikes, (n_synapses + n_neurons + 1) * WORD / 8),
        state=Traffic(2 * n_events + 4 * n_updates, state),
        spikes=Traffic(2 * n_spikes, n_neurons * WORD / 8),
    )


def dense(memory: Memory, n_steps: float) -> Operations:
    """What the dense network takes: N x (N D) weights times the context, at every step.

    Parameters
    ----------
    memory : Memory
        In discrete time; its sizes count.
    n_steps : float
        Length of a recall.

    Returns
    -------
    Operations

    References
    ----------
    Lemaire et al. 2022 (see `event_driven`): their fully connected layer that is no spiking one, with
    the membranes of eq. 1.
    """
    n_neurons, n_inputs = memory.n_neurons, memory.n_neurons * memory.n_delays
    n_products, n_updates = n_steps * n_neurons * n_inputs, n_steps * n_neurons
    return Operations(
        n_adds=2 * n_products + 2 * n_updates,
        n_multiplies=n_products + n_updates,
        weights=Traffic(n_products, n_neurons * n_inputs * WORD / 8),
        targets=Traffic(0, 0),
        state=Traffic(2 * n_updates, n_neurons * WORD / 8),
        # The context is read once for all neurons.
        spikes=Traffic(n_steps * n_inputs + n_updates, n_inputs * WORD / 8),
    )
