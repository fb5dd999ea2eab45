"""The matrix that carries jitter from spike to spike in a recall, made of its neurons' adjoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse

from wmdelays.errors import InputError, parameter
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.quantities import substeps
from wmdelays.timing.jitter import JitterMatrix
from wmdelays.training.continuous import spike_times as loops
from wmdelays.training.continuous.adjoint import undo
from wmdelays.training.continuous.arrivals import arrivals, summed
from wmdelays.training.continuous.code import specialised

if TYPE_CHECKING:
    from wmdelays.memory import Memory
    from wmdelays.recalls import Recall


def jitter_matrix(memory: Memory, recall: Recall, dt: float | None = None) -> JitterMatrix:
    """How jitter runs from spike to spike in a recall that no noise took part in.

    Parameters
    ----------
    memory : Memory
        With `neurons`.
    recall : Recall
        What the compiled loop made of an undamaged cue at this dt.
    dt : float, optional
        The tick of the simulation in seconds; by default the memory's.

    Returns
    -------
    JitterMatrix

    Raises
    ------
    InputError
        If the memory is for the network in discrete time, or an arrival moves the membrane at once.
    """
    own = memory.neurons
    if own is None:
        raise InputError(
            "a memory for the network in discrete time has no continuous time in which spikes"
            f" could jitter; store with {parameter('neurons', '--for MODEL')}"
        )
    model = own.model
    if model.membrane in (model.excitatory, model.inhibitory):
        raise InputError(
            f"{model.name}: an arrival moves the membrane at once, so there is no slope"
        )
    finer = 1 if dt is None else substeps(own.dt, dt)
    tick = own.dt / finer
    n_ticks = recall.cue.n_steps * finer
    delay = memory.delay_ticks(round(memory.step / own.dt) * finer)
    map = one_tick(model)
    constants = map.values_of_constants(own.values, tick * 1e3)
    constants = np.broadcast_to(constants, (memory.n_neurons, len(map.constants)))
    states = np.broadcast_to(rest(model, own.values), (memory.n_neurons, len(map.states)))
    sent = np.rint(recall.emitted.times / tick).astype(np.int64), recall.emitted.neurons
    forced = recall.cue.spikes.steps(recall.cue.step) * finer, recall.cue.spikes.neurons
    run = specialised(loops.course, model)
    halve = specialised(loops.middles, model)
    respond = specialised(loops.time_response, model, (undo, loops.integrated))
    refractory = own.refractory_ticks(tick)
    ticks, neurons = [sent[0]], [sent[1]]
    found = []
    n = len(sent[0])
    for j in range(memory.n_neurons):
        spike, at, weight = arrivals(memory, delay, sent, j)
        inside = np.flatnonzero(at < n_ticks)
        inside = inside[np.argsort(at[inside], kind="stable")]
        is_forced = np.zeros(n_ticks, dtype=bool)
        is_forced[forced[0][forced[1] == j]] = True
        history, met, middle = np.empty((3, n_ticks, len(map.states)))
        flags, fired = np.zeros(n_ticks, np.uint8), np.empty(n_ticks, np.int64)
        x, c = states[j].copy(), constants[j].copy()
        sums = summed(at, weight, n_ticks)
        n_fired = run(x, c, refractory[j], *sums, is_forced, history, met, flags, fired)
        fired = fired[:n_fired]
        halve(history, met, middle)
        # The places of what the neuron emits among all spikes; the others follow behind.
        mine = np.flatnonzero(sent[1] == j)
        heard = np.isin(fired, sent[0][mine])
        node = np.empty(n_fired, np.int64)
        node[heard] = mine
        node[~heard] = n + np.arange((~heard).sum())
        n += int((~heard).sum())
        ticks.append(fired[~heard])
        neurons.append(np.full((~heard).sum(), j))
        first = np.searchsorted(at[inside], np.arange(n_ticks + 1))
        listened = first, spike[inside], weight[inside]
        for k in np.flatnonzero(~is_forced[fired]):
            influence, sums = np.zeros(n), np.empty(loops.N_SUMS)
            speed = respond(
                fired[k],
                fired,
                node,
                refractory[j],
                *listened,
                history,
                met,
                middle,
                flags,
                c,
                influence,
                sums,
            )
            columns = np.flatnonzero(influence)
            found.append((node[k], speed, columns, influence[columns], sums))
    return _assembled(memory, recall, tick, np.concatenate(ticks), np.concatenate(neurons), found)


def _assembled(memory, recall, tick, ticks, neurons, found):
    """The matrix of what was found for each spike, in the order of time."""
    n, ms = len(ticks), tick * 1e3
    order = np.argsort(ticks, kind="stable")
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    row = np.repeat([one[0] for one in found], [len(one[2]) for one in found])
    column = np.concatenate([one[2] for one in found])
    value = np.concatenate([one[3] for one in found])
    matrix = scipy.sparse.csr_array(
        (value, (place[row.astype(np.int64)], place[column])), shape=(n, n)
    )
    slopes = np.full(n, np.nan)
    sums = np.zeros((n, loops.N_SUMS))
    at = place[[one[0] for one in found]]
    slopes[at] = [one[1] / ms for one in found]
    sums[at] = [one[4] for one in found]
    ticks, neurons = ticks[order], neurons[order]
    # What all synapses of a neuron add together, by their sign.
    excites, inhibits = (
        np.bincount(memory.post[kind], np.abs(memory.weight[kind]), memory.n_neurons)
        for kind in (memory.weight > 0, memory.weight < 0)
    )
    emitted = np.zeros(n, bool)
    emitted[place[: len(recall.emitted)]] = True
    has_row = np.zeros(n, bool)
    has_row[at] = True
    return JitterMatrix(
        times=ticks * tick,
        neurons=neurons,
        given=~has_row,
        own=emitted & has_row,
        matrix=matrix,
        slopes=slopes,
        lost=ms * sums[:, loops.LOST],
        lost_squared=ms**2 * sums[:, loops.LOST_SQUARED],
        noise=ms * np.sqrt(sums[:, loops.NOISE_SQUARED]),
        background=ms
        * (excites[neurons] * sums[:, loops.UP] + inhibits[neurons] * sums[:, loops.DOWN]),
        tick=tick,
    )
