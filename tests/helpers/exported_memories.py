"""Small memories of every kind that is exported: random networks, busy where no cue clamps them."""

from dataclasses import replace

import numpy as np

from wmdelays import Memory, Raster, bernoulli
from wmdelays.neurons import Neurons

N, D, T = 12, 6, 40
UNITS = tuple(f"cell {k}, it's" for k in range(N))


def random_memory(seed=3, step=1e-3, n_latent=0, units=None, density=0.25, **others):
    """A network with random weights and patterns that it was never taught."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0.05, 0.6, (N, N, D)) * (rng.random((N, N, D)) < density)
    patterns = []
    for one in bernoulli(N - n_latent, T, 2, 0.12, step=step, seed=seed):
        names = None if units is None else units[: N - n_latent]
        steps = one.steps(step)
        patterns.append(
            Raster.from_steps(one.neurons, steps, N, T, step, units=names, n_latent=n_latent)
        )
    given = {"beta": 0.8, "theta": 1.0, "made": {"rule": "none", "seed": seed}} | others
    return Memory.from_dense(weights, step=step, patterns=patterns, **given)


def each_its_own():
    """Every neuron with its own beta and theta, some fast, named units and latent ones, in steps of 0.3 ms."""
    rng = np.random.default_rng(1)
    own = {"beta": rng.uniform(0.02, 0.95, N), "theta": rng.uniform(0.5, 2.0, N)}
    return random_memory(step=3e-4, n_latent=2, units=UNITS, **own)


def of_few_bits():
    """Weights that are levels of four bits, in steps of 1/30 s, which is no whole number of microseconds."""
    memory = random_memory(step=1 / 30, theta=0.93)
    weight = np.rint(memory.weight * 4).clip(-7, 7) / 4
    return replace(memory, weight=weight, made={"rule": "none", "quantised": {"bits": 4}})


def continuous():
    """Two classes of neurons in continuous time, whose spikes are at ticks."""
    classes = {"fast": {"tau_s": 2.0}, "slow": {"tau_s": 5.0}}
    neurons = Neurons("lif-exp", N, 1e-4, classes, np.arange(N) % 2)
    memory = random_memory(beta=0.7, theta=1.0)
    patterns = [
        Raster.from_steps(one.neurons, one.steps(1e-3) * 10 + 3, N, T * 10, 1e-4)
        for one in memory.patterns
    ]
    return replace(memory, beta=None, theta=None, neurons=neurons, patterns=patterns)


DISCRETE = {
    "plain": random_memory,
    "each its own": each_its_own,
    "of few bits": of_few_bits,
    "periodic": lambda: random_memory(periodic=True),
}
ALL = DISCRETE | {
    "subtracting": lambda: random_memory(reset="subtract", reset_by=0.7),
    "zero-late": lambda: random_memory(reset="zero-late"),
    "continuous": continuous,
}
