"""Synapses as one table: pre, post, delay and weight."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.words import counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


COLUMNS = ("pre", "post", "delay", "weight")
LARGEST = 2**31 - 1
# Synapses that are looked at together: arrays as long as all of them take more memory than they do.
AT_ONCE = 4_000_000
# What is left of the golden ratio: multiples of it spread evenly over the unit interval.
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, eq=False, repr=False)
class Synapses:
    """The synapses of a network, checked and in order.

    Parameters
    ----------
    pre, post : array_like of int, shape (n_synapses,)
        Presynaptic and postsynaptic neuron of each synapse.
    delay : array_like of int, shape (n_synapses,)
        Delay of each synapse, from 1 on; in steps of a memory, or in ms.
    weight : array_like of float, shape (n_synapses,)
        Weight of each synapse, in the unit of the network.
    n_neurons : int
        Number of neurons.
    longest : int, optional
        The longest delay that is allowed.
    names : sequence of str
        What an error calls the four columns.

    Raises
    ------
    InputError
        If the columns differ in length, a neuron does not exist, a delay is not a whole number
        from 1 to the longest, or a weight is not finite. It names the synapse by its place in what
        was given.

    Notes
    -----
    Sorted by pre, delay and post; those that have the same three stay in the order in which they
    were given. The ids and delays are kept in 32 bits, since a network may have tens of millions
    of synapses. What is in order already is not copied.

    Examples
    --------
    >>> table = Synapses(pre=[1, 0], post=[2, 1], delay=[3, 1], weight=[0.5, -1], n_neurons=3)
    >>> table.pre, table.weight
    (array([0, 1], dtype=int32), array([-1. ,  0.5]))
    """

    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    weight: np.ndarray
    n_neurons: int
    longest: InitVar[int | None] = None
    names: InitVar[tuple] = COLUMNS

    def __post_init__(self, longest, names):
        columns = [np.asarray(column) for column in self.columns]
        _check_shapes(columns, names)
        for name, values in zip(names, columns[:3]):
            refuse_parts(
                len(values),
                lambda part: _broken(values[part]),
                lambda k: f"has {name} {values[k]:g}, not a whole number",
            )
        refuse_unknown(*columns[:2], self.n_neurons)
        _check_delays(columns[2], longest, names[2])
        columns = [ids.astype(np.int32, copy=False) for ids in columns[:3]] + [
            columns[3].astype(np.float64, copy=False)
        ]
        weight = columns[3]
        refuse_parts(
            len(weight),
            lambda part: ~np.isfinite(weight[part]),
            lambda k: f"has the weight {weight[k]}, not a finite number",
        )
        order = _order(*columns[:3], self.n_neurons)
        if order is not None:
            columns = [column[order] for column in columns]
        for name, column in zip(COLUMNS, columns):
            object.__setattr__(self, name, column)

    def __len__(self):
        """Number of synapses."""
        return len(self.weight)

    def __repr__(self):
        delays = f" with delays {self.delay.min()}…{self.delay.max()}" if len(self) else ""
        neurons = counted(self.n_neurons, "neuron")
        return f"<Synapses: {counted(len(self), 'synapse')} of {neurons}{delays}>"

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The four arrays: pre, post, delay and weight."""
        return self.pre, self.post, self.delay, self.weight

    def where(self, kept: ArrayLike) -> Synapses:
        """The synapses for which `kept` (bool, shape (n_synapses,)) is true, in the same order."""
        table = object.__new__(Synapses)
        for name, column in zip(COLUMNS, self.columns):
            object.__setattr__(table, name, column[kept])
        object.__setattr__(table, "n_neurons", self.n_neurons)
        return table

    def repeated(self) -> int | None:
        """The place of the first synapse with the same pre, post and delay as the one before it.

        Returns
        -------
        int or None
        """
        for part in pieces(len(self) - 1):
            same = np.ones(part.stop - part.start, dtype=bool)
            for ids in self.columns[:3]:
                same &= ids[part.start + 1 : part.stop + 1] == ids[part]
            if same.any():
                return part.start + int(same.argmax()) + 1
        return None


def _check_shapes(columns, names):
    listed = f"{', '.join(names[:3])} and {names[3]}"
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise InputError(
            f"{listed} have to be equally long, not"
            f" {', '.join(str(column.shape) for column in columns)}"
        )
    if columns[0].size and any(column.dtype.kind not in "iuf" for column in columns):
        raise InputError(f"{listed} have to be numbers")


def _broken(values):
    """Which values are no whole numbers."""
    if values.dtype.kind == "f":
        return ~(np.isfinite(values) & (values == np.trunc(values)))
    return np.zeros(0, dtype=bool)


def _check_delays(delay, longest, name):
    def outside(part):
        return (delay[part] < 1) | (delay[part] > (LARGEST if longest is None else longest))

    def words(k):
        if longest is not None:
            return f"has {name} {delay[k]}, outside 1…{longest}"
        bound = "shortest is 1" if delay[k] < 1 else f"longest is {LARGEST}"
        return f"has {name} {delay[k]}; the {bound}"

    refuse_parts(len(delay), outside, words)


def pieces(n):
    """Parts of n synapses that are looked at one after another, as slices in their order."""
    return [slice(first, min(first + AT_ONCE, n)) for first in range(0, n, AT_ONCE)]


def is_single(values):
    """Whether single precision changes no number of an array that may be as long as all synapses."""
    parts = (values[part] for part in pieces(len(values)))
    return all(np.array_equal(one.astype(np.float32), one) for one in parts)


def _order(pre, post, delay, n_neurons):
    """The order that sorts synapses by pre, delay and post; None if they are sorted."""
    longest = int(delay.max(initial=0))
    if n_neurons * n_neurons * longest >= 2**63:
        return np.lexsort((post, delay, pre))

    def key(part):
        row = pre[part].astype(np.int64) * longest + (delay[part].astype(np.int64) - 1)
        return row * n_neurons + post[part]

    # Each piece with the first of the next one.
    parts = (key(slice(part.start, part.stop + 1)) for part in pieces(len(pre)))
    if all(np.all(part[1:] >= part[:-1]) for part in parts):
        return None
    return np.argsort(key(slice(None)), kind="stable")


def refuse_unknown(pre, post, n_neurons, lines=None):
    """Raise an InputError about the first synapse of a neuron that does not exist; see `refuse`."""
    for name, ids in (("pre", pre), ("post", post)):
        refuse_parts(
            len(ids),
            lambda part: (ids[part] < 0) | (ids[part] >= n_neurons),
            lambda k: f"has {name} {ids[k]}, outside the neurons 0…{n_neurons - 1}",
            lines,
        )


def refuse(bad, words, lines=None):
    """Raise an InputError about the first synapse that is bad, if there is one.

    Parameters
    ----------
    bad : bool array, shape (n_synapses,)
    words : callable
        What is wrong with a synapse, from its place in the arrays.
    lines : sequence of int, optional
        The line of a file that each synapse stands in.
    """
    refuse_parts(len(bad), bad.__getitem__, words, lines)


def refuse_parts(n, bad, words, lines=None):
    """As `refuse` of n synapses, of which some are looked at after others: `bad` takes a slice of them."""
    for part in pieces(n):
        found = bad(part)
        if found.any():
            k = part.start + found.argmax()
            where = f"synapse {k}" if lines is None else f"line {lines[k]}"
            raise InputError(f"{where} {words(k)}")


def whole_numbers(mean, n):
    """Whole numbers of a mean that need not be one: the two next to it, spread evenly.

    Parameters
    ----------
    mean : float
    n : int

    Returns
    -------
    int32 array, shape (n,)
    """
    part = np.arange(1, n + 1) * _GOLDEN % 1
    return (np.floor(mean) + (part < mean % 1)).astype(np.int32)
