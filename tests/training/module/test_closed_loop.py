"""The closed loop, forward and backward, against autograd through the dense network."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays.training import RecurrentLIF
from wmdelays.training.module import dense_synapses, sparse_synapses
from wmdelays.training.module.surrogate_gradients import SURROGATE_GRADIENTS

N_TRIALS, N_STEPS, N_NEURONS, N_DELAYS = 3, 20, 7, 4
ALPHA, DROPOUT = 3.0, 0.37


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


def plain_run(weights, beta, theta, cue, clamp, surrogate, generator=None):
    """Eq. 1 written plainly: `weights` [post, pre, delay], `cue` [step, trial, neuron].

    With a generator, what a spike sends is dropped for each delay; entries without one are left.
    """
    u, e, gates = torch.zeros_like(cue[0]), [], []
    spikes, membrane = [], []
    for t in range(len(cue)):
        current = torch.zeros_like(u)
        for d in range(1, min(t, N_DELAYS) + 1):
            sent = e[t - d] if generator is None else e[t - d] * gates[t - d][:, :, d - 1]
            current = current + sent @ weights[:, :, d - 1].T
        if t:
            u = beta * u * (1 - e[-1])
        u = u + current
        s = Spike.apply(u - theta, surrogate) if t >= clamp else torch.zeros_like(u)
        e.append(s + cue[t] - s * cue[t])
        if generator is not None:
            fired = e[-1].detach().bool()
            gate = torch.ones(*fired.shape, N_DELAYS, dtype=u.dtype)
            kept = torch.rand(int(fired.sum()), N_DELAYS, generator=generator) >= DROPOUT
            gate[fired] = kept.to(u.dtype) / (1 - DROPOUT)
            gates.append(gate)
        spikes.append(e[-1])
        membrane.append(u)
    return torch.stack(spikes), torch.stack(membrane)


def random_network(seed, per_neuron, density=1.0):
    """Weights of [post, pre, delay], leak, threshold and cue."""
    rng = torch.Generator().manual_seed(seed)
    shape = N_NEURONS, N_NEURONS, N_DELAYS
    weights = 0.5 * torch.randn(shape, generator=rng, dtype=torch.float64) + 0.02
    weights *= torch.rand(shape, generator=rng) < density
    size = (N_NEURONS,) if per_neuron else ()
    beta = 0.2 + 0.7 * torch.rand(size, generator=rng, dtype=torch.float64)
    theta = 0.6 + 0.6 * torch.rand(size, generator=rng, dtype=torch.float64)
    cue = (torch.rand(N_STEPS, N_TRIALS, N_NEURONS, generator=rng) < 0.15).double()
    return weights, beta, theta, cue


def make_layer(kind, weights, beta, theta, **options):
    options |= dict(beta=beta, theta=theta, learn_beta=True, learn_theta=True, dtype=torch.float64)
    if kind == "dense":
        return RecurrentLIF.from_dense(weights, **options)
    pre, delay, post = weights.permute(1, 2, 0).nonzero(as_tuple=True)
    values = weights[post, pre, delay]
    sizes = dict(n_neurons=N_NEURONS, n_delays=N_DELAYS)
    return RecurrentLIF.from_synapses(pre, post, delay + 1, values, **sizes, **options)


def of_weights(kind, layer, weights):
    """The derivative in the weights that are there, from [post, pre, delay] in the layer's order."""
    ordered = weights.permute(1, 2, 0)
    if kind == "dense":
        return ordered
    one = layer.synapses
    return ordered[one.pre, one.delay - 1, one.post]


@pytest.fixture(params=["single", "together"])
def products(request, monkeypatch):
    """Whether spikes are delivered one by one or all at once."""
    few = request.param == "single"
    monkeypatch.setattr(dense_synapses, "_MANY", 2.0 if few else -1.0)
    monkeypatch.setattr(sparse_synapses, "_MANY", 2.0 if few else -1.0)
    monkeypatch.setattr(sparse_synapses, "_LARGE_BLOCK", 0 if few else 1000)


@pytest.mark.parametrize("dropout", [0.0, DROPOUT])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_gradients_are_those_of_autograd(kind, dropout, products):
    fired = []

    @given(
        seed=st.integers(0, 2**30),
        surrogate=st.sampled_from(sorted(SURROGATE_GRADIENTS)),
        clamp=st.integers(0, 8),
        per_neuron=st.booleans(),
        cue_learns=st.booleans(),
    )
    @settings(max_examples=10, deadline=None, database=None, derandomize=True)
    def check(seed, surrogate, clamp, per_neuron, cue_learns):
        weights, beta, theta, cue = random_network(seed, per_neuron, 0.4 if kind == "sparse" else 1)
        given_to_both = [one.clone().requires_grad_() for one in (weights, beta, theta, cue)]
        generator = torch.Generator().manual_seed(seed) if dropout else None
        function = SURROGATE_GRADIENTS[surrogate]
        theirs = plain_run(*given_to_both, clamp, function, generator)
        layer = make_layer(
            kind, weights, beta, theta, surrogate=surrogate, alpha=ALPHA, dropout=dropout
        )
        own_cue = cue.clone().requires_grad_(cue_learns)
        generator = torch.Generator().manual_seed(seed)
        ours = layer(own_cue, clamp, generator=generator)
        assert torch.equal(ours[0], theirs[0])
        assert (ours[1] - theirs[1]).abs().max() < 1e-12
        fired.append((ours[0] - cue).mean().item())

        values = torch.randn(2, *cue.shape, dtype=torch.float64)
        for spikes, membrane in (ours, theirs):
            (spikes * values[0] + membrane * values[1]).sum().backward()
        pairs = [
            (layer.weight.grad, of_weights(kind, layer, given_to_both[0].grad)),
            (layer.parametrizations.beta.original.grad, given_to_both[1].grad),
            (layer.parametrizations.theta.original.grad, given_to_both[2].grad),
        ]
        if cue_learns:
            pairs.append((own_cue.grad, given_to_both[3].grad))
        for own, other in pairs:
            assert (own - other).abs().max() <= 1e-10 * max(1, other.abs().max())

    check()
    assert max(fired) > 0.1


@pytest.mark.parametrize("output", [0, 1])
def test_a_loss_of_spikes_or_of_the_membrane_alone_has_its_gradient(output):
    weights, beta, theta, cue = random_network(3, True)
    plain = weights.clone().requires_grad_()
    layer = make_layer("dense", weights, beta, theta, alpha=ALPHA)
    theirs = plain_run(plain, beta, theta, cue, 3, SURROGATE_GRADIENTS["triangle"])
    (theirs[output] ** 2).sum().backward()
    (layer(cue, 3)[output] ** 2).sum().backward()
    expected = of_weights("dense", layer, plain.grad)
    assert expected.abs().max() > 0.1
    assert (layer.weight.grad - expected).abs().max() < 1e-10 * expected.abs().max()


def test_dropout_keeps_the_mean_and_leaves_out_the_stated_part():
    n = 40
    options = dict(n_neurons=n, n_delays=1, theta=1e6, dropout=DROPOUT, dtype=torch.float64)
    everyone = torch.arange(n)
    layer = RecurrentLIF.from_synapses(everyone, everyone, [1] * n, [1.0] * n, **options)
    cue, generator = torch.ones(60, 1, n), torch.Generator().manual_seed(0)
    arrived = layer(cue.double(), generator=generator)[1][1:]
    assert arrived.unique().tolist() == pytest.approx([0, 1 / 0.63])
    assert arrived.mean().item() == pytest.approx(1, abs=0.05)
    layer.eval()
    assert (layer(cue.double())[1][1:] == 1).all()


def test_many_spikes_and_few_give_the_same_run_in_single_precision(monkeypatch):
    runs = []
    for many in (2.0, -1.0):
        monkeypatch.setattr(dense_synapses, "_MANY", many)
        weights, beta, theta, cue = random_network(1, False)
        layer = RecurrentLIF.from_dense(weights.float(), beta=beta, theta=theta, dropout=0.2)
        runs.append(layer(cue.float(), 5, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(runs[0][0], runs[1][0])
    assert torch.allclose(runs[0][1], runs[1][1], rtol=1e-4, atol=1e-5)


def test_the_number_of_threads_is_left_as_it_was(products):
    n_threads = torch.get_num_threads()
    for kind in ("dense", "sparse"):
        weights, beta, theta, cue = random_network(0, True)
        make_layer(kind, weights, beta, theta)(cue, 3)[1].sum().backward()
        assert torch.get_num_threads() == n_threads
