"""`wmdelays store --trials`, as a user runs it."""

import numpy as np
import pytest

from wmdelays.files.memory_file import read_memory
from wmdelays.files.raster_files import write_raster
from wmdelays.files.recording import pattern_label
from wmdelays.raster import Raster

STORE = "store cells.csv -o m.h5 --step 10ms --delays 5 --rule hebbian --merge-spikes".split()


@pytest.fixture
def cells(wmdelays, tmp_path):
    """A recording, and three trials of it of 2, 3 and 2.5 s."""
    rng = np.random.default_rng(1)
    raster = Raster(rng.integers(0, 6, 300), np.sort(rng.uniform(0, 30, 300)), 6, 30.0)
    write_raster(tmp_path / "cells.csv", raster)
    (tmp_path / "laps.csv").write_text(
        "name,start_s,stop_s,bell\nout,2,4,3\nback,10,13,11.5\nout again,20,22.5,21\n"
    )
    return raster


def test_each_trial_is_a_pattern_whose_name_and_place_the_memory_remembers(
    wmdelays, cells, tmp_path, load_json
):
    done = wmdelays(*STORE, "--trials", "laps.csv", "--trial-length", "longest")
    assert done.returncode == 0, done.stderr
    memory = read_memory(tmp_path / "m.h5")
    assert (memory.n_patterns, memory.n_steps) == (3, 300)
    known = [(one["pattern"], one["name"], one["start_s"]) for one in memory.made["binning"]]
    assert known == [(0, "out", 2.0), (1, "back", 10.0), (2, "out again", 20.0)]
    assert memory.made["source"]["trials"] == "laps.csv"
    for pattern, start, stop in zip(memory.patterns, (2, 10, 20), (4, 13, 22.5)):
        inside = (cells.times >= start) & (cells.times < stop)
        wanted = np.floor((cells.times[inside] - start) / 0.01 + 1e-6).astype(int)
        assert pattern.steps(0.01).tolist() == sorted(wanted.tolist())
    shown = wmdelays("info", "m.h5", "--json", "info.json")
    assert "out (2 s), back (10 s), out again (20 s)" in shown.said
    # What is said of the recording counts its spikes once.
    assert f"of {len(cells)} spikes" in shown.said
    assert load_json(tmp_path / "info.json")["made"]["binning"][1]["name"] == "back"
    labels = [pattern_label(memory, k) for k in range(3)]
    assert labels == ["0 out", "1 back", "2 out again"]


def test_an_event_comes_to_one_step_and_trials_can_be_stretched(wmdelays, cells, tmp_path):
    more = "--trials laps.csv --align bell --before 0.5s --trial-length 1s".split()
    assert wmdelays(*STORE, *more).returncode == 0
    memory = read_memory(tmp_path / "m.h5")
    assert memory.n_steps == 100
    assert [one["start_s"] for one in memory.made["binning"]] == pytest.approx([2.5, 11, 20.5])
    assert wmdelays(*STORE, "--trials", "laps.csv", "--warp", "--force").returncode == 0
    assert read_memory(tmp_path / "m.h5").n_steps == 300
    assert "trials" in wmdelays("info", "m.h5").said


@pytest.mark.parametrize(
    "words, said",
    [
        (
            "--trials laps.csv",
            "200 steps (2 s, trial out) to 300 steps (3 s, trial back), patterns one length:"
            " --trial-length shortest cuts them",
        ),
        ("--trials none.csv", "none.csv: there is no such file"),
        ("--trials laps.csv --start 1s", "leave out --start and --stop"),
        ("--trial-length 1s", "are for trials; name them with --trials"),
        ("--trials laps.csv --trial-length 1", "--trial-length '1' is not a time with a unit"),
        ("--trials laps.csv --align flash", "no column 'flash'; there is bell"),
        ("cells.csv --trials laps.csv", "--trials are those of one recording"),
        ("--trials cells.csv", "cells.csv: has no column start_s; its first line has to name"),
    ],
)
def test_a_mistake_is_one_line(refused, cells, words, said):
    assert said in refused(*STORE, *words.split())
