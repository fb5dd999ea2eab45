"""The network in discrete time as a module of torch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.brian_models.memories.recall import recall as brian2_recall
from wmdelays.patterns import bernoulli
from wmdelays.training import RecurrentLIF, recall, spike_tensor
from wmdelays.training.module import dense_synapses, sparse_synapses
from wmdelays.training.rules.closed_form.analytic import hebbian

STEP = 1e-3


def small(**options):
    """Three neurons in a chain, with the weights 1.5 and 0.9."""
    sizes = dict(n_neurons=3, n_delays=2)
    return RecurrentLIF.from_synapses([0, 1], [1, 2], [1, 2], [1.5, 0.9], **sizes, **options)


def random_memory(seed, n_synapses=120, n_neurons=12, n_delays=6):
    """Weights at which recalls go on, and at times reach threshold exactly."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(n_neurons**2 * n_delays, n_synapses, replace=False)
    pre, post, delay = np.unravel_index(chosen, (n_neurons, n_neurons, n_delays))
    weight = np.where(rng.random(n_synapses) < 0.5, 0.1, 1) * rng.choice(
        [-0.3, 0.5, 0.6], n_synapses
    )
    pattern = bernoulli(n_neurons, 30, 1, 0.2, seed=seed)
    sizes = n_neurons, n_delays, STEP, float(rng.choice([0.5, 0.7])), 1.0
    return Memory(*sizes, pre, post, delay + 1, weight, patterns=pattern)


def of_module(memory, cue, **options):
    """The spikes that the module of a memory emits."""
    layer = RecurrentLIF.from_memory(memory, **options)
    with torch.no_grad():
        return layer(spike_tensor([cue.spikes]), cue.clamp)[0][:, 0].bool().numpy()


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
def test_it_emits_what_recall_and_brian2_emit(dense, monkeypatch):
    """Also where many spikes make other ways of adding them quicker."""
    monkeypatch.setattr(dense_synapses, "_MANY", 0.0)
    monkeypatch.setattr(sparse_synapses, "_LARGE_BLOCK", 8)
    n_own = []

    @given(
        seed=st.integers(0, 2**20), clamp=st.integers(0, 6), n_synapses=st.sampled_from([60, 200])
    )
    @settings(max_examples=20, deadline=None, database=None, derandomize=True)
    def check(seed, clamp, n_synapses):
        memory = random_memory(seed, n_synapses)
        cue = Cue(bernoulli(12, 60, 1, 0.1, seed=seed + 1)[0], STEP, clamp)
        layer = RecurrentLIF.from_memory(memory, dense=dense)
        again = layer.to_memory(memory.patterns, step=memory.step)
        assert again.fingerprint() == memory.fingerprint()
        emitted = of_module(memory, cue, dense=dense)
        made = recall(memory, cue)
        assert np.array_equal(emitted, made.emitted.dense(STEP))
        n_own.append(len(made.own))

    check()
    assert max(n_own) > 200
    memory = random_memory(5, 200)
    cue = memory.cues()[0]
    emitted = RecurrentLIF.from_memory(memory, dense=dense).to_memory(memory.patterns)
    in_brian2 = brian2_recall(emitted, [cue], device="numpy")[0].emitted
    assert np.array_equal(in_brian2.dense(STEP), of_module(memory, cue, dense=dense))


def test_a_stored_memory_is_recalled_and_comes_back_as_it_was():
    patterns = bernoulli(60, 80, 3, 0.02)
    memory = hebbian(patterns, n_delays=20, step=STEP, beta=0.7, theta=1.0)
    layer = RecurrentLIF.from_memory(memory, learn_beta=True, learn_theta=True)
    again = layer.to_memory(memory.patterns, step=memory.step, made=memory.made)
    assert again.fingerprint() == memory.fingerprint() and again.made == memory.made
    cue = spike_tensor([one.spikes for one in memory.cues()])
    spikes, _ = layer(cue, clamp=20)
    assert torch.equal(
        spikes.bool(), spike_tensor([r.emitted for r in recall(memory, memory.cues())])
    )


def test_from_dense_takes_weights_as_a_memory_gives_them():
    memory = random_memory(1)
    options = dict(beta=memory.beta, theta=memory.theta, dtype=torch.float64)
    layer = RecurrentLIF.from_dense(memory.dense(), **options)
    assert layer.to_memory(memory.patterns).fingerprint() == memory.fingerprint()


@pytest.mark.parametrize("dense", [True, False])
def test_learning_leaves_what_it_was_made_from_as_it_was(dense):
    memory = random_memory(1)
    before = memory.weight.copy()
    given = memory.dense()
    layers = [RecurrentLIF.from_memory(memory, dense=dense), RecurrentLIF.from_dense(given)]
    for layer in layers:
        with torch.no_grad():
            layer.weight += 1
    assert np.array_equal(memory.weight, before) and np.array_equal(given, memory.dense())


class Positive(torch.autograd.Function):
    """A spike where the drive is positive, with the derivative 1."""

    @staticmethod
    def forward(ctx, drive):
        return (drive > 0).to(drive.dtype)

    @staticmethod
    def backward(ctx, change):
        return change


def test_a_layer_in_front_learns_through_the_loop():
    """What arrives last at neuron 1 came from neuron 0, through a weight of 1.5, and decays."""
    drive = torch.full((5, 1, 3), -1.0)
    drive[2, 0, 0] = 1
    drive.requires_grad_()
    _, membrane = small()(Positive.apply(drive), clamp=5)
    membrane[-1, 0, 1].backward()
    assert drive.grad[:4, 0, 0].tolist() == pytest.approx(
        [0.7**3 * 1.5, 0.7**2 * 1.5, 0.7 * 1.5, 1.5]
    )
    # A spike of neuron 1 in step 3 would reset what has come until then.
    assert drive.grad[3, 0, 1].item() == pytest.approx(-0.7 * 1.5)


def test_a_surrogate_of_ones_own_is_used():
    seen = []

    def box(distance):
        seen.append(distance)
        return (distance.abs() < 0.2).to(distance.dtype)

    cue = torch.zeros(6, 1, 3)
    cue[0, 0, 0] = 1
    layer = small(surrogate=box)
    layer(cue, clamp=1)[0].sum().backward()
    assert seen
    # Neuron 2 is 0.1 below its threshold in step 3, neuron 1 0.5 above its own in step 1.
    assert layer.weight.grad.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("name", ["beta", "theta"])
def test_a_learned_parameter_stays_within_its_bounds_and_comes_back(name):
    bounds = {f"{name}_bounds": (0.5, 0.8), name: torch.tensor([0.6, 0.7, 0.8])}
    layer = small(**{f"learn_{name}": True}, **bounds)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for sign, end in ((1, 0.5), (-1, 0.8), (1, 0.5)):
        for _ in range(10):
            optimizer.zero_grad()
            (sign * getattr(layer, name)).sum().backward()
            optimizer.step()
        assert getattr(layer, name).tolist() == pytest.approx([end] * 3)


def test_what_is_fixed_is_no_parameter_but_part_of_the_state():
    layer = small(beta=[0.5, 0.6, 0.7], learn_theta=True)
    assert {name for name, _ in layer.named_parameters()} == {
        "weight",
        "parametrizations.theta.original",
    }
    other = small(learn_theta=True, beta=[0.1, 0.1, 0.1])
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other.beta, layer.beta)


def test_single_precision_keeps_a_fixed_beta_for_the_memory():
    assert small(beta=0.7, dtype=torch.float32).to_memory().beta == 0.7


def test_spike_tensor_has_the_spikes_of_each_raster():
    rasters = bernoulli(5, 20, 3, 0.2)
    tensor = spike_tensor(rasters)
    assert tensor.shape == (20, 3, 5) and tensor.dtype == torch.bool
    assert np.array_equal(tensor[:, 1].numpy(), rasters[1].dense(STEP))
    with pytest.raises(InputError, match="cut them to one length"):
        spike_tensor([rasters[0], Raster([0], [0.0], 5, 0.03)])
    with pytest.raises(InputError, match="no raster"):
        spike_tensor([])


@pytest.mark.parametrize(
    "options, complaint",
    [
        (dict(beta=1.0), "beta is 1.0"),
        (dict(beta=[0.5, 0.5]), r"beta has the shape \(2,\)"),
        (dict(beta=[0.5, 0.5, float("nan")]), "beta is nan"),
        (dict(theta=0), "theta is 0.0"),
        (dict(beta=0.7, learn_beta=True, beta_bounds=(0.1, 0.5)), "outside its bounds 0.1…0.5"),
        (dict(learn_beta=True, beta_bounds=(0.5, 0.1)), "the bounds of beta"),
        (dict(surrogate="box"), "surrogate is 'box'"),
        (dict(alpha=-1), "alpha is -1"),
        (dict(surrogate=torch.sigmoid, alpha=1), "one's own has none"),
        (dict(dropout=1), "dropout is 1"),
        (dict(dtype=torch.float16), "dtype is torch.float16"),
    ],
)
def test_a_bad_option_is_refused_in_one_line(options, complaint):
    with pytest.raises(InputError, match=complaint) as refusal:
        small(**options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "columns, complaint",
    [
        (([0], [1], [3], [1.0]), r"has delay 3, outside 1…2"),
        (([0], [9], [1], [1.0]), r"has post 9"),
        (([0, 0], [1, 1], [1, 1], [1.0, 2.0]), "two synapses from neuron 0 to 1 with delay 1"),
        (([0], [1], [1], [float("inf")]), "has the weight inf"),
        (([0], [1], [1], [1.0, 2.0]), "equally long"),
    ],
)
def test_bad_synapses_are_refused(columns, complaint):
    with pytest.raises(InputError, match=complaint):
        RecurrentLIF.from_synapses(*columns, n_neurons=3, n_delays=2)
    with pytest.raises(InputError, match="shape"):
        RecurrentLIF.from_dense(np.zeros((3, 2, 4)))
    with pytest.raises(InputError, match="no finite number"):
        RecurrentLIF.from_dense(np.full((3, 3, 4), np.nan))


@pytest.mark.parametrize(
    "spikes, clamp, complaint",
    [
        (np.zeros((4, 1, 3)), 1, "they have to be a Tensor"),
        (torch.zeros(4, 3), 1, r"it has to be \(n_steps, n_trials, 3\)"),
        (torch.zeros(4, 1, 2), 1, r"has to be \(n_steps, n_trials, 3\)"),
        (torch.zeros(4, 1, 3).double(), 1, "torch.float64, the weights torch.float32"),
        (torch.full((4, 1, 3), 0.5), 1, "other than 0 and 1"),
        (torch.zeros(4, 1, 3), 5, "clamp is 5"),
        (torch.zeros(4, 1, 3), -1, "clamp is -1"),
        (torch.zeros(4, 1, 3, device="meta"), 1, "the spikes are on meta, the network on cpu"),
    ],
)
def test_spikes_that_do_not_fit_are_refused(spikes, clamp, complaint):
    with pytest.raises(InputError, match=complaint):
        small()(spikes, clamp)


def test_neurons_that_differ_come_back_as_they_were():
    own = {"beta": [0.5, 0.6, 0.7], "theta": [1.0, 1.1, 1.2]}
    for learned in (False, True):
        layer = small(dtype=torch.float64, learn_beta=learned, learn_theta=learned, **own)
        memory = layer.to_memory()
        assert memory.beta.tolist() == own["beta"] and memory.theta.tolist() == own["theta"]
        again = RecurrentLIF.from_memory(memory, learn_beta=learned)
        assert again.to_memory().fingerprint() == memory.fingerprint()


def test_what_no_memory_can_be_is_refused():
    layer = small()
    with torch.no_grad():
        layer.weight[0] = torch.nan
    with pytest.raises(InputError, match="no"):
        layer.to_memory()
