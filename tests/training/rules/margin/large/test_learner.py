"""The rule margin where very many synapses are possible, and a few are chosen."""

import pickle

import numpy as np
import pytest
from interrupting import interrupt_after

from wmdelays import InputError, Memory, score
from wmdelays.patterns import bernoulli
from wmdelays.training import hebbian, margin, recall, store
from wmdelays.training.rules.margin.block_learner import Round
from wmdelays.training.rules.margin.description import MARGIN
from wmdelays.training.rules.margin.large import room
from wmdelays.training.rules.margin.large.block_learner import LargeBlockLearner
from wmdelays.training.rules.margin.large.learner import LargeLearner
from wmdelays.training.rules.margin.stages import Stage

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


def test_the_number_of_processors_changes_nothing(processors):
    expected = learned()
    processors(5)
    for name in ("pre", "post", "delay", "weight"):
        np.testing.assert_array_equal(getattr(learned(), name), getattr(expected, name))


def of_blocks(**options):
    """What blocks of PATTERNS learn by, with all other options at their defaults."""
    settings = {option.name: option.default for option in MARGIN.options}
    settings |= {"kappa": 0.5, "max_synapses": 120, **options}
    return LargeBlockLearner(Memory.unlearned(PATTERNS, **NETWORK), settings, seed=0)


def test_two_sequences_of_each_pattern_are_jittered_to_the_end():
    found = {}
    for jitter in (0.0, 1.0):
        shown, *_ = of_blocks(jitter=jitter).epoch(0, Stage("learning", 15, damaged=True), 0)
        whole = shown.shown.damaged & (shown.n_steps == 120)
        found[jitter] = np.bincount(shown.shown.pattern[whole]).tolist()
    assert found == {0.0: [3, 3], 1.0: [5, 5]}


def test_a_block_that_learns_stays_as_it_was_and_another_one_is_given():
    learner = of_blocks()
    block = learner.choose(0)
    now = Round(0, Stage("learning", 15, damaged=True), 0, 2)
    learned, _ = learner.learn(0, block, False, now)
    assert learned.weight.any() and not block.weight.any()
    # As in another process, which knows of the synapses what comes with them.
    again, _ = of_blocks().learn(0, pickle.loads(pickle.dumps(block)), False, now)
    np.testing.assert_array_equal(again.weight, learned.weight)
    assert (learned.sign == -1).any() and np.all(learned.weight * learned.sign >= 0)


def test_weights_do_not_grow_for_ever():
    learner = of_blocks()
    learner.largest = np.float32(0.01)
    now = Round(0, Stage("learning", 15, damaged=True), 0, 2)
    learned, _ = learner.learn(0, learner.choose(0), False, now)
    assert np.abs(learned.weight).max() == learner.largest


@pytest.mark.parametrize("n", [11, 14, 19])
def test_a_resumed_learning_gives_what_an_uninterrupted_one_gives(n, tmp_path):
    options = dict(checkpoint=tmp_path / "c.h5", checkpoint_every=0)
    with pytest.raises(KeyboardInterrupt):
        learned(progress=interrupt_after(n + 1), **options)
    assert list(tmp_path.iterdir())
    resumed, expected = learned(**options), learned()
    for name in ("pre", "post", "delay", "weight"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(expected, name))


def test_a_checkpoint_with_other_synapses_is_refused(tmp_path, monkeypatch):
    options = dict(checkpoint=tmp_path / "c.h5", checkpoint_every=0)
    with pytest.raises(KeyboardInterrupt):
        learned(progress=interrupt_after(13), **options)
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
