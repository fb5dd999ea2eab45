"""The compiled loop of the rule margin does what its docstring says."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from margin_problems import BETA, THETA, Problem, spikes_of

from wmdelays.training.rules.closed_form.gain import teacher_forced_membrane
from wmdelays.training.rules.margin.presentations import BLOCK, presentations, targets
from wmdelays.training.rules.margin.teacher_forcing import (
    FALSE_ALARMS,
    MISSED,
    N_COUNTS,
    TOO_HIGH,
    TOO_LOW,
    present,
)


def presented_plainly(
    problem, block, weights, *, kappa, rate, compensate=True, allowed=None, sign=None
):
    """The docstring of `present`, one sequence, step and neuron after another, in double precision."""
    n_delays = problem.n_delays
    W = weights.astype(np.float64)
    counts = np.zeros((2, BLOCK, N_COUNTS), int)
    margin = np.full(BLOCK, np.inf)

    def row(i, delay):
        return i * n_delays + delay - 1

    def can_change(k, b, by):
        if allowed is not None and not allowed[k, b]:
            return False
        return sign is None or by * sign[k] > 0 or W[k, b] != 0

    def change(k, b, by):
        before = W[k, b]
        W[k, b] += by
        if sign is not None and W[k, b] * sign[k] < 0:
            W[k, b] = 0
        return W[k, b] - before

    lanes = range(min(BLOCK, problem.n_neurons - block * BLOCK))
    for shown in problem.order:
        spikes, m, start, damaged = problem.shown[shown]
        stored = problem.patterns[m][:, block * BLOCK :]
        u = np.zeros(BLOCK)
        for t in range(len(spikes)):
            context = [
                (i, delay)
                for delay in range(min(n_delays, t), 0, -1)
                for i in np.flatnonzero(spikes[t - delay])
            ]
            for b in lanes:
                if t > 0 and stored[t - 1, b]:
                    u[b] = 0
                u[b] = BETA * u[b] + sum(W[row(*c), b] for c in context)
                if t < start:
                    continue
                is_target = stored[t, b]
                distance = u[b] - THETA if is_target else THETA - u[b]
                if not damaged:
                    margin[b] = min(margin[b], distance)
                if is_target:
                    bound, wrong = THETA + kappa, distance < 0
                    too_far, kinds = u[b] < bound, (TOO_LOW, MISSED)
                else:
                    bound, wrong = THETA - kappa, distance <= 0
                    too_far, kinds = u[b] > bound, (TOO_HIGH, FALSE_ALARMS)
                counts[int(damaged), b, kinds[0]] += too_far
                counts[int(damaged), b, kinds[1]] += wrong
                missing = rate * (bound - u[b])
                able = [c for c in context if can_change(row(*c), b, missing)]
                if not too_far or not able:
                    continue
                dV = missing / len(able)
                for i, delay in able:
                    if not can_change(row(i, delay), b, missing):
                        continue
                    u[b] += change(row(i, delay), b, dV)
                    later = row(i, delay + 1)
                    if compensate and delay < n_delays and can_change(later, b, -missing):
                        change(later, b, -BETA * dV)
    return W, counts, margin


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    seed=st.integers(0, 2**31),
    n_neurons=st.sampled_from([1, 2, 6, 34]),
    n_delays=st.integers(1, 5),
    n_steps=st.integers(6, 14),
    n_patterns=st.integers(1, 3),
    kappa=st.sampled_from([0.1, 0.5]),
    rate=st.sampled_from([0.3, 0.7, 1.4]),
    compensate=st.booleans(),
    limited=st.booleans(),
    signed=st.booleans(),
)
def test_the_compiled_loop_is_its_docstring(
    seed,
    n_neurons,
    n_delays,
    n_steps,
    n_patterns,
    kappa,
    rate,
    compensate,
    limited,
    signed,
):
    problem = Problem(seed, n_neurons, n_delays, n_steps, n_patterns, signed=signed)
    for block, before in enumerate(problem.weights):
        allowed = problem.allowed[block] if limited else None
        if limited:
            before = np.where(allowed, before, np.float32(0))
        options = dict(kappa=kappa, rate=rate, compensate=compensate)
        options |= dict(allowed=allowed, sign=problem.sign)
        weights, counts, margin = problem.present(block, before, **options)
        expected = presented_plainly(problem, block, before, **options)
        np.testing.assert_allclose(weights, expected[0], rtol=1e-4, atol=2e-5)
        np.testing.assert_array_equal(counts, expected[1])
        lanes = slice(0, n_neurons - block * BLOCK)
        np.testing.assert_allclose(margin[lanes], expected[2][lanes], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_rate_of_one_moves_a_membrane_to_its_bound_and_leaves_its_neighbours(damaged):
    # Neurons 0, 1 and 2 spike in steps 0, 2 and 2; neuron 3 is to stay silent.
    pattern = np.zeros((8, 4), bool)
    pattern[0, 0] = pattern[2, 1] = pattern[2, 2] = True
    weights = np.zeros((4 * 5, BLOCK), np.float32)
    for i, delay, weight in ((0, 1, 0.2), (0, 3, 0.25), (1, 1, 0.25), (2, 1, 0.15)):
        weights[i * 5 + delay - 1, 3] = weight

    def membrane(weights):
        u = np.zeros(9)
        for t in range(1, 8):
            arriving = (
                weights[i * 5 + t - s - 1, 3] for s, i in zip(*spikes_of(pattern)) if 0 < t - s <= 5
            )
            u[t] = BETA * u[t - 1] + sum(arriving)
        return u

    before = membrane(weights)
    assert before[3] > 0.6 and max(np.delete(before, 3)) < 0.6
    shown = presentations([(*spikes_of(pattern), 8, 0, 1, damaged)], 5)
    (wanted,) = targets([spikes_of(pattern)], 4)
    order = np.arange(1)
    options = dict(n_delays=5, beta=BETA, theta=THETA, kappa=0.4, rate=1.0)
    counts, margin = present(weights, shown, order, wanted, **options)
    expected = before.copy()
    expected[3] = 0.6
    np.testing.assert_allclose(membrane(weights), expected, atol=1e-6)
    assert counts[int(damaged), 3].tolist() == [0, 1, 0, 0]
    assert not counts[1 - int(damaged)].any()
    # The margin is that of the undamaged sequences.
    assert margin[3] == (np.inf if damaged else pytest.approx(THETA - before[3]))


@pytest.mark.parametrize("signed", [False, True])
def test_a_rate_of_zero_changes_nothing_and_measures_the_margin(signed):
    problem = Problem(3, 35, 4, n_steps=20, n_patterns=3, signed=signed)
    for block, weights in enumerate(problem.weights):
        after, _, margin = problem.present(block, weights, rate=0.0, sign=problem.sign)
        np.testing.assert_array_equal(after, weights)
        lanes = min(BLOCK, 35 - block * BLOCK)
        expected = np.full(lanes, np.inf)
        W = weights.reshape(35, 4, BLOCK)[:, :, :lanes].astype(np.float64)
        for spikes, m, start, damaged in problem.shown:
            if damaged:
                continue
            currents = np.zeros((len(spikes), lanes))
            for delay in range(1, 5):
                currents[delay:] += spikes[:-delay] @ W[:, delay - 1]
            wanted = spikes[:, block * BLOCK :][:, :lanes]
            u = teacher_forced_membrane(currents[None], wanted[None].astype(float), BETA)[0]
            distance = np.where(wanted, u - THETA, THETA - u)[start:]
            expected = np.minimum(expected, distance.min(0))
        np.testing.assert_allclose(margin[:lanes], expected, rtol=1e-4, atol=1e-5)


WAYS = [{"compensate": False}, {"compensate": True}, {"exact": True}]


@pytest.mark.parametrize("way", WAYS)
def test_no_synapse_comes_to_be_where_none_is_allowed(way):
    problem = Problem(4, 20, 4, n_steps=30)
    allowed = problem.allowed[0]
    weights = np.where(allowed, problem.weights[0], np.float32(0))
    for _ in range(5):
        weights, counts, _ = problem.present(0, weights, allowed=allowed, **way)
    assert counts.any()
    assert not weights[~allowed].any()
    assert weights[allowed].any()


def test_an_exact_step_is_a_projection_along_the_gradient_of_the_membrane():
    n_steps, n_neurons, n_delays = 14, 6, 5
    rng = np.random.default_rng(3)
    dense = rng.random((n_steps, n_neurons)) < 0.45
    spikes = spikes_of(dense)
    shown = presentations([(*spikes, n_steps, 0, n_steps - 1, False)], n_delays)
    (wanted,) = targets([spikes], n_neurons)
    weights = np.zeros((n_neurons * n_delays, BLOCK), np.float32)
    weights[:, :n_neurons] = rng.normal(0, 0.3, (n_neurons * n_delays, n_neurons))

    def last_membrane(weights, j):
        u = 0.0
        for t in range(n_steps):
            u *= BETA * (not (t and dense[t - 1, j]))
            for i, d in itertools.product(range(n_neurons), range(1, n_delays + 1)):
                if t >= d and dense[t - d, i]:
                    u += float(weights[i * n_delays + d - 1, j])
        return u

    after = weights.copy()
    options = {"n_delays": n_delays, "beta": BETA, "theta": THETA, "kappa": 0.5, "rate": 1.0}
    present(after, shown, np.arange(1), wanted, exact=True, **options)
    n_moved = 0
    for j in range(n_neurons):
        fires, u = dense[-1, j], last_membrane(weights, j)
        bound = THETA + 0.5 if fires else THETA - 0.5
        if (u >= bound) if fires else (u <= bound):
            assert np.array_equal(after[:, j], weights[:, j])
            continue
        n_moved += 1
        # One percent of a spike is what is left out of the gradient.
        assert last_membrane(after, j) == pytest.approx(bound, abs=0.02 * abs(bound - u))
        slope = np.zeros(len(weights))
        for k in range(len(weights)):
            nudged = weights.astype(float)
            nudged[k, j] += 1
            slope[k] = last_membrane(nudged, j) - u
        moved = (after - weights)[:, j]
        cosine = moved @ slope / np.linalg.norm(moved) / np.linalg.norm(slope)
        assert abs(cosine) == pytest.approx(1, abs=1e-3)
    assert n_moved >= 2


@pytest.mark.parametrize("way", WAYS)
def test_no_weight_takes_the_other_sign(way):
    problem = Problem(5, 20, 4, n_steps=30, signed=True)
    weights = problem.weights[0]
    sign = problem.sign[:, None]
    for _ in range(5):
        before = weights
        weights, _, _ = problem.present(0, weights, sign=problem.sign, rate=1.4, **way)
        assert (weights * sign >= 0).all()
    # Both are put to the test: weights that reach zero, and zeros that grow.
    assert ((before != 0) & (weights == 0)).any()
    assert ((before == 0) & (weights != 0)).any()


def test_a_neuron_does_not_learn_before_the_first_step_that_is_learned():
    problem = Problem(6, 5, 3)
    laid_out = presentations(
        [(*spikes_of(problem.patterns[0]), 12, 0, 12, False)], problem.n_delays
    )
    weights = problem.weights[0].copy()
    options = dict(n_delays=3, beta=BETA, theta=THETA, kappa=0.4, rate=1.0)
    counts, margin = present(weights, laid_out, np.arange(1), problem.wanted[0], **options)
    np.testing.assert_array_equal(weights, problem.weights[0])
    assert not counts.any() and np.isinf(margin).all()


def test_every_stored_spike_is_the_target_of_one_block_and_lane():
    problem = Problem(7, 70, 2, n_steps=9, n_patterns=3)
    found = np.zeros_like(problem.patterns)
    assert len(problem.wanted) == 3
    for block, wanted in enumerate(problem.wanted):
        for m in range(3):
            of_pattern = slice(wanted.begin[m], wanted.begin[m + 1])
            steps, lanes = wanted.step[of_pattern], wanted.lane[of_pattern]
            assert (np.diff(steps) >= 0).all()
            found[m, steps, block * BLOCK + lanes] = True
        assert wanted.begin[-1] == len(wanted.step) == len(wanted.lane)
    np.testing.assert_array_equal(found, problem.patterns)
