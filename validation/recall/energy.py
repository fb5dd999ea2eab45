"""The energy that a recall takes, by published costs of operations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.hardware.grid import bits_of
from wmdelays.hardware.operations import WORD, Operations, dense, event_driven, synaptic_events
from wmdelays.hardware.prices import Prices
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.quantities import whole
from wmdelays.scores import score
from wmdelays.words import counted, metric

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, repr=False, eq=False)
class Energy:
    """What a recall takes, in the mean over patterns, beside the dense network.

    Attributes
    ----------
    memory : Memory
    patterns : list of int
        Those that were recalled.
    n_spikes, n_events, n_updates : float
        Emitted spikes (the cue's too), synaptic events and updates of membranes of a recall.
    f1 : float
        Of the recalls.
    event_driven, dense : Operations
    joules, dense_joules : dict of str to float
        Energy of each part, see `wmdelays.hardware.prices.PARTS`.
    prices : Prices
    settings : dict
    """

    memory: Memory
    patterns: list
    n_spikes: float
    n_events: float
    n_updates: float
    f1: float
    event_driven: Operations
    dense: Operations
    joules: dict
    dense_joules: dict
    prices: Prices
    settings: dict

    def __repr__(self):
        return (
            f"<Energy: {metric(self.total, 'J')} for a recall of"
            f" {counted(self.memory.n_steps, 'step')}, {self.ratio:,.3g} times less than the dense"
            " network>"
        )

    @property
    def total(self) -> float:
        """Joules of a recall."""
        return sum(self.joules.values())

    @property
    def dense_total(self) -> float:
        """Joules of a recall by the dense network."""
        return sum(self.dense_joules.values())

    @property
    def ratio(self) -> float:
        """How many times less the recall takes than the dense network."""
        return self.dense_total / self.total

    def as_dict(self):
        """The outcome as plain JSON values."""
        return {
            "memory": sizes(self.memory),
            "f1": self.f1,
            "n_spikes": self.n_spikes,
            "n_synaptic_events": self.n_events,
            "n_state_updates": self.n_updates,
            "energy_j": self.total,
            "dense_energy_j": self.dense_total,
            "ratio": self.ratio,
            "event_driven": {**asdict(self.event_driven), "energy_j": self.joules},
            "dense": {**asdict(self.dense), "energy_j": self.dense_joules},
            "prices_j": asdict(self.prices),
            "settings": self.settings,
            "versions": versions(),
        }


def energy(
    memory: Memory,
    *,
    patterns: Sequence[int] | None = None,
    weight_bits: int | None = None,
    prices: Prices | None = None,
) -> Energy:
    """The energy of a recall, and of the dense network that does the same.

    Each pattern is recalled by the compiled loop; what the recall takes is counted from its spikes.

    Parameters
    ----------
    memory : Memory
        In discrete time, with stored patterns.
    patterns : sequence of int, optional
        Which patterns; by default all.
    weight_bits : int, optional
        Bits of a weight in the event-driven network, from 1 to 64; by default those of the grid on which
        the memory was learned, else 32.
    prices : wmdelays.hardware.prices.Prices, optional
        By default those of 45 nm.

    Returns
    -------
    Energy

    Raises
    ------
    InputError
        If the memory holds no patterns or is for neurons in continuous time, or a setting makes no
        sense.

    References
    ----------
    E. Lemaire et al., An Analytical Estimation of Spiking Neural Networks Energy Efficiency, ICONIP
    2022, arXiv 2210.13107.

    Examples
    --------
    >>> from wmdelays import bernoulli, energy, store
    >>> memory = store(bernoulli(40, 60, 2, rate=0.02), n_delays=15)
    >>> energy(memory).ratio > 10
    True
    """
    from wmdelays.training.discrete.compiled import recall

    if memory.neurons is not None:
        raise InputError(
            "the memory is for neurons in continuous time; energy is counted for the network in"
            " discrete time"
        )
    memory.check_reset("operations are counted of")
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to recall")
    if weight_bits is None:
        weight_bits = bits_of(memory) or WORD
    weight_bits = whole("weight_bits", weight_bits, 1, 64)
    chosen = list(range(memory.n_patterns)) if patterns is None else list(patterns)
    for k in chosen:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    if not chosen:
        raise InputError("name a pattern")
    prices = prices or Prices()
    recalls = recall(memory, memory.cues(chosen))
    events = event_driven(memory, recalls, weight_bits)
    matrix = dense(memory, memory.n_steps)
    return Energy(
        memory,
        chosen,
        float(np.mean([len(one.emitted) for one in recalls])),
        float(np.mean([synaptic_events(memory, one) for one in recalls])),
        float(memory.n_neurons * memory.n_steps),
        score(recalls, [memory.patterns[k] for k in chosen]).total.f1,
        events,
        matrix,
        prices.of(events),
        prices.of(matrix),
        prices,
        {"patterns": chosen, "weight_bits": weight_bits},
    )
