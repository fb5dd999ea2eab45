"""The front door of learning."""

import numpy as np
import pytest

from wmdelays import InputError, Raster, score
from wmdelays.files.memory_file import write_memory
from wmdelays.patterns import bernoulli
from wmdelays.training import RULES, recall, store

IN_DISCRETE_TIME = [name for name, rule in RULES.items() if not rule.for_neurons]


@pytest.fixture(scope="module")
def patterns():
    return bernoulli(40, 120, 2, 0.02, seed=5)


def quick(rule):
    """Options with which learning takes a moment."""
    return {option.name: 2 for option in RULES[rule].options if option.grows}


@pytest.mark.parametrize("rule", IN_DISCRETE_TIME)
def test_every_rule_gives_a_memory_that_says_how_it_was_made(rule, patterns):
    options = quick(rule)
    memory = store(patterns, rule, n_delays=10, seed=4, **options)
    assert memory.patterns == tuple(patterns)
    assert memory.made["rule"] == rule and memory.made["seed"] == 4
    found = score(recall(memory, memory.cues()), memory.patterns)
    assert memory.made["scores"]["f1"] == found.total.f1
    assert memory.made["versions"]["torch"]


@pytest.mark.parametrize("rule", IN_DISCRETE_TIME)
def test_the_same_seed_gives_the_same_file(rule, patterns, tmp_path):
    options = quick(rule)
    for name in ("a.h5", "b.h5"):
        write_memory(tmp_path / name, store(patterns, rule, n_delays=10, seed=4, **options))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize("rule", IN_DISCRETE_TIME)
def test_every_rule_tells_what_it_does_and_the_part_that_is_done(rule, patterns):
    told = []
    store(patterns, rule, n_delays=10, progress=lambda *now: told.append(now), **quick(rule))
    begun = RULES[rule].starts_from or RULES[rule]
    assert told[0] == (f"{begun.name}: finding weights", None)
    assert all(part is None or 0 <= part <= 1 for _, part in told)
    assert told[-1][0].startswith(f"{rule}: ") and told[-1][1] == 1


def test_the_rule_is_margin_unless_another_is_named(patterns):
    assert store(patterns, n_delays=10, damaged_epochs=1).made["rule"] == "margin"


def test_spikes_that_no_weights_could_predict_are_counted():
    # Neuron 0 after a silence longer than the delays; neuron 1 after neuron 0 once, then not.
    pattern = Raster.from_steps([2, 0, 1, 0], [0, 10, 11, 20], 3, 30, 1e-3)
    memory = store(pattern, n_delays=4)
    assert memory.made["unpredictable"] == {"n_spikes": 3, "empty": 2, "ambiguous": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "magic"}, "no rule 'magic'"),
        ({"n_delays": 0}, "at least one"),
        ({"n_delays": 120}, "leave nothing to recall"),
        ({"beta": 1.0}, "beta is 1.0"),
        ({"theta": -1.0}, "theta is -1.0"),
        ({"step": 0.0}, "greater than zero"),
        ({"rule": "hebbian", "epochs": 3}, "rule hebbian has no setting epochs"),
        ({"rule": "margin", "dropout": 0.1}, "rule margin has no setting dropout"),
        ({"seed": -1}, "seed is -1"),
        ({"rule": "bptt", "magic": 0.1}, "no setting magic"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, message, patterns):
    with pytest.raises(InputError, match=message):
        store(patterns, **{"n_delays": 10, **change})


def test_patterns_that_do_not_fit_together_are_refused(patterns):
    with pytest.raises(InputError, match="cut them to one length"):
        store([patterns[0], patterns[1].slice(0, 0.1)], n_delays=10)
    with pytest.raises(InputError, match="no spikes"):
        store(Raster(np.array([], dtype=int), [], 4, 0.1), n_delays=10)
    with pytest.raises(InputError, match="no patterns"):
        store([], n_delays=10)


def test_backpropagation_lifts_what_hebbian_weights_leave_undone():
    hard = bernoulli(100, 70, 6, 0.015, seed=0)
    start = store(hard, "hebbian", n_delays=20).made["scores"]["f1"]
    learned = store(hard, "bptt", n_delays=20, epochs=8)
    losses = [epoch["loss"] for epoch in learned.made["history"][1:]]
    assert 0.9 < start < 1.0
    assert learned.made["scores"]["f1"] > start
    assert min(losses) < losses[0]
