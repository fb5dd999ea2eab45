"""Recalls in simulators of other people hold the spikes of the discrete equation, one for one."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import (  # noqa: F401 (fixtures)
    CUES,
    NETWORKS,
    agrees,
    random_cue,
    random_memory,
)

from wmdelays import Cue, InputError, Memory, Raster, brian_models, genn_models, nest_models
from wmdelays.genn_models.installation import is_installed as has_genn
from wmdelays.nest_models.installation import is_installed as has_nest
from wmdelays.training.discrete.compiled import recall as recall_compiled

needs_nest = pytest.mark.skipif(not has_nest(), reason="needs NEST")
needs_genn = pytest.mark.skipif(not has_genn(), reason="needs PyGeNN")
LIBRARIES = [
    pytest.param(partial(nest_models.recall, threads=1), id="NEST", marks=needs_nest),
    pytest.param(partial(nest_models.recall, threads=2), id="NEST-2", marks=needs_nest),
    pytest.param(genn_models.recall, id="GeNN", marks=needs_genn),
]
each_library = pytest.mark.parametrize("recall", LIBRARIES)
# Of Brian2 the random networks are in its own room, with ticks and devices of all kinds.
with_brian2 = pytest.mark.parametrize(
    "recall",
    [
        *LIBRARIES,
        pytest.param(partial(brian_models.recall, device="numpy"), id="Brian2"),
        pytest.param(partial(brian_models.recall, device="cpp_standalone"), id="Brian2-cpp"),
    ],
)
drawn = settings(deadline=None, derandomize=True, max_examples=20)


@each_library
@drawn
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([(1, 1), (3, 2), (12, 5), (30, 8)]),
    network=st.sampled_from(NETWORKS),
    kinds=st.lists(st.sampled_from(CUES), min_size=1, max_size=6),
    step=st.sampled_from([1e-3, 1 / 30, 7e-4, 1e-7]),
    beta=st.sampled_from([1e-12, 0.3, 0.95, 0.9999]),
)
def test_the_spikes_are_those_of_the_equation(
    recall, random_memory, random_cue, agrees, seed, size, network, kinds, step, beta
):
    memory = random_memory(seed, *size, network, step, beta)
    cues = [random_cue(seed + k, memory, kind, 20 + 9 * k) for k, kind in enumerate(kinds)]
    for one in recall(memory, cues):
        assert agrees(one, memory)


@each_library
@settings(drawn, max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1), kinds=st.lists(st.sampled_from(CUES), min_size=1, max_size=4)
)
def test_each_neuron_has_its_own_beta_and_theta(
    recall, random_memory, random_cue, agrees, seed, kinds
):
    like, rng = random_memory(seed, 14, 6), np.random.default_rng(seed)
    memory = Memory.from_dense(
        like.dense(),
        step=like.step,
        beta=rng.uniform(0.05, 0.999, 14),
        theta=rng.uniform(0.3, 2.0, 14),
    )
    cues = [random_cue(seed + k, memory, kind) for k, kind in enumerate(kinds)]
    for one in recall(memory, cues):
        assert agrees(one, memory)


@with_brian2
def test_a_neuron_fires_in_consecutive_steps(recall, agrees):
    chain = np.zeros((3, 3, 2))
    chain[0, 0, 0] = chain[1, 0, 0] = chain[2, 1, 1] = 1.5
    memory = Memory.from_dense(chain, step=1e-3, beta=0.5, theta=1.0)
    cue = Cue(Raster.from_steps([0], [0], 3, 10, 1e-3), 1e-3, clamp=1)
    recalled = recall(memory, cue)
    assert agrees(recalled, memory)
    assert (recalled.own.neurons == 0).sum() == 9


@with_brian2
def test_a_forced_spike_counts_as_own_where_the_membrane_is_at_threshold(recall, agrees):
    chain = np.zeros((2, 2, 1))
    chain[1, 0, 0] = 1.5
    memory = Memory.from_dense(chain, step=1e-3, beta=0.5, theta=1.0)
    spikes = Raster.from_steps([0, 1, 1], [1, 2, 5], 2, 8, 1e-3)
    recalled = recall(memory, Cue(spikes, 1e-3, clamp=1))
    assert agrees(recalled, memory)
    assert np.array_equal(recalled.own.times, [2e-3])
    assert len(recalled.emitted) == 3


@each_library
def test_a_membrane_at_its_threshold_fires(recall, agrees):
    """Both membranes are of numbers that are exact in every order: at theta, and half of it below."""
    W = np.zeros((3, 3, 1))
    W[1, 0, 0], W[2, 0, 0] = 1.0, 0.5
    memory = Memory.from_dense(W, step=1e-3, beta=0.5, theta=1.0)
    cue = Cue(Raster.from_steps([0], [0], 3, 5, 1e-3), 1e-3, clamp=1)
    assert list(recall(memory, cue).own.neurons) == [1]


@with_brian2
def test_an_exploding_network_leaves_no_trace_in_the_next_trial(recall, random_memory, random_cue):
    memory = random_memory(3, kind="exploding", beta=0.9999)
    for kinds in (("ongoing", "losing spikes"), ("clamped", "short")):
        cues = [random_cue(k, memory, kind, 60) for k, kind in enumerate(kinds)]
        together = recall(memory, cues)
        assert len(together[0].own) > 400
        assert together[1].emitted == recall(memory, cues[1]).emitted


@with_brian2
def test_a_memory_without_synapses_emits_the_cue(recall, random_cue):
    memory = Memory(12, 5, 1e-3, 0.9, 1.0, *np.empty((3, 0), dtype=int), [])
    for kind in ("clamped", "ongoing"):
        cue = random_cue(0, memory, kind)
        recalled = recall(memory, cue)
        assert recalled.emitted == cue.spikes
        assert len(recalled.own) == 0


@each_library
def test_weights_and_thresholds_as_large_and_as_small_as_a_memory_may_have_them(recall):
    for theta in (1e-9, 1.0, 1e9):
        W = np.zeros((3, 3, 1))
        # Far below its threshold a neuron takes spikes of the cue all the same.
        W[1, 0, 0], W[2, 1, 0], W[2, 0, 0] = -1e9 * theta, 1e9 * theta, 1e9 * theta
        memory = Memory.from_dense(W, step=1e-3, beta=0.5, theta=theta)
        spikes = Raster.from_steps([0, 1, 1], [0, 1, 3], 3, 8, 1e-3)
        for clamp in (2, 5):
            cue = Cue(spikes, 1e-3, clamp=clamp)
            found, expected = recall(memory, cue), recall_compiled(memory, cue)
            assert (found.own, found.emitted) == (expected.own, expected.emitted)
            assert set(spikes.times) <= set(found.emitted.times)


@with_brian2
def test_one_cue_gives_one_recall_and_several_give_a_list(recall, random_memory, random_cue):
    memory = random_memory(0)
    cue = random_cue(0, memory)
    assert recall(memory, cue).cue is cue
    assert [one.cue for one in recall(memory, [cue, cue])] == [cue, cue]
    with pytest.raises(InputError, match="no cue"):
        recall(memory, [])


@each_library
def test_a_cue_or_a_memory_of_another_kind_is_refused(recall, random_memory, random_cue):
    memory = random_memory(0)
    with pytest.raises(InputError, match="13 neurons, the network 12"):
        recall(memory, random_cue(0, random_memory(0, 13)))
    other = Memory.from_dense(memory.dense(), step=1e-3, beta=0.8, theta=1.0, reset="subtract")
    with pytest.raises(InputError, match="knows a reset to zero by emitted spikes"):
        recall(other, random_cue(0, memory))


@each_library
def test_latent_neurons_fire_as_in_the_compiled_loop(recall, random_memory):
    like = random_memory(7, 14, 6, "exploding")
    pattern = Raster.from_steps([0, 3, 9, 5], [0, 2, 4, 9], 14, 40, like.step, n_latent=4)
    memory = Memory.from_dense(
        like.dense(), step=like.step, beta=0.8, theta=1.0, patterns=[pattern]
    )
    (cue,) = memory.cues()
    assert memory.n_latent == cue.spikes.n_latent == 4
    rng = np.random.default_rng(0)
    for one in (cue, cue.with_ongoing_noise(0.05, rng), cue.losing_spikes(0.2, rng)):
        found, wanted = recall(memory, one), recall_compiled(memory, one)
        assert (found.own, found.emitted) == (wanted.own, wanted.emitted)
        assert (found.own.neurons >= 10).any()
