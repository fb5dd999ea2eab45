"""Weights in closed form."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import Cue, InputError, score
from wmdelays.contexts import stored_sequence
from wmdelays.patterns import bernoulli, periodic
from wmdelays.training import hebbian, pseudo_inverse, recall
from wmdelays.training.rules.closed_form.analytic import least_squares
from wmdelays.training.rules.closed_form.contexts import context_matrix, spikes_of, target_matrix
from wmdelays.training.rules.closed_form.gain import (
    gains,
    teacher_forced_membrane,
    threshold_between,
)

STEP, BETA, THETA = 1e-3, 0.7, 1.0
NEURON = {"step": STEP, "beta": BETA, "theta": THETA}


def dense_contexts(pattern, n_delays):
    """Every context by its definition: entry (t, i, d - 1) is s_i(t - d)."""
    spikes = pattern.dense(STEP)
    contexts = np.zeros((*spikes.shape, n_delays))
    for t in range(len(spikes)):
        for d in range(1, n_delays + 1):
            if t >= d:
                contexts[t, :, d - 1] = spikes[t - d]
    return contexts.reshape(len(spikes), -1)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), n_delays=st.integers(1, 8), n_patterns=st.integers(1, 3))
def test_contexts_and_targets_follow_their_definitions(seed, n_delays, n_patterns):
    patterns = bernoulli(6, 30, n_patterns, 0.2, seed=seed)
    contexts = context_matrix(patterns, n_delays, STEP).toarray()
    np.testing.assert_array_equal(
        contexts, np.concatenate([dense_contexts(p, n_delays) for p in patterns])
    )
    spikes = np.concatenate([p.dense(STEP) for p in patterns]).astype(float)
    of_all = spikes_of(patterns, STEP, slice(0, 6))
    np.testing.assert_array_equal(spikes_of(patterns, STEP, slice(2, 5)), of_all[:, :, 2:5])
    np.testing.assert_array_equal(target_matrix(of_all).toarray(), spikes)
    deconvolved = target_matrix(of_all, BETA).toarray().reshape(n_patterns, 30, 6)
    for p, target in zip(patterns, deconvolved):
        s = p.dense(STEP).astype(float)
        expected = s.copy()
        expected[1:] -= BETA * s[:-1] * (1 - s[1:])
        np.testing.assert_array_equal(target, expected)


def test_hebbian_weights_count_the_pairs_of_spikes_up_to_each_neurons_gain():
    patterns = bernoulli(8, 60, 2, 0.05, seed=3)
    memory = hebbian(patterns, n_delays=5, **NEURON)
    counted = np.zeros((8, 8, 5))
    for pattern in patterns:
        s = pattern.dense(STEP).astype(float)
        for d in range(1, 6):
            counted[:, :, d - 1] += s[d:].T @ s[:-d]
    learned = memory.dense()
    for j in range(8):
        if learned[j].any():
            gain = learned[j].max() / counted[j].max()
            np.testing.assert_allclose(learned[j], gain * counted[j], rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 20, 1), (4, 200, 2)], ids=["few contexts", "many contexts"])
def test_the_pseudo_inverse_is_moore_and_penroses(shape):
    n_neurons, n_steps, n_patterns = shape
    patterns = bernoulli(n_neurons, n_steps, n_patterns, 0.15, seed=1)
    memory = pseudo_inverse(patterns, n_delays=4, **NEURON)
    contexts = context_matrix(patterns, 4, STEP).toarray()
    root = np.sqrt(np.maximum(contexts.sum(axis=1, keepdims=True), 1))
    spikes = spikes_of(patterns, STEP, slice(0, n_neurons))
    exact = np.linalg.pinv(contexts / root) @ (target_matrix(spikes).toarray() / root)
    currents = (contexts @ exact).reshape(spikes.shape)
    gain = gains(currents, spikes, n_delays=4, beta=BETA, theta=THETA)
    learned = memory.dense().transpose(1, 2, 0).reshape(-1, n_neurons)
    np.testing.assert_allclose(learned, exact * gain, atol=1e-3 * np.abs(learned).max())


@pytest.mark.parametrize("shape", [(20, 50), (50, 20)], ids=["many solutions", "none"])
def test_least_squares_finds_the_solution_of_least_norm(shape):
    rng = np.random.default_rng(0)
    dense = rng.random(shape) * (rng.random(shape) < 0.3)
    dense[3] = dense[4]
    matrix = sp.csr_matrix(dense)
    right = sp.random(shape[0], 150, density=0.2, format="csr", random_state=rng)
    exact = np.linalg.pinv(dense) @ right.toarray()
    np.testing.assert_allclose(least_squares(matrix, right), exact, atol=1e-5 * abs(exact).max())


def test_the_threshold_lies_midway_where_a_gap_is_left():
    assert threshold_between(np.array([3.0, 5.0]), np.array([0.2, 1.0, -4.0])) == 2.0
    assert threshold_between(np.array([3.0, 5.0]), np.array([-1.0])) == 1.5


def test_the_threshold_of_overlapping_values_is_the_one_of_highest_f1():
    at_spikes, elsewhere = np.array([1.0, 4.0, 5.0]), np.array([1.5, 1.6, 1.7, 3.0])
    # Giving up the lowest spike costs one miss and saves four false alarms.
    assert threshold_between(at_spikes, elsewhere) == 3.5


def test_a_neuron_without_a_spike_to_make_has_no_threshold():
    assert np.isinf(threshold_between(np.array([]), np.array([1.0])))
    assert np.isinf(threshold_between(np.array([-1.0, 0.0]), np.array([-2.0])))


@pytest.mark.parametrize(
    ("n_patterns", "deconvolve"),
    [(1, False), (30, False), (1, True), (16, True)],
)
def test_hebbian_weights_recall_every_spike_at_full_size(n_patterns, deconvolve):
    patterns = bernoulli(1024, 1000, n_patterns, 1e-3, seed=7)
    memory = hebbian(patterns, n_delays=41, deconvolve=deconvolve, **NEURON)
    recalled = recall(memory, memory.cues())
    assert score(recalled, patterns).worst_pattern_f1 == 1.0
    assert min(r.closest_call for r in recalled) > 1e-3


@pytest.mark.parametrize("n_patterns", [1, 5])
def test_the_pseudo_inverse_recalls_every_spike_at_full_size(n_patterns):
    patterns = bernoulli(1024, 1000, n_patterns, 1e-3, seed=7)
    memory = pseudo_inverse(patterns, n_delays=41, **NEURON)
    recalled = recall(memory, memory.cues())
    assert score(recalled, patterns).worst_pattern_f1 == 1.0
    assert min(r.closest_call for r in recalled) > 1e-2


def test_a_periodic_pattern_goes_on_beyond_its_end():
    patterns = periodic(64, 100, 2, 0.02, seed=2)
    memory = pseudo_inverse(patterns, n_delays=20, periodic=True, **NEURON)
    cues = [Cue.from_pattern(p, 20, STEP, n_steps=450) for p in patterns]
    for pattern, recalled in zip(patterns, recall(memory, cues)):
        repeated = np.tile(pattern.dense(STEP), (5, 1))[:450]
        np.testing.assert_array_equal(recalled.emitted.dense(STEP), repeated)


def test_the_stored_sequence_of_a_periodic_pattern_ends_with_its_beginning():
    (pattern,) = periodic(5, 12, 1, 0.3, seed=0)
    dense = pattern.dense(STEP)
    longer = stored_sequence(pattern, 4, STEP, periodic=True).dense(STEP)
    np.testing.assert_array_equal(longer, np.concatenate([dense, dense[:4]]))
    assert stored_sequence(pattern, 4, STEP) == pattern


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), most=st.integers(1, 60), n_patterns=st.integers(1, 3))
def test_hebbian_weights_within_a_limit_are_the_largest_ones(seed, most, n_patterns):
    patterns = bernoulli(12, 40, n_patterns, 0.15, seed=seed)
    free = hebbian(patterns, n_delays=6, **NEURON)
    limited = hebbian(patterns, n_delays=6, max_synapses=most, **NEURON)
    weights = {}
    for memory in (free, limited):
        dense = np.zeros((12, 12 * 6))
        dense[memory.post, memory.pre * 6 + memory.delay - 1] = memory.weight
        weights[memory is limited] = dense
    for all_of_them, kept in zip(weights[False], weights[True]):
        n = np.count_nonzero(all_of_them)
        assert np.count_nonzero(kept) == min(n, most)
        assert not kept[all_of_them == 0].any()
        if n > most and kept.any():
            # Up to the gain, which is the neuron's own.
            gone = all_of_them[(kept == 0) & (all_of_them != 0)]
            left = all_of_them[kept != 0]
            assert left.min() >= gone.max() * (1 - 1e-12)
            np.testing.assert_allclose(kept[kept != 0] / kept.max(), left / left.max(), rtol=1e-12)


def test_few_hebbian_synapses_are_taken_evenly_from_all_contexts():
    (pattern,) = bernoulli(400, 200, 1, 0.01, seed=3)
    limited = hebbian([pattern], n_delays=30, max_synapses=40, **NEURON)
    assert np.bincount(limited.post).max() == 40
    # Of each stored spike with a whole context some synapses are there.
    of_spikes = np.zeros(len(pattern))
    steps = pattern.steps(STEP)
    known = {(i, t): k for k, (i, t) in enumerate(zip(pattern.neurons, steps))}
    for pre, post, delay in zip(limited.pre, limited.post, limited.delay):
        for t in steps[pattern.neurons == pre]:
            if (post, t + delay) in known:
                of_spikes[known[post, t + delay]] += 1
    assert of_spikes[steps >= 30].min() >= 2
    assert score([recall(limited, limited.cues()[0])], [pattern]).total.f1 == 1.0


def test_no_synapse_at_all_is_no_limit():
    with pytest.raises(InputError, match="max_synapses"):
        hebbian(bernoulli(5, 20, 1, 0.1), n_delays=3, max_synapses=0, **NEURON)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), n_steps=st.integers(4, 30))
def test_gains_put_theta_at_the_threshold_of_each_neuron(seed, n_steps):
    rng = np.random.default_rng(seed)
    patterns = bernoulli(5, n_steps, 2, 0.2, seed=seed)
    contexts = context_matrix(patterns, 2, STEP)
    # Few of them above zero: membranes that are nowhere above it besides target spikes count, too.
    weights = rng.normal(-0.5, 1.0, (10, 5)) * (rng.random((10, 5)) < 0.5)
    currents = (contexts @ weights).reshape(2, n_steps, 5)
    spikes = np.stack([one.dense(STEP) for one in patterns])
    found = gains(currents, spikes, n_delays=2, beta=BETA, theta=THETA)
    u = teacher_forced_membrane(currents, spikes.astype(float), np.full(5, BETA))
    late = np.arange(n_steps) >= 2
    for j in range(5):
        target = spikes[:, :, j] & late
        target = target if target.any() else spikes[:, :, j]
        elsewhere = ~spikes[:, :, j] & late
        threshold = threshold_between(u[:, :, j][target], u[:, :, j][elsewhere])
        assert found[j] == THETA / threshold
