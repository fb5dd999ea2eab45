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

from wmdelays.nest_models.kernel import AT_ZERO, FORCE, OUT_OF_REACH, Clock, Kernel, set_each
from wmdelays.nest_models.leak import time_constant
from wmdelays.nest_models.script import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.cue import Cue
    from wmdelays.memory import Memory
    from wmdelays.nest_models.script import Trial

# The tick in ms: of eq. 1 only beta matters, so every step is as long as NEST likes it.
_TICK = 1.0
# Of what a gate gets: one spike makes it fire, and not as many as can come at once while it is inhibited.
_HOLD = -4.0
_NEURON = {**AT_ZERO, "V_th": OUT_OF_REACH}


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
        self.memory, self.n = memory, 2 if gated else 1
        self._kernel = Kernel(_TICK, threads)
        self._neurons = nest.Create("iaf_psc_delta", memory.n_neurons, _NEURON)
        set_each(self._neurons, "tau_m", self._time_constants())
        self._recorder = self._kernel.recorder(self._neurons)
        self._force = self._kernel.generators(self._neurons, FORCE)
        senders, self._at_gates = self._neurons, None
        if gated:
            senders = self._kernel.gates(memory.n_neurons, 0.5)
            nest.Connect(self._neurons, senders, "one_to_one", {"weight": 1.0, "delay": _TICK})
            self._at_gates = self._kernel.generators(senders, 1.0)
        self._kernel.connect(
            memory,
            senders,
            self._neurons,
            lambda part: memory.weight[part],
            # From a gate it is one tick less, which the way to it takes.
            lambda part: self.n * memory.delay[part].astype(np.float64) - (self.n - 1),
        )

    @property
    def is_local(self) -> np.ndarray:
        """Which neurons are simulated by this process, where NEST runs in several."""
        return np.atleast_1d(np.array(self._neurons.local, bool))

    def _time_constants(self):
        factors, of = np.unique(self.memory.each("beta") ** (1 / self.n), return_inverse=True)
        return _TICK * np.array([time_constant(float(one)) for one in factors])[of]

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
        silence = self.n * self.memory.n_delays
        trials, end = lay_out(cues, silence, self.n, self._kernel.now)
        self._write(trials)
        clock = Clock(self._kernel, end, progress)
        theta = self.memory.theta
        with nest.RunManager():
            for trial in trials:
                clock.run_to(trial.release)
                if trial.release < trial.stop:
                    set_each(self._neurons, "V_th", theta)
                    clock.run_to(trial.stop)
                    self._neurons.V_th = OUT_OF_REACH
                clock.run_to(trial.stop + silence)
                self._neurons.V_m = 0.0
        return self._taken(trials)

    def _write(self, trials: Sequence[Trial]):
        """Give the generators the spikes of the cues."""
        forced = [trial.entries(trial.cue.spikes) for trial in trials]
        neurons, ticks = (np.concatenate(one) for one in zip(*forced))
        # Of two ticks in a step the second is the cue's. The way from a generator takes one.
        late = self.n - 2
        self._kernel.set_spikes(self._force, neurons, ticks + late)
        if self._at_gates is None:
            return
        lost = [trial.entries(trial.cue.lost) for trial in trials if trial.cue.lost is not None]
        at, when, what = [neurons, neurons], [ticks, ticks + 1], [1.0, _HOLD]
        for one, moments in lost:
            at, when, what = [*at, one], [*when, moments], [*what, _HOLD]
        weights = np.concatenate([np.full(len(one), value) for one, value in zip(at, what)])
        self._kernel.set_spikes(self._at_gates, np.concatenate(at), np.concatenate(when), weights)

    def _taken(self, trials):
        """The spikes of each trial, and no spike is left in the recorder."""
        neurons, ticks = self._recorder.taken()
        taken = []
        for trial in trials:
            within = slice(*np.searchsorted(ticks, [trial.start, trial.stop]))
            by, at = neurons[within], ticks[within]
            own = (at >= trial.release) & ((at - trial.start) % self.n == 0)
            taken.append((trial.raster(by[own], at[own]), trial.raster(by, at)))
        return taken
