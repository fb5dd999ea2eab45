"""What the rule margin asks for is about what it takes."""

import tracemalloc

import pytest

import wmdelays.machine.free_memory
from wmdelays import Memory
from wmdelays.patterns import Sizes, bernoulli
from wmdelays.training import margin
from wmdelays.training.rules.margin import on_grid
from wmdelays.training.rules.margin.description import MARGIN
from wmdelays.training.rules.margin.large import room as large_room
from wmdelays.training.rules.margin.room import n_workers
from wmdelays.training.rules.rule import sizes_of

NETWORK = dict(n_delays=20, step=1e-3, beta=0.7, theta=1.0)


def peak_of(work):
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "n_patterns, rate, most",
    [
        # Many spikes that are shown, and few synapses.
        (20, 0.01, 50),
        # Many more synapses are allowed than spikes arrive by.
        (2, 0.005, 100_000),
    ],
)
def test_a_large_network_takes_what_it_asks_for_within_a_factor_of_two(
    n_patterns, rate, most, monkeypatch
):
    monkeypatch.setattr(large_room, "_MANY", 100)
    options = {"max_synapses": most, "damaged_epochs": 5}
    patterns = bernoulli(400, 400, n_patterns, rate, seed=1)
    told = MARGIN.n_bytes(sizes_of(patterns, 20, 1e-3), 20, options)
    peak = peak_of(lambda: margin(patterns, **NETWORK, epochs=1, **options))
    assert told / 2 < peak < 2 * told


def test_blocks_that_are_put_on_a_grid_have_the_memory_that_each_takes(processors, monkeypatch):
    memory = margin(bernoulli(400, 100, 1, 0.01), **NETWORK, damaged_epochs=0)
    empty = Memory.unlearned(memory.patterns, **NETWORK)
    settings = memory.made["settings"]
    learner = on_grid._GridBlockLearner(empty, settings, 0, 7, None)
    block, *_ = on_grid._blocks(memory, learner.n_rows, 13)
    peak = peak_of(lambda: learner.put(0, block))
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 2 * peak)
    processors(64)
    assert n_workers(400, 20, on_grid=True) in (1, 2)
    assert n_workers(400, 20) > 4


def test_a_large_network_asks_for_the_block_that_is_put_on_a_grid_too():
    sizes = Sizes(n_neurons=100_000, n_steps=1000, n_patterns=4, n_spikes=400_000)
    few = {"max_synapses": 1000}
    more = MARGIN.n_bytes(sizes, 41, few | {"bits": 4}) - MARGIN.n_bytes(sizes, 41, few)
    assert 3e9 < more < 4e9
