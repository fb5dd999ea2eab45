"""The discrete-time recall follows design's equation, spike for spike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.training import recall

STEP = 1e-3


def random_memory(seed, n_neurons, n_delays, density, gain, inhibition):
    """Random sparse weights: from silent to exploding, with and without inhibition."""
    rng = np.random.default_rng(seed)
    shape = (n_neurons, n_neurons, n_delays)
    weights = gain * rng.random(shape) * (rng.random(shape) < density)
    weights[rng.random(shape) < inhibition] *= -1
    return Memory.from_dense(weights, step=STEP, beta=rng.uniform(0.05, 0.95), theta=1.0)


def random_cue(seed, n_neurons, n_steps, clamp, rate, ongoing):
    rng = np.random.default_rng(seed)
    spikes = rng.random((n_steps, n_neurons)) < rate
    spikes[clamp:] &= rng.random((n_steps - clamp, n_neurons)) < ongoing
    return Cue(Raster.from_dense(spikes, STEP), STEP, clamp=clamp, scored_from=clamp)


networks = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**31),
        "n_neurons": st.integers(1, 12),
        "n_delays": st.integers(1, 9),
        "density": st.sampled_from([0.0, 0.05, 0.3, 1.0]),
        "gain": st.sampled_from([0.1, 0.7, 2.5]),
        "inhibition": st.sampled_from([0.0, 0.3, 0.8]),
    }
)
cues = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**31),
        "n_steps": st.integers(1, 40),
        "clamp": st.integers(0, 20),
        "rate": st.sampled_from([0.0, 0.1, 0.6]),
        "ongoing": st.sampled_from([0.0, 0.2, 1.0]),
    }
)


@settings(deadline=None, max_examples=200)
@given(network=networks, trials=st.lists(cues, min_size=1, max_size=3))
def test_recall_agrees_with_the_plain_loop(judge, network, trials):
    memory = random_memory(**network)
    batch = [
        random_cue(**{**c, "n_neurons": memory.n_neurons, "clamp": min(c["clamp"], c["n_steps"])})
        for c in trials
    ]
    for cue, recalled in zip(batch, recall(memory, batch)):
        emitted, own, closest_call = judge(memory, cue)
        np.testing.assert_array_equal(recalled.emitted.dense(STEP), emitted)
        np.testing.assert_array_equal(recalled.own.dense(STEP), own)
        if cue.clamp < cue.n_steps:
            assert recalled.closest_call == pytest.approx(closest_call, abs=1e-9)
        else:
            assert recalled.closest_call is None


def test_a_single_cue_gives_a_single_recall():
    memory = random_memory(0, 4, 3, 0.5, 0.7, 0.3)
    cue = random_cue(1, 4, 20, 3, 0.3, 0.0)
    assert recall(memory, cue).emitted == recall(memory, [cue])[0].emitted


def test_a_recall_does_not_depend_on_the_others_beside_it():
    memory = random_memory(3, 10, 5, 0.3, 0.7, 0.3)
    batch = [random_cue(k, 10, 20 + 7 * k, 4, 0.3, 0.2) for k in range(3)]
    together = recall(memory, batch)
    for cue, recalled in zip(batch, together):
        alone = recall(memory, cue)
        assert recalled.emitted == alone.emitted
        assert recalled.closest_call == alone.closest_call


def test_cues_of_another_network_are_refused():
    memory = random_memory(0, 4, 3, 0.5, 0.7, 0.3)
    with pytest.raises(InputError, match="5 neurons"):
        recall(memory, random_cue(1, 5, 20, 3, 0.3, 0.0))
    other_step = Cue(Raster.from_steps([0], [0], 4, 10, 0.5e-3), 0.5e-3, clamp=1)
    with pytest.raises(InputError, match="0.5 ms"):
        recall(memory, other_step)
