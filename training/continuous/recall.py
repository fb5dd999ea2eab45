"""Recall by neurons in continuous time, compiled."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.errors import InputError
from wmdelays.machine.free_memory import check_memory, how_many
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.quantities import substeps
from wmdelays.raster import Raster
from wmdelays.recalls import Recall
from wmdelays.training.continuous.closed_loop import closed_loop
from wmdelays.training.continuous.code import specialised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.memory import Memory


# Bytes of a synapse's delay and of its place, and of what is on its way to a neuron in a tick.
_OF_A_SYNAPSE, _ARRIVING = 4, 16


def recall(
    memory: Memory, cue: Cue | Sequence[Cue], dt: float | None = None
) -> Recall | list[Recall]:
    """What a memory for neurons in continuous time makes of cues, by a compiled loop.

    Parameters
    ----------
    memory : Memory
        With `neurons`.
    cue : Cue or sequence of Cue
        Several cues are independent recalls.
    dt : float, optional
        The tick of the simulation in seconds; it has to divide that of the memory. By default the
        memory's.

    Returns
    -------
    Recall or list of Recall
        One for each cue.

    Raises
    ------
    InputError
        If the memory is for the network in discrete time, a cue does not belong to it, dt does not
        divide the tick, or there is no memory for so long a recall.
    """
    if isinstance(cue, Cue):
        return recall(memory, [cue], dt)[0]
    if memory.neurons is None:
        raise InputError("the memory is for the network in discrete time, not for neurons")
    memory.check_cues(cue)
    neurons = memory.neurons
    finer = 1 if dt is None else substeps(neurons.dt, dt)
    tick = neurons.dt / finer
    n = round(memory.step / neurons.dt) * finer
    n_bytes = _ARRIVING * memory.n_neurons * (memory.n_delays * n + n)
    check_memory(
        n_bytes + _OF_A_SYNAPSE * memory.n_synapses,
        f"a recall by {memory.n_neurons} neurons with delays of {memory.n_delays * n} ticks",
        "take fewer neurons or a longer dt",
    )
    constants = one_tick(neurons.model).values_of_constants(neurons.values, tick * 1e3)
    constants = np.ascontiguousarray(
        np.broadcast_to(constants, (memory.n_neurons, constants.shape[1]))
    )
    states = np.broadcast_to(
        rest(neurons.model, neurons.values), (memory.n_neurons, len(neurons.model.states))
    )
    first = np.searchsorted(memory.pre, np.arange(memory.n_neurons + 1))
    delay = memory.delay_ticks(n)
    loop = specialised(closed_loop, neurons.model)

    def one(cue):
        forced = _events(cue.spikes, cue.step, finer)
        # A spike is lost wherever it is within the tick of the cue.
        lost = _events(cue.lost, cue.step, finer, n_each=finer)
        ticks, sent_by, own, closest = loop(
            states.copy(),
            constants,
            neurons.refractory_ticks(tick),
            first,
            memory.post,
            delay,
            memory.weight,
            *forced,
            *lost,
            cue.clamp * finer,
            cue.n_steps * finer,
        )
        times = _times(ticks, cue.step, finer)
        shape = memory.n_neurons, cue.spikes.duration
        return Recall(
            cue,
            emitted=Raster(sent_by, times, *shape),
            own=Raster(sent_by[own], times[own], *shape),
            closest_call=closest if cue.clamp < cue.n_steps else None,
        )

    with ThreadPoolExecutor(how_many(n_bytes, os.cpu_count())) as pool:
        return list(pool.map(one, cue))


def _events(raster, tick, finer, n_each=1):
    """Ticks and neurons of a raster's spikes, each in so many ticks from its own on, in order."""
    if raster is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    ticks = np.add.outer(raster.steps(tick).astype(np.int64) * finer, np.arange(n_each)).ravel()
    order = np.argsort(ticks, kind="stable")
    return ticks[order], np.repeat(raster.neurons, n_each)[order].astype(np.int64)


def _times(ticks, tick, finer):
    """Times of ticks in seconds: the same product as elsewhere where they are whole ticks of learning."""
    whole, part = np.divmod(ticks, finer)
    return np.where(part == 0, whole * tick, ticks * (tick / finer))
