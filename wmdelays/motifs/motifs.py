"""The causal links between the spikes of stored patterns.

A stored spike of neuron j in step t, after the trigger window, has the membrane

    u_j(t) = sum over arrivals a of W[j,i,d] * beta**(t - a),    a = t' + d <= t

where t' is a stored spike of neuron i, and only arrivals after j's last spike before t count, since
that spike reset the membrane (`wmdelays.Memory`, the equation solved for u with the stored spikes
as context). Every term is the contribution of one synapse and one presynaptic spike.

The *motif* of the spike is the fewest excitatory contributions that hold the membrane at or above
theta together with all inhibitory ones: the largest first, of equal ones that of the latest spike,
until they do. Its links are these contributions. Where the recall is exact the stored spikes are
the recall, and the motifs say which of its spikes make which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.raster import Raster

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.memory import Memory


# What has decayed so far that, all together, it is less than this part of theta does not count.
NEGLIGIBLE = 2.0**-53


@dataclass(frozen=True, eq=False)
class Motifs:
    """The motifs of a stored pattern's spikes, from the end of the trigger window on.

    A periodic pattern is looked at in a cycle that others came before, from its first step on.

    Attributes
    ----------
    pattern : int
    neuron, step : int arrays, shape (n_spikes,)
        The spikes, in the order of steps and neurons.
    membrane : float array, shape (n_spikes,)
        u at the spike, in the unit of the weights.
    held : bool array, shape (n_spikes,)
        Whether u reaches theta. A spike that is not held has no motif.
    inhibition : float array, shape (n_spikes,)
        The sum of all inhibitory contributions to u, not above 0.
    n_excitatory : int array, shape (n_spikes,)
        Number of all excitatory contributions to u.
    first_link : int array, shape (n_spikes + 1,)
        The links of spike k are those from ``first_link[k]`` to ``first_link[k + 1] - 1``, the
        strongest first.
    synapse : int array, shape (n_links,)
        The synapse of each link, as the memory numbers them.
    pre, pre_step, delay : int arrays, shape (n_links,)
        Presynaptic neuron, the step of its spike, and the delay. In a periodic pattern the steps of
        the cycle before are negative.
    contribution : float array, shape (n_links,)
        W * beta**(t - a), in the unit of the weights.
    critical_spike, critical_synapse : int arrays, shape (n_critical,)
        Pairs of a held spike and a synapse without which u is below theta.
    context : int array, shape (n_spikes,)
        Steps from the earliest presynaptic spike of the motif to the spike; 0 without a motif.
    """

    pattern: int
    neuron: np.ndarray
    step: np.ndarray
    membrane: np.ndarray
    held: np.ndarray
    inhibition: np.ndarray
    n_excitatory: np.ndarray
    first_link: np.ndarray
    synapse: np.ndarray
    pre: np.ndarray
    pre_step: np.ndarray
    delay: np.ndarray
    contribution: np.ndarray
    critical_spike: np.ndarray
    critical_synapse: np.ndarray
    context: np.ndarray

    def __len__(self):
        """Number of spikes."""
        return len(self.neuron)

    @property
    def size(self):
        """Number of links of each spike's motif, int of shape (n_spikes,)."""
        return np.diff(self.first_link)

    @property
    def spike(self):
        """The spike that each link leads to, int of shape (n_links,)."""
        return np.repeat(np.arange(len(self)), self.size)

    @property
    def neurons(self):
        """The neurons that take part in a motif, in ascending order."""
        return np.union1d(self.pre, self.neuron[self.held])

    @property
    def synapses(self):
        """The synapses of the links, each once, in ascending order."""
        return np.unique(self.synapse)

    def links(self, spike):
        """Where the links of a spike stand in the arrays of links, a slice."""
        return slice(self.first_link[spike], self.first_link[spike + 1])


def find_motifs(
    memory: Memory,
    patterns: Sequence[int] | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> list[Motifs]:
    """The motifs of the spikes of stored patterns.

    Parameters
    ----------
    memory : Memory
    patterns : sequence of int, optional
        Which patterns; by default all.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float).

    Returns
    -------
    list of Motifs
        One for each pattern.

    Raises
    ------
    InputError
        See `looked_at`.

    Notes
    -----
    Contributions older than `horizon` steps are left out: all of them together are less than 2^-53
    of theta.
    """
    memory.check_reset("motifs are those of neurons with")
    views = [_Stored(memory, k) for k in looked_at(memory, patterns)]
    # A neuron's weights are laid out once for all its spikes.
    by_post = np.argsort(memory.post, kind="stable")
    first = np.searchsorted(memory.post[by_post], np.arange(memory.n_neurons + 1))
    beta, theta, ages = memory.each("beta"), memory.each("theta"), np.arange(horizon(memory) + 1)
    weights = np.zeros((memory.n_neurons, memory.n_delays))
    found = [{} for _ in views]
    for j in range(memory.n_neurons):
        mine = by_post[first[j] : first[j + 1]]
        weights[:] = 0
        weights[memory.pre[mine], memory.delay[mine] - 1] = memory.weight[mine]
        decay = beta[j] ** ages
        for view, spikes in zip(views, found):
            for t, reset in view.spikes_of(j):
                spikes[t, j] = _motif(view, t, reset, weights, decay, theta[j])
        if progress is not None and j % 16 == 0:
            progress("looking for motifs", j / memory.n_neurons)
    return [_collected(memory, view, spikes) for view, spikes in zip(views, found)]


def looked_at(memory, patterns=None):
    """Which of a memory's patterns are looked at, a list of int; by default all.

    Raises
    ------
    InputError
        If there are none, one is named twice, or there is no such pattern.
    """
    chosen = list(range(memory.n_patterns)) if patterns is None else list(patterns)
    if not chosen:
        raise InputError("the memory holds no patterns")
    if len(set(chosen)) < len(chosen):
        raise InputError("a pattern is named twice")
    for k in chosen:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    return chosen


def horizon(memory):
    """Age in steps up to which contributions count.

    With S the largest sum of abs(weight) onto a neuron, no step brings more current than S, so
    what arrived k steps ago or earlier is S * beta**k / (1 - beta) at most. For all k above the
    horizon that is less than 2^-53 of theta. Of neurons that differ, the largest beta and the
    smallest theta count.
    """
    if not memory.n_synapses:
        return 0
    strongest = np.bincount(memory.post, np.abs(memory.weight)).max()
    beta, theta = np.max(memory.beta), np.min(memory.theta)
    least = NEGLIGIBLE * theta * (1 - beta) / strongest
    return max(0, int(np.ceil(np.log(least) / np.log(beta))))


def n_cycles(memory):
    """How often a pattern is repeated so that what came before the last cycle is that of any cycle.

    1 for a pattern that is not periodic.
    """
    if not memory.periodic:
        return 1
    return 1 + -(-(horizon(memory) + memory.n_delays) // memory.n_steps)


def stored_spikes(memory, pattern):
    """The spikes of an exact recall of a pattern: the pattern, repeated if it is periodic.

    Parameters
    ----------
    memory : Memory
    pattern : int

    Returns
    -------
    Raster
        Of `n_cycles` times the pattern's length.
    """
    raster, cycles, length = memory.patterns[pattern], n_cycles(memory), memory.n_steps
    steps = (raster.steps(memory.step) + length * np.arange(cycles)[:, None]).ravel()
    neurons = np.tile(raster.neurons, cycles)
    return Raster.from_steps(neurons, steps, memory.n_neurons, cycles * length, memory.step)


def shared(motifs):
    """How many neurons, and how many synapses, the motifs of two patterns have in common.

    Parameters
    ----------
    motifs : sequence of Motifs

    Returns
    -------
    neurons, synapses : int arrays, shape (n_patterns, n_patterns)
        On the diagonal the number that each pattern has.
    """
    return tuple(
        _in_common([getattr(one, name) for one in motifs]) for name in ("neurons", "synapses")
    )


def parts(motifs):
    """The parts into which links divide a pattern: spikes that a chain of links joins.

    Parameters
    ----------
    motifs : Motifs

    Returns
    -------
    int array, shape (n_parts,)
        Number of spikes of each part, the largest first. Spikes without any link count in none.
    """
    if not len(motifs.pre):
        return np.zeros(0, np.int64)
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    spike = motifs.spike
    # A number for each spike; most numbers belong to none.
    width = 1 + int(max(motifs.pre.max(), motifs.neuron.max()))
    post = motifs.step[spike] * width + motifs.neuron[spike]
    pre = motifs.pre_step * width + motifs.pre
    lowest = min(int(pre.min()), int(post.min()))
    post, pre = post - lowest, pre - lowest
    n_numbers = 1 + int(max(pre.max(), post.max()))
    graph = coo_matrix((np.ones(len(pre), bool), (post, pre)), shape=(n_numbers,) * 2)
    _, label = connected_components(graph, directed=False)
    linked = np.zeros(n_numbers, bool)
    linked[post] = linked[pre] = True
    _, size = np.unique(label[linked], return_counts=True)
    return np.sort(size)[::-1]


class _Stored:
    """A stored pattern as the context of its own spikes."""

    def __init__(self, memory, pattern):
        raster = stored_spikes(memory, pattern)
        self.pattern, self.n_delays = pattern, memory.n_delays
        self.steps, self.neurons = raster.steps(memory.step), raster.neurons
        self.n_steps = raster.n_steps(memory.step)
        # The spikes that are looked at: a full cycle, or all after the trigger window.
        self.origin = self.n_steps - memory.n_steps
        self.start = self.origin if memory.periodic else memory.n_delays
        self.of_neuron = np.argsort(self.neurons, kind="stable")
        self.first = np.searchsorted(self.neurons[self.of_neuron], np.arange(memory.n_neurons + 1))

    def spikes_of(self, j):
        """Each spike of neuron j that is looked at: its step, and that of the spike before or -1."""
        steps = self.steps[self.of_neuron[self.first[j] : self.first[j + 1]]]
        before = np.concatenate([[-1], steps[:-1]])
        return [(int(t), int(b)) for t, b in zip(steps, before) if t >= self.start]

    def context(self, start, stop):
        """Steps and neurons of the spikes from step `start` up to, not including, `stop`."""
        part = slice(*np.searchsorted(self.steps, [start, stop]))
        return self.steps[part], self.neurons[part]


def _motif(view, t, reset, weights, decay, theta):
    """What makes the spike of step t, where `weights` (pre, delay) lead.

    Returns
    -------
    membrane, inhibition : float
    n_excitatory : int
    links : tuple of arrays (pre, pre_step, delay, contribution), or None if u is below theta
    critical : tuple of arrays (pre, delay)
    """
    oldest = max(reset + 1, t - len(decay) + 1)
    steps, pre = view.context(oldest - view.n_delays, t)
    delays = np.arange(1, view.n_delays + 1)
    age = t - steps[:, None] - delays
    weight = weights[pre]
    row, column = np.nonzero((age >= 0) & (age <= t - oldest) & (weight != 0))
    contribution = weight[row, column] * decay[age[row, column]]
    excitatory = contribution > 0
    inhibition = contribution[~excitatory].sum()
    row, column, contribution = row[excitatory], column[excitatory], contribution[excitatory]
    # Of equal ones, which a rule with few values of weights makes, the latest spike first.
    order = np.lexsort((-steps[row], -contribution))
    reached = inhibition + np.cumsum(contribution[order])
    u = float(reached[-1]) if len(reached) else float(inhibition)
    if u < theta:
        return u, inhibition, len(contribution), None, None
    links = order[: 1 + int(np.argmax(reached >= theta))]
    # All that came through one synapse.
    through, number = np.unique(pre[row] * view.n_delays + column, return_inverse=True)
    critical = through[u - np.bincount(number, contribution) < theta]
    return (
        u,
        inhibition,
        len(contribution),
        (pre[row[links]], steps[row[links]], delays[column[links]], contribution[links]),
        (critical // view.n_delays, critical % view.n_delays + 1),
    )


def _collected(memory, view, spikes):
    """The motifs of a pattern, from those of its spikes by (step, neuron)."""
    places = sorted(spikes)
    step, neuron = np.array(places, np.int64).reshape(-1, 2).T
    made = [spikes[place] for place in places]
    size = np.array([len(links[0]) if links else 0 for *_, links, _ in made], np.int64)
    first_link = np.concatenate([[0], np.cumsum(size)])
    n_critical = [len(critical[0]) if critical else 0 for *_, critical in made]
    critical_spike = np.repeat(np.arange(len(made)), n_critical)

    def joined(column, part, kind=np.int64):
        arrays = [one[part][column] for one in made if one[part]]
        return np.concatenate(arrays).astype(kind) if arrays else np.zeros(0, kind)

    pre, pre_step, delay = (joined(column, -2) for column in range(3))
    earliest = step.copy()
    np.minimum.at(earliest, np.repeat(np.arange(len(made)), size), pre_step)
    post = np.repeat(neuron, size)
    return Motifs(
        pattern=view.pattern,
        neuron=neuron,
        step=step - view.origin,
        membrane=np.array([one[0] for one in made], float),
        held=size > 0,
        inhibition=np.array([one[1] for one in made], float),
        n_excitatory=np.array([one[2] for one in made], np.int64),
        first_link=first_link,
        synapse=_numbers(memory, pre, post, delay),
        pre=pre,
        pre_step=pre_step - view.origin,
        delay=delay,
        contribution=joined(3, -2, float),
        critical_spike=critical_spike,
        critical_synapse=_numbers(memory, joined(0, -1), neuron[critical_spike], joined(1, -1)),
        context=step - earliest,
    )


def _numbers(memory, pre, post, delay):
    """The numbers of synapses in the memory, where they stand sorted by pre, delay and post."""
    keys = [
        (a.astype(np.int64) * memory.n_delays + b - 1) * memory.n_neurons + c
        for a, b, c in ((memory.pre, memory.delay, memory.post), (pre, delay, post))
    ]
    return np.searchsorted(*keys)


def _in_common(sets):
    """The size of the intersection of any two of several arrays of distinct numbers."""
    from scipy.sparse import csr_matrix

    row = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
    column = np.concatenate(sets)
    shape = len(sets), int(column.max(initial=0)) + 1
    member = csr_matrix((np.ones(len(row), np.int64), (row, column)), shape=shape)
    return (member @ member.T).toarray()
