"""The synapses of a block of neurons while it does not learn."""

import numpy as np

from wmdelays.training.rules.in_order import type_of_places
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
        return place.astype(type_of_places(self.n_rows * BLOCK), copy=False)


def _with_gaps(n_rows, gaps, *others):
    return SparseBlock(n_rows, np.cumsum(gaps, dtype=np.int64), *others)
