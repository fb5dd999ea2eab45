"""A network of neurons in continuous time in NEST's kernel.

The spikes of a neuron pass its gate on their way to the synapses, which takes one tick of each delay. The
gate is shut for them while the cue clamps the network: then a neuron that reaches its threshold is reset
and sends nothing. The cue's spikes make the gate fire by themselves. What they do to their neuron is done
after their tick, in which it may have fired by itself: its threshold is out of reach until its refractory
period is over, and then its membrane is put where a spike leaves it. A neuron with adaptation, which goes
by the membrane, is made to fire instead, a tick late.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

import nest
import numpy as np

from wmdelays.nest_models.kernel import OUT_OF_REACH, Clock, Kernel
from wmdelays.nest_models.neurons import nest_neuron, nest_parameters
from wmdelays.nest_models.script import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.cue import Cue
    from wmdelays.memory import Memory
    from wmdelays.raster import Raster

# What a gate gets from its neuron, from the cue, and where a spike is lost.
_OWN, _FORCED, _LOST = 1.0, 10.0, -100.0
# The thresholds of gates: what opens them is any spike, the cue's alone, or nothing.
_OPEN, _CLAMPED, _SHUT = 0.5, 5.0, OUT_OF_REACH
# After so many of their time constants synapses are at rest to the last bit of any membrane.
_DECAYED = 45.0


class ContinuousNetwork:
    """A memory for neurons in continuous time in NEST, at rest between the cues that it is played.

    What was in NEST's kernel is lost.

    Parameters
    ----------
    memory : Memory
    n : int
        Ticks of NEST in a step of the memory.
    threads : int
        Threads of NEST.
    """

    def __init__(self, memory: Memory, n: int, threads: int):
        self.memory, self.dt = memory, memory.step / n
        self.model = nest_neuron(memory)
        # The same bits for a tick that is a whole number of microseconds.
        self._kernel = Kernel(round(self.dt * 1e6) / 1e3, threads)
        parameters = nest_parameters(memory, self.dt)
        self._rest = {"V_m": parameters["E_L"], **dict.fromkeys(self.model.at_rest, 0.0)}
        self._neurons = nest.Create(self.model.name, memory.n_neurons)
        self._neurons.set({**parameters, **self._rest})
        values = self.model.above(memory.neurons.values), parameters["V_th"], parameters["V_reset"]
        self._above, self._threshold, self._reset = (
            np.broadcast_to(one, memory.n_neurons) for one in values
        )
        self._refractory = memory.neurons.refractory_ticks(self.dt)
        self._recorder = self._kernel.recorder(self._neurons)
        self._gates = self._kernel.gates(memory.n_neurons, _SHUT)
        on_the_way = {"weight": _OWN, "delay": self._kernel.tick}
        nest.Connect(self._neurons, self._gates, "one_to_one", on_the_way)
        self._cue = self._kernel.generators(self._gates, 1.0)
        ticks = memory.delay_ticks(n)
        self._kernel.connect(
            memory,
            self._gates,
            self._neurons,
            lambda part: self.model.weight * memory.weight[part],
            lambda part: ticks[part] - 1,
        )
        longest = int(ticks.max(initial=1))
        slowest = max(float(np.max(memory.neurons.values[one])) for one in self.model.synapses)
        self._silence = (
            longest
            + int(self._refractory.max())
            + math.ceil(_DECAYED * slowest / self._kernel.tick)
        )

    def play(
        self, cues: Sequence[Cue], progress: Callable[[float], None]
    ) -> list[tuple[Raster, Raster]]:
        """What the network makes of cues, one after another; see `Network.play`."""
        finer = round(cues[0].step / self.dt)
        trials, end = lay_out(cues, self._silence, finer, self._kernel.now)
        self._write(trials)
        clock, lifted = Clock(self._kernel, end, progress), []
        with nest.RunManager():
            for trial in trials:
                clock.run_to(trial.start)
                self._gates.V_th = _CLAMPED
                self._run(clock, trial, lifted)
                self._gates.V_th = _SHUT
                clock.run_to(trial.stop + self._silence)
                self._neurons.set({**self._rest, "V_th": self._threshold})
        return self._taken(trials, lifted)

    def _run(self, clock, trial, lifted):
        """Run a trial, and do to neurons what forced spikes do.

        `lifted` gets the entries (tick, neuron) of spikes that are not the neurons' own.
        """
        neurons, ticks = trial.entries(trial.cue.spikes)
        order = np.lexsort((neurons, ticks))
        moments, firsts = np.unique(ticks[order], return_index=True)
        forced = dict(zip(moments.tolist(), np.split(neurons[order], firsts[1:])))
        held_until = {}
        waiting = [*forced, trial.release]
        heapq.heapify(waiting)
        while waiting and waiting[0] < trial.stop:
            now = heapq.heappop(waiting)
            while waiting and waiting[0] == now:
                heapq.heappop(waiting)
            clock.run_to(now + 1)
            for j in self._silent(forced.pop(now, ()), now):
                if not self.model.can_be_held:
                    self._neurons[j].V_m = self._above[j]
                    lifted.append((now + 1, j))
                    continue
                self._neurons[j].V_th = self._above[j]
                held_until[j] = now + int(self._refractory[j]) - 1
                heapq.heappush(waiting, held_until[j])
            for j in [one for one, end in held_until.items() if end == now]:
                self._neurons[j].set(V_m=self._reset[j], V_th=self._threshold[j])
                del held_until[j]
            if now == trial.release:
                # A gate hears a spike one tick later.
                self._gates.V_th = _OPEN
        clock.run_to(trial.stop)

    def _silent(self, neurons, now):
        """Those of some neurons that have not fired by themselves in the tick that was run last."""
        for j in map(int, neurons):
            if round(self._neurons[j].t_spike / self._kernel.tick) != now:
                yield j

    def _write(self, trials):
        """Give the gates what the cues force and lose."""
        at, when, what = [], [], []
        for trial in trials:
            if not self.model.can_be_held:
                # What a neuron that is made to fire a tick late would send, unless the cue sends then.
                neurons, ticks = trial.entries(trial.cue.spikes)
                entries = ticks * self.memory.n_neurons + neurons
                free = ~np.isin(entries + self.memory.n_neurons, entries)
                at, when = [*at, neurons[free]], [*when, ticks[free] + 1]
                what.append(np.full(int(free.sum()), _LOST))
            for raster, weight in ((trial.cue.spikes, _FORCED), (trial.cue.lost, _LOST)):
                if raster is not None:
                    neurons, ticks = trial.entries(raster)
                    # A spike is lost wherever it is within the tick of the cue.
                    for late in range(trial.n if weight == _LOST else 1):
                        at, when = [*at, neurons], [*when, ticks + late]
                        what.append(np.full(len(neurons), weight))
        self._kernel.set_spikes(self._cue, *(np.concatenate(one) for one in (at, when, what)))

    def _taken(self, trials, lifted):
        """The spikes of each trial, and no spike is left in the recorder."""
        neurons, ticks = self._recorder.taken()
        if lifted:
            not_own = np.array(lifted) @ [self.memory.n_neurons, 1]
            own = ~np.isin(ticks * self.memory.n_neurons + neurons, not_own)
            neurons, ticks = neurons[own], ticks[own]
        taken = []
        for trial in trials:
            within = slice(*np.searchsorted(ticks, [trial.release, trial.stop]))
            by, at = neurons[within], ticks[within]
            forced_by, forced_at = trial.entries(trial.cue.spikes)
            emitted = np.concatenate([by, forced_by]), np.concatenate([at, forced_at])
            taken.append((trial.timed_raster(by, at), trial.timed_raster(*emitted)))
        return taken
