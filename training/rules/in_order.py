"""Synapses that are found by their postsynaptic neurons, put in the order of a memory."""

from typing import NamedTuple

import numpy as np
from numba import njit

from wmdelays.machine.scratch import ArrayOnDisk, Scratch, as_array
from wmdelays.synapses import AT_ONCE
from wmdelays.training.rules.room import COLUMNS


class Found(NamedTuple):
    """The synapses onto some neurons, next to each other.

    Attributes
    ----------
    place : int array or ArrayOnDisk, shape (n_synapses,)
        Places in their flattened dense weights of shape (n_rows, width), ascending. Rows are those of a
        presynaptic neuron's delays, from 1 on, after those of the neuron before.
    weight : float array or ArrayOnDisk, shape (n_synapses,)
    """

    place: np.ndarray | ArrayOnDisk
    weight: np.ndarray | ArrayOnDisk


def in_order(blocks, width, n_rows, n_delays):
    """All synapses but those of weight zero, in the order of a `Memory`.

    Parameters
    ----------
    blocks : sequence of Found
        Or of anything else that has its attributes, such as `SparseBlock`. The k-th has the synapses onto
        the neurons from ``k * width`` on.
    width : int
        How many neurons a block is of.
    n_rows : int
        ``n_neurons * n_delays``.
    n_delays : int

    Returns
    -------
    dict
        The columns `pre`, `post`, `delay` (int32) and `weight` (float64), shape (n_synapses,). Large ones
        are in a temporary file, see `wmdelays.machine.scratch`, and cannot be changed.

    Notes
    -----
    Presynaptic neurons are gone through in parts: of each part all blocks are looked at. So there are
    never more than `wmdelays.synapses.AT_ONCE` in memory, unless the blocks are there.
    """
    count = np.zeros(n_rows, np.int64)
    for block in blocks:
        _count(block.place[:], block.weight[:], width, count)
    first = np.append(0, count.cumsum())
    bounds = _parts(first)
    inner = bounds[1:-1] * width
    ends = np.zeros((len(blocks), len(bounds)), np.int64)
    for own, block in zip(ends, blocks):
        place = block.place[:]
        own[1:-1] = np.searchsorted(place, inner.astype(place.dtype))
        own[-1] = len(place)

    n_synapses = int(first[-1])
    scratch = Scratch(COLUMNS * n_synapses)
    types = {"pre": np.int32, "post": np.int32, "delay": np.int32, "weight": np.float64}
    kept = {name: scratch.room(n_synapses, dtype) for name, dtype in types.items()}
    for k, (begin, end) in enumerate(zip(bounds[:-1], bounds[1:])):
        here = slice(int(first[begin]), int(first[end]))
        n = here.stop - here.start
        # What is in memory takes the synapses as it is.
        post, weight = (
            kept[name][here] if isinstance(kept[name], np.ndarray) else np.empty(n, types[name])
            for name in ("post", "weight")
        )
        free = first[begin:end] - here.start
        for j, block in enumerate(blocks):
            own = slice(int(ends[j, k]), int(ends[j, k + 1]))
            _insert(
                block.place[own], block.weight[own], j * width, width, begin, free, post, weight
            )
        kept["post"][here], kept["weight"][here] = post, weight
        rows = np.arange(begin, end)
        kept["pre"][here] = np.repeat((rows // n_delays).astype(np.int32), count[begin:end])
        kept["delay"][here] = np.repeat((rows % n_delays + 1).astype(np.int32), count[begin:end])
    return {name: as_array(one) for name, one in kept.items()}


def type_of_places(n_places):
    """The type in which so many places are kept: 32 bits where those hold them all."""
    return np.uint32 if n_places <= 2**32 else np.int64


def _parts(first):
    """The rows at which parts begin, and the end; `first` is the number of synapses before each row."""
    bounds = [0]
    while bounds[-1] < len(first) - 1:
        enough = np.searchsorted(first, first[bounds[-1]] + AT_ONCE, "right") - 1
        bounds.append(max(int(enough), bounds[-1] + 1))
    return np.array(bounds)


@njit(cache=True)
def _count(place, value, width, count):
    for n in range(len(place)):
        if value[n] != 0:
            count[place[n] // width] += 1


@njit(cache=True)
def _insert(place, value, first_neuron, width, first_row, free, post, weight):
    for n in range(len(place)):
        if value[n] != 0:
            row = place[n] // width - first_row
            post[free[row]] = first_neuron + place[n] % width
            weight[free[row]] = value[n]
            free[row] += 1
