"""The contexts of stored spikes, and which of these no weights could predict."""

from dataclasses import dataclass

import numpy as np

from wmdelays.machine.free_memory import check_memory
from wmdelays.raster import Raster

# An odd number, whose powers tell the delays of a context apart, and its inverse modulo 2^64.
_FACTOR = 0x9E3779B97F4A7C15
_INVERSE = pow(_FACTOR, -1, 2**64)
# So many bits of an exponent are looked up at once.
_BITS = 12
# So many spikes of contexts are compared at a time.
_PART = 2**20
# Bytes for a step whose context is compared.
_OF_A_PLACE = 100


def stored_sequence(pattern, n_delays, step, periodic=False):
    """The spikes that the network has to follow one another.

    For a periodic pattern this is the pattern and its beginning once more, so that every step
    of the cycle is also predicted from a full context that reaches across the end.

    Parameters
    ----------
    pattern : Raster
    n_delays : int
        Largest delay D in steps.
    step : float
        Training time step in seconds.
    periodic : bool
        Whether the pattern's end leads back into its beginning.

    Returns
    -------
    Raster
        The pattern itself, or one of D more steps.
    """
    if not periodic:
        return pattern
    n_steps, steps = pattern.n_steps(step), pattern.steps(step)
    again = steps < n_delays
    return Raster.from_steps(
        np.concatenate([pattern.neurons, pattern.neurons[again]]),
        np.concatenate([steps, steps[again] + n_steps]),
        pattern.n_neurons,
        n_steps + n_delays,
        step,
        n_latent=pattern.n_latent,
    )


@dataclass(frozen=True)
class Unpredictable:
    """Stored spikes that no weights could predict from the context before them.

    Attributes
    ----------
    n_spikes : int
        Stored spikes from the end of the trigger window on, in all patterns.
    empty : list of tuple of int
        (pattern, step, neuron) of the spikes with an empty context: no neuron spikes in the D
        steps before, so no current arrives, and a membrane below threshold only decays.
    ambiguous : list of tuple of int
        (pattern, step, neuron, other pattern, other step) of the spikes whose context is repeated
        at the other place, where the neuron stays silent. The same current arrives at both; what
        is left on the membrane from before the context is all that could tell them apart.
    """

    n_spikes: int
    empty: list
    ambiguous: list

    def __len__(self):
        return len(self.empty) + len(self.ambiguous)


def unpredictable_spikes(patterns, n_delays, step, periodic=False):
    """Find the stored spikes that no weights could predict.

    Parameters
    ----------
    patterns : sequence of Raster
        The stored patterns, at whole steps.
    n_delays : int
        Length of a context in steps, D.
    step : float
        Training time step in seconds.
    periodic : bool
        Whether the end of each pattern leads back into its beginning. Then every step is looked at,
        the first ones with a context that reaches across the end.

    Returns
    -------
    Unpredictable

    Notes
    -----
    Contexts are told apart by a 64-bit hash, and those of equal hash are compared spike by spike.
    """
    if not len(patterns):
        return Unpredictable(0, [], [])
    n_cycle = patterns[0].n_steps(step)
    patterns = [stored_sequence(pattern, n_delays, step, periodic) for pattern in patterns]
    views = [_Spikes(pattern, step) for pattern in patterns]
    numbers = np.random.default_rng(0).integers(2**63, size=patterns[0].n_neurons, dtype=np.uint64)
    places, empty = _places(views, n_delays)
    hashes = np.concatenate(
        [
            view.hashes(numbers, n_delays, places[places[:, 0] == k, 1])
            for k, view in enumerate(views)
        ]
    )
    ambiguous = _ambiguous(places, hashes, views, n_delays)
    if periodic:
        empty = [(k, t % n_cycle, j) for k, t, j in empty]
        ambiguous = [(k, t % n_cycle, j, m, u % n_cycle) for k, t, j, m, u in ambiguous]
    n_spikes = sum(int((view.of_spikes >= n_delays).sum()) for view in views)
    return Unpredictable(n_spikes, sorted(empty), sorted(ambiguous))


def _places(views, n_delays):
    """The steps whose context may be that of a stored spike, and the spikes with an empty one.

    A context that is repeated ends with as many silent steps as before. So only steps that lie as
    far from the spikes before them as some stored spike does are looked at: in long silence, none.

    Returns
    -------
    places : int array, shape (n_places, 2)
        Pattern and step, in this order.
    empty : list of tuple of int
        (pattern, step, neuron).
    """
    empty, silent = [], [np.empty(0, np.int64)]
    for k, view in enumerate(views):
        late, alone = view.steps >= n_delays, view.since > n_delays
        _, spikes = _joined(*view.at(view.steps[late & alone]))
        found = zip(view.of_spikes[spikes].tolist(), view.neurons[spikes].tolist())
        empty += [(k, t, j) for t, j in found]
        silent.append(view.since[late & ~alone])
    silent = np.unique(np.concatenate(silent))
    # For each step with spikes, how many of these distances end before the next such step, or at it.
    counts = [np.searchsorted(silent, view.until, side="right") for view in views]
    check_memory(
        _OF_A_PLACE * sum(int(count.sum()) for count in counts),
        "comparing the contexts of all spikes",
        "take shorter patterns or fewer delays",
    )
    places = []
    for k, (view, count) in enumerate(zip(views, counts)):
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        t = np.repeat(view.steps, count) + silent[within]
        t = t[t >= n_delays]
        places.append(np.column_stack([np.full_like(t, k), t]))
    return np.concatenate(places), empty


class _Spikes:
    """The spikes of a raster by step.

    Attributes
    ----------
    of_spikes : int array, shape (n_spikes,)
        The step of each spike.
    steps : int array, shape (n_steps_with_spikes,)
        The steps that have spikes.
    since, until : int arrays of the same shape
        Steps from the spikes before to these (for the first ones, more than there can be), and from
        these to the next ones or to the last step.
    """

    def __init__(self, raster: Raster, step):
        self.neurons, self.of_spikes = raster.neurons, raster.steps(step)
        self.steps, first = np.unique(self.of_spikes, return_index=True)
        self.first = np.append(first, len(self.neurons))
        apart = np.diff(self.steps)
        self.since = np.concatenate([[np.iinfo(np.int64).max], apart])[: len(self.steps)]
        self.until = np.append(apart, raster.n_steps(step) - 1 - self.steps[-1:])

    def at(self, t):
        """Where the spikes of each of these steps begin and end."""
        return self._before(t), self._before(t + 1)

    def contexts(self, t, n_delays):
        """Where the spikes of the steps before each of these begin and end."""
        return self._before(t - n_delays), self._before(t)

    def _before(self, t):
        return self.first[np.searchsorted(self.steps, t)]

    def hashes(self, numbers, n_delays, t):
        """A number for the context of each of these steps, equal for equal contexts.

        It is the sum over the context's spikes of their neuron's number times a power of an odd
        number for the delay (modulo 2^64). With the inverse of that number it is the difference of
        two sums over all spikes before a step.
        """
        with np.errstate(over="ignore"):
            sums = np.cumsum(numbers[self.neurons] * _power(_INVERSE, self.of_spikes))
            sums = np.concatenate([np.zeros(1, np.uint64), sums])[self.first]
            later, earlier = (np.searchsorted(self.steps, t - d) for d in (0, n_delays))
            return _power(_FACTOR, t) * (sums[later] - sums[earlier])


def _power(base, exponents):
    """Powers modulo 2^64, uint64 of the shape of the exponents."""
    powers, left = np.ones(exponents.shape, np.uint64), exponents.copy()
    factor = np.uint64(base)
    while left.any():
        table = np.cumprod(np.append(np.uint64(1), np.full(2**_BITS - 1, factor)))
        powers *= table[left & (2**_BITS - 1)]
        factor *= table[-1]
        left >>= _BITS
    return powers


def _ambiguous(places, hashes, views, n_delays):
    """The spikes that follow one of some equal contexts and not another, see `Unpredictable`."""
    pattern, t = places.T
    neurons = np.concatenate([view.neurons for view in views])
    begin, end = _of_all(views, pattern, lambda view, k: view.at(t[k]))
    # Of equal contexts one has to be followed by a spike; most places are followed by none.
    known = np.unique(hashes[end > begin])
    group = np.searchsorted(known, hashes)
    if not len(known):
        return []
    kept = np.flatnonzero(known.take(group, mode="clip") == hashes)
    kept = kept[np.bincount(group[kept])[group[kept]] > 1]
    pattern, t, group, begin, end = (x[kept] for x in (pattern, t, group, begin, end))
    context = _of_all(views, pattern, lambda view, k: view.contexts(t[k], n_delays))
    of_spikes = np.concatenate([view.of_spikes for view in views])
    group = _of_equal_contexts(group, t, *context, neurons, of_spikes)
    # Members of a group stand one after the other, in the order of places.
    order = np.argsort(group, kind="stable")
    pattern, t, group, begin, end = (x[order] for x in (pattern, t, group, begin, end))
    _, first, group, size = np.unique(
        group, return_index=True, return_inverse=True, return_counts=True
    )
    member, spikes = _joined(begin, end)
    neuron = neurons[spikes]
    # The members of a group that a neuron follows, one after the other.
    _, pair = np.unique(
        group[member] * (int(neuron.max(initial=0)) + 1) + neuron, return_inverse=True
    )
    order = np.argsort(pair, kind="stable")
    member, neuron, pair = member[order], neuron[order], pair[order]
    counts = np.bincount(pair)
    rank = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
    # The first member that it does not follow comes after those whose rank is their place.
    begins = first[group[member]]
    other = begins + np.bincount(pair, weights=member - begins == rank)[pair].astype(np.int64)
    found = counts[pair] < size[group[member]]
    member, neuron, other = member[found], neuron[found], other[found]
    columns = pattern[member], t[member], neuron, pattern[other], t[other]
    return list(zip(*(column.tolist() for column in columns)))


def _of_all(views, pattern, ranges):
    """Ranges of spikes in all patterns joined; `ranges` gives those of a view's places."""
    begin, end, n = np.zeros(len(pattern), np.int64), np.zeros(len(pattern), np.int64), 0
    for k, view in enumerate(views):
        own = np.flatnonzero(pattern == k)
        begin[own], end[own] = (n + one for one in ranges(view, own))
        n += len(view.neurons)
    return begin, end


def _joined(begin, end):
    """All numbers of some ranges, one range after the other, and the range of each."""
    n = end - begin
    which = np.repeat(np.arange(len(n)), n)
    return which, np.arange(len(which)) + (begin - np.cumsum(n) + n)[which]


def _of_equal_contexts(group, t, begin, end, neurons, of_spikes):
    """The groups of places with equal hashes, parted where their contexts differ.

    Parameters
    ----------
    group, t : int arrays, shape (n_places,)
    begin, end : int arrays, shape (n_places,)
        The context of each place in all spikes.
    neurons, of_spikes : int arrays, shape (n_spikes,)

    Returns
    -------
    int array, shape (n_places,)
    """
    group = group.copy()
    while True:
        _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
        first = first[inverse]
        differs = end - begin != (end - begin)[first]
        same = np.flatnonzero(~differs)
        # In parts, since contexts of many spikes take much memory.
        sizes = np.cumsum((end - begin)[same])
        parts = np.searchsorted(sizes, np.arange(_PART, sizes[-1:].sum() + 1, _PART))
        for part in np.split(same, parts):
            which, one = _joined(begin[part], end[part])
            _, other = _joined(begin[first[part]], end[first[part]])
            wrong = neurons[one] != neurons[other]
            ago = t[part][which] - of_spikes[one], t[first[part]][which] - of_spikes[other]
            wrong |= ago[0] != ago[1]
            differs[part[which[wrong]]] = True
        if not differs.any():
            return group
        group[differs] += group.max() + 1
