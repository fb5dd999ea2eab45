"""Random networks and cues, and whether a recall is that of eq. 1: fixtures of simulators' tests."""

import numpy as np
import pytest

from wmdelays import Cue, Memory, Raster
from wmdelays.training.discrete.compiled import recall as compiled_recall

NETWORKS = ["silent", "sparse", "busy", "exploding", "inhibited"]
CUES = ["clamped", "damaged", "short", "free", "after noise", "ongoing", "losing spikes", "empty"]
CUES += ["all clamped"]


def _random_memory(seed, n_neurons=12, n_delays=5, kind="busy", step=1e-3, beta=0.8):
    """A random network; `kind` says what it does after a cue."""
    rng = np.random.default_rng(seed)
    shape = (n_neurons, n_neurons, n_delays)
    mean, spread, density = {
        "silent": (0.0, 0.05, 0.2),
        "sparse": (0.02, 0.3, 0.3),
        "busy": (0.05, 0.4, 0.5),
        "exploding": (0.8, 0.3, 0.8),
        "inhibited": (-0.4, 0.5, 0.8),
    }[kind]
    weights = rng.normal(mean, spread, shape) * (rng.random(shape) < density)
    return Memory.from_dense(weights, step=step, beta=beta, theta=1.0)


def _random_cue(seed, memory, kind="clamped", n_steps=40):
    """A random cue; `kind` says how it starts and whether it goes on."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n_steps, memory.n_neurons)) < 0.15
    pattern = Raster.from_dense(dense, memory.step)
    cue = Cue.from_pattern(pattern, memory.n_delays, memory.step)
    if kind == "damaged":
        return cue.replaced(0.3, rng).silenced(memory.n_neurons // 4, rng)
    if kind == "short":
        return cue.shortened(memory.n_delays // 2)
    if kind == "free":
        return Cue(pattern, memory.step, clamp=0)
    if kind == "after noise":
        return cue.preceded_by_noise(7, 0.2, rng)
    if kind == "ongoing":
        return cue.with_ongoing_noise(0.05, rng)
    if kind == "losing spikes":
        return cue.losing_spikes(0.3, rng).with_ongoing_noise(0.05, rng)
    if kind == "empty":
        return Cue(Raster([], [], memory.n_neurons, n_steps * memory.step), memory.step, clamp=3)
    if kind == "all clamped":
        return Cue(pattern, memory.step, clamp=n_steps)
    return cue


@pytest.fixture(scope="session")
def random_memory():
    return _random_memory


@pytest.fixture(scope="session")
def random_cue():
    return _random_cue


@pytest.fixture(scope="session")
def agrees(judge):
    """agrees(recall, memory): whether a recall holds the judge's and the compiled loop's spikes, at exact times."""

    def agrees(recall, memory):
        emitted, own, closest_call = judge(memory, recall.cue)
        assert closest_call > 1e-9, "the drawn network is no test: a rounding error decides"
        step = memory.step
        compiled = compiled_recall(memory, recall.cue)
        if (compiled.emitted, compiled.own) != (recall.emitted, recall.own):
            return False
        return recall.emitted == Raster.from_dense(
            emitted, step
        ) and recall.own == Raster.from_dense(own, step)

    return agrees
