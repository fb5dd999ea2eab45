"""The contexts of stored spikes, and which of these no weights could predict."""

from dataclasses import dataclass

import numpy as np

from wmdelays.raster import Raster


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
    # One random number for each neuron; a context's hash is the sum of its spikes' numbers, each
    # times a power of an odd number for its delay (modulo 2^64).
    numbers = np.random.default_rng(0).integers(2**63, size=patterns[0].n_neurons, dtype=np.uint64)
    factor = np.uint64(0x9E3779B97F4A7C15)
    hashes, places, n_context = [], [], []
    for k, pattern in enumerate(patterns):
        n_steps = pattern.n_steps(step)
        steps, neurons = pattern.steps(step), pattern.neurons
        own = np.zeros(n_steps, dtype=np.uint64)
        np.add.at(own, steps, numbers[neurons])
        count = np.bincount(steps, minlength=n_steps)
        context, size = np.zeros(n_steps, dtype=np.uint64), np.zeros(n_steps, dtype=np.int64)
        power = np.uint64(1)
        with np.errstate(over="ignore"):
            for d in range(1, min(n_delays, n_steps - 1) + 1):
                power = power * factor
                context[d:] += own[:-d] * power
                size[d:] += count[:-d]
        hashes.append(context[n_delays:])
        n_context.append(size[n_delays:])
        t = np.arange(n_delays, n_steps)
        places.append(np.column_stack([np.full_like(t, k), t]))
    hashes, n_context = np.concatenate(hashes), np.concatenate(n_context)
    places = np.concatenate(places)
    views = [_Spikes(pattern, step) for pattern in patterns]

    n_spikes = sum(int((p.steps(step) >= n_delays).sum()) for p in patterns)
    empty = [(int(k), int(t), int(j)) for k, t in places[n_context == 0] for j in views[k].at(t)]
    order = np.argsort(hashes, kind="stable")
    order = order[n_context[order] > 0]
    edges = np.flatnonzero(np.diff(hashes[order])) + 1
    edges = np.concatenate([[0], edges, [len(order)]])
    ambiguous = []
    for k in np.flatnonzero(np.diff(edges) > 1):
        group = order[edges[k] : edges[k + 1]]
        ambiguous += _conflicts([tuple(map(int, places[q])) for q in group], views, n_delays)
    if periodic:
        empty = [(k, t % n_cycle, j) for k, t, j in empty]
        ambiguous = [(k, t % n_cycle, j, m, u % n_cycle) for k, t, j, m, u in ambiguous]
    return Unpredictable(n_spikes, sorted(empty), sorted(ambiguous))


class _Spikes:
    """The spikes of a raster by step."""

    def __init__(self, raster: Raster, step):
        self.neurons = raster.neurons
        n_steps = raster.n_steps(step)
        self.first = np.searchsorted(raster.steps(step), np.arange(n_steps + 1))

    def at(self, t):
        return self.neurons[self.first[t] : self.first[t + 1]]

    def context(self, t, n_delays):
        return tuple(tuple(self.at(t - d).tolist()) for d in range(1, n_delays + 1))


def _conflicts(places, views, n_delays):
    """The spikes that follow one of some equal contexts and not another."""
    by_context = {}
    for k, t in places:
        by_context.setdefault(views[k].context(t, n_delays), []).append((k, t))
    found = []
    for equal in by_context.values():
        answers = [set(views[k].at(t).tolist()) for k, t in equal]
        silent_somewhere = set.union(*answers) - set.intersection(*answers)
        for j in silent_somewhere:
            other = next(place for place, answer in zip(equal, answers) if j not in answer)
            found += [(*place, j, *other) for place, answer in zip(equal, answers) if j in answer]
    return found
