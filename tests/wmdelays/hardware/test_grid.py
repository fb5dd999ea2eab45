"""Weights of a few bits: learned on their grid, and saved as whole numbers."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import (
    InputError,
    Memory,
    bernoulli,
    compare,
    energy,
    quantise,
    read_memory,
    score,
    store,
    write_memory,
)
from wmdelays.files import seal
from wmdelays.hardware import Prices, grid_of, levels_of
from wmdelays.hardware.grid import largest_level, packed, short, unpacked
from wmdelays.training import recall
from wmdelays.validation.reports.memory import recalled_by


@pytest.fixture(scope="module")
def memory():
    return store(bernoulli(40, 80, 3, rate=0.03), n_delays=15)


@pytest.fixture(scope="module")
def small(memory):
    return quantise(memory, 4)


def network(bits, seed, n_neurons=7, n_delays=4):
    """A random network on a grid, and the levels and scales that it was made of."""
    rng = np.random.default_rng(seed)
    most = largest_level(bits)
    level = rng.integers(-most, most + 1, (n_neurons, n_neurons, n_delays))
    level[rng.random(level.shape) < 0.4] = 0
    scale = short(rng.uniform(1e-3, 1, n_neurons) / most)
    weights = level * scale[:, None, None]
    made = {"quantised": {"bits": bits}}
    return Memory.from_dense(weights, step=1e-3, beta=0.7, theta=1.0, made=made)


@settings(max_examples=60, deadline=None)
@given(bits=st.integers(2, 8), seed=st.integers(0, 10**6))
def test_levels_and_scales_are_the_weights_bit_for_bit(bits, seed):
    memory = network(bits, seed)
    scale, level = levels_of(memory)
    assert np.array_equal(level * scale[memory.post], memory.weight)
    assert np.abs(level.astype(int)).max() <= largest_level(bits)
    # Exact in single precision as well, in which they are learned.
    assert np.array_equal(memory.weight.astype(np.float32), memory.weight)
    assert np.array_equal(unpacked(packed(level, bits), bits, len(level)), level)


def test_what_is_on_no_grid_has_no_levels(memory):
    assert levels_of(memory) is None and grid_of(memory) is None
    on_grid = network(4, 0)
    moved = on_grid.weight.copy()
    moved[3] *= 1 + 2**-40
    assert grid_of(on_grid)[0] == 4 and grid_of(replace(on_grid, weight=moved)) is None
    assert grid_of(replace(on_grid, made={})) is None
    # 8 bits are more than the 4 that it says.
    wide = replace(network(8, 0), made=on_grid.made)
    assert levels_of(wide) is not None and grid_of(wide) is None


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_weights_of_few_bits_recall_whole_and_brian2_agrees(memory, bits):
    found = quantise(memory, bits)
    assert grid_of(found)[0] == bits and found.made["quantised"] == {"bits": bits}
    assert score(recall(found, found.cues()), found.patterns).total.f1 == 1
    assert found.made["scores"]["f1"] == 1 and found.made["reached"]["open_loop_errors"] == 0
    result = compare(found, device="numpy", dt=found.step).as_dict()["agreement"]
    assert result["only_torch"] == result["only_brian2"] == 0 and result["matched"] > 100
    before = set(zip(memory.pre.tolist(), memory.post.tolist(), memory.delay.tolist()))
    assert set(zip(found.pre.tolist(), found.post.tolist(), found.delay.tolist())) <= before


def test_weights_are_learned_on_the_grid_and_not_only_rounded(memory):
    found = quantise(memory, 2)
    largest = np.zeros(memory.n_neurons)
    np.maximum.at(largest, memory.post, np.abs(memory.weight))
    scales = [part * largest[memory.post] for part in (1, 0.7, 0.5, 0.3)]
    rounded = [
        replace(memory, weight=np.clip(np.rint(memory.weight / one), -1, 1) * one) for one in scales
    ]
    best = max(score(recall(one, one.cues()), one.patterns).total.f1 for one in rounded)
    assert best < 0.9 and found.made["scores"]["f1"] == 1


def test_the_same_seed_gives_the_same_weights_and_store_learns_them_too(memory, small):
    again = store(memory.patterns, n_delays=15, bits=4)
    assert again.fingerprint() == small.fingerprint() != quantise(memory, 4, seed=1).fingerprint()
    assert again.made["settings"]["bits"] == 4 and "bits" not in memory.made["settings"]


def test_limits_of_the_learning_do_not_matter_as_the_synapses_are_there(memory, small):
    # Settings as an earlier version had them.
    earlier = {**memory.made["settings"], "prune": False, "max_synapses": 3}
    said = replace(memory, made={**memory.made, "settings": earlier})
    assert quantise(said, 4).fingerprint() == small.fingerprint()
    undamaged = {**earlier, "damaged_epochs": 0}
    said = replace(memory, made={**memory.made, "settings": undamaged})
    assert quantise(said, 4).fingerprint() != small.fingerprint()


def test_neurons_keep_their_sign():
    dale = store(bernoulli(40, 80, 2, rate=0.03), n_delays=15, signs="dale")
    found = quantise(dale, 4)
    assert found.made["scores"]["f1"] == dale.made["scores"]["f1"] == 1
    assert (found.weight[found.pre < 32] > 0).all() and (found.weight[found.pre >= 32] < 0).all()


def test_a_file_of_few_bits_is_small_and_gives_the_weights_back(tmp_path, memory, small):
    paths = [tmp_path / name for name in ("full.h5", "small.h5", "plain.h5")]
    plain = {name: value for name, value in small.made.items() if name != "quantised"}
    for path, one in zip(paths, (memory, small, replace(small, made=plain))):
        write_memory(path, one)
    read = [read_memory(path) for path in paths]
    assert read[1].fingerprint() == read[2].fingerprint() == small.fingerprint()
    assert read[1].made == small.made
    versions = [h5py.File(path)["wmdelays"].attrs["format_version"] for path in paths]
    assert versions == [1, 4, 1]
    sizes = [path.stat().st_size for path in paths]
    assert sizes[1] < 0.6 * sizes[2] < 0.6 * sizes[0]


@settings(max_examples=15, deadline=None)
@given(bits=st.integers(2, 8), seed=st.integers(0, 10**6))
def test_any_network_on_a_grid_is_read_back_equal(tmp_path_factory, bits, seed):
    path = tmp_path_factory.getbasetemp() / "grid.h5"
    written = network(bits, seed)
    write_memory(path, written)
    assert read_memory(path).fingerprint() == written.fingerprint()


def _change(name, value):
    def work(file):
        if name == "weight_bits":
            file["wmdelays"].attrs[name] = value
            return
        before = file[f"synapses/{name}"][()]
        del file[f"synapses/{name}"]
        if value is not None:
            file[f"synapses/{name}"] = value(before)

    return work


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("weight_bits", 1, "weights have 1 bits"),
        ("weight_bits", 9, "weights have 9 bits"),
        ("weight_bits", "4", "weight_bits is not a whole number"),
        ("weight_bits", 8, "bytes of levels"),
        ("weight_bits", 3, "levels beyond those of 3 bits"),
        ("count", None, "does not itself hold count"),
        ("count", lambda x: x[:-1], "counts for 7 neurons"),
        ("count", lambda x: x + 1, "counts "),
        ("count", lambda x: np.where(x == x.max(), 2**63, x).astype(np.uint64), "counts "),
        ("count", lambda x: x.astype(float), "whole numbers"),
        ("target", lambda x: x + 1, "outside 0…6"),
        ("target", lambda x: x[:-5], "counts "),
        ("level", lambda x: x[:-1], "bytes of levels"),
        ("level", lambda x: x.astype(np.uint16), "whole numbers"),
        ("level", lambda x: np.full_like(x, 0x88), "levels beyond"),
        ("scale", lambda x: x[:-1], "has 6 scales"),
        ("scale", lambda x: x * np.nan, "not a finite number"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_one_line(tmp_path, refusal, name, value, words):
    path = tmp_path / "m.h5"
    write_memory(path, network(4, 3))
    with h5py.File(path, "r+") as file:
        _change(name, value)(file)
    seal(path)
    assert words in refusal(path)


def test_what_cannot_be_learned_is_told(memory):
    with pytest.raises(InputError, match="bits is 1; it has to be"):
        quantise(memory, 1)
    with pytest.raises(InputError, match="holds no spikes"):
        quantise(replace(memory, patterns=()), 4)
    with pytest.raises(InputError, match="bits is 9"):
        store(memory.patterns, n_delays=15, bits=9)


def test_energy_counts_the_bits_of_the_grid(small):
    assert recalled_by(small)["bits_per_weight"] == 4
    found = energy(small)
    assert found.settings["weight_bits"] == 4
    price = Prices().access(small.n_synapses / 2)
    assert found.joules["weights"] == pytest.approx(found.n_events * price)


def test_the_command(wmdelays, tmp_path, memory):
    path, output = tmp_path / "memory.h5", tmp_path / "small.h5"
    write_memory(path, memory)
    done = wmdelays("quantise", path, "--bits", 4, "-o", output, "--json", tmp_path / "q.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Weights of 4 bits recall all patterns whole: F1 1.0000")
    found = json.loads((tmp_path / "q.json").read_text())
    assert found["bits"] == 4 and found["file_bytes"] == output.stat().st_size
    assert found["file_bytes"] < found["file_bytes_before"] / 4
    assert read_memory(output).fingerprint() == quantise(memory, 4).fingerprint()
    done = wmdelays("quantise", path, "--bits", 11, "-o", tmp_path / "no.h5")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert not (tmp_path / "no.h5").exists()
