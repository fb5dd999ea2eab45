"""The membranes of some neurons in a recall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.quantities import substeps
from wmdelays.training.continuous.arrivals import arrivals, summed
from wmdelays.training.continuous.code import specialised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.memory import Memory
    from wmdelays.recalls import Recall


# ruff: noqa: F821


@dataclass(frozen=True, repr=False, eq=False)
class Membranes:
    """The membranes of some neurons, tick by tick.

    Attributes
    ----------
    neurons : int array, shape (n,)
    times : float array, shape (n_ticks,)
        In seconds from the start of the recall.
    values : float array, shape (n, n_ticks)
        In millivolts; in the tick of a spike what it was before the reset.
    bounds : float array, shape (n,)
        From where on each cannot but fire, in millivolts.
    """

    neurons: np.ndarray
    times: np.ndarray
    values: np.ndarray
    bounds: np.ndarray

    def __repr__(self):
        return f"<Membranes: {len(self.neurons)} neurons, {len(self.times):,} ticks>"


def membranes(
    memory: Memory, recall: Recall, neurons: Sequence[int], dt: float | None = None
) -> Membranes:
    """The membranes of some neurons in a recall that no noise took part in.

    Parameters
    ----------
    memory : Memory
        With `neurons`.
    recall : Recall
        What the memory made of a cue at this dt, by any simulator.
    neurons : sequence of int
    dt : float, optional
        The tick of the simulation in seconds; by default the memory's.

    Returns
    -------
    Membranes

    Notes
    -----
    What a neuron gets is known from the spikes of the recall, so each is simulated by itself.
    """
    own = memory.neurons
    finer = 1 if dt is None else substeps(own.dt, dt)
    tick = own.dt / finer
    cue = recall.cue
    n_ticks = cue.n_steps * finer
    delay = memory.delay_ticks(round(memory.step / own.dt) * finer)
    map = one_tick(own.model)
    shape = memory.n_neurons, len(map.constants)
    constants = np.broadcast_to(map.values_of_constants(own.values, tick * 1e3), shape)
    states = np.broadcast_to(rest(own.model, own.values), (memory.n_neurons, len(map.states)))
    sent = np.rint(recall.emitted.times / tick).astype(np.int64), recall.emitted.neurons
    if cue.lost is not None:
        # A spike is lost wherever it is within the tick of the cue.
        lost = _entries(cue.lost.steps(cue.step), cue.lost.neurons)
        heard = ~np.isin(_entries(sent[0] // finer, sent[1]), lost)
        sent = sent[0][heard], sent[1][heard]
    forced_at, forced = cue.spikes.steps(cue.step) * finer, cue.spikes.neurons
    loop = specialised(single_neuron, own.model)
    refractory = own.refractory_ticks(tick)
    chosen = np.asarray(neurons, dtype=np.int64)
    values = np.empty((len(chosen), n_ticks))
    for row, j in zip(values, chosen):
        _, *arrived = arrivals(memory, delay, sent, j)
        sums = summed(*arrived, n_ticks)
        is_forced = np.zeros(n_ticks, dtype=bool)
        is_forced[forced_at[forced == j]] = True
        loop(states[j].copy(), constants[j].copy(), refractory[j], *sums, is_forced, row)
    bounds = constants[chosen, map.constants.index(map.bound)]
    return Membranes(chosen, np.arange(n_ticks) * tick, values, bounds)


def _entries(ticks, neurons):
    return ticks << 32 | neurons


def single_neuron(x, c, refractory, excitation, inhibition, forced, out):
    """Let one neuron run, and write its membrane into `out`, float of shape (n_ticks,)."""
    last = -(2**62)
    for k in range(len(out)):
        held = k - last < refractory
        # A recall begins with its first tick, in which all neurons rest.
        if k > 0:
            tick(x, c, held)
        arrive(x, excitation[k], inhibition[k])
        out[k] = x[MEMBRANE]
        if (not held and fires(x, c)) or forced[k]:
            spike(x, c)
            last = k
