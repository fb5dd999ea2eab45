"""`wmdelays izhikevich`: the polychronization network with checkpoints."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from wmdelays.brian_models import wire
from wmdelays.brian_models.polychronization import run as polychronization_run
from wmdelays.files.raster_files import read_raster
from wmdelays.polychrony.network_file import read_run
from wmdelays.polychrony.network_state import extended, new_run
from wmdelays.validation.polychrony.simulation import (
    analyse_run,
    columns,
    simulate_polychronization,
)
from wmdelays.validation.reports.izhikevich import write_report


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Three seconds, with a snapshot each second."""
    path = tmp_path_factory.mktemp("network") / "net.h5"
    simulate_polychronization(path, 3, seed=4, snapshot_s=1, checkpoint_s=10, device="numpy")
    return path


def test_an_interrupted_simulation_that_goes_on_gives_the_same_file(
    wmdelays, simulated, monkeypatch
):
    arguments = ["izhikevich", "--seconds", 3, "--seed", 4, "--snapshot", "1s", "-o", "net.h5"]
    arguments += ["--checkpoint", "1s", "--device", "numpy"]
    run, calls = polychronization_run.NetworkSimulation.run, []

    def interrupted(simulation, state, seconds):
        calls.append(state.seconds)
        if state.seconds == 1 and len(calls) == 2:
            raise KeyboardInterrupt
        return run(simulation, state, seconds)

    monkeypatch.setattr(polychronization_run.NetworkSimulation, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        wmdelays(*arguments)
    said = wmdelays.capsys.readouterr().err.strip()
    assert ended.value.code == 130
    words = " ".join(map(str, arguments))
    assert said == f"wmdelays: interrupted; the same command goes on: wmdelays {words}"
    path = wmdelays.folder / "net.h5"
    assert read_run(path).state.seconds == 1
    assert wmdelays(*arguments).returncode == 0
    assert calls == [0, 1, 1, 2]
    assert path.read_bytes() == simulated.read_bytes()
    # Now there is nothing left to simulate, and nothing is prepared for it.
    monkeypatch.delattr(polychronization_run.NetworkSimulation, "__init__")
    assert wmdelays(*arguments).returncode == 0
    assert len(calls) == 4


def test_a_longer_simulation_extends_the_file(tmp_path, simulated):
    path = tmp_path / "net.h5"
    simulate_polychronization(path, 2, seed=4, snapshot_s=1, device="numpy")
    simulate_polychronization(path, 3, device="numpy")
    assert path.read_bytes() == simulated.read_bytes()


def test_the_last_spikes_are_recorded_as_long_as_wanted(wmdelays, simulated, refused):
    arguments = ["--seed", 4, "--snapshot", "1s", "-o", "net.h5", "--device", "numpy"]
    wmdelays("izhikevich", "--seconds", 1, *arguments)
    arguments += ["--raster", "last.npz"]
    assert wmdelays("izhikevich", "--seconds", 4, "--record", "3s", *arguments).returncode == 0
    run, before = read_run("net.h5"), read_run(simulated)
    assert run.spikes_from_s == 1 and before.spikes_from_s == 1
    raster = read_raster("last.npz")
    assert raster.n_neurons == 1000 and raster.duration == 3
    neurons, times = before.spikes
    assert np.array_equal(raster.neurons[raster.times < 2], neurons)
    assert np.allclose(raster.times[raster.times < 2], times / 1000 - 1)
    assert len(raster.times) == run.counts[:, 1000:].sum()
    line = refused("izhikevich", "--seconds", 5, "--record", "5s", *arguments)
    assert "net.h5: its spikes were recorded from 1 s on, not from 0 s" in line


def test_results_are_those_of_the_file(wmdelays, simulated, load_json):
    shutil.copy(simulated, "net.h5")
    done = wmdelays("izhikevich", "--seconds", 3, "-o", "net.h5", "--json", "r.json")
    assert done.returncode == 0
    result, run = load_json("r.json"), read_run(simulated)
    assert result["seconds"] == 3 and result["seed"] == 4
    rate = run.counts[0, :2000].sum() / 800 / 2
    assert result["windows"]["rate_excitatory_hz"] == [pytest.approx(rate)]
    assert result["weights"]["time_s"] == [0, 1, 2, 3]
    shares = (run.snapshots > 9.5).mean(axis=1)
    assert result["weights"]["all_strong"] == pytest.approx(shares)
    assert f"{rate:.2f}" in done.said and "net.h5" in done.said


def test_the_network_fires_as_the_paper_says_at_first(simulated):
    run = read_run(simulated)
    excitatory, inhibitory = run.counts.sum(axis=1) / (800, 200) / 3
    assert 2 < excitatory < 8 and 5 < inhibitory < 40
    weights = run.snapshots
    assert (weights[0] == 6).all() and weights[3].std() > 0.3
    assert np.array_equal(run.network_at(3).weight[run.state.excitatory], weights[3])


def test_the_report_shows_activity_spikes_and_weights(tmp_path, simulated):
    outcome = analyse_run(read_run(simulated))
    page = write_report(outcome, tmp_path, "wmdelays izhikevich")
    names = sorted(path.stem for path in (tmp_path / "figures").glob("*.png"))
    assert names == ["activity", "raster", "weights"]
    assert outcome.summary in page.read_text() and "a window of 2 s" in page.read_text()


@pytest.mark.parametrize("report", [False, True])
def test_one_second_is_enough_for_a_result(wmdelays, report):
    words = ["--report", "report"] if report else []
    command = ["izhikevich", "--seconds", 1, "-o", "net.h5", "--device", "numpy", *words]
    done = wmdelays(*command)
    assert done.returncode == 0 and "At 1 s excitatory neurons fire at" in done.said


def made_up(seconds, snapshot_s, n_inhibitory=5, rate=50):
    """A run of a small network whose spikes are drawn."""
    network = wire(0, 20, n_inhibitory, 4, 4)
    run, rng = new_run(network, 0, snapshot_s, {}), np.random.default_rng(0)
    while run.state.seconds < seconds:
        begin = run.state.seconds
        end = min((begin // snapshot_s + 1) * snapshot_s, seconds)
        times = np.sort(rng.integers(1000 * begin, 1000 * end, rate * (end - begin)))
        neurons = rng.integers(0, network.n_neurons, len(times))
        run = extended(run, dataclasses.replace(run.state, seconds=end), neurons, times)
    return run


@pytest.mark.parametrize("snapshot_s", [1, 2, 3, 60])
@pytest.mark.parametrize("n_inhibitory, rate", [(5, 50), (5, 0), (0, 50), (0, 0)])
def test_every_length_has_a_result_without_numbers_that_are_none(snapshot_s, n_inhibitory, rate):
    for seconds in (1, 2, 9, 10, 11, 59, 60, 61, 121):
        outcome = analyse_run(made_up(seconds, snapshot_s, n_inhibitory, rate))
        active = outcome.activity
        assert active.window_s >= 2 and len(active.times) == seconds // active.window_s
        json.dumps(outcome.as_dict(), allow_nan=False)
        assert "nan" not in outcome.summary + str(columns(outcome))
        assert ("inhibitory" in outcome.summary) == (n_inhibitory > 0)


def test_windows_of_a_run_with_many_snapshots_end_with_them_and_hold_a_spectrum():
    for seconds, snapshot_s, window_s in ((10, 1, 2), (60, 1, 2), (300, 1, 5), (30, 3, 3)):
        outcome = analyse_run(made_up(seconds, snapshot_s))
        assert outcome.activity.window_s == window_s


def test_a_rate_of_no_neurons_is_null_and_a_dash(tmp_path):
    outcome = analyse_run(made_up(10, 1, n_inhibitory=0))
    result = outcome.as_dict()
    assert result["windows"]["rate_inhibitory_hz"] == [None] * 5
    assert result["weights"]["to_inhibitory_strong"] == [None] * 11
    assert columns(outcome)["inh (Hz)"] == columns(outcome)["E→I = max"] == ("–",) * 5
    page = write_report(outcome, tmp_path, "wmdelays izhikevich").read_text()
    assert "nan" not in page.split("<body")[1].split("<svg")[0]


def test_a_command_of_ten_seconds_with_a_snapshot_each_second_ends_well(
    wmdelays, monkeypatch, load_json
):
    monkeypatch.setattr(
        "wmdelays.validation.polychrony.simulation.simulate_polychronization",
        lambda *_, **__: made_up(10, 1, 0),
    )
    done = wmdelays(
        "izhikevich", "--seconds", 10, "--snapshot", "1s", "-o", "n.h5", "--json", "r.json"
    )
    assert done.returncode == 0, done.stderr
    assert load_json("r.json")["windows"]["end_s"] == [2, 4, 6, 8, 10]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--seconds", 0], "seconds is 0"),
        (["--seconds", 10**10], "seconds is 10000000000"),
        (["--checkpoint", "1.5s"], "--checkpoint '1.5s' is not a whole number of seconds"),
        (["--checkpoint", "0s"], "--checkpoint '0s' is too short; take at least 1s"),
        (["--snapshot", "often"], "--snapshot 'often' is not a time"),
        (["--record", "1s"], "--record '1s' is too short; take at least 2s"),
        (["--raster", "last.txt"], "last.txt: a raster file ends in .csv or .npz"),
        (["-o", "a.npz", "--raster", "a.npz"], "a.npz: is named for two things"),
        (["--raster", "none/last.npz"], "there is no folder"),
        (["--seed", "-1"], "seed is -1"),
        (["--device", "gpu"], "no device 'gpu'"),
        (["-o", "none/net.h5"], "there is no folder"),
        (["-o", "folder"], "is a folder"),
        (["--json", "none/r.json"], "there is no folder"),
        (["-o", "old.h5", "--seconds", 3, "--seed", 5], "its seed is 4, not 5"),
        (["-o", "old.h5", "--seconds", 3, "--snapshot", "2s"], "its snapshot is 1, not 2"),
        (["-o", "old.h5", "--seconds", 2], "holds 3 s already"),
        (["-o", "other.csv"], "other.csv: holds a recording and is no network file"),
    ],
)
def test_mistakes_are_one_line_before_any_work(wmdelays, refused, simulated, arguments, words):
    (wmdelays.folder / "folder").mkdir()
    (wmdelays.folder / "other.csv").write_text("unit,time_s\n")
    shutil.copy(simulated, wmdelays.folder / "old.h5")
    output = [] if "-o" in arguments else ["-o", "net.h5"]
    assert words in refused("izhikevich", *output, *arguments)


def test_seconds_may_be_written_with_their_unit_and_a_device_is_checked_all_the_same(
    wmdelays, refused, simulated
):
    # Nothing is left to simulate.
    words = ("izhikevich", "-o", simulated, "--seed", 4, "--snapshot", "1s")
    assert wmdelays(*words, "--seconds", "3s").returncode == 0
    assert "--seconds '3 m'" in refused(*words, "--seconds", "3 m")
    assert "no device 'nonsense'" in refused(*words, "--seconds", 3, "--device", "nonsense")
