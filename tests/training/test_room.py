"""How much memory storing takes is known before."""

import tracemalloc

import pytest

import wmdelays.machine.free_memory
from wmdelays import InputError
from wmdelays.patterns import bernoulli
from wmdelays.training import store
from wmdelays.training.room import check_room, check_room_for
from wmdelays.training.storing import RULES

SIZES = {"n_delays": 41, "n_steps": 1000, "n_patterns": 16}


def asked(monkeypatch, ask):
    """The bytes that are asked for."""
    told = []
    monkeypatch.setattr("wmdelays.training.room.check_memory", lambda n, *words: told.append(n))
    ask()
    return told[0]


@pytest.mark.parametrize("rule", RULES)
def test_a_network_of_a_million_neurons_is_refused(rule, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 4e9)
    with pytest.raises(InputError, match=f"1000000 neurons .* by the rule {rule} needs about"):
        check_room(rule, n_neurons=10**6, n_spikes=16e6, **SIZES)


@pytest.mark.parametrize("rule", RULES)
def test_the_published_size_fits_into_the_memory_of_a_laptop(rule, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 8e9)
    check_room(rule, n_neurons=1024, n_spikes=16_384, **SIZES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_asks_before_it_takes(rule, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 1e5)
    with pytest.raises(
        InputError, match=f"by the rule {rule} needs .* are free; take fewer neurons"
    ):
        store(bernoulli(1000, 60, 2, 0.01), rule, n_delays=41)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_what_is_asked_for_is_what_is_taken_within_a_factor_of_two(rule, monkeypatch):
    patterns = bernoulli(400, 400, 4, 0.006, seed=1)
    told = asked(monkeypatch, lambda: check_room_for(rule, patterns, 41, 1e-3))
    store(bernoulli(20, 60, 1, 0.1), rule, n_delays=5)
    tracemalloc.start()
    try:
        store(patterns, rule, n_delays=41)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told / 2 < peak < 2 * told
