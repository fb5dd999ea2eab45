"""Which synapses a recall needs, and a memory without the others.

Let e be the spikes of a recall, all of which are to stay. Synapses may go as long as every membrane
that makes a spike stays at or above theta, and every other one after the clamp below it: then, step
by step, the network emits e again, so that each reset and each arrival is where it was.

*Excitatory.* An excitatory synapse is used if one of its contributions, weight * beta**age with no
spike of the receiver in between, stands in the membrane of a spike. Without the unused ones no
membrane of a spike changes, and the others only fall. So do all, if not only the used ones are kept
but those of the motifs alone (`wmdelays.motifs.motifs`): each spike keeps the contributions that hold it,
and all inhibitory ones.

*Inhibitory.* Let P be the membrane that the excitatory synapses that are kept make alone. Where P
is below theta nothing has to be held back. An inhibitory synapse is used if one of its
contributions stands in a membrane without a spike where P reaches theta. Such a membrane keeps
all its inhibitory contributions and has no more excitatory ones than before, so it stays below theta.
Elsewhere the membrane is P at most. A spike with less inhibition is a spike all the more.

Contributions older than `wmdelays.motifs.motifs.horizon` are taken for none: all those in one membrane
together are less than 2^-53 theta. P counts as reaching theta from a millionth below on, which
leaves room for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.motifs.motifs import horizon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.memory import Memory
    from wmdelays.raster import Raster


# P counts as reaching theta from this part of theta on.
_REACHED = 1 - 1e-6
# Part of all neurons and steps with a spike from which on matrix products are faster than one spike
# after another.
_MANY = 0.05


@dataclass(frozen=True, eq=False)
class SynapseUse:
    """Which synapses of a memory are used in recalls.

    Attributes
    ----------
    excitatory : bool array, shape (n_synapses,)
        The synapses of positive weight.
    used : bool array, shape (n_synapses,)
        Those that contribute to the membrane of a spike, and those that hold back a membrane which
        these excitatory ones would bring to theta.
    """

    excitatory: np.ndarray
    used: np.ndarray

    def counts(self):
        """Number of synapses of each sign, and how many of them are used, as a dict."""
        kinds = {"excitatory": self.excitatory, "inhibitory": ~self.excitatory}
        return {
            name: {"n_synapses": int(kind.sum()), "used": int((kind & self.used).sum())}
            for name, kind in kinds.items()
        }


def synapse_use(
    memory: Memory,
    recalls: Sequence[tuple[Raster, int]],
    only: np.ndarray | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> SynapseUse:
    """Which synapses are used in recalls.

    Parameters
    ----------
    memory : Memory
    recalls : sequence of (Raster, int)
        The emitted spikes of each recall, at whole steps, and the number of steps in which it was
        clamped; for an exact recall the stored pattern and the memory's `n_delays`.
    only : bool array of shape (n_synapses,), optional
        The excitatory synapses that are kept instead of all that are used, such as those of the
        motifs. Every spike has to be held by these together with all inhibitory ones.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float).

    Returns
    -------
    SynapseUse
    """
    say = progress or (lambda stage, part: None)
    memory.check_reset("synapses are followed in neurons with")
    excitatory = memory.weight > 0
    views = [_Recalled(memory, emitted, clamp) for emitted, clamp in recalls]
    n_passes = 2 if only is None else 1
    n_done = 0

    def each(task):
        nonlocal n_done
        for k, view in enumerate(views):
            task(view)
            say("synapses in use", (n_done + (k + 1) / len(views)) / n_passes)
        n_done += 1

    if only is None:
        kept = _Chosen(memory, excitatory)
        each(lambda view: kept.mark(view, view.before_spikes()))
        used = kept.marked()
    else:
        used = excitatory & only
    alone, held_back = _Chosen(memory, used), _Chosen(memory, ~excitatory)
    # The table of a recall is made and looked up at once: one of them stands in memory at a time.
    each(lambda view: held_back.mark(view, view.before_silence(alone.membranes(view))))
    return SynapseUse(excitatory, used | held_back.marked())


def without_unused(memory: Memory, use: SynapseUse, made: dict) -> Memory:
    """The memory without the synapses that are not used.

    Parameters
    ----------
    memory : Memory
    use : SynapseUse
    made : dict
        What was kept and why, for the new memory's `made["cut"]`.

    Returns
    -------
    Memory
    """
    if len(use.used) != memory.n_synapses:
        raise InputError(
            f"{len(use.used)} synapses were looked at, the memory has {memory.n_synapses}"
        )
    arrays = {name: getattr(memory, name)[use.used] for name in ("pre", "post", "delay", "weight")}
    # How far membranes are from theta in open loop is no longer what learning said.
    before = {name: value for name, value in memory.made.items() if name != "reached"}
    counts = {"n_synapses": memory.n_synapses, "kept": int(use.used.sum())}
    return replace(memory, **arrays, made=before | {"cut": counts | made})


class _Recalled:
    """The spikes of a recall, and what they mean to membranes."""

    def __init__(self, memory, emitted, clamp):
        self.memory, self.clamp = memory, clamp
        self.spikes = emitted.dense(memory.step)
        self.steps, self.neurons = emitted.steps(memory.step), emitted.neurons
        self.are_many = len(self.steps) > _MANY * self.spikes.size

    def before_spikes(self):
        """Where an arrival stands in the membrane of a spike, bool of shape (n_steps, n_neurons)."""
        own = self.spikes.copy()
        own[: self.clamp] = False
        return self._before(own)

    def before_silence(self, membrane):
        """Where an arrival stands in a membrane without a spike that is `membrane` and near theta."""
        near = (membrane >= _REACHED * self.memory.theta) & ~self.spikes
        near[: self.clamp] = False
        return self._before(near)

    def _before(self, looked_at):
        """Where an arrival stands in a membrane that is looked at.

        An arrival of step a stands in the membranes of the steps from a on, up to the receiver's
        next spike and up to the horizon.
        """
        most = horizon(self.memory)
        wait = np.full(self.spikes.shape[1], most + 1)
        stands = np.zeros_like(self.spikes)
        for t in range(len(self.spikes) - 1, -1, -1):
            wait += 1
            wait[self.spikes[t]] = most + 1
            wait[looked_at[t]] = 0
            stands[t] = wait <= most
        return stands


class _Chosen:
    """Some of a memory's synapses, by presynaptic neuron."""

    def __init__(self, memory, chosen):
        self.memory, self.number = memory, np.flatnonzero(chosen)
        self.pre, self.post, self.delay, self.weight = (
            getattr(memory, name)[self.number] for name in ("pre", "post", "delay", "weight")
        )
        self.first = np.searchsorted(self.pre, np.arange(memory.n_neurons + 1))
        # Where a spike of step 0 arrives in a table of steps and neurons.
        self.place = self.delay.astype(np.int64) * memory.n_neurons + self.post
        self.hit = np.zeros(len(self.number), bool)

    def mark(self, view, stands):
        """Mark the synapses with a spike that arrives where `stands` is true."""
        if view.are_many:
            spikes, there = view.spikes.astype(np.float32), stands.astype(np.float32)
            for delay, part in self._by_delay(view):
                together = spikes[:-delay].T @ there[delay:]
                self.hit[part] |= together[self.pre[part], self.post[part]] > 0
            return
        table = self._longer(stands)
        for part, at in self._arrivals(view):
            self.hit[part] |= table[at]

    def marked(self):
        """All marked synapses, bool of shape (n_synapses,)."""
        marked = np.zeros(self.memory.n_synapses, bool)
        marked[self.number[self.hit]] = True
        return marked

    def membranes(self, view):
        """The membranes that these synapses make alone, float of shape (n_steps, n_neurons)."""
        u = np.zeros(view.spikes.shape)
        if view.are_many:
            spikes = view.spikes.astype(float)
            for delay, part in self._by_delay(view):
                weights = np.zeros((u.shape[1],) * 2)
                weights[self.pre[part], self.post[part]] = self.weight[part]
                u[delay:] += spikes[:-delay] @ weights
        else:
            table = self._longer(u)
            for part, at in self._arrivals(view):
                table[at] += self.weight[part]
            u = table.reshape(-1, u.shape[1])[: len(u)]
        for t in range(1, len(u)):
            u[t] += self.memory.beta * u[t - 1] * ~view.spikes[t - 1]
        return u

    def _by_delay(self, view):
        """Each delay with which a spike can arrive, and where its synapses stand."""
        for delay in range(1, min(self.memory.n_delays, len(view.spikes) - 1) + 1):
            part = np.flatnonzero(self.delay == delay)
            if len(part):
                yield delay, part

    def _arrivals(self, view):
        """For each spike the part of the synapses it goes through, and where it arrives."""
        n_neurons = self.memory.n_neurons
        for t, i in zip(view.steps.tolist(), view.neurons.tolist()):
            part = slice(self.first[i], self.first[i + 1])
            yield part, self.place[part] + t * n_neurons

    def _longer(self, table):
        """The table with the steps in which the last spikes arrive, flat."""
        after = np.zeros((self.memory.n_delays, table.shape[1]), table.dtype)
        return np.concatenate([table, after]).ravel()
