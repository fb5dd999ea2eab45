"""`wmdelays find-unknown`: patterns in a raster that nobody stored."""

import json
import re
import sys

import numpy as np
import pytest

from wmdelays import Raster, find_unknown_patterns
from wmdelays.files.raster_files import write_raster

pytest.importorskip("elephant")

STEP = 1e-3


@pytest.fixture
def recurring(tmp_path):
    """A raster in which units 2, 5 and 7 fire 0, 6 and 15 ms apart, 120 times."""
    rng = np.random.default_rng(4)
    onsets = np.sort(rng.choice(np.arange(100, 9900, 40), 120, replace=False))
    units = [rng.integers(0, 10, 500), *(np.full(120, k) for k in (2, 5, 7))]
    steps = [rng.integers(0, 10_000, 500), onsets, onsets + 6, onsets + 15]
    raster = Raster.from_steps(np.concatenate(units), np.concatenate(steps), 10, 10_000, STEP)
    write_raster(tmp_path / "recurring.npz", raster)
    return "recurring.npz", onsets * STEP


@pytest.mark.parametrize("way", ["spade", "cad"])
def test_unknown_patterns_are_found_with_their_lags_and_times(wmdelays, recurring, way):
    raster, onsets = recurring
    run = ("find-unknown", raster, "--method", way, *"--step 3ms --window 21ms --draws 19".split())
    done = wmdelays(*run, "--start", "50ms", "--json", "-")
    values, _ = json.loads(done.stdout), done
    # With so many occurrences some larger patterns that hold this one recur as well.
    first = max(values["patterns"], key=lambda one: one["n_occurrences"])
    assert first["neurons"] == [2, 5, 7]
    assert first["lags_s"] == pytest.approx([0, 0.006, 0.015], abs=0.0031)
    # Bins cut some occurrences in two.
    near = [np.abs(onsets - t).min() < 0.004 for t in first["times_s"]]
    assert first["n_occurrences"] == len(near) >= 10 and np.mean(near) > 0.9
    assert len(values["by_chance"]["surrogates"]) == 19
    assert values["by_chance"]["patterns"] < 1
    assert "significant pattern" in done.said and "surrogate" in done.said
    assert {"SPADE", "CAD"} & {values["tested"]["method"]} == {way.upper()}


@pytest.mark.parametrize("way", ["spade", "cad"])
def test_rasters_without_patterns_have_no_unknown_ones(wmdelays, tmp_path, way):
    rng = np.random.default_rng(11)
    raster = Raster(rng.integers(0, 10, 600), rng.random(600) * 10, 10, 10.0)
    write_raster(tmp_path / "noise.npz", raster)
    run = ("find-unknown", "noise.npz", "--method", way, *"--step 5ms --draws 19 --json -".split())
    values = json.loads(wmdelays(*run).stdout)
    assert values["patterns"] == [] and values["by_chance"]["patterns"] <= 0.2
    if way == "spade":
        (three,) = [one for one in values["candidates"] if one["n_spikes"] == 3]
        assert three["found"] > 20 and three["by_chance"] == pytest.approx(three["found"], rel=0.4)


@pytest.mark.parametrize("way", ["spade", "cad"])
def test_rasters_in_which_nothing_recurs_are_no_trouble(wmdelays, tmp_path, way):
    raster = Raster(np.arange(8), np.linspace(0.1, 1.9, 8), 8, 2.0)
    write_raster(tmp_path / "few.npz", raster)
    run = (
        "find-unknown",
        "few.npz",
        "--method",
        way,
        *"--step 5ms --draws 19 --report out".split(),
    )
    done = wmdelays(*run, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["patterns"] == []
    assert "0 significant patterns; a surrogate has 0 on average, 0 at most." in done.said


@pytest.mark.parametrize("way", ["spade", "cad"])
def test_lags_and_times_are_those_of_the_first_spike_whatever_the_units_numbers(way):
    from wmdelays.validation.find.unknown import find_unknown_patterns

    rng = np.random.default_rng(4)
    onsets = np.sort(rng.choice(np.arange(100, 9900, 40), 120, replace=False)) // 3 * 3
    units = [rng.integers(0, 10, 600), *(np.full(120, k) for k in (8, 1, 4))]
    steps = [rng.integers(0, 10_000, 600), onsets, onsets + 6, onsets + 15]
    raster = Raster.from_steps(np.concatenate(units), np.concatenate(steps), 10, 10_000, STEP)
    found = find_unknown_patterns(
        raster, way, step=3e-3, draws=39 if way == "spade" else 5, start=7.0
    )
    first = max(found.as_dict()["patterns"], key=lambda one: one["n_occurrences"])
    assert first["neurons"] == [8, 1, 4] and first["lags_s"] == pytest.approx([0, 0.006, 0.015])
    hits = np.isin(np.rint(np.array(first["times_s"]) * 1e3 - 7000), onsets)
    assert hits.sum() == 120 and len(hits) < 125


def test_the_pairs_that_cad_tests_are_counted_as_it_counts_them(monkeypatch):
    from elephant import cell_assembly_detection as cad

    from wmdelays.find.unknown import mining
    from wmdelays.validation.find.unknown import find_unknown_patterns

    rng = np.random.default_rng(2)
    # Rare, usual, in bursts, in nearly every bin, and in every bin.
    n_bins, step = 400, 0.025
    counts = [np.bincount(rng.integers(0, n_bins, n), minlength=n_bins) for n in (20, 60, 90, 150)]
    counts += [8 * (rng.random(n_bins) < 0.04), 1 * (rng.random(n_bins) < 0.97)]
    counts += [1 + (rng.random(n_bins) < 0.1)]
    units = np.concatenate([np.full(c.sum(), k) for k, c in enumerate(counts)])
    bins = np.concatenate([np.repeat(np.arange(n_bins), c) for c in counts])
    raster = Raster(units, (bins + rng.random(len(bins))) * step, len(counts), n_bins * step)
    tested, said, whole = [], [], cad._chunking

    def counted(**arguments):
        tested.append(1)
        return whole(**arguments)

    monkeypatch.setattr(cad, "_chunking", counted)
    # Here it is counted in this process.
    monkeypatch.setattr(
        "wmdelays.find.unknown.mining.Miner._ask",
        lambda self, n_bytes, task, *arguments: getattr(mining, task)(*arguments),
    )
    # With this alpha no pair is significant, and nothing larger is tested.
    found = find_unknown_patterns(
        raster, "cad", draws=1, alpha=1e-300, progress=lambda *one: said.append(one)
    )
    n = found.unknown.tested["pairs_with_enough_spikes"]
    from wmdelays.find.surrogates import surrogate_rasters
    from wmdelays.find.unknown.cad_search import testable_pairs

    (surrogate,) = surrogate_rasters(raster, 1, dither=0.25)
    # One pair is looked at beforehand, to say how long all take.
    assert len(tested) == 1 + n + len(testable_pairs(surrogate, step))
    assert 5 < n < found.unknown.tested["pairs"]
    assert f"CAD: the raster ({n} pairs, at least" in said[1][0]


def test_spade_looks_for_as_rare_patterns_as_it_can(monkeypatch, recurring, tmp_path):
    from wmdelays.files.raster_files import read_raster
    from wmdelays.validation.find.unknown import find_unknown_patterns

    raster = read_raster(tmp_path / "recurring.npz")
    few, many = [], []
    for most, into in ((20, few), (400, many)):
        monkeypatch.setattr("wmdelays.find.unknown.spade_search._MOST_PATTERNS", most)
        tested = find_unknown_patterns(raster, "spade", step=3e-3, draws=19).unknown.tested
        into += [tested["min_occurrences"], tested["candidates"]]
    assert few[0] > many[0] and few[1] <= 20 < many[1] <= 400


def test_rare_patterns_are_looked_for_where_they_are_asked_for(
    wmdelays, refused, tmp_path, monkeypatch
):
    # A large pattern occurs three times, and there are more small ones than are tested unasked.
    monkeypatch.setattr("wmdelays.find.unknown.spade_search._MOST_PATTERNS", 2)
    rng = np.random.default_rng(3)
    units, steps = [rng.integers(0, 16, 500)], [rng.integers(0, 3000, 500)]
    for onset in (300, 1200, 2700):
        units.append(np.arange(8))
        steps.append(onset + 3 * np.arange(8))
    raster = Raster.from_steps(np.concatenate(units), np.concatenate(steps), 16, 3000, STEP)
    write_raster(tmp_path / "rare.npz", raster)
    run = ("find-unknown", "rare.npz", *"--step 3ms --draws 19".split())
    usual = wmdelays(*run)
    (least,) = re.findall(r"occur 2 to (\d+) times were not looked for, as there are", usual.stdout)
    assert int(least) >= 3 and "0 significant patterns" in usual.stdout
    done = wmdelays(*run, "--min-occurrences", 3, "--json", "-")
    values = json.loads(done.stdout)
    assert values["patterns"][0]["neurons"] == list(range(8))
    assert values["patterns"][0]["n_occurrences"] == 3
    assert "Patterns that occur twice were not looked for (--min-occurrences)." in done.stderr
    line = refused(*run, "--min-occurrences", 2, "--max-time", "0.3s")
    assert "SPADE has not come to an end in" in line and "take more --min-occurrences" in line


def test_the_report_has_page_and_figures(wmdelays, recurring, tmp_path):
    run = ("find-unknown", recurring[0], "--step", "3ms", "--draws", 19)
    assert wmdelays(*run, "--report", "two").returncode == 0
    figures = {path.stem for path in (tmp_path / "two" / "figures").iterdir()}
    assert figures == {"patterns", "chance"}
    page = (tmp_path / "two" / "report.html").read_text()
    assert "SPADE looked for patterns" in page and "Surrogates: stretch_shifting by 30 ms" in page


@pytest.mark.parametrize("longest, found", [(10, True), (11, False)])
def test_the_window_is_what_lies_between_the_first_spike_and_the_last(longest, found):
    onsets = 20 + 97 * np.arange(15)
    lags = np.array([0, 4, longest])
    raster = Raster.from_steps(
        np.tile([0, 1, 2], 15), (onsets[:, None] + lags).ravel(), 3, 1500, 0.005
    )
    # Ten steps by default.
    made = find_unknown_patterns(raster, step=0.005, draws=19)
    assert made.settings["window_s"] == made.unknown.tested["longest_s"] == pytest.approx(0.05)
    assert [one.lags for one in made.unknown.patterns] == [(0.0, 0.02, 0.05)] * found
    assert "up to 50 ms long" in made.tested and "Longer ones need a larger window=" in made.tested
    assert ("None, as no 3 units fire with the same lags" in made.tested) != found


def test_cad_says_why_no_pair_is_tested():
    few = Raster([0, 1, 0, 1], [0.1, 0.2, 5.0, 6.0], 2, 10.0)
    made = find_unknown_patterns(few, "cad", draws=1)
    assert "0 of 1 pairs have enough spikes to be tested" in made.tested
    assert "No two units have spikes enough to coincide by chance more than 5 times" in made.tested


def test_sequences_are_told_with_the_precision_of_their_lags(wmdelays, recurring, tmp_path):
    run = ("find-unknown", recurring[0], *"--method ppseq --step 3ms --window 60ms".split())
    done = wmdelays(*run, "--report", "types", "--json", "types.json", "--stop", "2s")
    values = json.loads((tmp_path / "types.json").read_text())
    first = values["patterns"][0]
    assert first["neurons"] == [2, 5, 7]
    assert first["lags_s"] == pytest.approx([0, 0.006, 0.015], abs=0.002)
    assert max(first["widths_s"]) < 0.003
    assert done.stdout.startswith("1 significant pattern; a surrogate has 0 on average, 0 at most.")
    assert "2 +0±" in done.stdout and "PPSeq looked for sequences up to 60 ms long" in done.stdout
    figures = {path.stem for path in (tmp_path / "types" / "figures").iterdir()}
    assert figures == {"patterns", "chance"}
    assert "Scores of the types of sequences" in (tmp_path / "types" / "report.html").read_text()


def test_unusable_input_is_refused_in_one_line(refused, recurring):
    run = ("find-unknown", recurring[0])
    for step in ((), ("--step", "5ms")):
        assert "by spade, cad or ppseq, not 'fpgrowth'" in refused(
            *run, *step, "--method", "fpgrowth"
        )
    assert "--step '-5ms' is negative" in refused(*run, "--step=-5ms")
    few = refused(*run, "--draws", 18)
    assert "alpha of 0.05 takes at least 19 surrogates" in few
    assert "alpha is 1" in refused(*run, "--alpha", 1)
    assert "min-spikes is 1" in refused(*run, "--min-spikes", 1)
    assert "min-occurrences is 1" in refused(*run, "--method", "cad", "--min-occurrences", 1)
    assert "take a shorter --step" in refused(*run, "--method", "cad", "--step", "1s")
    assert "two steps" in refused(*run, "--method", "cad", "--window", "25ms")
    assert "there is no such file" in refused("find-unknown", "none.csv")


def test_without_elephant_one_line_says_what_to_install(refused, recurring, monkeypatch):
    monkeypatch.setitem(sys.modules, "elephant.spike_train_surrogates", None)
    assert "pip install 'wmdelays[patterns]'" in refused("find-unknown", recurring[0])
