"""Storing in neurons that differ: each rule learns with the beta and theta of each."""

import numpy as np
import pytest

from wmdelays import InputError, bernoulli, quantise, read_memory, score, store, write_memory
from wmdelays.brian_models.memories.recall import recall as recall_in_brian2
from wmdelays.neurons.lif import time_constant
from wmdelays.training import recall
from wmdelays.training.discrete.torch_recall import recall as recall_in_torch
from wmdelays.training.heterogeneity import Leaks
from wmdelays.training.rules.margin.presentations import BLOCK, presentations, targets
from wmdelays.training.rules.margin.teacher_forcing import present

N, D = 40, 15
PATTERNS = bernoulli(N, 80, 2, 0.03, seed=3)
# A network in two blocks, whose neurons have one of two leaks.
TWO = np.where(np.arange(N) % 3 == 0, 0.9, 0.4)


def dense(memory):
    return memory.dense().reshape(N, -1)


@pytest.fixture(scope="module")
def spread():
    return store(PATTERNS, n_delays=D, beta_spread=0.3, seed=5)


@pytest.mark.filterwarnings("ignore:the recall is not complete")
@pytest.mark.parametrize(
    "rule, options",
    [("margin", {}), ("hebbian", {"deconvolve": True}), ("pseudo-inverse", {"deconvolve": True})],
)
def test_a_neuron_learns_as_it_would_among_others_like_it(rule, options):
    """Shown the stored spikes, neurons do not hear of one another's leak."""
    mixed = dense(store(PATTERNS, rule, n_delays=D, beta=TWO, **options))
    for beta in (0.9, 0.4):
        alike = dense(store(PATTERNS, rule, n_delays=D, beta=beta, **options))
        # Least squares are solved as far as the slowest of a block of neurons needs.
        rtol = 1e-3 if rule == "pseudo-inverse" else 0
        assert np.allclose(mixed[beta == TWO], alike[beta == TWO], rtol=rtol, atol=rtol)
        assert not np.allclose(mixed[beta != TWO], alike[beta != TWO], rtol=0.1, atol=0.01)


@pytest.mark.parametrize("bits", [None, 4])
def test_a_threshold_is_the_unit_of_its_neurons_weights(bits):
    # Powers of two round alike, and so does their mean, 1.
    theta = np.tile([0.5, 0.5, 1.0, 2.0], N // 4)
    one, each = (store(PATTERNS, n_delays=D, theta=t, bits=bits) for t in (1.0, theta))
    assert np.array_equal(dense(each), dense(one) * theta[:, None])
    assert score(recall(each, each.cues()), each.patterns).total.f1 == 1


@pytest.mark.filterwarnings("ignore:the recall is not complete")
def test_bptt_trains_the_network_that_is_simulated():
    memory = store(PATTERNS, "bptt", n_delays=D, beta=TWO, deconvolve=True, epochs=6)
    start, best = memory.made["history"][0]["f1"], memory.made["f1"]
    assert start < best == pytest.approx(memory.made["scores"]["f1"])


def test_lanes_learn_each_with_its_own_values():
    rng = np.random.default_rng(2)
    spikes = [(p.steps(1e-3), p.neurons) for p in PATTERNS]
    shown = presentations([(*s, 80, m, D, False) for m, s in enumerate(spikes)], D)
    wanted, start = targets(spikes, N)[0], rng.normal(0, 0.3, (N * D, BLOCK)).astype(np.float32)
    own = dict(beta=rng.uniform(0.2, 0.95, BLOCK), theta=rng.uniform(0.5, 2, BLOCK))
    own["kappa"] = own["theta"] * rng.uniform(0.1, 0.6, BLOCK)
    common, order = dict(n_delays=D, rate=0.9), np.array([0, 1, 0])
    for exact in (False, True):
        mixed = start.copy()
        counts, margin = present(mixed, shown, order, wanted, **own, **common, exact=exact)
        for b in (0, 13, BLOCK - 1):
            alone, values = start.copy(), {name: one[b] for name, one in own.items()}
            found = present(alone, shown, order, wanted, **values, **common, exact=exact)
            assert np.array_equal(alone[:, b], mixed[:, b])
            assert np.array_equal(found[0][:, b], counts[:, b]) and found[1][b] == margin[b]


def test_time_constants_have_the_mean_and_the_spread_that_were_asked_for():
    for spread in (0.1, 0.5):
        beta = Leaks(0.7, spread=spread, seed=1).of(40_000, 40_000)["beta"]
        tau = time_constant(beta, 1.0)
        assert tau.mean() == pytest.approx(time_constant(0.7, 1.0), rel=0.01)
        assert tau.std() / tau.mean() == pytest.approx(spread, rel=0.03)
        # Lognormal: symmetric on a logarithmic scale.
        logs = np.log(tau)
        assert abs(np.mean((logs - logs.mean()) ** 3)) / logs.std() ** 3 < 0.05
    one, two = (Leaks(0.7, spread=0.2, seed=seed).of(5, 5)["beta"] for seed in (0, 1))
    assert not np.array_equal(one, two)
    assert np.array_equal(one, Leaks(0.7, spread=0.2).of(5, 5)["beta"])


def test_latent_neurons_are_drawn_as_the_others_are():
    few, more = (Leaks(0.7, spread=0.2).of(20, n)["beta"] for n in (20, 30))
    assert np.array_equal(more[:20], few) and len(set(more)) == 30
    theta = np.linspace(1, 2, 20)
    found = Leaks(few, theta).of(20, 200)
    assert np.array_equal(found["beta"][:20], few)
    # A latent neuron has the beta and the theta of one neuron.
    assert found["beta"].shape == found["theta"].shape == (200,)
    drawn = np.searchsorted(theta, found["theta"][20:])
    assert (np.diff(drawn) < 0).sum() > 50
    assert np.array_equal(few[drawn], found["beta"][20:]) and len(set(drawn)) > 15


@pytest.mark.parametrize("latent", [0, 6])
def test_simulators_agree_and_a_file_holds_them(latent, tmp_path):
    memory = store(PATTERNS, n_delays=D, beta_spread=0.4, latent=latent)
    write_memory(tmp_path / "m.h5", memory)
    read = read_memory(tmp_path / "m.h5")
    assert read.fingerprint() == memory.fingerprint() and read.made == memory.made
    assert memory.made["heterogeneity"] == {"beta": 0.7, "beta_spread": 0.4}
    assert len(read.beta) == N + latent and memory.made["scores"]["f1"] == 1
    cues = read.cues()
    ours = recall(read, cues)
    assert score(ours, read.patterns).total.f1 == 1
    for theirs in (recall_in_torch(read, cues), recall_in_brian2(read, cues, device="numpy")):
        assert [one.emitted for one in theirs] == [one.emitted for one in ours]


def test_it_has_few_bits_too(spread, tmp_path):
    small = quantise(spread, 4)
    write_memory(tmp_path / "m.h5", small)
    read = read_memory(tmp_path / "m.h5")
    assert read.made["scores"]["f1"] == 1 and np.array_equal(read.beta, spread.beta)
    assert read.fingerprint() == small.fingerprint()


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(beta=[0.5, 0.6]), r"beta has the shape \(2,\)"),
        (dict(beta="much"), "beta=? is .*much.*; it has to be a number, or one for each neuron"),
        (dict(beta=np.r_[np.full(N - 1, 0.5), 1.0]), "beta is 1.0"),
        (dict(beta_spread=-0.1), "beta_spread=? is -0.1; it has to"),
        (dict(beta_spread=1.5), "beta_spread=? is 1.5; it has to"),
        (dict(beta_spread=np.nan), "beta_spread=? is nan; it has to"),
        (dict(beta_spread="0.2"), "beta_spread=? is '0.2'; it has to be a number"),
        (dict(beta_spread=0.1, beta=TWO), "beta=? has to be one number then"),
        (
            dict(beta_spread=0.1, neurons="adex"),
            "beta_spread=? is for the network in discrete time",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        store(PATTERNS, n_delays=D, **options)
