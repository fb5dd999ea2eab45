"""What networks in NEST's kernel share: generators of a cue's spikes, a recorder, and NEST's time."""

from __future__ import annotations

from collections.abc import Callable

import nest
import numpy as np

from wmdelays.synapses import pieces

# What no membrane reaches, nor withstands: those of a memory are smaller (see `wmdelays.neurons.lif.RANGE`).
OUT_OF_REACH, FORCE = 1e300, 1e301
# An `iaf_psc_delta` at rest at zero, which is reset there by a spike and free at once.
AT_ZERO = {"E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "t_ref": 0.0, "C_m": 1.0}
# Ticks between two reports of progress.
_PIECE = 100


class Kernel:
    """NEST's kernel, emptied.

    Parameters
    ----------
    tick : float
        In ms.
    threads : int
    """

    def __init__(self, tick: float, threads: int):
        nest.ResetKernel()
        nest.SetKernelStatus({"resolution": tick, "local_num_threads": threads})
        self.tick = tick

    @property
    def now(self) -> int:
        """Ticks that have been simulated."""
        return round(nest.biological_time / self.tick)

    def gates(self, n: int, threshold: float) -> nest.NodeCollection:
        """Neurons that remember nothing from one tick to the next, exp(-1000) being zero."""
        forgets = {"tau_m": 1e-3 * self.tick, "V_th": threshold}
        return nest.Create("iaf_psc_delta", n, {**AT_ZERO, **forgets})

    def generators(self, cells: nest.NodeCollection, weight: float) -> nest.NodeCollection:
        """A generator for each cell, whose spikes have a weight and come one tick later."""
        generators = nest.Create("spike_generator", len(cells))
        nest.Connect(generators, cells, "one_to_one", {"weight": weight, "delay": self.tick})
        return generators

    def recorder(self, cells: nest.NodeCollection) -> Recorder:
        """A recorder of the spikes of cells."""
        return Recorder(cells)

    def connect(self, memory, senders, cells, weight, ticks):
        """The synapses of a memory between nodes.

        Parameters
        ----------
        memory : Memory
        senders, cells : nest.NodeCollection
            What stands for its neurons before and behind the synapses.
        weight, ticks : callable
            Weights and delays in ticks, from a slice of all synapses: NEST builds them by parts, since
            arrays of them all would take as much memory as it does.
        """
        for part in pieces(memory.n_synapses):
            pre = senders[0].global_id + memory.pre[part].astype(np.int64)
            post = cells[0].global_id + memory.post[part].astype(np.int64)
            delays = self.tick * np.asarray(ticks(part), np.float64)
            nest.Connect(pre, post, "one_to_one", {"weight": weight(part), "delay": delays})

    def set_spikes(self, generators, cells, ticks, weights=None):
        """Give each generator its spikes, of cells by their places, in the order of time."""
        order = np.lexsort((ticks, cells))
        bounds = np.searchsorted(cells[order], np.arange(len(generators) + 1))
        times = self.tick * ticks[order].astype(np.float64)
        settings = [{"spike_times": times[a:b]} for a, b in zip(bounds, bounds[1:])]
        if weights is not None:
            weights = weights[order]
            for one, a, b in zip(settings, bounds, bounds[1:]):
                one["spike_weights"] = weights[a:b]
        generators.set(settings)


def set_each(cells: nest.NodeCollection, name: str, values: float | np.ndarray):
    """Set a parameter of cells: one value for all, or one for each.

    Where NEST runs in several processes, it takes a list of settings for that, and no array.
    """
    if np.ndim(values):
        cells.set([{name: float(one)} for one in values])
    else:
        cells.set({name: float(values)})


class Recorder:
    """Records the spikes of cells."""

    def __init__(self, cells):
        self._first = cells[0].global_id
        self._recorder = nest.Create("spike_recorder", {"time_in_steps": True})
        nest.Connect(cells, self._recorder)

    def taken(self) -> tuple[np.ndarray, np.ndarray]:
        """Cells and ticks of the spikes since the last time, in the order of ticks."""
        events = self._recorder.events
        self._recorder.n_events = 0
        # Where there are none they are no numbers.
        cells, ticks = (np.asarray(events[name], np.int64) for name in ("senders", "times"))
        cells = cells - self._first
        order = np.argsort(ticks, kind="stable")
        return cells[order], ticks[order]


class Clock:
    """NEST's time in ticks, run on in pieces."""

    def __init__(self, kernel: Kernel, end: int, progress: Callable[[float], None]):
        self.began = self.now = kernel.now
        self.tick, self.end, self.progress = kernel.tick, end, progress

    def run_to(self, tick: int):
        """Simulate all ticks before one."""
        while self.now < tick - 1:
            piece = min(_PIECE, tick - 1 - self.now)
            nest.Run(piece * self.tick)
            self.now += piece
            self.progress((self.now - self.began) / (self.end - self.began))
