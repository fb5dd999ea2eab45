"""The rule margin where very many synapses are possible, and a few are chosen."""

import os

import numpy as np
import pytest

from wmdelays import InputError, score
from wmdelays.patterns import bernoulli
from wmdelays.training import hebbian, margin, recall, store
from wmdelays.training.rules.margin.large import room
from wmdelays.training.rules.margin.large.learner import LargeLearner

NETWORK = dict(n_delays=20, step=1e-3, beta=0.7, theta=1.0)
PATTERNS = bernoulli(150, 120, 2, 0.02, seed=4)
LIMITS = {
    "free": {},
    "dale": dict(signs="dale"),
    "one_delay_per_pair": dict(one_delay_per_pair=True),
    "both": dict(signs="dale", one_delay_per_pair=True),
}


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch):
    monkeypatch.setattr(room, "_MANY", 100)


def learned(patterns=PATTERNS, **options):
    return margin(patterns, **{**NETWORK, "max_synapses": 120, **options})


def f1(memory, cues):
    return score(recall(memory, cues), memory.patterns).total.f1


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_all_is_recalled_within_the_limits(limits):
    memory = learned(**limits)
    assert memory.made["reached"]["open_loop_errors"] == 0
    assert f1(memory, memory.cues()) == 1.0
    assert np.bincount(memory.post).max() <= 120
    if limits.get("one_delay_per_pair"):
        pairs = memory.pre.astype(int) * memory.n_neurons + memory.post
        assert len(np.unique(pairs)) == len(pairs)
    if limits.get("signs"):
        excitatory = memory.pre < 0.8 * memory.n_neurons
        assert (memory.weight[excitatory] > 0).all() and (memory.weight[~excitatory] < 0).all()


def test_it_bears_what_hebbian_weights_do_not():
    patterns = bernoulli(400, 150, 2, 0.01, seed=1)
    memory = learned(patterns, max_synapses=300)
    plain = hebbian(patterns, **NETWORK, max_synapses=300)
    found = {}
    for name, one in (("margin", memory), ("hebbian", plain)):
        rng = np.random.default_rng(0)
        found[name] = f1(one, [cue.silenced(240, rng) for cue in one.cues()])
    assert found["margin"] == 1.0 and found["hebbian"] < 0.8


def test_the_number_of_processors_changes_nothing(monkeypatch):
    expected = learned()
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    for name in ("pre", "post", "delay", "weight"):
        np.testing.assert_array_equal(getattr(learned(), name), getattr(expected, name))


def interrupt_after(n):
    calls = iter(range(n))

    def progress(stage, part):
        if next(calls, None) is None:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("n", [11, 14, 19])
def test_a_resumed_learning_gives_what_an_uninterrupted_one_gives(n, tmp_path):
    options = dict(checkpoint=tmp_path / "c.h5", checkpoint_every=0)
    with pytest.raises(KeyboardInterrupt):
        learned(progress=interrupt_after(n), **options)
    assert list(tmp_path.iterdir())
    resumed, expected = learned(**options), learned()
    for name in ("pre", "post", "delay", "weight"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(expected, name))


def test_a_checkpoint_with_other_synapses_is_refused(tmp_path, monkeypatch):
    options = dict(checkpoint=tmp_path / "c.h5", checkpoint_every=0)
    with pytest.raises(KeyboardInterrupt):
        learned(progress=interrupt_after(12), **options)
    before = (tmp_path / "c.h5").read_bytes()
    choosing = "wmdelays.training.rules.margin.large.choosing._INHIBITORY"
    monkeypatch.setattr(choosing, 0.5)
    with pytest.raises(InputError, match="other synapses"):
        learned(**options)
    assert (tmp_path / "c.h5").read_bytes() == before


def test_a_network_is_large_by_its_possible_synapses_and_with_a_limit_alone(monkeypatch):
    monkeypatch.setattr(room, "_MANY", 200_000)
    few = {"max_synapses": 100, "prune": "none"}
    assert room.is_large(5000, 41, few) and not room.is_large(1024, 41, few)
    assert not room.is_large(5000, 41, few | {"max_synapses": None})
    # What is to be pruned has to be looked at whole.
    assert not room.is_large(5000, 41, few | {"prune": "recall"})


def test_five_thousand_neurons_are_a_large_network(monkeypatch):
    monkeypatch.setattr(room, "_MANY", 200_000)
    began = []
    of_large = LargeLearner.advance
    monkeypatch.setattr(LargeLearner, "advance", lambda self: began.append(self) or of_large(self))
    patterns = bernoulli(5000, 100, 1, 0.001, seed=0)
    memory = store(patterns, max_synapses=50, damaged_epochs=3)
    assert began and memory.made["scores"]["f1"] == 1.0
    assert np.bincount(memory.post).max() <= 50
