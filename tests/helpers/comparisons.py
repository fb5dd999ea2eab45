"""Comparisons that are made in a moment, without a simulation."""

import numpy as np

from wmdelays import Memory, Raster, Recall, score
from wmdelays.validation.recall.comparison.result import Comparison
from wmdelays.validation.recall.comparison.simulation import Simulation
from wmdelays.validation.recall.simulators import set_up


def build(
    n_patterns=2,
    n_neurons=12,
    n_steps=60,
    step=1e-3,
    lost=(),
    explode=False,
    silent=False,
    n_synapses=40,
    closest_call=0.1,
    made=None,
    settings=None,
    simulators=("torch", "brian2"),
    ends=None,
):
    """A comparison; the last simulator loses the first own spike of the patterns in `lost`.

    `ends` has the steps at which the recalls of some patterns fall silent.
    """
    rng = np.random.default_rng(0)
    entries = rng.random((n_patterns, n_steps, n_neurons)) < 0.05
    stored = [Raster.from_dense(dense, step) for dense in entries]
    n_delays = 10
    synapses = rng.choice(n_neurons**2 * n_delays, n_synapses, replace=False)
    memory = Memory(
        n_neurons,
        n_delays,
        step,
        0.7,
        1.0,
        pre=synapses % n_neurons,
        post=synapses // n_neurons % n_neurons,
        delay=synapses // n_neurons**2 + 1,
        weight=rng.normal(size=n_synapses),
        patterns=stored,
        made=made or {"rule": "hebbian", "seed": 7},
    )
    cues = memory.cues()
    recalls = {name: [] for name in simulators}
    for place, (cue, pattern) in enumerate(zip(cues, stored)):
        own = pattern.dense(step)
        own[:n_delays] = False
        own[n_delays:] |= explode
        own &= not silent
        own[(ends or {}).get(place, n_steps) :] = False
        for name in simulators:
            if name == simulators[-1] and place in lost:
                own[tuple(np.argwhere(own)[0])] = False
            call = None if name == "brian2" else closest_call
            recalls[name].append(Recall(cue, pattern, Raster.from_dense(own, step), call))
    devices = {"torch": "cpu", "brian2": "numpy"}
    return Comparison(
        memory,
        list(range(n_patterns)),
        {
            name: Simulation(
                set_up(name, memory, device=devices.get(name, "auto")),
                ones,
                score(ones, stored),
                0.1,
            )
            for name, ones in recalls.items()
        },
        {"dt_s": step / 10, "device": "numpy", "neuron": "lif", **(settings or {})},
        {"torch": 0.1},
        {"wmdelays": "0.1.0"},
    )
