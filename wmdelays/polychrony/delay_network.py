"""Networks of excitatory and inhibitory neurons whose synapses have whole milliseconds of delay."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.synapses import Synapses
from wmdelays.words import counted

if TYPE_CHECKING:
    from wmdelays.memory import Memory


COLUMNS = ("pre", "post", "delay_ms", "weight")
MAX_WEIGHT = 10.0
MAX_DELAY = 20
# A weight above this fraction of the ceiling is strong.
STRONG = 0.95
# A search keeps a few numbers for each neuron.
MOST_NEURONS = 1_000_000
# With what is made of them, synapses take so many times their size in memory.
COPIES = 4
LACK = "what the file holds", "leave out synapses, or take a machine with more memory"


@dataclass(frozen=True, eq=False, repr=False)
class DelayNetwork:
    """The synapses of a network, as a search for polychronous groups takes them.

    Parameters
    ----------
    pre, post : array_like of int, shape (n_synapses,)
        Presynaptic and postsynaptic neuron of each synapse.
    delay_ms : array_like of int, shape (n_synapses,)
        Delay of each synapse in whole milliseconds, from 1 on.
    weight : array_like of float, shape (n_synapses,)
        Weight of each synapse in mV; that of an inhibitory synapse is negative.
    excitatory : array_like of bool, shape (n_neurons,)
        Which neurons are excitatory.
    max_weight : float
        The ceiling of excitatory weights in mV.

    Raises
    ------
    InputError
        If a value makes no sense, or no neuron is excitatory.

    Notes
    -----
    `synapses` is the table of all synapses, a `wmdelays.synapses.Synapses`; `pre`, `post`,
    `delay_ms` and `weight` are its columns. It is sorted by pre, delay and post; several synapses
    may have the same three.
    """

    pre: np.ndarray
    post: np.ndarray
    delay_ms: np.ndarray
    weight: np.ndarray
    excitatory: np.ndarray
    max_weight: float = MAX_WEIGHT
    synapses: Synapses = field(init=False)

    def __post_init__(self):
        excitatory = np.asarray(self.excitatory, dtype=bool)
        if excitatory.ndim != 1 or not excitatory.any():
            raise InputError("the network has no excitatory neurons")
        check_ceiling(self.max_weight)
        given = (self.pre, self.post, self.delay_ms, self.weight)
        table = Synapses(*given, len(excitatory), names=COLUMNS)
        object.__setattr__(self, "synapses", table)
        for name, column in zip(COLUMNS, table.columns):
            object.__setattr__(self, name, column)
        object.__setattr__(self, "excitatory", excitatory)
        object.__setattr__(self, "max_weight", float(self.max_weight))

    def __repr__(self):
        synapses = counted(self.n_synapses, "synapse")
        delays = f" with delays up to {self.max_delay_ms} ms" if self.n_synapses else ""
        return (
            f"<DelayNetwork: {counted(self.n_neurons, 'neuron')}, {self.n_excitatory:,} of them"
            f" excitatory, {synapses}{delays}>"
        )

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.excitatory)

    @property
    def n_excitatory(self) -> int:
        """Number of excitatory neurons."""
        return int(self.excitatory.sum())

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return len(self.pre)

    @property
    def max_delay_ms(self) -> int:
        """The longest delay in milliseconds; 0 without synapses."""
        return int(self.delay_ms.max(initial=0))

    def strong(self, fraction: float = STRONG) -> np.ndarray:
        """Which synapses are excitatory and heavier than a fraction of the ceiling, bool."""
        return self.excitatory[self.pre] & (self.weight > fraction * self.max_weight)

    def fingerprint(self) -> str:
        """A hash of the network, to know it again; hexadecimal."""
        digest = hashlib.sha256(f"{self.n_neurons} {self.max_weight!r}".encode())
        digest.update(self.excitatory.tobytes())
        # In 64 bits, as files of groups know their network.
        for ids in self.synapses.columns[:3]:
            digest.update(ids.astype(np.int64))
        digest.update(np.ascontiguousarray(self.weight))
        return digest.hexdigest()

    def shuffled(self, seed: int = 0) -> DelayNetwork:
        """The same network with its excitatory weights drawn in another order.

        Weights of synapses onto excitatory neurons and of those onto inhibitory neurons are
        shuffled apart, since learning makes most of the latter strong: mixed, they would turn the
        balance of the network over. What depends on which synapse is strong is lost; how many
        of each kind are strong stays.

        Parameters
        ----------
        seed : int

        Returns
        -------
        DelayNetwork
        """
        rng, weight = np.random.default_rng(seed), self.weight.copy()
        for onto in (self.excitatory, ~self.excitatory):
            kind = self.excitatory[self.pre] & onto[self.post]
            weight[kind] = rng.permutation(weight[kind])
        arrays = (self.pre, self.post, self.delay_ms, weight)
        return DelayNetwork(*arrays, self.excitatory, self.max_weight)

    @classmethod
    def of_memory(cls, memory: Memory, max_weight: float = MAX_WEIGHT) -> DelayNetwork:
        """The network of a stored memory.

        A step counts as a millisecond. Weights are scaled so that the largest lies at the
        ceiling. Neurons without any positive synapse are inhibitory; the others are excitatory,
        and of their synapses the search follows the strong ones alone.

        Parameters
        ----------
        memory : Memory
        max_weight : float
            The ceiling in mV.

        Returns
        -------
        DelayNetwork
        """
        largest = memory.weight.max(initial=0)
        if largest <= 0:
            raise InputError("the memory has no excitatory synapses")
        negative, positive = np.zeros((2, memory.n_neurons), dtype=bool)
        negative[memory.pre[memory.weight < 0]] = True
        positive[memory.pre[memory.weight > 0]] = True
        scaled = memory.weight / largest * max_weight
        arrays = (memory.pre, memory.post, memory.delay, scaled)
        return cls(*arrays, ~(negative & ~positive), max_weight)


def check_ceiling(max_weight):
    if not (np.isfinite(max_weight) and max_weight > 0):
        raise InputError(f"the weight ceiling is {max_weight:g}; it has to be positive")
