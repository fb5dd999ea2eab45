"""One synapse for each pair of neurons, whose delay is learned."""

import numpy as np
import pytest
import torch

from wmdelays import InputError
from wmdelays.patterns import bernoulli
from wmdelays.training import RecurrentLIF, learn_delays, recall, round_delays, spike_tensor

N, D = 12, 8


def layer_of(n_in_a_pair=1, **options):
    """Pairs of neurons with so many synapses each; every other pair has none."""
    torch.manual_seed(0)
    weights = torch.zeros(N, N, D)
    for _ in range(n_in_a_pair):
        weights.scatter_(2, torch.randint(D, (N, N, 1)), 0.3 * torch.randn(N, N, 1))
    weights[::2] = 0
    return RecurrentLIF.from_dense(weights, **options)


def test_delays_that_are_whole_steps_stay_where_they_are():
    layer = layer_of(beta=torch.linspace(0.5, 0.9, N))
    before = layer.to_memory()
    delays = learn_delays(layer)
    delays.spread = 0.05
    assert layer.to_memory().fingerprint() == before.fingerprint()
    one = round_delays(layer)
    rounded, moved = one.layer, one.moved
    assert rounded.to_memory().fingerprint() == before.fingerprint() and moved == 0


def test_of_a_pair_the_largest_weight_is_kept():
    layer = layer_of(3)
    before = layer.to_memory().dense()
    learn_delays(layer)
    memory = round_delays(layer).layer.to_memory()
    place = np.abs(before).argmax(2)
    assert np.array_equal(memory.dense().argmin(2) >= 0, place >= 0)
    kept = np.take_along_axis(before, place[:, :, None], 2)[:, :, 0]
    assert np.array_equal(memory.dense().sum(2), kept)
    assert memory.n_synapses == np.count_nonzero(kept) == N * N / 2


def test_a_wide_spread_keeps_the_sum_and_reaches_all_delays():
    layer = layer_of()
    sums = layer.weight.detach().sum(1)
    delays = learn_delays(layer, spread=3.0)
    assert torch.allclose(layer.weight.sum(1), sums, atol=1e-6)
    assert ((layer.weight != 0).all(1) == (sums != 0)).all()
    delays.spread = 0.3
    assert ((layer.weight.abs() > 1e-4).sum(1) <= 3).all()


def test_the_gradient_in_strength_and_delay_is_that_of_finite_differences():
    layer = RecurrentLIF.from_dense(torch.ones(3, 3, 5), dtype=torch.float64)
    delays = learn_delays(layer, spread=1.5)
    strength = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    delay = (1.2 + 3.5 * torch.rand(3, 3, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(delays, (strength, delay))


def test_delays_stay_within_those_that_there_are():
    layer = layer_of()
    learn_delays(layer, spread=0.5)
    delay = layer.parametrizations.weight.original1
    optimizer = torch.optim.SGD([delay], lr=1.0)
    for sign, end in ((1, 1), (-1, D)):
        for _ in range(2 * D):
            optimizer.zero_grad()
            steps = torch.arange(1.0, D + 1)
            (sign * (layer.weight.abs() * steps[:, None]).sum() * 40).backward()
            optimizer.step()
        there = layer.weight.detach().abs().sum(1) > 0.05
        assert (round_delays(layer).layer.to_memory().delay == end).mean() > 0.5, there.sum()


def test_a_sequence_is_learned_with_one_synapse_for_each_pair():
    """From random delays, by the distance of the membrane from threshold; then it is a memory."""
    patterns = bernoulli(24, 60, 1, 0.03, seed=1)
    wanted = spike_tensor(patterns)
    torch.manual_seed(0)
    weights = torch.zeros(24, 24, 12)
    weights.scatter_(2, torch.randint(12, (24, 24, 1)), 0.1 * torch.randn(24, 24, 1))
    layer = RecurrentLIF.from_dense(weights, dtype=torch.float64)
    delays, side = learn_delays(layer), torch.where(wanted[12:], 1.0, -1.0)
    strength, delay = layer.parametrizations.weight.parameters()
    start = delay.detach().clone()
    groups = [{"params": [strength], "lr": 0.05}, {"params": [delay], "lr": 0.3}]
    optimizer = torch.optim.Adam(groups)
    for epoch in range(60):
        delays.spread = max(3 * 0.92**epoch, 0.15)
        optimizer.zero_grad()
        _, membrane = layer(wanted, clamp=60)
        (0.4 - side * (membrane[12:] - 1)).relu().square().sum().backward()
        optimizer.step()
    one = round_delays(layer)
    rounded, moved = one.layer, one.moved
    assert 0 < moved < 0.2
    memory = rounded.to_memory(patterns)
    assert ((delay.round() - start).abs() >= 1).sum() > 100
    assert memory.n_synapses <= 24**2
    made = recall(memory, memory.cues())[0]
    assert np.array_equal(made.emitted.dense(1e-3), patterns[0].dense(1e-3))


def test_what_cannot_learn_delays_is_refused():
    sparse = RecurrentLIF.from_synapses([0], [1], [1], [1.0], n_neurons=2, n_delays=3)
    with pytest.raises(InputError, match="not by a sparse one"):
        learn_delays(sparse)
    with pytest.raises(InputError, match="no learned delays"):
        round_delays(sparse)
    layer = layer_of()
    with pytest.raises(InputError, match="spread is 0"):
        learn_delays(layer, spread=0)
    learn_delays(layer)
    with pytest.raises(InputError, match="parametrisation already"):
        learn_delays(layer)
