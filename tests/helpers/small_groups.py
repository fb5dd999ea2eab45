"""A small random network in which groups are common; what tests of the command `groups` share."""

from dataclasses import replace

import numpy as np
import pytest

from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.groups import group_line
from wmdelays.polychrony.network_file import write_run
from wmdelays.polychrony.network_state import extended, new_run, with_excitatory
from wmdelays.polychrony.search import search as group_search
from wmdelays.polychrony.search.search import search

# Smaller pieces of work than usual, so that a small search has many.
PIECE = 20
COMMAND = ("groups", "net.csv", "--min-layers", "4", "--json", "g.jsonl")


def network(seed=2, n_excitatory=30, n_inhibitory=8, n_out=10):
    """A small random network in which groups are common."""
    rng = np.random.default_rng(seed)
    n = n_excitatory + n_inhibitory
    pre = np.repeat(np.arange(n), n_out)
    post = rng.integers(0, n, len(pre))
    delay = np.where(pre < n_excitatory, rng.integers(1, 7, len(pre)), 1)
    weight = np.where(rng.random(len(pre)) < 0.7, 10.0, 3.0)
    weight[pre >= n_excitatory] = -5.0
    return DelayNetwork(pre, post, delay, weight, np.arange(n) < n_excitatory)


def as_csv(network):
    columns = (network.pre, network.post, network.delay_ms, network.weight)
    rows = [",".join(map(str, row)) for row in zip(*(c.tolist() for c in columns))]
    return "\n".join(["pre,post,delay_ms,weight", *rows, ""])


def lines_of(network, **settings):
    return "".join(map(group_line, search(network, **{"min_layers": 4} | settings)))


@pytest.fixture(scope="module")
def expected():
    """What a search gives, as lines."""
    lines = lines_of(network())
    assert lines.count("\n") > 20
    return lines


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(group_search, "_BATCH", PIECE)


@pytest.fixture
def folder(wmdelays):
    """The test's folder, with a network in it."""
    (wmdelays.folder / "net.csv").write_text(as_csv(network()))
    return wmdelays.folder


@pytest.fixture
def simulated(folder):
    """A file of a simulation of two seconds whose weights become strong after one."""
    final = network()
    plastic = final.excitatory[final.pre]
    initial = with_excitatory(final, np.full(plastic.sum(), 6.0))
    run = new_run(initial, 0, 1, {})
    for seconds in (1, 2):
        state = replace(run.state, seconds=seconds, network=final)
        run = extended(run, state, np.zeros(0, np.int64), np.zeros(0, np.int64))
    write_run(folder / "sim.h5", run)
    return folder / "sim.h5"


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}
