"""Spikes in the formats of other programs, read back by these and by this software."""

import warnings

import numpy as np
import pytest

from wmdelays import (
    InputError,
    as_raster,
    read_memory,
    read_raster,
    store,
    to_neo,
    to_pynapple,
    write_memory,
    write_spikes_as,
)
from wmdelays.files.recordings.intervals import trials_of
from wmdelays.files.trials import Trials

TIMES = {"3": [900.25, 901.0, 905.5], "17": [900.5], "641": [904.125, 907.75]}
NAMED = {f"u{name}": times for name, times in TIMES.items()}
TRIALS = Trials([900.0, 904.0], [904.0, 908.0], ["out", "back"])


def recording(times=TIMES):
    return as_raster(times, duration=908.0)


@pytest.mark.parametrize(
    "name, form",
    [
        ("s.csv", None),
        ("s.npz", None),
        ("s.nwb", None),
        ("s.h5", None),
        ("s.nix", None),
        ("s.npz", "pynapple"),
    ],
)
@pytest.mark.parametrize("times", [TIMES, NAMED], ids=["numbers", "names"])
def test_what_is_written_is_read_back(name, form, times, tmp_path):
    for package in {"s.nwb": ["pynwb"], "s.nix": ["nixio"]}.get(name, [form] if form else []):
        pytest.importorskip(package)
    piece = recording(times).slice(900.0, 908.0)
    if name == "s.h5" and times is NAMED:
        with pytest.raises(InputError, match="these units have names"):
            write_spikes_as(tmp_path / name, piece, form=form)
        assert list(tmp_path.iterdir()) == []
        return
    write_spikes_as(tmp_path / name, piece, TRIALS, form, resolution=1e-3)
    assert [one.name for one in tmp_path.iterdir()] == [name]
    back = read_raster(tmp_path / name)
    # pynapple numbers its units.
    expected = None if form == "pynapple" and times is NAMED else tuple(times)
    assert back.units == expected
    for k, one in enumerate(times.values()):
        assert back.times[back.neurons == k].tolist() == one
    with pytest.raises(InputError, match="is there already; name another file"):
        write_spikes_as(tmp_path / name, piece, form=form)


def test_nwb_passes_its_inspector_and_brings_its_trials(tmp_path):
    pytest.importorskip("pynwb")
    inspector = pytest.importorskip("nwbinspector")
    write_spikes_as(tmp_path / "s.nwb", recording(), TRIALS, resolution=1e-3)
    trials = trials_of("trials", tmp_path / "s.nwb")
    assert trials.starts.tolist() == [900.0, 904.0]
    assert trials.columns["pattern"] == ("out", "back")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(inspector.inspect_nwbfile(nwbfile_path=tmp_path / "s.nwb"))
    suggestion = inspector.Importance.BEST_PRACTICE_SUGGESTION
    assert {one.importance for one in found} <= {suggestion}


def test_objects_have_the_spikes_at_the_times_of_the_recording():
    pytest.importorskip("neo")
    pytest.importorskip("pynapple")
    piece = recording().slice(900.0, 908.0)
    assert piece.times[0] == 0.25
    trains = to_neo(piece)
    assert [one.name for one in trains] == list(TIMES)
    assert [one.rescale("s").magnitude.tolist() for one in trains] == list(TIMES.values())
    group = to_pynapple(piece)
    assert {str(key): one.t.tolist() for key, one in group.items()} == TIMES
    assert (group.time_support.start[0], group.time_support.end[0]) == (900.0, 908.0)


def test_what_lies_outside_the_trials_is_written_too(tmp_path):
    pytest.importorskip("pynapple")
    early = Trials([900.0], [902.0])
    group = to_pynapple(recording(), early)
    assert {str(key): one.t.tolist() for key, one in group.items()} == TIMES
    covered = to_pynapple(recording({"3": [900.25, 901.0]}), early)
    assert (covered.time_support.start[0], covered.time_support.end[0]) == (900.0, 902.0)


@pytest.mark.parametrize(
    "name, form, line",
    [
        ("s.txt", None, r"written to \.csv, \.npz, \.nwb"),
        ("s.csv", "nwb", r"a file of the format nwb ends in \.nwb"),
        ("s.csv", "excel", "no format 'excel'; there are csv"),
    ],
)
def test_formats_that_are_none_are_refused(name, form, line, tmp_path):
    with pytest.raises(InputError, match=line):
        write_spikes_as(tmp_path / name, recording(), form=form)


def test_recalled_spikes_stand_where_the_patterns_were_recorded(wmdelays, refused, tmp_path):
    rng = np.random.default_rng(0)
    slots = rng.choice(2000, 300, False)
    times = {str(u): np.sort(slots[u::4]) * 0.01 + 100 for u in (0, 1, 2, 3)}
    np.savez(tmp_path / "cells.npz", **times)
    (tmp_path / "laps.csv").write_text("name,start_s,stop_s\nout,110,119\nback,100,109\n")
    words = ("cells.npz", "--trials", "laps.csv", "--step", "10ms", "--delays", 90)
    assert wmdelays("store", *words, "-o", "m.h5").returncode == 0
    memory = read_memory(tmp_path / "m.h5")
    assert wmdelays("spikes", "m.h5", "-o", "r.npz", "--trials", "t.csv").returncode == 0
    recalled = read_raster(tmp_path / "r.npz")
    assert (tmp_path / "t.csv").read_text().splitlines()[1:] == [
        "back,100.0,109.0,1",
        "out,110.0,119.0,0",
    ]
    assert memory.made["scores"]["f1"] == 1
    whole = read_raster(tmp_path / "cells.npz")
    inside = [t for t in whole.times if 100 <= t < 109 or 110 <= t < 119]
    assert recalled.times == pytest.approx(inside, abs=1e-9)
    assert wmdelays("spikes", "m.h5", "-o", "s.npz", "--of", "stored").returncode == 0
    assert "there is no pattern 2" in refused("spikes", "m.h5", "-o", "x.npz", "--patterns", "2")
    assert "--of is stored or recalled" in refused("spikes", "m.h5", "-o", "x.npz", "--of", "all")


def test_patterns_that_nobody_recorded_follow_one_another(wmdelays, tmp_path):
    memory = store([TIMES_FROM_0, TIMES_FROM_0], "hebbian", n_delays=100, step=1e-3)
    write_memory(tmp_path / "m.h5", memory)
    assert wmdelays("spikes", "m.h5", "-o", "s.csv", "--of", "stored").returncode == 0
    times = read_raster(tmp_path / "s.csv").times
    first = memory.patterns[0].times
    assert times[: len(first)] == pytest.approx(first)
    assert np.ptp(times[len(first) :] - first) < 1e-9 and times[len(first)] > first[-1] + 0.1


TIMES_FROM_0 = {"a": [0.01, 0.15], "b": [0.05, 0.2]}
