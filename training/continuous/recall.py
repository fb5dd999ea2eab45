"""Recall by neurons in continuous time, compiled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.draws import random_numbers
from wmdelays.machine.free_memory import check_memory, how_many
from wmdelays.machine.processors import n_processors
from wmdelays.neurons.drawn_network import draw_network
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.neurons.variability import Variability
from wmdelays.raster import Raster
from wmdelays.recalls import Recall
from wmdelays.training.continuous.closed_loop import Untidy, closed_loop, draw_threshold
from wmdelays.training.continuous.code import specialised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.memory import Memory


# Bytes of a synapse's delay and of its place, and of what is on its way to a neuron in a tick.
_OF_A_SYNAPSE, _ARRIVING = 4, 16


def recall(
    memory: Memory,
    cue: Cue | Sequence[Cue],
    dt: float | None = None,
    variability: Variability | None = None,
    seed: int = 0,
) -> Recall | list[Recall]:
    """What a memory makes of cues in continuous time, by a compiled loop.

    Parameters
    ----------
    memory : Memory
        One for the network in discrete time is taken as neurons `lif` in continuous time.
    cue : Cue or sequence of Cue
        Several cues are independent recalls.
    dt : float, optional
        The tick of the simulation in seconds; it has to divide that of the memory. By default the
        memory's, or a tenth of its step if it is for the network in discrete time.
    variability : Variability, optional
        What differs and what is noisy; by default nothing.
    seed : int
        Of all that `variability` draws. What is drawn anew depends on the seed and the cue's place
        alone.

    Returns
    -------
    Recall or list of Recall
        One for each cue.

    Raises
    ------
    InputError
        If a cue does not belong to the memory, dt does not divide the tick, a neuron cannot have
        the values that are drawn for it, or there is no memory for so long a recall.
    """
    if isinstance(cue, Cue):
        return recall(memory, [cue], dt, variability, seed)[0]
    memory.check_cues(cue)
    n = memory.substeps(dt)
    drawn = draw_network(memory, variability or Variability(), seed, n)
    n_neurons, model, network = memory.n_neurons, drawn.model, drawn.memory
    longest = memory.n_delays * n + n + drawn.most_jitter
    n_bytes = _ARRIVING * n_neurons * longest
    check_memory(
        n_bytes + _OF_A_SYNAPSE * memory.n_synapses,
        f"a recall by {n_neurons} neurons with delays of {memory.n_delays * n} ticks",
        "take fewer neurons or a longer dt",
    )
    tick, finer = memory.step / n, n // round(memory.step / memory.tick)
    constants = one_tick(model).values_of_constants(drawn.values, tick * 1e3)
    states = rest(model, drawn.values)
    constants, states = (
        np.broadcast_to(one, (n_neurons, one.shape[1])) for one in (constants, states)
    )
    first = np.searchsorted(network.pre, np.arange(n_neurons + 1))
    refractory = _refractory(memory, tick)
    switches = (
        ("VARIABLE", bool(variability)),
        ("RESETS_WHILE_CLAMPED", memory.neurons is not None),
    )
    loop = specialised(closed_loop, model, (draw_threshold,), switches=switches)

    def one(place, cue):
        forced = _events(cue.spikes, cue.step, finer)
        # A spike is lost wherever it is within the tick of the cue.
        lost = _events(cue.lost, cue.step, finer, n_each=finer)
        ticks, sent_by, own, closest = loop(
            states.copy(),
            constants.copy(),
            refractory,
            first,
            network.post,
            drawn.delays,
            network.weight,
            *forced,
            *lost,
            cue.clamp * finer,
            cue.n_steps * finer,
            _untidy(drawn, tick, random_numbers(seed, "recall", place)),
        )
        times = _times(ticks, cue.step, finer)
        shape = n_neurons, cue.spikes.duration
        return Recall(
            cue,
            emitted=Raster(sent_by, times, *shape),
            own=Raster(sent_by[own], times[own], *shape),
            closest_call=closest if cue.clamp < cue.n_steps else None,
        )

    with ThreadPoolExecutor(how_many(n_bytes, n_processors())) as pool:
        return list(pool.map(one, range(len(cue)), cue))


def _untidy(drawn, tick, rng):
    parameters = [*(drawn.values[one.name] for one in drawn.model.parameters), tick * 1e3]
    shape = len(drawn.alive)
    columns = np.stack([np.broadcast_to(np.asarray(one, float), shape) for one in parameters], 1)
    name = drawn.model.threshold_parameter
    if drawn.threshold_noise:
        # Whoever has no such parameter is told so.
        _ = one_tick(drawn.model).of_threshold
    return Untidy(
        rng,
        drawn.alive,
        drawn.kick,
        drawn.noise,
        columns,
        np.full(shape, drawn.values.get(name, 0.0), float),
        drawn.threshold_noise,
        drawn.variability.release_failures,
        drawn.jitter,
        drawn.most_jitter,
        drawn.background,
    )


def _refractory(memory, tick):
    """For how many ticks each neuron is refractory, its spike's own among them."""
    if memory.neurons is None:
        return np.ones(memory.n_neurons, np.int64)
    return memory.neurons.refractory_ticks(tick)


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
