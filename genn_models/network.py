"""The network of eq. 1 in GeNN.

A tick of GeNN is a step. In each, the spikes of the tick before are processed first: each adds to what
arrives so many ticks later. Then each neuron takes what arrives now. So a delay of d steps is d - 1 ticks.

What a cue does to a neuron in a step is one byte. What the neuron does there takes the byte's place. After
a cue follow steps in which nothing runs, until all spikes that were on their way have arrived: a cue
leaves no trace in the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pygenn import (
    GeNNModel,
    VarAccess,
    create_neuron_model,
    create_weight_update_model,
    init_postsynaptic,
    init_weight_update,
)

from wmdelays.raster import Raster

if TYPE_CHECKING:
    from collections.abc import Callable

    from wmdelays.cue import Cue
    from wmdelays.memory import Memory

# Bits of what a cue does: the neuron runs; it may fire by itself; it is forced to; its spike is lost.
_RUNS, _FREE, _FORCED, _LOST = 1, 2, 4, 8
# Bits of what the neuron does: it fires by itself; it emits a spike.
_OWN, _EMITTED = 1, 2
_NEURON = create_neuron_model(
    "equation_1",
    vars=[
        *(("beta", "scalar", VarAccess.READ_ONLY), ("theta", "scalar", VarAccess.READ_ONLY)),
        *(("u", "scalar"), ("e", "uint8_t"), ("sent", "uint8_t"), ("closest", "scalar")),
    ],
    extra_global_params=[("steps", "uint8_t*")],
    sim_code=f"""
        const unsigned long at = (unsigned long)t * num_neurons + id;
        const uint8_t cue = steps[at];
        u = cue & {_RUNS} ? beta * u * (1 - e) + Isyn : 0.0;
        closest = cue & {_FREE} ? fmin(closest, fabs(u - theta)) : closest;
        const bool own = (cue & {_FREE}) && u >= theta;
        e = own || (cue & {_FORCED}) ? 1 : 0;
        sent = e && !(cue & {_LOST}) ? 1 : 0;
        steps[at] = (own ? {_OWN} : 0) | (e ? {_EMITTED} : 0);
    """,
    threshold_condition_code="sent",
)
MODEL = "memory"
# Steps between two reports of progress.
_PIECE = 100


@dataclass(frozen=True)
class Sizes:
    """The numbers that stand in what GeNN generates, and nothing else of a memory does.

    Attributes
    ----------
    n_neurons, n_delays : int
    of_row : int
        How many synapses of a neuron have room; zero: there are none.
    """

    n_neurons: int
    n_delays: int
    of_row: int

    @classmethod
    def of(cls, memory: Memory) -> Sizes:
        """Those of a memory.

        A neuron has room for a few more synapses than there are, an eighth more of many, so that a memory
        that has lost some mostly needs no other program.
        """
        n = int(np.bincount(memory.pre, minlength=1).max())
        grain = 1 << max(6, n.bit_length() - 4)
        return cls(int(memory.n_neurons), int(memory.n_delays), -(-n // grain) * grain)

    def model(self) -> GeNNModel:
        """The model of all memories of these sizes, whose values are still to come."""
        model, later = GeNNModel("double", MODEL, "single_threaded_cpu"), np.empty(0)
        model.dt = 1.0
        zero = dict.fromkeys(["u", "e", "sent", "closest"], 0)
        neurons = model.add_neuron_population(
            "neurons", self.n_neurons, _NEURON, {}, {"beta": later, "theta": later, **zero}
        )
        neurons.extra_global_params["steps"].set_init_values(np.zeros(1, np.uint8))
        if self.of_row:
            delay = f"{np.min_scalar_type(self.n_delays - 1)}_t"
            synapse = create_weight_update_model(
                "delayed",
                vars=[(*one, VarAccess.READ_ONLY) for one in (("w", "scalar"), ("ticks", delay))],
                pre_spike_syn_code="addToPostDelay(w, ticks);",
            )
            synapses = model.add_synapse_population(
                "synapses",
                "SPARSE",
                neurons,
                neurons,
                init_weight_update(synapse, {}, {"w": later, "ticks": later}),
                init_postsynaptic("DeltaCurr"),
            )
            synapses.max_connections = self.of_row
            synapses.max_dendritic_delay_timesteps = self.n_delays
        return model


class Network:
    """A memory in GeNN, at rest between the cues that it is played.

    Parameters
    ----------
    memory : Memory
        In discrete time.
    sizes : Sizes
        Those of the memory.
    n_steps : int
        Of the longest cue.
    build : callable
        ``build(model)`` builds and loads a model of these sizes.
    """

    def __init__(
        self, memory: Memory, sizes: Sizes, n_steps: int, build: Callable[[GeNNModel], None]
    ):
        self.memory, self._model = memory, sizes.model()
        neurons = self._model.neuron_populations["neurons"]
        for name in ("beta", "theta"):
            neurons.vars[name].set_init_values(memory.each(name))
        self._steps = neurons.extra_global_params["steps"]
        self._shape = n_steps + sizes.n_delays, sizes.n_neurons
        self._steps.set_init_values(np.zeros(self._shape, np.uint8).ravel())
        self._closest = neurons.vars["closest"]
        if sizes.of_row:
            synapses = self._model.synapse_populations["synapses"]
            # As PyGeNN's set_sparse_connections, which would sort a neuron's synapses by where they go.
            # In the memory they stand in the order of delays, so that what a spike adds to lies side by
            # side: all in all a dense network takes a quarter of the time.
            of_each = np.bincount(memory.pre, minlength=sizes.n_neurons)
            synapses.row_lengths = of_each.astype(np.uint32)
            synapses.ind, synapses.synapse_order = memory.post, slice(None)
            synapses.connections_set = True
            synapses.vars["w"].set_init_values(memory.weight)
            synapses.vars["ticks"].set_init_values(memory.delay - 1)
        build(self._model)

    def close(self):
        """Let go of the memory that GeNN has taken."""
        self._model.unload()

    def play(
        self, cue: Cue, progress: Callable[[float], None]
    ) -> tuple[Raster, Raster, float | None]:
        """What the network makes of a cue.

        Parameters
        ----------
        cue : Cue
            Not longer than it was said.
        progress : callable
            Called now and then with the part that is done.

        Returns
        -------
        emitted, own : Raster
        closest_call : float or None
            See `wmdelays.Recall`.
        """
        n, steps = cue.n_steps, self._steps.view.reshape(self._shape)
        steps[:] = 0
        steps[:n] = _RUNS
        steps[cue.clamp : n] |= _FREE
        steps[cue.spikes.steps(cue.step), cue.spikes.neurons] |= _FORCED
        if cue.lost is not None:
            steps[cue.lost.steps(cue.step), cue.lost.neurons] |= _LOST
        self._steps.push_to_device()
        self._closest.view[:] = np.inf
        self._closest.push_to_device()
        self._model.timestep = 0
        for t in range(n + self.memory.n_delays):
            if t % _PIECE == 0:
                progress(t / (n + self.memory.n_delays))
            self._model.step_time()
        self._steps.pull_from_device()
        self._closest.pull_from_device()
        emitted, own = (
            Raster.from_dense(steps[:n] & bit > 0, cue.step) for bit in (_EMITTED, _OWN)
        )
        return emitted, own, float(self._closest.view.min()) if cue.clamp < n else None
