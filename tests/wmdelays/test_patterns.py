"""Synthetic patterns."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import wmdelays.draws
import wmdelays.machine.free_memory
from wmdelays import InputError
from wmdelays.patterns import (
    GENERATORS,
    bernoulli,
    evidence,
    generate,
    is_specification,
    periodic,
    refractory,
)
from wmdelays.validation.work.peak_memory import peak_memory

SIZE = dict(n_neurons=40, n_steps=500, n_patterns=3)


def dense(patterns, step=1e-3):
    return np.array([pattern.dense(step) for pattern in patterns])


def smallest_interval(spikes, cycle=False):
    """The fewest silent steps between two spikes of a neuron, over all patterns."""
    found = [np.inf]
    for pattern in spikes:
        for train in np.concatenate([pattern, pattern] if cycle else [pattern]).T:
            found += (np.diff(np.flatnonzero(train)) - 1).tolist()
    return min(found)


@pytest.mark.parametrize("name", GENERATORS)
def test_the_same_seed_gives_the_same_patterns(name):
    make = GENERATORS[name]
    one, two, other = (make(**SIZE, rate=0.05, seed=seed) for seed in (3, 3, 4))
    assert one == two and one != other
    assert one[0] != one[1]


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("step", [1e-3, 1 / 30])
def test_patterns_have_the_size_that_was_asked_for(name, step):
    patterns = GENERATORS[name](7, 30, 2, 0.1, step=step)
    assert dense(patterns, step).shape == (2, 30, 7)


# The first spikes of each generator, as one draw of all entries gave them.
FIRST = {
    "bernoulli": "c2b1329ef4da3817",
    "refractory": "c8ab1f19bf250f7b",
    "evidence": "90de3d379225436b",
    "periodic": "0b6a666424da8d8e",
}


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("together", [2**20, 7])
def test_a_seed_gives_the_spikes_that_it_always_gave(name, together, monkeypatch):
    monkeypatch.setattr(wmdelays.draws, "_TOGETHER", together)
    digest, options = hashlib.sha256(), {"interval": 4} if name == "periodic" else {}
    for pattern in GENERATORS[name](40, 60, 3, 0.05, seed=3, **options):
        digest.update(pattern.neurons.tobytes())
        digest.update(pattern.times.tobytes())
    assert digest.hexdigest()[:16] == FIRST[name]


def test_spikes_are_drawn_without_an_entry_for_each_neuron_and_step():
    bernoulli(100, 10, 1, 0.01)
    with peak_memory() as small:
        bernoulli(100, 10, 1, 0.01)
    with peak_memory() as large:
        bernoulli(10_000, 10_000, 1, 0.0001)
    # 800 MB as numbers, 100 MB as truth values.
    assert large.n_bytes - small.n_bytes < 60e6


@pytest.mark.parametrize(
    "name, sizes",
    [
        ("bernoulli", (10, 100, 10**8, 0.01)),
        ("bernoulli", (10**6, 10**6, 1, 0.01)),
        ("refractory", (2**31 - 1, 10, 1, 0.01)),
        ("evidence", (25_000, 25_000, 1, 0.001)),
        ("periodic", (10**5, 10**6, 1, 0.1)),
    ],
)
def test_what_no_memory_would_hold_is_refused_before_it_is_drawn(name, sizes, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 4e9)
    with pytest.raises(InputError, match="needs about .* of memory.*; take fewer patterns"):
        GENERATORS[name](*sizes)


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.3])
def test_bernoulli_spikes_come_at_their_rate(rate):
    spikes = dense(bernoulli(**SIZE, rate=rate, seed=1))
    low, high = binom.interval(1 - 1e-6, spikes.size, rate)
    assert low <= spikes.sum() <= high
    repeated = (spikes[:, 1:] & spikes[:, :-1]).sum()  # independent: no interval after a spike
    low, high = binom.interval(1 - 1e-6, spikes[:, 1:].size, rate**2)
    assert low <= repeated <= high


@pytest.mark.parametrize("rate, interval", [(0.01, 4), (0.1, 4), (0.19, 4), (0.3, 1), (0.05, 0)])
def test_refractory_spikes_reach_their_rate_and_keep_the_interval(rate, interval):
    spikes = dense(refractory(40, 4000, 2, rate, interval=interval, seed=1))
    assert spikes[:, 100:].mean() == pytest.approx(rate, rel=0.06)
    assert smallest_interval(spikes) == interval


def test_the_highest_rate_is_one_spike_in_each_interval():
    spikes = dense(refractory(3, 50, 1, 0.2, interval=4))
    assert np.array_equal(np.flatnonzero(spikes[0, :, 0]), np.arange(0, 50, 5))
    with pytest.raises(InputError, match="cannot be reached"):
        refractory(3, 50, 1, 0.21, interval=4)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 20), st.integers(0, 25), st.integers(0, 100))
def test_periodic_spikes_keep_the_interval_across_the_wrap(n_steps, interval, seed):
    rate = 0.8 / (interval + 1)
    spikes = dense(periodic(10, n_steps, 2, rate, interval=interval, seed=seed))
    assert smallest_interval(spikes, cycle=True) >= interval
    unwrapped = dense(refractory(10, n_steps, 2, rate, interval=interval, seed=seed))
    assert not (spikes & ~unwrapped).any()
    assert np.array_equal(spikes[:, interval:], unwrapped[:, interval:])


def test_only_spikes_too_close_to_the_wrap_are_taken_out():
    for before, after in zip(
        dense(refractory(200, 30, 1, 0.1, interval=3)), dense(periodic(200, 30, 1, 0.1, interval=3))
    ):
        for j in range(200):
            for t in np.flatnonzero(before[:, j]):
                ends = np.flatnonzero(before[-3:, j]) + 27
                assert after[t, j] == (t >= 3 or all(t + 30 - e > 3 for e in ends))


def test_evidence_follows_its_definition():
    n_steps, n_neurons, rate, spread, kept, interval, seed = 200, 50, 0.01, 4.0, 0.05, 4, 5
    made = evidence(
        n_neurons, n_steps, 1, rate, spread=spread, kept=kept, interval=interval, seed=seed
    )
    rng = np.random.default_rng(seed)
    e = rng.normal(0, spread, (n_steps, n_neurons))
    draws = rng.random((n_steps, n_neurons))
    threshold = np.sort(e, axis=None)[-round(kept * e.size)]
    wanted = np.zeros(e.shape, bool)
    for j in range(n_neurons):
        last = -np.inf
        for t in range(n_steps):
            x = np.log(rate / (1 - rate)) + (e[t, j] if e[t, j] >= threshold else 0)
            if draws[t, j] < 1 / (1 + np.exp(-x)) and t - last > interval:
                wanted[t, j], last = True, t
    assert np.array_equal(made[0].dense(1e-3), wanted)


def test_evidence_makes_its_entries_likely():
    without = dense(evidence(**SIZE, rate=0.001, spread=0.0, seed=2)).mean()
    with_some = dense(evidence(**SIZE, rate=0.001, spread=4.0, kept=0.05, seed=2)).mean()
    assert without == pytest.approx(0.001, rel=0.5)
    assert 0.02 < with_some < 0.06
    assert dense(
        evidence(**SIZE, rate=0.5, spread=1e6, kept=1.0, interval=0)
    ).mean() == pytest.approx(0.5, abs=0.02)


def test_without_kept_evidence_nothing_changes():
    none = evidence(50, 200, 1, 1e-9, spread=100.0, kept=0.0)
    assert len(none[0]) == 0


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize(
    "change",
    [
        dict(n_neurons=0),
        dict(n_steps=0),
        dict(n_patterns=0),
        dict(rate=-0.1),
        dict(rate=1.1),
        dict(rate=np.nan),
    ],
)
def test_sizes_and_rates_that_make_no_sense_are_refused(name, change):
    with pytest.raises(InputError):
        GENERATORS[name](**(SIZE | dict(rate=0.1) | change))


@pytest.mark.parametrize(
    "change",
    [
        dict(rate=0),
        dict(rate=1),
        dict(spread=-1),
        dict(spread=np.nan),
        dict(kept=2),
        dict(interval=-1),
    ],
)
def test_evidence_that_makes_no_sense_is_refused(change):
    with pytest.raises(InputError):
        evidence(**(SIZE | dict(rate=0.1) | change))


def test_a_specification_in_one_line_names_the_same_patterns():
    made = generate(
        "refractory:neurons=7,steps=30, patterns=2,rate=0.1,interval=3", step=1 / 30, seed=4
    )
    assert made == refractory(7, 30, 2, 0.1, interval=3, step=1 / 30, seed=4)
    assert is_specification("bernoulli:neurons=1") and not is_specification("bernoulli.csv")


@pytest.mark.parametrize(
    "text, word",
    [
        ("poisson:neurons=7", "poisson"),
        ("bernoulli:neurons=7,steps=30,patterns=2", "rate="),
        ("bernoulli", "neurons="),
        ("bernoulli:size=7", "size"),
        ("bernoulli:step=7", "step"),
        ("bernoulli:neurons=7.5", "whole number"),
        ("bernoulli:neurons", "whole number"),
        ("bernoulli:rate=x", "number"),
        ("refractory:interval=0.5", "whole number"),
        ("bernoulli:neurons=7,steps=30,patterns=2,rate=nan", "rate"),
        ("bernoulli:neurons=-7,steps=30,patterns=2,rate=0.1", "neurons"),
    ],
)
def test_a_specification_that_cannot_be_followed_is_refused(text, word):
    with pytest.raises(InputError) as refused:
        generate(text)
    assert word in str(refused.value) and "\n" not in str(refused.value)
