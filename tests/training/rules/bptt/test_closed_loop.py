"""The closed loop, forward and backward, against autograd through the dense network."""

import pytest
import torch

from wmdelays.training.rules.bptt import closed_loop
from wmdelays.training.rules.bptt.closed_loop import gradient, run
from wmdelays.training.rules.bptt.surrogate_gradients import SURROGATE_GRADIENTS

N_TRIALS, N_STEPS, N_NEURONS, N_DELAYS = 3, 30, 12, 5
CLAMP, BETA, THETA, ALPHA = 6, 0.7, 0.9, 3.0


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, distance, surrogate):
        ctx.save_for_backward(distance)
        ctx.surrogate = surrogate
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx, change):
        (distance,) = ctx.saved_tensors
        return change * ctx.surrogate(distance, ALPHA), None


def dense_run(weights, forced, gates, surrogate):
    """Eq. 1 written plainly: `weights` [post, pre, delay], `gates` [trial, step, pre, delay] or None.

    Every entry of the context is multiplied by its gate.
    """
    c = forced.to(weights.dtype)
    u, e = torch.zeros_like(c[:, 0]), [torch.zeros_like(c[:, 0])] * (N_DELAYS + 1)
    own = []
    for t in range(N_STEPS):
        context = torch.stack([e[-d] for d in range(1, N_DELAYS + 1)], dim=2)
        if gates is not None:
            context = context * gates[:, t]
        current = torch.einsum("jid,bid->bj", weights, context)
        u = BETA * u * (1 - e[-1]) + current
        s = Spike.apply(u - THETA, surrogate)
        if t < CLAMP:
            s = torch.zeros_like(s)
        e.append(s + c[:, t] - s * c[:, t])
        own.append(s)
    return torch.stack(own, dim=1)


def all_gates(made):
    """The gates of all entries; 1 where there was no spike."""
    gates = torch.ones(N_TRIALS, N_STEPS, N_NEURONS, N_DELAYS, dtype=made.u.dtype)
    for t in range(N_STEPS):
        for (trial, neuron), gate in zip(made.emitted[:, t].nonzero().tolist(), made.gate(t)):
            for d in range(1, N_DELAYS + 1):
                if t + d < N_STEPS:
                    gates[trial, t + d, neuron, d - 1] = gate[d - 1]
    return gates


def setting(seed=0):
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(N_NEURONS, N_DELAYS, N_NEURONS, generator=generator, dtype=torch.float64)
    rate = torch.full((N_TRIALS, N_STEPS, N_NEURONS), 0.15)
    rate[:, CLAMP:] = 0.03
    forced = torch.bernoulli(rate, generator=generator).bool()
    return 0.4 * weights - 0.02, forced, generator


@pytest.fixture(params=["blocks", "matrix products"])
def products(request, monkeypatch):
    monkeypatch.setattr(closed_loop, "_MANY", 2.0 if request.param == "blocks" else -1.0)


@pytest.mark.parametrize("dropout", [0.0, 0.37])
@pytest.mark.parametrize("surrogate", SURROGATE_GRADIENTS.values())
def test_gradient_is_that_of_autograd(surrogate, dropout, products):
    weights, forced, generator = setting()
    made = run(weights, forced, CLAMP, BETA, THETA, dropout=dropout, generator=generator)
    assert 0.05 < made.own[:, CLAMP:].double().mean() < 0.5
    assert (made.emitted & ~made.own)[:, CLAMP:].any()

    plain = weights.permute(2, 0, 1).clone().requires_grad_()
    own = dense_run(plain, forced, all_gates(made) if dropout else None, surrogate)
    assert torch.equal(own.bool(), made.own)
    value = torch.randn(own.shape, generator=generator, dtype=torch.float64)
    (own * value).sum().backward()

    ours = gradient(weights, made, lambda t: value[:, t], surrogate, ALPHA)
    theirs = plain.grad.permute(1, 2, 0)
    assert theirs.abs().max() > 1
    assert (ours - theirs).abs().max() < 1e-10 * theirs.abs().max()


def test_dropout_keeps_the_mean_and_leaves_out_the_stated_part():
    weights, forced, generator = setting()
    made = run(weights, forced, N_STEPS, BETA, THETA, dropout=0.37, generator=generator)
    gates = torch.cat([made.gate(t) for t in range(N_STEPS)])
    assert gates.unique().tolist() == pytest.approx([0, 1 / 0.63])
    assert gates.mean().item() == pytest.approx(1, abs=0.1)


def test_many_spikes_and_few_give_the_same_run(monkeypatch):
    runs = []
    for many in (2.0, -1.0):
        monkeypatch.setattr(closed_loop, "_MANY", many)
        weights, forced, generator = setting(1)
        runs.append(run(weights, forced, CLAMP, BETA, THETA, dropout=0.2, generator=generator))
    assert torch.equal(runs[0].emitted, runs[1].emitted)
    assert torch.allclose(runs[0].u, runs[1].u, rtol=1e-12, atol=1e-12)


def test_the_number_of_threads_is_left_as_it_was():
    n_threads = torch.get_num_threads()
    weights, forced, _ = setting()
    run(weights, forced, CLAMP, BETA, THETA)
    assert torch.get_num_threads() == n_threads
