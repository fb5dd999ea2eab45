"""The synapses of a block of neurons while it does not learn."""

import numpy as np
from numba import njit

from wmdelays.training.rules.margin.presentations import BLOCK


class SparseBlock:
    """The weights of one block of neurons, without the zeros.

    Between its turns to learn a block is kept like this, so the dense tensor of all neurons never
    has to exist.

    Parameters
    ----------
    n_rows : int
        Number of rows of the dense weights, n_neurons * n_delays.
    place : int array, optional
        Places in the flattened dense weights, ascending; by default none. Kept in 32 bits where those hold
        all that there can be.
    weight : float32 array, optional
        The weights there.
    limited : bool
        Whether there may be synapses at these places only.
    clean : bool
        Whether all bounds were met when the block learned last.
    """

    def __init__(self, n_rows, place=None, weight=None, limited=False, clean=False):
        self.n_rows = n_rows
        self.place = self._packed(np.empty(0, np.int64) if place is None else place)
        self.weight = np.empty(0, np.float32) if weight is None else weight
        self.limited = limited
        self.clean = clean

    def __reduce__(self):
        # What goes to other processes and comes back is mostly places. The gaps between them are small.
        gaps = np.diff(self.place, prepend=0)
        gaps = gaps.astype(np.min_scalar_type(gaps.max(initial=0)))
        return _with_gaps, (self.n_rows, gaps, self.weight, self.limited, self.clean)

    def copy(self):
        """A block of its own with the same synapses."""
        return SparseBlock(self.n_rows, self.place, self.weight, self.limited, self.clean)

    def dense(self):
        """The weights and where there may be any, both of shape (n_rows, BLOCK).

        The second is None where there may be synapses everywhere.
        """
        weights = np.zeros((self.n_rows, BLOCK), np.float32)
        weights.reshape(-1)[self.place] = self.weight
        if not self.limited:
            return weights, None
        allowed = np.zeros((self.n_rows, BLOCK), bool)
        allowed.reshape(-1)[self.place] = True
        return weights, allowed

    def keep(self, weights):
        """Take over what was learned."""
        if not self.limited:
            self.place = self._packed(np.flatnonzero(weights))
        self.weight = weights.reshape(-1)[self.place]

    def limit(self, weights, allowed):
        """Take over the weights where they are allowed, and allow no others from now on."""
        self.limited = True
        self.place = self._packed(np.flatnonzero(allowed))
        self.weight = weights.reshape(-1)[self.place]

    def _packed(self, place):
        return place.astype(type_of_places(self.n_rows), copy=False)


def type_of_places(n_rows):
    """The type in which a `SparseBlock` of so many rows keeps its places."""
    return np.uint32 if n_rows * BLOCK <= 2**32 else np.int64


def _with_gaps(n_rows, gaps, *others):
    return SparseBlock(n_rows, np.cumsum(gaps, dtype=np.int64), *others)


def synapses(blocks, n_delays):
    """The synapses of all blocks but those of weight zero, in the order of a `Memory`.

    Parameters
    ----------
    blocks : sequence of SparseBlock
    n_delays : int
        Rows are those of a neuron's delays, from 1 on, after those of the neuron before.

    Returns
    -------
    dict
        The columns `pre`, `post`, `delay` (int32) and `weight` (float64), shape (n_synapses,).

    Notes
    -----
    Of each synapse there are the 8 bytes of its block and the 20 of its columns, and no more.
    """
    n_rows = blocks[0].n_rows
    count = np.zeros(n_rows, np.int64)
    for block in blocks:
        _count(block.place, block.weight, count)
    free = count.cumsum() - count
    n_synapses = count.sum()
    post, weight = np.empty(n_synapses, np.int32), np.empty(n_synapses)
    for k, block in enumerate(blocks):
        _insert(block.place, block.weight, k * BLOCK, free, post, weight)
    of_neuron = count.reshape(-1, n_delays)
    pre = np.repeat(np.arange(len(of_neuron), dtype=np.int32), of_neuron.sum(1))
    of_row = np.tile(np.arange(1, n_delays + 1, dtype=np.int32), len(of_neuron))
    delay = np.repeat(of_row, count)
    return {"pre": pre, "post": post, "delay": delay, "weight": weight}


@njit(cache=True)
def _count(place, value, count):
    for n in range(len(place)):
        if value[n] != 0:
            count[place[n] // BLOCK] += 1


@njit(cache=True)
def _insert(place, value, first_neuron, free, post, weight):
    for n in range(len(place)):
        if value[n] != 0:
            row = place[n] // BLOCK
            post[free[row]] = first_neuron + place[n] % BLOCK
            weight[free[row]] = value[n]
            free[row] += 1
