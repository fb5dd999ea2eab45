"""Spikes as people have them in Python, and units that keep their names."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from wmdelays import (
    InputError,
    Raster,
    RecallWarning,
    as_raster,
    read_memory,
    store,
    write_memory,
    write_raster,
)
from wmdelays.errors import InputWarning
from wmdelays.files.pattern_inputs import read_patterns
from wmdelays.files.raster_files import read_raster

TIMES = {3: [0.01, 0.05, 0.2], 17: [0.03, 0.1, 0.15]}


def frame():
    pandas = pytest.importorskip("pandas")
    units = [unit for unit, times in TIMES.items() for _ in times]
    milliseconds = [1e3 * time for times in TIMES.values() for time in times]
    return pandas.DataFrame({"time_ms": milliseconds, "cell": units})


def tsgroup():
    nap = pytest.importorskip("pynapple")
    return nap.TsGroup({unit: nap.Ts(np.array(times)) for unit, times in TIMES.items()})


def sorting():
    core = pytest.importorskip("spikeinterface.core")
    samples = {unit: np.rint(np.array(times) * 3e4).astype(int) for unit, times in TIMES.items()}
    return core.NumpySorting.from_unit_dict([samples], 3e4)


def spiketrains():
    neo, quantities = pytest.importorskip("neo"), pytest.importorskip("quantities")
    return [
        neo.SpikeTrain(times * quantities.s, t_stop=1, name=str(unit))
        for unit, times in TIMES.items()
    ]


@pytest.mark.parametrize(
    "make", [lambda: TIMES, frame, tsgroup, sorting, spiketrains], ids=range(5)
)
def test_spikes_of_every_kind_are_a_raster(make):
    raster = as_raster(make())
    assert raster.units == ("3", "17")
    for k, times in enumerate(TIMES.values()):
        assert np.allclose(raster.times[raster.neurons == k], times, atol=1e-12)


def test_a_list_of_arrays_is_one_recording_and_a_list_of_recordings_are_patterns():
    assert store(list(TIMES.values()), "hebbian", n_delays=20).n_patterns == 1
    memory = store([{"a": [0.1], "b": [0.2]}, {"c": [0.1], "a": [0.2]}], "hebbian", n_delays=20)
    assert memory.units == ("a", "b", "c")
    assert [one.neurons.tolist() for one in memory.patterns] == [[0, 1], [2, 0]]


@pytest.mark.parametrize(
    "given, line",
    [
        ("cells.csv", r"not the name of a file: read it with wmdelays.read_raster\(path\)"),
        (Path("cells.csv"), r"not the name of a file"),
        (
            {"a": [0.0101, 0.0102]},
            r"or accept it \(as_raster\(spikes\)\.bin\(step, merge_spikes=True\)\)",
        ),
        (3, "not int"),
        ([["a"]], "not list"),
        ({"a": [[1.0, 2.0]]}, "unit a are no list of numbers"),
        (
            {"a": [-0.5]},
            "before the start .*: times start at 0; leave these out, of a file with read_raster",
        ),
        ({"a": [float("nan")]}, "no finite time"),
        ([[], []], "holds no spikes"),
    ],
)
def test_what_is_no_spikes_is_refused_in_one_line(given, line):
    with pytest.raises(InputError, match=line) as refused:
        store(given)
    assert "\n" not in str(refused.value)


def test_units_keep_their_names_through_files(tmp_path):
    memory = store(TIMES, "hebbian", n_delays=20)
    write_memory(tmp_path / "m.h5", memory)
    assert read_memory(tmp_path / "m.h5").units == ("3", "17")
    for name in ("r.csv", "r.npz"):
        write_raster(tmp_path / name, memory.patterns[0])
        back = read_raster(tmp_path / name)
        assert back.units == ("3", "17")
        assert back.times.tolist() == memory.patterns[0].times.tolist()
        assert back.neurons.tolist() == memory.patterns[0].neurons.tolist()
    piece = memory.patterns[0].slice(0.02, 0.2)
    assert piece.units == ("3", "17") and piece.unit(1) == "17"


def test_inputs_with_other_units_are_put_together_by_their_names(tmp_path):
    write_raster(tmp_path / "a.csv", as_raster({"2": [0.1], "10": [0.2]}))
    write_raster(tmp_path / "b.csv", as_raster({"0": [0.1], "2": [0.2]}))
    a, b, other = (str(tmp_path / f"{name}.csv") for name in ("a", "b", "other"))
    said = r"a\.csv, .*b\.csv: units of one name are taken to be one neuron, 1 of them \(2\)"
    with pytest.warns(InputWarning, match=said) as told:
        patterns, _ = read_patterns([a, b], 1e-3)
    assert len(told) == 1
    write_raster(tmp_path / "other.csv", as_raster({"11": [0.1], "12": [0.2]}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # A recording has its own units, also where it is named twice.
        read_patterns([a, other], 1e-3)
        read_patterns([a, a], 1e-3)
    assert {one.units for one in patterns} == {("0", "2", "10")}
    assert [one.neurons.tolist() for one in patterns] == [[1, 2], [0, 1]]


def test_names_have_to_be_one_for_each_neuron():
    for units, line in ((["a"], "1 names"), (["a", "a"], "two units"), ([1, 2], "texts")):
        with pytest.raises(InputError, match=line):
            Raster([0], [0.1], 2, 1.0, units=units)


def test_python_is_warned_of_what_is_not_recalled_in_its_own_words(wmdelays, tmp_path):
    lone = {"a": [0.01, 0.5], "b": [0.02, 0.3]}
    with pytest.warns(RecallWarning, match="not complete: F1 0") as told:
        store(lone, n_delays=50)
    text = str(told[0].message)
    assert "2 of 2 spikes cannot be predicted" in text and "longer contexts (n_delays=)" in text
    assert "--" not in text
    # The command says it in its own.
    np.savez(tmp_path / "lone.npz", **{name: np.array(times) for name, times in lone.items()})
    done = wmdelays("store", "lone.npz", "--delays", 50, "-o", "m.h5")
    assert "RecallWarning" not in done.stderr and "F1 0.0000:" not in done.stderr
    assert "recall is not complete" in done.stdout + done.stderr


def test_a_billion_silent_neurons_take_no_names():
    from wmdelays.files.recordings.spikes import of_same_units

    far = Raster([10**9], [0.1], 2 * 10**9, 1.0)
    assert of_same_units([far, Raster([0], [0.1], 1, 1.0)])[1].n_neurons == 2 * 10**9
    assert far.with_units(["5", "1000000000"]).neurons.tolist() == [1]
    with pytest.raises(InputError, match="no unit 1000000000 among the 1 units"):
        far.with_units(["5"])
