"""Synapses that are found by their postsynaptic neurons, in the order of a memory."""

import os
import tempfile

import numpy as np
import pytest

from wmdelays import InputError, Memory, write_memory
from wmdelays.machine import scratch
from wmdelays.patterns import bernoulli
from wmdelays.training import hebbian, margin, recall
from wmdelays.training.discrete.torch_recall import recall as torch_recall
from wmdelays.training.rules import in_order as ordering
from wmdelays.training.rules.in_order import Found, in_order, type_of_places
from wmdelays.training.rules.margin.large import room
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.sparse_block import SparseBlock

N, D = 3 * BLOCK, 7
NETWORK = dict(n_delays=20, step=1e-3, beta=0.7, theta=1.0)


def learned_blocks(part, rng):
    """Blocks with weights at a part of their places, of which some are zero."""
    blocks = []
    for _ in range(N // BLOCK):
        weights = rng.normal(size=(N * D, BLOCK)).astype(np.float32)
        block = SparseBlock(N * D)
        block.limit(weights, rng.random(weights.shape) < part)
        block.weight[rng.random(len(block.weight)) < 0.2] = 0
        blocks.append(block)
    return blocks


@pytest.fixture(params=["in memory", "in parts", "on disk"])
def large_from(request, monkeypatch):
    """How many synapses are put in order together, and whether they wait in a file."""
    if request.param != "in memory":
        monkeypatch.setattr(ordering, "AT_ONCE", 40)
    if request.param == "on disk":
        monkeypatch.setattr(scratch, "_IN_MEMORY", 0)
    return request.param


@pytest.mark.parametrize("part", [0, 0.01, 0.5])
def test_all_synapses_are_in_the_order_of_a_memory_without_those_of_weight_zero(part, large_from):
    blocks = learned_blocks(part, np.random.default_rng(0))
    dense = np.concatenate([block.dense()[0] for block in blocks], axis=1).astype(float)
    weights = dense.reshape(N, D, N).transpose(2, 0, 1)
    expected = Memory.from_dense(weights, step=1e-3, beta=0.5, theta=1.0)
    columns = in_order(blocks, BLOCK, N * D, D)
    memory = Memory(N, D, 1e-3, 0.5, 1.0, **columns)
    assert memory.fingerprint() == expected.fingerprint()
    for name, column in columns.items():
        own = getattr(memory, name)
        assert np.shares_memory(own, column) or not len(column), "a memory takes it as it is"
        assert column.flags.writeable == (large_from != "on disk" or not len(column))


def test_weights_of_double_precision_and_neurons_in_wide_blocks_stay_what_they_are(large_from):
    weights = np.random.default_rng(1).normal(size=(5 * 3, 5))
    found = [Found(np.arange(60), weights[:, :4].ravel()), Found(np.arange(15) * 4, weights[:, 4])]
    memory = Memory(5, 3, 1e-3, 0.5, 1.0, **in_order(found, 4, 15, 3))
    assert np.array_equal(memory.dense(), weights.reshape(5, 3, 5).transpose(2, 0, 1))


@pytest.mark.parametrize("n_rows, kind", [(2**32 // BLOCK, np.uint32), (2**32, np.int64)])
def test_places_take_four_bytes_where_those_hold_all(n_rows, kind):
    last = n_rows * BLOCK - 1
    block = SparseBlock(n_rows, np.array([0, last]), np.ones(2, np.float32))
    assert block.place.dtype == kind == type_of_places(last + 1) and block.place[-1] == last


def by_hebbian(**options):
    return hebbian(bernoulli(300, 150, 2, 0.01, seed=1), **NETWORK, **options)


def by_margin(**options):
    patterns = bernoulli(150, 120, 2, 0.02, seed=4)
    return margin(patterns, **NETWORK, max_synapses=120, **options)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("learn", [by_hebbian, by_margin])
def test_what_waits_on_the_disk_is_learned_as_what_is_in_memory(learn, monkeypatch, tmp_path):
    monkeypatch.setattr(room, "_MANY", 100)
    expected = learn()
    monkeypatch.setattr(scratch, "_IN_MEMORY", 0)
    monkeypatch.setattr(ordering, "AT_ONCE", 1000)
    before = set(os.listdir(tempfile.gettempdir()))
    memory = learn()
    assert memory.fingerprint() == expected.fingerprint()
    assert not memory.weight.flags.writeable and expected.weight.flags.writeable
    assert set(os.listdir(tempfile.gettempdir())) <= before, "its file has no name"
    found = []
    for one in (memory, expected):
        write_memory(tmp_path / "memory.h5", one)
        found.append(
            (
                (tmp_path / "memory.h5").read_bytes(),
                *([own.emitted for own in by(one, one.cues())] for by in (recall, torch_recall)),
            )
        )
    assert found[0] == found[1]


@pytest.mark.parametrize("learn", [by_hebbian, by_margin])
def test_a_disk_without_the_room_is_refused_before_anything_is_learned(learn, monkeypatch):
    monkeypatch.setattr(room, "_MANY", 100)
    monkeypatch.setattr(scratch, "_IN_MEMORY", 0)
    full = type("usage", (), {"free": 1000})
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda folder: full)
    told = []
    refused = (
        "in the temporary folder .*, and 1 KB are free there; make room, .* TMPDIR, or take fewer"
    )
    with pytest.raises(InputError, match=refused):
        learn(progress=lambda *what: told.append(what))
    assert not told
