"""Learning from the arrivals at a neuron's own synapses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays.training.rules.margin import teacher_forcing
from wmdelays.training.rules.margin.large.arrivals import ByNeuron, present
from wmdelays.training.rules.margin.presentations import BLOCK, presentations, targets
from wmdelays.training.rules.margin.sparse_block import SparseBlock

NEURON = dict(beta=0.7, theta=1.0)


def drawn(rng, n_neurons, n_steps, n_delays, n_patterns):
    """Patterns with one damaged sequence each, laid out, and what is wanted of each block."""
    patterns = [np.nonzero(rng.random((n_steps, n_neurons)) < 0.15) for _ in range(n_patterns)]
    shown = []
    for m, spikes in enumerate(patterns):
        shown.append((*spikes, n_steps, m, n_delays, False))
        n = int(rng.integers(n_delays, n_steps + 1))
        other = np.nonzero(rng.random((n, n_neurons)) < 0.15)
        shown.append((*other, n, m, n_delays, True))
    return presentations(shown, n_delays), targets(patterns, n_neurons)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    seed=st.integers(0, 2**31),
    n_neurons=st.sampled_from([1, 3, 20, 34]),
    n_delays=st.integers(1, 6),
    n_steps=st.integers(6, 20),
    n_patterns=st.integers(1, 3),
    rate=st.sampled_from([0.0, 0.3, 1.0, 1.4]),
)
def test_what_is_learned_is_what_the_loop_over_all_synapses_learns(
    seed, n_neurons, n_delays, n_steps, n_patterns, rate
):
    rng = np.random.default_rng(seed)
    shown, wanted = drawn(rng, n_neurons, n_steps, n_delays, n_patterns)
    order = rng.permutation(len(shown))
    n_rows = n_neurons * n_delays
    sign = rng.choice([-1, 1], n_rows).astype(np.int8)
    by_neuron = ByNeuron(shown, n_neurons, n_delays)
    kappa = rng.uniform(0.1, 0.5, BLOCK)
    options = dict(n_delays=n_delays, kappa=kappa, rate=rate, **NEURON)
    for of_block in wanted:
        allowed = rng.random((n_rows, BLOCK)) < 0.5
        size = rng.uniform(0, 0.5, (n_rows, BLOCK)) * (rng.random((n_rows, BLOCK)) < 0.7)
        weights = np.where(allowed, size * sign[:, None], 0).astype(np.float32)
        block = SparseBlock(n_rows)
        block.limit(weights, allowed)
        found = present(block, sign[block.place // BLOCK], by_neuron, order, of_block, **options)
        expected = teacher_forcing.present(
            weights, shown, order, of_block, exact=True, allowed=allowed, sign=sign, **options
        )
        np.testing.assert_allclose(block.dense()[0], weights, rtol=1e-4, atol=2e-5)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-4, atol=2e-5)


def test_a_spike_that_would_arrive_after_the_end_is_passed_over():
    shown = presentations([(np.array([0, 4]), np.array([0, 0]), 5, 0, 2, False)], 2)
    (wanted,) = targets([(np.array([2]), np.array([1]))], 2)
    block = SparseBlock(4, np.array([1 * BLOCK + 1]), np.zeros(1, np.float32), limited=True)
    by_neuron = ByNeuron(shown, 2, 2)
    options = dict(n_delays=2, kappa=0.5, rate=1.0, **NEURON)
    counts, _ = present(block, np.ones(1, np.int8), by_neuron, np.array([0]), wanted, **options)
    assert block.weight == pytest.approx(1.5)
    assert counts[0, 1].tolist() == [1, 0, 1, 0]
    # Now it spikes, and is silent after it.
    counts, margin = present(
        block, np.ones(1, np.int8), by_neuron, np.array([0]), wanted, **options
    )
    assert not counts.any() and margin[1] == pytest.approx(0.5)
