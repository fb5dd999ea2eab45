"""A block of neurons whose synapses were chosen before they learn."""

import copy

import numpy as np

from wmdelays.training.rules.margin.sparse_block import SparseBlock


class ChosenBlock(SparseBlock):
    """The synapses of one block of neurons; their weights change, they do not.

    Parameters
    ----------
    n_rows, place, weight, clean
        See `SparseBlock`.
    sign : int8 array, shape (n_synapses,)
        1 for excitatory synapses, -1 for inhibitory ones.
    """

    def __init__(self, n_rows, place, weight, sign, clean=False):
        super().__init__(n_rows, place, weight, True, clean)
        self.sign = sign

    def __reduce__(self):
        synapses = SparseBlock(self.n_rows, self.place[:], self.weight[:], True, self.clean)
        return _with_signs, (synapses, np.packbits(self.sign[:] > 0))

    def copy(self):
        """A block in memory with the same synapses, whose weights can be changed."""
        arrays = self.place[:], np.array(self.weight[:]), self.sign[:]
        return ChosenBlock(self.n_rows, *arrays, self.clean)

    def kept_in(self, scratch):
        """The same block with its arrays in a `Scratch`."""
        block = copy.copy(self)
        block.place, block.weight, block.sign = map(
            scratch.keep, (self.place, self.weight, self.sign)
        )
        return block


def _with_signs(synapses, excitatory):
    excitatory = np.unpackbits(excitatory, count=len(synapses.place)).astype(np.int8)
    return ChosenBlock(
        synapses.n_rows, synapses.place, synapses.weight, 2 * excitatory - 1, synapses.clean
    )
