"""Random networks of neurons in continuous time, and random cues."""

import numpy as np

from wmdelays import Cue, Memory, Raster
from wmdelays.neurons import Neurons

STEP = 1e-3
# A weight that moves the membrane by half of its way to threshold, by model.
WEIGHTS = {
    "lif-exp": 500.0,
    "lif-alpha": 500.0,
    "lif-cond": 8.0,
    "adex": 14.0,
    "adex-exp": 900.0,
    "izhikevich": 0.2,
    "izhikevich-exp": 10.0,
    "integrator": 6.0,
    "quadratic": 3.0,
}


def random_neurons(rng, model, n, dt):
    """Several classes, each a preset if the model has some, with values about it."""
    classes = {}
    for k in range(rng.integers(1, 4)):
        presets = [{}, *model.presets.values()]
        values = dict(presets[rng.integers(len(presets))])
        if "t_ref" in {one.name for one in model.parameters}:
            # Also none, less than a tick, and between two ticks.
            values["t_ref"] = float(rng.choice([0, 0.04, 0.5, 1, 1.96, 2, 2.05, 2.06, 3.7]))
        for name in ("tau_s", "tau_e", "tau_i"):
            if name in WEIGHTS or any(one.name == name for one in model.parameters):
                values[name] = float(rng.choice([0.5, 2.0, 5.0, 7.3]))
        classes[f"class {k}"] = values
    members = rng.integers(len(classes), size=n)
    return Neurons(model, n, dt, classes, members)


def random_memory(seed, model, n, n_delays, dt, density):
    rng = np.random.default_rng(seed)
    weights = rng.normal(0.25, 1.0, (n, n, n_delays)) * (rng.random((n, n, n_delays)) < density)
    pre, delay, post = np.nonzero(weights.transpose(1, 2, 0))
    return Memory(
        n_neurons=n,
        n_delays=n_delays,
        step=STEP,
        beta=None,
        theta=None,
        pre=pre,
        post=post,
        delay=delay + 1,
        weight=weights[post, pre, delay] * WEIGHTS[model.name],
        neurons=random_neurons(rng, model, n, dt),
    )


def random_cue(seed, memory, kind, duration=30e-3):
    """Spikes at any tick: in the trigger, and as `kind` says also later."""
    rng = np.random.default_rng(seed)
    tick = memory.tick
    n_ticks, clamp = round(duration / tick), round(memory.n_delays * STEP / tick)
    n_spikes = rng.poisson(memory.n_neurons * duration / 6e-3)
    entries = np.unique(rng.integers(n_ticks * memory.n_neurons, size=n_spikes))
    pattern = Raster.from_steps(
        entries % memory.n_neurons, entries // memory.n_neurons, memory.n_neurons, n_ticks, tick
    )
    cue = Cue.from_pattern(pattern, clamp, tick)
    rare = 5e-4 * tick / 1e-4
    if kind == "damaged":
        return cue.replaced(0.3, rng).silenced(memory.n_neurons // 4, rng)
    if kind == "free":
        return Cue(pattern, tick, clamp=0)
    if kind == "forced all along":
        return Cue(pattern, tick, clamp=n_ticks // 3)
    if kind == "bursts":
        # Forced again and again within the refractory period.
        neurons = np.repeat(rng.integers(memory.n_neurons, size=3), 12)
        ticks = np.concatenate(
            [rng.integers(n_ticks) + rng.choice(40, 12, replace=False) for _ in range(3)]
        )
        kept = np.unique((ticks % n_ticks) * memory.n_neurons + neurons)
        spikes = Raster.from_steps(
            kept % memory.n_neurons, kept // memory.n_neurons, memory.n_neurons, n_ticks, tick
        )
        return Cue(spikes, tick, clamp=clamp)
    if kind == "losing spikes":
        return cue.losing_spikes(0.3, rng).with_ongoing_noise(rare, rng)
    if kind == "after noise":
        return cue.preceded_by_noise(round(5e-3 / tick), rare, rng)
    if kind == "all clamped":
        return Cue(pattern, tick, clamp=n_ticks)
    return cue


CUES = ["clamped", "damaged", "free", "forced all along", "bursts", "losing spikes"]
CUES += ["after noise", "all clamped"]
