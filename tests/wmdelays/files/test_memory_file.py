"""Memory files."""

import functools
import json
import os
import pickle
import time

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Memory
from wmdelays.files import memory_file
from wmdelays.files.made import _PARTS
from wmdelays.files.memory_file import read_memory, write_memory

EDGES = "edges/neurons_to_neurons"
NODES = "nodes/neurons"
PATTERN = "spikes/pattern_0000"

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
PARAMETERS = {"n_neurons", "n_delays", "step_s", "beta", "theta", "periodic", "format_version"}


@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_what_is_written_is_read_back_equal(tmp_path, make_memory, same_memory, data):
    n_delays = data.draw(st.integers(1, 6))
    memory = make_memory(
        seed=data.draw(st.integers(0, 1000)),
        n_neurons=data.draw(st.integers(1, 7)),
        n_delays=n_delays,
        n_patterns=data.draw(st.integers(0, 3)),
        n_steps=n_delays + data.draw(st.integers(1, 30)),
        step=data.draw(st.sampled_from([1e-3, 1e-4, 1 / 30, 0.37e-3])),
        beta=data.draw(st.floats(0.01, 0.99)),
        theta=data.draw(st.floats(1e-3, 1e3)),
        periodic=data.draw(st.booleans()),
        made=data.draw(
            st.dictionaries(
                NAMES.filter(lambda n: n not in PARAMETERS | _PARTS.keys()), JSON, max_size=3
            )
        ),
    )
    if data.draw(st.booleans()):
        memory = Memory(
            *(getattr(memory, n) for n in ("n_neurons", "n_delays", "step", "beta", "theta")),
            [], [], [], [], memory.patterns, memory.periodic, memory.made,
        )  # fmt: skip
    write_memory(tmp_path / "a.h5", memory)
    write_memory(tmp_path / "b.h5", memory)
    assert same_memory(read_memory(tmp_path / "a.h5"), memory)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_memory_made_in_another_order_gives_the_same_bytes(tmp_path, make_memory):
    m = make_memory(made={"a": 1, "b": {"c": 2, "d": 3}})
    order = np.random.default_rng(1).permutation(m.n_synapses)
    turned = Memory(
        m.n_neurons, m.n_delays, m.step, m.beta, m.theta,
        m.pre[order], m.post[order], m.delay[order], m.weight[order],
        m.patterns, m.periodic, {"b": {"d": 3, "c": 2}, "a": 1},
    )  # fmt: skip
    write_memory(tmp_path / "a.h5", m)
    time.sleep(1.1)  # were the time of writing in the file, it would be another
    write_memory(tmp_path / "b.h5", turned)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_file_that_is_read_and_written_again_keeps_its_bytes(tmp_path, make_memory):
    write_memory(tmp_path / "a.h5", make_memory(periodic=True))
    write_memory(tmp_path / "b.h5", read_memory(tmp_path / "a.h5"))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize(
    "made",
    [{"beta": 1}, {"format_version": 2}, {"step_s": 1}, {"": 1}, {1: 1},
     {"x": np.nan}, {"x": {"y": np.int64(1)}}, {"x": [object()]}, {"x": b"1"}],
)  # fmt: skip
def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path, make_memory, made):
    with pytest.raises(InputError, match="how the memory was made"):
        write_memory(tmp_path / "m.h5", make_memory(made=made))
    assert list(tmp_path.iterdir()) == []


def test_a_changed_and_sealed_file_is_read(changed, make_memory):
    def work(file):
        file[f"{EDGES}/0/syn_weight"][2] = 7.5

    memory, before = read_memory(changed(work)), make_memory()
    assert memory.weight[2] == 7.5
    assert np.flatnonzero(memory.weight != before.weight).tolist() == [2]


SENSELESS = [None, "1", "text", b"1", [1], [1, 2], [0.5], h5py.Empty("f8"), 1j]
SENSELESS += [0, -1, 2.5, 10**12, 2**63, 2**64 - 1, np.nan, np.inf, -np.inf, 1e-320, 1e308]
SENSIBLE = [("theta", v) for v in (2.5, 10**12, 2**63, 2**64 - 1, 1e-320, 1e308)]
SENSIBLE += [("beta", 1e-320)]


@pytest.mark.parametrize(
    "name, value",
    [(n, v) for n in sorted(PARAMETERS) for v in SENSELESS if (n, v) not in SENSIBLE],
    ids=repr,
)
def test_parameters_that_make_no_sense_are_refused(changed, name, value, refusal):
    def work(file):
        attributes = file["wmdelays"].attrs
        del attributes[name]
        if value is not None:
            attributes[name] = (
                np.uint64(value) if isinstance(value, int) and value >= 2**63 else value
            )

    refusal(changed(work))


@pytest.mark.parametrize("value", [4, 6])
def test_a_number_of_neurons_that_disagrees_with_the_nodes_is_refused(changed, value, refusal):
    def work(file):
        file["wmdelays"].attrs["n_neurons"] = value

    assert f"has 5 nodes, but n_neurons is {value}" in refusal(changed(work))


@pytest.mark.parametrize("version", [0, 7, "1", 1.0, [1], "1\n2"])
def test_another_format_version_is_refused(changed, version, refusal):
    def work(file):
        file["wmdelays"].attrs["format_version"] = version

    assert "format version" in refusal(changed(work))


@pytest.mark.parametrize("value", [0, -1, 4, 5, 10**12, 2**63, "20", 20.0, [20], np.nan, None])
def test_impossible_numbers_of_steps_are_refused(changed, value, refusal):
    def work(file):
        for k in range(2):
            attributes = file[f"spikes/pattern_000{k}"].attrs
            del attributes["n_steps"]
            if value is not None:
                attributes["n_steps"] = np.uint64(value) if value == 2**63 else value

    assert "steps" in refusal(changed(work))


def test_a_pattern_shorter_than_its_last_spike_is_refused(changed, refusal):
    def work(file):
        file[PATTERN].attrs["n_steps"] = round(file[f"{PATTERN}/timestamps"][-1])

    assert "pattern_0000 has spikes outside" in refusal(changed(work))


def test_patterns_of_different_lengths_are_refused(changed, refusal):
    def work(file):
        file[PATTERN].attrs["n_steps"] = 30

    assert "20 to 30 steps" in refusal(changed(work))


def test_ten_thousand_and_one_patterns_keep_their_order(changed, make_memory, monkeypatch):
    read_pattern = functools.cache(
        memory_file._read_pattern
    )  # to be quick: all but the last are one

    def quick(group, name, *sizes):
        return read_pattern(group, name if name == "pattern_10000" else "pattern_0000", *sizes)

    monkeypatch.setattr(memory_file, "_read_pattern", quick)

    def work(file):
        file.move("spikes/pattern_0001", "spikes/pattern_10000")
        for k in range(1, 10_000):
            file[f"spikes/pattern_{k:04d}"] = file[PATTERN]

    one, two = make_memory().patterns
    patterns = read_memory(changed(work)).patterns
    assert one != two and patterns == (one,) * 10_000 + (two,)


def test_a_gap_in_the_patterns_is_refused(changed, refusal):
    def gap(file):
        file.move("spikes/pattern_0001", "spikes/pattern_0002")

    def other(file):
        file.create_group("spikes/more")

    for work in (gap, other):
        assert "numbered from pattern_0000 on" in refusal(changed(work))


@pytest.mark.parametrize(
    "value",
    [
        "not JSON",
        "",
        "NaN",
        "Infinity",
        "{'a': 1}",
        "__import__('os').getcwd()",
        "[" * 100_000,
        np.bytes_(b"1"),
        1,
        [1, 2],
        pickle.dumps({"a": 1}, protocol=0).decode(),
        h5py.Empty("S1"),
        "1" * 5000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_not_json_is_refused(changed, value, refusal):
    def work(file):
        file["wmdelays"].attrs["anything"] = value

    assert "'anything' is not " in refusal(changed(work))


def test_nothing_in_a_file_is_executed(changed, tmp_path):
    target = tmp_path / "executed"
    code = f"__import__('pathlib').Path({str(target)!r}).touch()"

    def work(file):
        file["wmdelays"].attrs["code"] = json.dumps(code)
        file["wmdelays"].attrs["model"] = json.dumps({"__reduce__": code})
        file["code"] = np.void(pickle.dumps(Payload(str(target))))
        file.create_dataset("objects", data=[code], dtype=h5py.string_dtype())

    made = read_memory(changed(work)).made
    assert made["code"] == code and made["model"] == {"__reduce__": code}
    assert not target.exists()


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)
