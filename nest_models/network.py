"""The network of eq. 1 in NEST's kernel.

Without gates a tick of NEST is a step. A neuron is an ``iaf_psc_delta`` at rest at zero, which leaks,
takes what arrives, fires at ``V_m >= V_th`` and resets, all within a tick: eq. 1. A spike of a cue is an
arrival that no membrane withstands; while the cue clamps the network the threshold is out of reach for
all else.

With gates a tick is half of a step, and the spikes of a neuron pass its gate on their way to the
synapses:

    tick 2 t        the neuron fires by itself, where u(t) >= theta
    tick 2 t + 1    its gate, which hears it, fires; a cue's spike makes the gate fire as well, and resets
                    the neuron by making it fire; a lost spike is held back by an inhibition of the gate
    tick 2 (t + d)  what the gate has sent arrives

So even ticks have the neurons' own spikes, odd ones the cue's, and one that is both comes at both. What
the gate would hear of a cue's spike in the neuron, at 2 t + 2, is inhibited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import nest
import numpy as np

from wmdelays.nest_models.leak import time_constant
from wmdelays.nest_models.script import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.cue import Cue
    from wmdelays.memory import Memory
    from wmdelays.nest_models.script import Trial

# The tick in ms: of eq. 1 only beta matters, so every step is as long as NEST likes it.
TICK = 1.0
# No membrane of a memory comes near the first (see `wmdelays.neurons.lif.RANGE`), nor withstands the
# second.
OUT_OF_REACH, FORCE = 1e300, 1e301
# Of what a gate gets: a spike makes it fire, and as many spikes as can come at once do not while it is
# inhibited.
_HOLD = -4.0
_NEURON = {
    **{"E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "t_ref": 0.0, "C_m": 1.0},
    "V_th": OUT_OF_REACH,
}
# A gate remembers nothing from one tick to the next: exp(-1000) is zero.
_GATE = {**_NEURON, "V_th": 0.5, "tau_m": 1e-3 * TICK}
# Ticks between two reports of progress.
_PIECE = 100


class Network:
    """A memory in NEST, at rest between the cues that it is played.

    What was in NEST's kernel is lost.

    Parameters
    ----------
    memory : Memory
        In discrete time.
    gated : bool
        Whether it takes cues that lose spikes, or force some after their clamp.
    threads : int
        Threads of NEST.
    """

    def __init__(self, memory: Memory, gated: bool, threads: int):
        nest.ResetKernel()
        nest.SetKernelStatus({"resolution": TICK, "local_num_threads": threads})
        self.memory, self.n = memory, 2 if gated else 1
        n_neurons = memory.n_neurons
        self._neurons = nest.Create("iaf_psc_delta", n_neurons, _NEURON)
        self._neurons.tau_m = self._time_constants()
        self._first = self._neurons[0].global_id
        self._recorder = nest.Create("spike_recorder", {"time_in_steps": True})
        nest.Connect(self._neurons, self._recorder)
        self._force = self._generators(self._neurons, FORCE)
        senders, self._at_gates = self._neurons, None
        if gated:
            senders = nest.Create("iaf_psc_delta", n_neurons, _GATE)
            nest.Connect(self._neurons, senders, "one_to_one", {"weight": 1.0, "delay": TICK})
            self._at_gates = self._generators(senders, 1.0)
        if memory.n_synapses:
            self._connect(senders[0].global_id)

    def _time_constants(self):
        factors, of = np.unique(self.memory.each("beta") ** (1 / self.n), return_inverse=True)
        return TICK * np.array([time_constant(float(one)) for one in factors])[of]

    def _generators(self, cells, weight):
        """A generator for each cell, whose spikes have a weight and come one tick later."""
        generators = nest.Create("spike_generator", len(cells))
        nest.Connect(generators, cells, "one_to_one", {"weight": weight, "delay": TICK})
        return generators

    def _connect(self, first_sender):
        memory = self.memory
        # From a gate it is one tick less, which the way to it takes.
        ticks = self.n * memory.delay.astype(np.float64) - (self.n - 1)
        nest.Connect(
            first_sender + memory.pre.astype(np.int64),
            self._first + memory.post.astype(np.int64),
            "one_to_one",
            {"weight": memory.weight, "delay": TICK * ticks},
        )

    def play(
        self, cues: Sequence[Cue], progress: Callable[[float], None]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """What the network makes of cues, one after another.

        Parameters
        ----------
        cues : sequence of Cue
        progress : callable
            Called now and then with the part that is done.

        Returns
        -------
        list of (own, emitted)
            For each cue two Rasters, see `wmdelays.Recall`.
        """
        now = round(nest.biological_time / TICK)
        trials, end = lay_out(cues, self.memory.n_delays, self.n, now)
        self._write(trials)
        clock = _Clock(now, end, progress)
        theta = self.memory.theta
        with nest.RunManager():
            for trial in trials:
                clock.run_to(trial.release)
                if trial.release < trial.stop:
                    self._neurons.V_th = theta
                    clock.run_to(trial.stop)
                    self._neurons.V_th = OUT_OF_REACH
                clock.run_to(trial.stop + self.n * self.memory.n_delays)
                self._neurons.V_m = 0.0
        return self._taken(trials)

    def _write(self, trials: Sequence[Trial]):
        """Give the generators the spikes of the cues."""
        forced = [trial.entries(trial.cue.spikes) for trial in trials]
        neurons, ticks = (np.concatenate(one) for one in zip(*forced))
        # Of two ticks in a step the second is the cue's. The way from a generator takes one.
        late = self.n - 2
        _set_spikes(self._force, neurons, ticks + late)
        if self._at_gates is None:
            return
        lost = [trial.entries(trial.cue.lost) for trial in trials if trial.cue.lost is not None]
        at, when, what = [neurons, neurons], [ticks, ticks + 1], [1.0, _HOLD]
        for one, moments in lost:
            at, when, what = [*at, one], [*when, moments], [*what, _HOLD]
        weights = np.concatenate([np.full(len(one), value) for one, value in zip(at, what)])
        _set_spikes(self._at_gates, np.concatenate(at), np.concatenate(when), weights)

    def _taken(self, trials):
        """The spikes of each trial, and no spike is left in the recorder."""
        events = self._recorder.events
        self._recorder.n_events = 0
        neurons, ticks = np.asarray(events["senders"]) - self._first, np.asarray(events["times"])
        order = np.argsort(ticks, kind="stable")
        neurons, ticks = neurons[order], ticks[order]
        taken = []
        for trial in trials:
            within = slice(*np.searchsorted(ticks, [trial.start, trial.stop]))
            by, at = neurons[within], ticks[within]
            own = (at >= trial.release) & ((at - trial.start) % self.n == 0)
            taken.append((trial.raster(by[own], at[own]), trial.raster(by, at)))
        return taken


class _Clock:
    """NEST's time in ticks, run on in pieces."""

    def __init__(self, now, end, progress):
        self.began, self.now, self.end, self.progress = now, now, end, progress

    def run_to(self, tick):
        """Simulate all ticks before one."""
        while self.now < tick - 1:
            piece = min(_PIECE, tick - 1 - self.now)
            nest.Run(piece * TICK)
            self.now += piece
            self.progress((self.now - self.began) / (self.end - self.began))


def _set_spikes(generators, cells, ticks, weights=None):
    """Give each generator its spikes, in the order of time."""
    order = np.lexsort((ticks, cells))
    bounds = np.searchsorted(cells[order], np.arange(len(generators) + 1))
    times = TICK * ticks[order].astype(np.float64)
    settings = [{"spike_times": times[a:b]} for a, b in zip(bounds, bounds[1:])]
    if weights is not None:
        weights = weights[order]
        for one, a, b in zip(settings, bounds, bounds[1:]):
            one["spike_weights"] = weights[a:b]
    generators.set(settings)
