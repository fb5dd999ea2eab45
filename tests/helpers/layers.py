"""A memory for neurons in continuous time that needs no learning, in which jitter averages out."""

import numpy as np

from wmdelays import Memory, Raster
from wmdelays.neurons import Neurons
from wmdelays.training.continuous.recall import recall


def layered_memory(n_layers=24, width=8, seed=3):
    """A memory whose pattern runs through layers, each neuron excited by most of the layer before.

    It is what the network makes of its first layer. The neurons are lif-exp with synapses of half a
    millisecond, and refractory for so long that each fires once.
    """
    rng = np.random.default_rng(seed)
    n, n_delays = n_layers * width, 10
    layers = np.arange(n).reshape(n_layers, width)
    pairs = [(i, j) for a, b in zip(layers, layers[1:]) for j in b for i in a if rng.random() < 0.8]
    pre, post = np.array(pairs).T
    network = {
        "n_neurons": n,
        "n_delays": n_delays,
        "step": 1e-3,
        "beta": None,
        "theta": None,
        "pre": pre,
        "post": post,
        "delay": rng.integers(6, 9, len(pre)),
        "weight": 3_500 * rng.uniform(0.7, 1.3, len(pre)),
        "neurons": Neurons("lif-exp", n, classes={"": {"tau_s": 0.5, "t_ref": 40.0}}),
        "made": {"rule": "by hand"},
    }
    n_ticks = 10 * (n_delays + 9 * n_layers + 10)
    first = Raster.from_steps(layers[0], rng.integers(80, 95, width), n, n_ticks, 1e-4)
    network["patterns"] = [first]
    unlearned = Memory(**network)
    network["patterns"] = [one.emitted for one in recall(unlearned, unlearned.cues())]
    return Memory(**network)
