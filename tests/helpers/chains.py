"""Memories for neurons in continuous time that need no learning: chains of strong synapses."""

import numpy as np

from wmdelays import Memory, Raster
from wmdelays.neurons import Neurons
from wmdelays.training.continuous.recall import recall

# Strong and short, so that an arrival makes one spike within a millisecond.
MODELS = {
    "lif-exp": (16_000.0, {"tau_s": 0.5}),
    "lif-alpha": (30_000.0, {"tau_s": 0.5}),
    "lif-cond": (200.0, {"tau_e": 0.5}),
}


def chain_memory(
    model="lif-exp", n_chains=8, length=14, n_patterns=2, n_steps=90, n_delays=10, seed=0
):
    """A memory whose patterns are what it recalls: each spike is made by one before it.

    Every pattern has chains of its own, in which each neuron excites the next.
    """
    rng = np.random.default_rng(seed)
    n = n_patterns * n_chains * length
    weight, values = MODELS[model]
    chains = rng.permutation(n).reshape(n_patterns, n_chains, length)
    pre, post = chains[:, :, :-1].ravel(), chains[:, :, 1:].ravel()
    network = {
        "n_neurons": n,
        "n_delays": n_delays,
        "step": 1e-3,
        "beta": None,
        "theta": None,
        "pre": pre,
        "post": post,
        "delay": rng.integers(3, n_delays + 1, len(pre)),
        "weight": weight * rng.uniform(0.8, 1.3, len(pre)),
        "neurons": Neurons(model, n, classes={"": values}),
        "made": {"rule": "by hand"},
    }
    # The first neuron of each chain is shown, so late that the second fires after the clamp.
    end = n_delays * 10
    network["patterns"] = [
        Raster.from_steps(one[:, 0], rng.integers(end - 30, end, n_chains), n, n_steps * 10, 1e-4)
        for one in chains
    ]
    unlearned = Memory(**network)
    network["patterns"] = [one.emitted for one in recall(unlearned, unlearned.cues())]
    return Memory(**network)
