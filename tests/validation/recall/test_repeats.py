"""The command `wmdelays periodic`."""

import json

import numpy as np
import pytest

from wmdelays import Cue, Raster, Recall
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.patterns import periodic as periodic_patterns
from wmdelays.validation.recall.repeats import f1_of_repeats
from wmdelays.validation.recall.simulators import Setup

STEP = 1e-3


@pytest.fixture(scope="module")
def cycles(tmp_path_factory):
    """A small periodic memory."""
    from wmdelays.training import store

    path = tmp_path_factory.mktemp("memory") / "cycles.h5"
    patterns = periodic_patterns(60, 100, 2, 0.02, seed=2)
    write_memory(path, store(patterns, n_delays=20, periodic=True))
    return path


def outcome(text):
    values = json.loads(text)
    return values["repeats"], values["holds"]


def test_without_noise_a_stored_cycle_holds_to_the_end(wmdelays, cycles):
    done = wmdelays("periodic", cycles, "--repeats", 30, "--noise", 0, "--json", "-")
    assert done.returncode == 0, done.stderr
    repeats, holds = outcome(done.stdout)
    assert [one["repeat"] for one in repeats] == list(range(1, 31))
    assert all(one["f1"] == one["worst_f1"] == 1 for one in repeats)
    assert [(one["pattern"], one["repeats"], one["to_the_end"]) for one in holds] == [
        (0, 30, True),
        (1, 30, True),
    ]
    assert holds[0]["holds_s"] == pytest.approx(3.0)
    assert "1 to 30" in done.said


def test_noise_ends_a_recall_and_the_table_says_when(wmdelays, cycles):
    run = ("periodic", cycles, "--repeats", 12, "--noise", "0,0.4", "--draws", 2, "--json", "-")
    repeats, holds = outcome(wmdelays(*run).stdout)
    noisy = [one for one in repeats if one["noise"] == 0.4]
    assert len(noisy) == 12 and noisy[-1]["f1"] < 0.9
    assert all(one["worst_f1"] <= one["f1"] for one in repeats)
    held = [one for one in holds if one["noise"] == 0.4]
    assert {(one["draw"], one["pattern"]) for one in held} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert all(one["repeats"] < 12 and not one["to_the_end"] for one in held)
    # With a bound that the worst first repeat reaches, all hold for one at least.
    assert min(one["repeats"] for one in held) == 0
    _, holds = outcome(wmdelays(*run, "--bound", noisy[0]["worst_f1"]).stdout)
    assert min(one["repeats"] for one in holds) >= 1


def test_the_first_repeat_below_the_bound_ends_the_hold():
    from wmdelays.validation.recall.repeats import Repeats

    f1 = [np.array([[[1, 0.9, 1.0], [0.5, 1, 1], [1, 1, 1]]])]
    result = Repeats(None, [0.0], [0, 1, 2], f1, 0.95, {}, {})
    np.testing.assert_array_equal(result.holds[0], [[1, 0, 3]])


def test_f1_of_repeats_is_that_of_each_stretch():
    rng = np.random.default_rng(0)
    stored, own = rng.random((12, 5)) < 0.3, rng.random((36, 5)) < 0.3
    own[12:24] = stored
    pattern = Raster.from_dense(stored, STEP)
    cue = Cue.from_pattern(pattern, 4, STEP, 36)
    recall = Recall(cue, Raster.from_dense(own, STEP), Raster.from_dense(own, STEP))
    expected = []
    for k in range(3):
        first = 4 if k == 0 else 0
        made, wanted = own[12 * k + first : 12 * k + 12], stored[first:]
        expected.append(2 * (made & wanted).sum() / (made.sum() + wanted.sum()))
    assert expected[1] == 1 > expected[0]
    np.testing.assert_allclose(f1_of_repeats(recall, pattern), expected)


def test_every_simulator_gives_the_same_table(wmdelays, cycles):
    run = ("periodic", cycles, "--repeats", 5, "--noise", "0,0.2", "--draws", 2, "--json", "-")
    compiled = wmdelays(*run)
    torch = wmdelays(*run, "--simulator", "torch")
    brian2 = wmdelays(*run, "--simulator", "brian2", "--device", "numpy", "--dt", "0.5ms")
    assert torch.returncode == brian2.returncode == 0, brian2.stderr
    assert outcome(compiled.stdout) == outcome(torch.stdout) == outcome(brian2.stdout)
    tables = [run.stderr.rsplit("simulator: ", 1) for run in (compiled, torch, brian2)]
    assert tables[0][0] == tables[1][0] == tables[2][0]
    assert tables[0][1].startswith("compiled, the fastest")
    assert [last for _, last in tables[1:]] == ["torch\n", "Brian2\n"]


def test_as_many_spikes_are_added_as_are_lost(cycles, monkeypatch):
    from wmdelays.validation.recall import repeats as periodic

    memory, seen = read_memory(cycles), []
    recall = Setup.recall

    def spy(setup, memory, cues, *others):
        seen.extend(cues)
        return recall(setup, memory, cues, *others)

    monkeypatch.setattr(Setup, "recall", spy)
    periodic.recall_periodic(memory, repeats=50, noise=[0.0, 0.25], draws=1)
    clean, noisy = seen[0], seen[2]
    assert clean.lost is None and clean.spikes.steps(STEP).max() < 20
    assert noisy.lost.dense(STEP).mean() == pytest.approx(0.25, rel=0.02)
    added = noisy.spikes.dense(STEP)[20:].mean()
    stored = np.mean([pattern.dense(STEP).mean() for pattern in memory.patterns])
    assert added == pytest.approx(0.25 * stored, rel=0.1)


def test_the_noise_of_a_pattern_depends_on_the_seed_and_not_on_the_others(wmdelays, cycles):
    run = ("periodic", cycles, "--repeats", 6, "--noise", 0.3, "--draws", 2, "--json", "-")
    every = outcome(wmdelays(*run).stdout)[1]
    alone = outcome(wmdelays(*run, "--patterns", 1).stdout)[1]
    assert [one for one in every if one["pattern"] == 1] == alone
    other = outcome(wmdelays(*run, "--seed", 1).stdout)
    assert other != outcome(wmdelays(*run).stdout)


def test_a_memory_that_is_not_periodic_is_refused(refused, small_memory):
    assert "store them with --periodic" in refused("periodic", small_memory)


def test_bad_settings_are_refused_before_any_work(refused, cycles, tmp_path, monkeypatch):
    monkeypatch.setattr(Setup, "recall", None)
    run = ("periodic", cycles)
    assert "there is no such file" in refused("periodic", "none.h5")
    assert "repeats is 0" in refused(*run, "--repeats", 0)
    assert "draws is 0" in refused(*run, "--draws", 0)
    assert "--patterns is all or numbers" in refused(*run, "--patterns", "some")
    assert "there is no pattern 2" in refused(*run, "--patterns", "0,2")
    assert "a pattern is named twice" in refused(*run, "--patterns", "1,1")
    assert "--noise is numbers" in refused(*run, "--noise", "much")
    assert "noise 1.5: it has to be from 0 to 1" in refused(*run, "--noise", "0,1.5")
    assert "noise nan: it has to be from 0 to 1" in refused(*run, "--noise", "nan")
    assert "no noise 'weights' that goes on" in refused(*run, "--damage", "weights")
    assert "dead is 1.0; it has to lie from 0 to below 1" in refused(
        *run, "--damage", "dead", "--noise", 1
    )
    untidy = ("--damage", "dead", "--noise", 0.1, "--simulator", "torch")
    assert "torch knows no neurons that differ" in refused(*run, *untidy)
    assert "a noise is named twice" in refused(*run, "--noise", "0,0.0")
    assert "bound is 2.0" in refused(*run, "--bound", 2)
    assert "seed is -1" in refused(*run, "--seed", -1)
    assert "no simulator 'neuron'" in refused(*run, "--simulator", "neuron")
    assert "no device 'abacus'" in refused(*run, "--device", "abacus")
    assert "does not divide the step" in refused(*run, "--dt", "0.3ms")
    assert "there is no folder" in refused(*run, "--json", "none/x.json")
    (tmp_path / "taken").write_text("a file of the user's")
    assert "taken" in refused(*run, "--report", "taken")


def test_the_report_has_a_curve_for_each_noise(wmdelays, cycles, tmp_path):
    done = wmdelays("periodic", cycles, "--repeats", 4, "--draws", 1, "--report", "out")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    assert "How long each pattern holds" in page and "Every repeat" in page
    names = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert names == {"periodic.png", "periodic.svg"}
    svg = (tmp_path / "out" / "figures" / "periodic.svg").read_text()
    assert "no noise" in svg and "noise 0.1" in svg and "repeat (each of 100 ms)" in svg


@pytest.fixture(scope="module")
def continuous_cycles(tmp_path_factory):
    """A periodic memory for neurons in continuous time."""
    from wmdelays.training import store

    path = tmp_path_factory.mktemp("memory") / "lif-exp.h5"
    patterns = periodic_patterns(60, 150, 1, 0.015, interval=15)
    write_memory(path, store(patterns, neurons="lif-exp", n_delays=30, periodic=True))
    return path


def test_a_cycle_for_neurons_in_continuous_time_holds_to_the_end(wmdelays, continuous_cycles):
    """The first cycle, before which neurons rest, shifts those after it; then it goes on exactly."""
    scores = read_memory(continuous_cycles).made["scores"]
    assert scores["f1"] > 0.97
    run = ("periodic", continuous_cycles, "--repeats", 8, "--noise", 0, "--json", "-")
    done = wmdelays(*run)
    assert done.returncode == 0, done.stderr
    repeats, holds = outcome(done.stdout)
    assert repeats[0]["f1"] > 0.95 and all(one["f1"] == 1 for one in repeats[1:])
    assert abs(holds[0]["tempo_percent"]) < 0.1 and "tempo (%)" in done.said
    assert (
        "a cycle that follows another goes on exactly" in wmdelays("info", continuous_cycles).said
    )
    brian2 = wmdelays(*run, "--simulator", "brian2", "--device", "numpy")
    assert outcome(brian2.stdout) == (repeats, holds)


def test_a_cycle_is_recalled_with_noise_of_the_threshold(wmdelays, continuous_cycles):
    run = ("periodic", continuous_cycles, "--repeats", 4, "--damage", "threshold-noise")
    run = (*run, "--noise", "0,0.5,8", "--draws", 2, "--json", "-")
    done = wmdelays(*run)
    assert done.returncode == 0, done.stderr
    repeats, holds = outcome(done.stdout)
    last = {one["noise"]: one["f1"] for one in repeats if one["repeat"] == 4}
    assert last[0] == 1 and last[0.5] > 0.9 and last[8] < 0.5
    assert len(holds) == 1 + 2 + 2
    assert outcome(wmdelays(*run).stdout) == (repeats, holds)


def test_cycles_in_discrete_time_bear_untidiness_in_continuous_time(wmdelays, cycles):
    run = ("periodic", cycles, "--repeats", 3, "--damage", "release-failures", "--noise", "0,0.05")
    repeats, holds = outcome(wmdelays(*run, "--draws", 1, "--json", "-").stdout)
    assert all(one["f1"] == 1 for one in repeats if not one["noise"])
    assert "tempo_percent" in holds[0]
