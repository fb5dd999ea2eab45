"""The network in discrete time, compiled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from wmdelays.cue import Cue
from wmdelays.machine.free_memory import how_many
from wmdelays.machine.processors import n_processors
from wmdelays.machine.scratch import here_and_there
from wmdelays.raster import Raster
from wmdelays.recalls import Recall, bytes_of_recall, check_room
from wmdelays.synapses import pieces
from wmdelays.training.discrete.equation import membrane, membrane_of_own_resets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.memory import Memory


def recall(memory: Memory, cue: Cue | Sequence[Cue]) -> Recall | list[Recall]:
    """The discrete-time recall of a memory, by a compiled loop.

    Parameters
    ----------
    memory : Memory
    cue : Cue or sequence of Cue
        Several cues are independent recalls.

    Returns
    -------
    Recall or list of Recall
        One for each cue.

    Raises
    ------
    InputError
        If a cue does not belong to this memory, or there is no memory for so long a recall.

    Examples
    --------
    >>> from wmdelays import bernoulli, store
    >>> from wmdelays.training import recall
    >>> memory = store(bernoulli(40, 60, 2, rate=0.02), n_delays=15)
    >>> recalls = recall(memory, memory.cues())
    >>> [len(one.emitted) == len(pattern) for one, pattern in zip(recalls, memory.patterns)]
    [True, True]
    """
    if isinstance(cue, Cue):
        return recall(memory, [cue])[0]
    memory.check_cues(cue)
    n_steps = max(one.n_steps for one in cue)
    check_room(memory, n_steps)
    beta, theta, reset_by = (memory.each(name) for name in ("beta", "theta", "reset_by"))
    own_reset = memory.own_reset
    forgets, deaf = (own_reset.forgets, own_reset.deaf) if own_reset else (False, False)
    first = _first_of_rows(memory)

    def one(cue):
        own, emitted = np.zeros((2, cue.n_steps, memory.n_neurons), bool)
        forced, lost = cue.spikes.dense(cue.step), None
        if cue.lost is not None:
            lost = cue.lost.dense(cue.step)
        closest = _recall(
            first,
            memory.post,
            memory.weight,
            memory.n_delays,
            beta,
            theta,
            own_reset is not None,
            forgets,
            deaf,
            reset_by,
            forced,
            lost,
            cue.clamp,
            own,
            emitted,
        )
        own, emitted = (Raster.from_dense(spikes, cue.step) for spikes in (own, emitted))
        return Recall(cue, emitted, own, closest if cue.clamp < cue.n_steps else None)

    n_bytes = bytes_of_recall(memory.n_neurons, memory.n_delays, n_steps)
    with (
        here_and_there(memory.post, memory.weight),
        ThreadPoolExecutor(how_many(n_bytes, n_processors())) as pool,
    ):
        return list(pool.map(one, cue))


def _first_of_rows(memory):
    """The place of the first synapse of each presynaptic neuron and delay, and the end."""
    n_rows = memory.n_neurons * memory.n_delays
    first = np.zeros(n_rows + 1, np.int64)
    for part in pieces(memory.n_synapses):
        row = memory.pre[part].astype(np.int64) * memory.n_delays + memory.delay[part] - 1
        first[1:] += np.bincount(row, minlength=n_rows)
    return first.cumsum()


_membrane = njit(inline="always")(membrane)
_membrane_of_own_resets = njit(inline="always")(membrane_of_own_resets)


@njit(nogil=True, cache=True)
def _recall(
    first,
    post,
    weight,
    n_delays,
    beta,
    theta,
    own_resets,
    forgets,
    deaf,
    reset_by,
    forced,
    lost,
    clamp,
    own,
    emitted,
):
    """One recall; fills in own and emitted spikes and gives the closest call.

    The synapses of neuron i with delay d stand from ``first[i * n_delays + d - 1]`` on.

    A network that runs away soon sends the same spikes at every step. Where it has done so for
    longer than the longest delay, what arrives is what arrived a step before, added up in the same
    order: the same bits. Then nothing is delivered until other spikes are sent.
    """
    n_steps, n_neurons = forced.shape
    arriving = np.zeros((n_delays + 1, n_neurons))
    current = np.zeros(n_neurons)
    u = np.zeros(n_neurons)
    e = np.zeros(n_neurons)
    fired = np.zeros(n_neurons)
    sent = np.zeros((2, n_neurons), np.bool_)
    unchanged = 0
    closest = np.inf
    for t in range(n_steps):
        if unchanged < n_delays:
            current[:] = arriving[t % (n_delays + 1)]
            arriving[t % (n_delays + 1)] = 0
        for j in range(n_neurons):
            if own_resets:
                u[j] = _membrane_of_own_resets(
                    u[j], fired[j], current[j], beta[j], forgets, deaf, reset_by[j]
                )
                fired[j] = u[j] >= theta[j]
            else:
                u[j] = _membrane(u[j], e[j], current[j], beta[j])
            e[j] = forced[t, j]
        if own_resets and t < clamp:
            # The membrane resets itself, whoever fires.
            for j in range(n_neurons):
                closest = min(closest, abs(u[j] - theta[j]))
        if t >= clamp:
            for j in range(n_neurons):
                closest = min(closest, abs(u[j] - theta[j]))
                if u[j] >= theta[j]:
                    own[t, j] = True
                    e[j] = 1
        now, before = sent[t % 2], sent[(t + 1) % 2]
        same = True
        for i in range(n_neurons):
            emitted[t, i] = e[i] != 0
            now[i] = emitted[t, i] and (lost is None or not lost[t, i])
            same = same and now[i] == before[i]
        was_steady = unchanged >= n_delays
        unchanged = unchanged + 1 if same else 0
        if was_steady and same:
            continue
        if was_steady:
            # What was not delivered meanwhile and is still to arrive.
            arriving[:] = 0
            for s in range(max(t - n_delays + 1, 0), t):
                _deliver(first, post, weight, n_delays, arriving, before, s, t)
        _deliver(first, post, weight, n_delays, arriving, now, t, t)
    return closest


@njit(nogil=True, cache=True)
def _deliver(first, post, weight, n_delays, arriving, spikes, s, t):
    """Let the spikes of step s arrive at all steps after t."""
    for i in range(len(spikes)):
        if not spikes[i]:
            continue
        for d in range(t - s + 1, n_delays + 1):
            current = arriving[(s + d) % (n_delays + 1)]
            row = i * n_delays + d - 1
            for k in range(first[row], first[row + 1]):
                current[post[k]] += weight[k]
