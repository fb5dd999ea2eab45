"""Torch's operators learn what the compiled loop of the rule margin learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from margin_problems import THETA, Problem
from one_device import OnOneDevice

from wmdelays.training.rules.margin.on_device.learner import side_by_side
from wmdelays.training.rules.margin.on_device.teacher_forcing import present
from wmdelays.training.rules.margin.presentations import BLOCK

WAYS = {
    "compensate": {"compensate": True},
    "alone": {"compensate": False},
    "exact": {"exact": True},
}


def by_torch(problem, beta, options, limited=False, device="cpu"):
    """All blocks at once: (weights, counts, margin)."""
    n = len(problem.weights)
    weights, allowed = (
        torch.from_numpy(np.concatenate(list(values), axis=1)).to(device)
        for values in (problem.weights, problem.allowed)
    )
    sign = None if problem.sign is None else torch.from_numpy(problem.sign).to(device)
    if limited:
        weights *= allowed
    counts, margin = present(
        weights,
        problem.laid_out,
        problem.order,
        side_by_side(problem.wanted),
        n_delays=problem.n_delays,
        beta=beta.ravel(),
        theta=np.full(n * BLOCK, THETA),
        kappa=np.full(n * BLOCK, 0.4),
        allowed=allowed if limited else None,
        sign=sign,
        **({"rate": 0.7} | options),
    )
    return weights, counts, margin


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    seed=st.integers(0, 2**31),
    n_neurons=st.sampled_from([1, 2, 6, 34]),
    n_delays=st.integers(1, 5),
    n_steps=st.integers(6, 14),
    rate=st.sampled_from([0.0, 0.7, 1.4]),
    way=st.sampled_from(sorted(WAYS)),
    limited=st.booleans(),
    signed=st.booleans(),
)
def test_all_blocks_at_once_learn_what_each_learns_by_the_compiled_loop(
    seed, n_neurons, n_delays, n_steps, rate, way, limited, signed
):
    problem = Problem(seed, n_neurons, n_delays, n_steps, signed=signed)
    # Neurons differ in their leaks.
    beta = np.random.default_rng(seed).uniform(0.3, 0.9, (len(problem.weights), BLOCK))
    options = {"rate": rate, **WAYS[way]}
    weights, counts, margin = by_torch(problem, beta, options, limited)
    for block, before in enumerate(problem.weights):
        allowed = problem.allowed[block] if limited else None
        if limited:
            before = np.where(allowed, before, np.float32(0))
        expected = problem.present(
            block, before, beta=beta[block], allowed=allowed, sign=problem.sign, **options
        )
        # There are no neurons in the lanes that are left over.
        n = min(BLOCK, n_neurons - block * BLOCK)
        lanes = slice(block * BLOCK, block * BLOCK + n)
        np.testing.assert_allclose(weights[:, lanes], expected[0][:, :n], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(counts[:, lanes], expected[1][:, :n])
        np.testing.assert_allclose(margin[lanes], expected[2][:n], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("limited", [False, True])
def test_nothing_is_computed_elsewhere_and_no_value_is_waited_for(way, limited):
    # A tensor on the device meta has no values: whatever asks for one fails.
    problem = Problem(1, 34, 5, signed=limited)
    beta = np.full((2, BLOCK), 0.7)
    with OnOneDevice("meta") as mode:
        found = by_torch(problem, beta, WAYS[way], limited, "meta")
    assert [one.device.type for one in found] == ["meta"] * 3
    assert "index_copy_" in mode.names and "_local_scalar_dense" not in mode.names


def test_the_mode_of_this_test_sees_a_tensor_from_elsewhere():
    with OnOneDevice("meta"), pytest.raises((AssertionError, RuntimeError)):
        torch.zeros(3, device="meta") + torch.zeros(3)
    with OnOneDevice("meta"), pytest.raises(RuntimeError):
        torch.zeros(1, device="meta").item()


def test_a_sequence_without_spikes_or_without_learned_steps_changes_nothing():
    problem = Problem(2, 3, 4)
    laid_out = problem.laid_out
    problem.laid_out = replace(laid_out, start=np.full_like(laid_out.start, 99))
    before = problem.weights.copy()
    weights, counts, margin = by_torch(problem, np.full((1, BLOCK), 0.7), {})
    np.testing.assert_array_equal(weights, before[0])
    assert not counts.any() and torch.isinf(margin).all()
