"""`wmdelays find`: stored patterns and groups in a raster."""

import json
import sys

import numpy as np
import pytest

from wmdelays import Memory, Raster
from wmdelays.files.memory_file import write_memory
from wmdelays.files.raster_files import write_raster
from wmdelays.files.recording import remembered
from wmdelays.patterns import bernoulli

pytest.importorskip("elephant")

STEP = 1e-3
N_NEURONS = 40
QUICK = ("--draws", 20)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A memory, and a raster with noise in which its patterns occur at known times."""
    folder = tmp_path_factory.mktemp("find")
    patterns = bernoulli(N_NEURONS, 80, 3, 0.01, seed=3)
    memory = Memory.unlearned(patterns, n_delays=10, step=STEP, beta=0.5, theta=1.0)
    write_memory(folder / "memory.h5", memory)
    rng = np.random.default_rng(8)
    neurons, steps = [], []
    planted = [(0, 400), (1, 1500), (0, 2600)]
    for k, onset in planted:
        kept = rng.permutation(len(patterns[k]))[3:]
        neurons.append(patterns[k].neurons[kept])
        steps.append(patterns[k].steps(STEP)[kept] + onset + rng.integers(-1, 2, len(kept)))
    n = 600
    neurons.append(rng.integers(0, N_NEURONS, n))
    steps.append(rng.integers(0, 4000, n))
    raster = Raster.from_steps(
        np.concatenate(neurons), np.concatenate(steps), N_NEURONS, 4000, STEP
    )
    write_raster(folder / "raster.npz", raster)
    write_raster(folder / "raster.csv", raster)
    # Patterns are expected from their first spikes on.
    firsts = [pattern.times.min() for pattern in patterns]
    times = [onset * STEP + firsts[k] for k, onset in planted]
    return (
        folder / "memory.h5",
        folder / "raster.npz",
        [(k, t) for (k, _), t in zip(planted, times)],
    )


def found(case, result):
    assert result.returncode == 0, result.stderr
    values = json.loads(result.stdout)
    return values, [
        (int(one["name"].split()[1].rstrip(",")), one["time_s"]) for one in values["occurrences"]
    ]


def test_stored_patterns_are_found_where_they_occur(wmdelays, case):
    memory, raster, planted = case
    values, where = found(case, wmdelays("find", memory, raster, *QUICK, "--json", "-"))
    assert [k for k, _ in where] == [k for k, _ in planted]
    assert [t for _, t in where] == pytest.approx([t for _, t in planted], abs=0.0021)
    assert all(one["p_value"] == 1 / 21 for one in values["occurrences"])
    assert values["by_chance"]["occurrences"] <= 0.05
    assert [one["not_tested"] for one in values["templates"]] == [None] * 3
    assert values["settings"]["surrogates"] == "stretch_shifting"
    assert {"elephant", "neo", "wmdelays"} <= values["versions"].keys()


def test_the_table_says_what_was_tested_found_and_expected_by_chance(wmdelays, case):
    memory, raster, planted = case
    run = ("find", memory, raster, *QUICK)
    done = wmdelays(*run)
    assert "3 of 3 templates were looked for in 4 s with" in done.said
    assert "in 20 surrogates" in done.said
    assert "3 occurrences above chance; a surrogate has" in done.said
    assert done.said == wmdelays(*run).said != wmdelays(*run, "--seed", 1).said
    # A csv does not say how long the recording is.
    silence = ("--start", "0s", "--stop", "5s", "--pad")
    assert "in 5 s with" in wmdelays(*run[:2], raster.with_suffix(".csv"), *QUICK, *silence).said


def test_a_stretch_is_searched_alone_and_times_stay_those_of_the_recording(wmdelays, case):
    memory, raster, planted = case
    stretch = ("--start", "1s", "--stop", "2s", "--json", "-")
    values, where = found(case, wmdelays("find", memory, raster, *QUICK, *stretch))
    assert where == [(planted[1][0], pytest.approx(planted[1][1], abs=0.0021))]
    assert values["raster"]["start_s"] == 1 and values["raster"]["duration_s"] == 1


def test_a_raster_too_short_for_its_surrogates_is_said(wmdelays, case):
    memory, raster, _ = case
    run = ("find", memory, raster, *QUICK, "--window", "40ms")
    assert "dithers of" not in wmdelays(*run).said
    done = wmdelays(*run, "--dither", "500ms")
    assert "This is less than 10 dithers of 500 ms: spikes have little room" in done.said


def test_pieces_and_speeds_are_templates_of_their_own(wmdelays, case):
    memory, raster, planted = case
    pieces = ("--window", "40ms", "--speed", "1,-1", "--json", "-")
    values, where = found(case, wmdelays("find", memory, raster, *QUICK, *pieces))
    assert len(values["templates"]) == 12
    assert values["templates"][0]["name"] == "pattern 0, 0 to 0.04 s"
    assert {k for k, _ in where} <= {0, 1}
    assert all(one["speed"] == 1 for one in values["occurrences"])
    assert len(where) >= 4


def test_few_spikes_are_said_and_nothing_to_look_for_is_refused(wmdelays, refused, case):
    memory, raster, _ = case
    done = wmdelays("find", memory, raster, *QUICK, "--window", "10ms")
    assert "with fewer than 5 spikes." in done.said and "Not tested:" in done.said
    line = refused("find", memory, raster, "--window", "1ms")
    assert "there is nothing to look for" in line and "fewer than 5 spikes" in line


def test_a_completeness_that_is_asked_for_lists_all_from_there_on(wmdelays, case):
    memory, raster, _ = case
    run = ("find", memory, raster, *QUICK, "--json", "-", "--min-completeness")
    values, _ = found(case, wmdelays(*run, 0.1))
    assert min(one["completeness"] for one in values["occurrences"]) < 0.5
    assert max(one["p_value"] for one in values["occurrences"]) > 0.2
    (level,) = [one for one in values["levels"] if abs(one["completeness"] - 0.1) < 1e-9]
    assert level["found"] == len(values["occurrences"])
    assert level["by_chance"] == values["by_chance"]["occurrences"] > 1


def test_groups_are_found_and_named_after_their_line(wmdelays, case, tmp_path):
    memory, raster, planted = case
    from wmdelays.files.memory_file import read_memory

    groups = []
    for pattern in (read_memory(memory).patterns[2], read_memory(memory).patterns[0]):
        spikes = [[int(n), float(t * 1e3)] for n, t in zip(pattern.neurons, pattern.times)]
        group = {"mother": 0, "anchors": [1, 2, 3], "spikes": spikes, "links": []}
        groups.append(json.dumps(group | {"n_layers": 7, "span_ms": 80}) + "\n")
    # A group that is there twice is looked for once.
    (tmp_path / "groups.jsonl").write_text("".join([*groups, groups[1]]))
    values, where = found(case, wmdelays("find", "groups.jsonl", raster, *QUICK, "--json", "-"))
    assert [one["name"] for one in values["templates"]] == ["group 0", "group 1"]
    expected = [t for k, t in planted if k == 0]
    assert where == [(1, pytest.approx(t, abs=0.0021)) for t in expected]


def test_units_of_no_template_change_nothing():
    from wmdelays.find.templates import Template
    from wmdelays.validation.find.stored import find_patterns

    rng = np.random.default_rng(3)
    made = Template("t", np.arange(14, 20), np.arange(6) * 0.004)
    units, steps = rng.integers(14, 20, 300), rng.integers(0, 3000, 300)
    alone = Raster.from_steps(units, steps, 20, 3000, STEP)
    others = rng.integers(0, 14, 2000), rng.integers(0, 3000, 2000)
    among = Raster.from_steps(np.r_[units, others[0]], np.r_[steps, others[1]], 20, 3000, STEP)
    one, other = (
        find_patterns([made], raster, step=STEP, draws=12, min_completeness=0.3)
        for raster in (alone, among)
    )
    assert one.findings.occurrences == other.findings.occurrences != []
    assert one.findings.chance_score.tolist() == other.findings.chance_score.tolist()
    # What is said of the raster is said of all of it.
    assert "with 2300 spikes" in other.tested


def test_templates_of_units_that_are_not_there_are_refused_at_once(refused, tmp_path):
    rng = np.random.default_rng(0)
    lines = []
    for k in range(200):
        spikes = sorted([[int(n), float(t)] for n, t in zip(rng.permutation(1000)[:60], range(60))])
        group = {"mother": 0, "anchors": [1, 2, 3], "spikes": spikes, "links": []}
        lines.append(json.dumps(group | {"n_layers": 7, "span_ms": 60}) + "\n")
    (tmp_path / "groups.jsonl").write_text("".join(lines))
    raster = Raster(rng.integers(0, 31, 20_000), rng.random(20_000) * 1968, 31, 1968.0)
    write_raster(tmp_path / "track.npz", raster)
    line = refused("find", "groups.jsonl", "track.npz")
    assert "of the 1000 units of the templates (numbers 0 to 999), 31 spike in the raster" in line
    assert "whose units have the numbers 0 to 30: the units have to be the same" in line


def test_spikes_of_a_csv_file_are_a_template_whatever_the_units_are_called(
    wmdelays, refused, tmp_path
):
    rng = np.random.default_rng(9)
    names, lags = ["641", "cell b", "3", "17", "5", "9", "70"], np.arange(7) * 0.004
    text = "".join(f"{n},{100 + t:.3f}\n" for n, t in zip(names, lags))
    (tmp_path / "piece.csv").write_text("unit,time_s\n" + text)
    spikes = [(n, 3.2 + t) for n, t in zip(names[:6], lags)]
    others = [*names, "other"]
    spikes += [(others[k], t) for k, t in zip(rng.integers(0, 8, 200), rng.random(200) * 6)]
    lines = "".join(f"{n},{t:.3f}\n" for n, t in spikes)
    (tmp_path / "cells.csv").write_text("unit,time_s\n" + lines)
    done = wmdelays("find", "piece.csv", "cells.csv", *QUICK, "--json", "-")
    (one,) = json.loads(done.stdout)["occurrences"]
    assert one["name"] == "piece" and one["time_s"] == pytest.approx(3.2, abs=0.001)
    assert one["n_matched"] == 6 and json.loads(done.stdout)["raster"]["n_units"] == 7
    # Others, and too few: one line, before any surrogate is made.
    (tmp_path / "cells.csv").write_text("unit,time_s\n" + lines.replace("cell b", "z") + "9,0.5\n")
    (tmp_path / "far.csv").write_text("unit,time_s\nx,0.1\ny,0.2\nw,0.3\n")
    line = refused("find", "far.csv", "cells.csv")
    assert "has no spikes of the template's units w, x, y; its own units are" in line
    (tmp_path / "half.csv").write_text(
        "unit,time_s\n9,0\n" + "".join(f"n{k},0.0{k}\n" for k in range(9))
    )
    assert "nothing to look for: templates 1 with fewer than 5" in refused(
        "find", "half.csv", "cells.csv"
    )
    assert "stays whole" in refused("find", "far.csv", "cells.csv", "--window", "1s")


def test_an_order_of_units_is_looked_for_in_events(wmdelays, refused, tmp_path):
    rng = np.random.default_rng(2)
    order = ["17", "3", "641", "cell", "8", "5"]
    spikes = [(n, t) for n, t in zip(np.tile(order, 8), rng.random(48) * 20)]
    for onset in np.arange(1, 19):
        later = np.arange(6) if onset % 3 else rng.permutation(6)
        spikes += [(n, onset + 0.1 + 0.015 * k) for n, k in zip(order, later)]
    lines = "".join(f"{n},{t:.4f}\n" for n, t in spikes)
    (tmp_path / "cells.csv").write_text("unit,time_s\n" + lines)
    run = ("find", "cells.csv", "--order", ", ".join(order), "--draws", 99)
    done = wmdelays(*run, "--json", "-", "--report", "out")
    values = json.loads(done.stdout)
    # Of six units some shuffles are nearly the order itself.
    assert values["templates"][0]["units"] == order and values["templates"][0]["p_value"] <= 0.05
    kept = [one["start_s"] for one in values["events"] if one["p_value"] <= 0.05]
    # A spike that is there by chance comes before some of the twelve.
    assert len({round(t) for t in kept} & {k for k in range(1, 19) if k % 3}) >= 9
    assert "candidate events keep the order of the template" in done.stdout + done.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Yes: " in page and (tmp_path / "out" / "figures" / "events.png").exists()
    # Events without so many units of the order tell nothing, neither yes nor no.
    nothing = wmdelays("find", "cells.csv", "--order", "cell,8,5,3,17,641", "--threshold", 6)
    assert nothing.stdout.startswith("It cannot be told: none of 0 candidate events has 5 units")
    # What does not fit together is refused at once.
    assert "unit 9, which the recording does not have; its units are" in refused(
        "find", "cells.csv", "--order", "17,3,9"
    )
    assert "the order has the unit 3 twice" in refused("find", "cells.csv", "--order", "3,17,3")
    assert "name the RECORDING alone" in refused(*run[:2], "cells.csv", *run[2:])
    assert "--jitter is for spikes at their times" in refused(*run, "--jitter", "5ms")
    assert "--speed is for spikes at their times" in refused(*run, "--speed", "2")
    assert "draws is 5" in refused(*run[:-1], 5)
    assert "--smoothing is for --order" in refused("find", "a.h5", "b.csv", "--smoothing", "9ms")
    assert "--warp is numbers such as 0.5,2" in refused("find", "a.h5", "b.csv", "--warp", "2")


def test_templates_with_too_few_units_that_are_there_are_left_out_and_counted():
    from wmdelays.find.templates import Template
    from wmdelays.validation.find.stored import find_patterns

    rng = np.random.default_rng(5)
    raster = Raster.from_steps(rng.integers(0, 6, 300), rng.integers(0, 3000, 300), 20, 3000, STEP)
    there = Template("there", np.arange(6), np.arange(6) * 0.004)
    half = Template("half", np.arange(4, 14), np.arange(10) * 0.004)
    found = find_patterns([there, half], raster, step=STEP, draws=20)
    assert found.findings.untested == {
        1: "with fewer than 5 spikes of units that are in the raster"
    }
    assert "1 of 2 templates were looked for" in found.tested
    assert found.tested.endswith("8 of their units do not spike in the raster.")


def test_a_piece_of_rounded_times_is_found_complete_whatever_its_beginning(wmdelays, tmp_path):
    rng = np.random.default_rng(12)
    times = np.sort(rng.random(900)) * 20
    lines = "".join(f"{u},{t:.5f}\n" for u, t in zip(rng.integers(0, 12, 900), times))
    (tmp_path / "cells.csv").write_text("unit,time_s\n" + lines)
    store = "store cells.csv -o m.h5 --step 1ms --delays 5 --rule hebbian --merge-spikes"
    stretch = ("--start", "7.12345s", "--stop", "8.5s")
    assert wmdelays(*store.split(), *stretch).returncode == 0
    done = wmdelays("find", "m.h5", "cells.csv", "--jitter", "0ms", *QUICK, "--json", "-")
    values = json.loads(done.stdout)
    (one,) = values["itself"]
    assert one["completeness"] == 1.0 and one["itself"] and values["occurrences"] == []
    assert one["time_s"] == pytest.approx(times[times > 7.12345][0], abs=0.001)


@pytest.mark.parametrize("way", ["spade", "stored"])
def test_what_is_found_does_not_depend_on_when_the_recording_was(wmdelays, tmp_path, way):
    rng = np.random.default_rng(6)
    onsets = np.arange(50, 5000, 200)
    units = np.concatenate([rng.integers(0, 8, 400), *(np.full(len(onsets), k) for k in (1, 4, 6))])
    steps = np.concatenate([rng.integers(0, 5000, 400), onsets, onsets + 6, onsets + 15])
    pattern = Raster.from_steps([1, 4, 6, 1, 4, 6], [0, 6, 15, 200, 206, 215], 8, 220, STEP)
    settings = dict(n_delays=5, step=STEP, beta=0.5, theta=1.0)
    write_memory(tmp_path / "m.h5", Memory.unlearned([pattern], **settings))
    values = []
    for shift in (0, 86_400):
        lines = [f"{u},{shift + k / 1000:.3f}\n" for u, k in zip(units, steps)]
        (tmp_path / "r.csv").write_text("unit,time_s\n" + "".join(lines))
        run = ("find-unknown", "r.csv", "--step", "3ms", "--window", "21ms")
        run = run if way == "spade" else ("find", "m.h5", "r.csv")
        values.append(json.loads(wmdelays(*run, "--draws", 20, "--json", "-").stdout))
    early, late = values
    assert late["raster"]["start_s"] - early["raster"]["start_s"] == pytest.approx(86_400)
    assert late["raster"]["duration_s"] == pytest.approx(early["raster"]["duration_s"])
    if way == "stored":
        assert len(early["occurrences"]) > 3
        pairs = zip(early["occurrences"], late["occurrences"], strict=True)
        assert all(b["time_s"] - a["time_s"] == pytest.approx(86_400) for a, b in pairs)
    else:
        one, other = early["patterns"][0], late["patterns"][0]
        assert one["neurons"] == other["neurons"] == [1, 4, 6]
        assert one["n_occurrences"] == other["n_occurrences"] >= 15
        assert np.subtract(other["times_s"], one["times_s"]) == pytest.approx(86_400)


def test_the_report_has_page_and_figures(wmdelays, case, tmp_path):
    memory, raster, _ = case
    assert wmdelays("find", memory, raster, *QUICK, "--report", "one").returncode == 0
    page = (tmp_path / "one" / "report.html").read_text()
    assert "3 occurrences above chance" in page and "stretch_shifting by 10 ms" in page
    figures = {path.stem for path in (tmp_path / "one" / "figures").iterdir()}
    assert figures == {"occurrences", "close", "chance"}


def test_unusable_input_is_refused_in_one_line(refused, case, tmp_path):
    memory, raster, _ = case
    run = ("find", memory, raster)
    assert "RECORDING" in refused("find", raster)
    assert "there is no such file" in refused("find", "none.h5", raster)
    for name in ("none.jsonl", "other.csv"):
        line = refused("find", "none.jsonl", "other.csv", "--json", name)
        assert line == f"wmdelays: {name}: is named for two things; name another file"
    assert "there is no such file" in refused("find", memory, "none.csv")
    assert "no surrogates 'poisson'; there are stretch_shifting" in refused(
        *run, "--surrogates", "poisson"
    )
    assert "--speed is numbers" in refused(*run, "--speed", "fast")
    assert "a speed is a number other than 0" in refused(*run, "--speed", "1,0")
    assert "jitter is 1.5 ms; it has to be a whole number of steps" in refused(
        *run, "--jitter", "1.5ms"
    )
    assert "shorter than the memory's step" in refused(*run, "--window", "0.1ms")
    assert "--step '0ms' is too short" in refused(*run, "--step", "0ms")
    assert "not a time with a unit" in refused(*run, "--step", "5")
    assert "takes at least 20 surrogates" in refused(*run, "--draws", 15)
    assert "draws is 5" in refused(*run, "--draws", 5)
    assert "dither is" in refused(*run, "--dither", "0ms")
    assert "seed is -1" in refused(*run, "--seed", -1)
    assert "a stretch from 10 s to 4 s is empty" in refused(*run, "--start", "10s")
    assert "there is no folder" in refused(*run, "--json", "none/x.json")
    (tmp_path / "bad.jsonl").write_text("{}\n")
    assert "line 1 is not a polychronous group" in refused("find", "bad.jsonl", raster)
    (tmp_path / "empty.jsonl").write_text("")
    assert "holds no groups" in refused("find", "empty.jsonl", raster)
    assert "groups stay whole" in refused("find", "empty.jsonl", raster, "--window", "5ms")


def test_units_that_the_memory_does_not_have_are_refused(refused, case, tmp_path):
    write_raster(tmp_path / "other.csv", Raster([N_NEURONS], [0.5], N_NEURONS + 1, 1.0))
    line = refused("find", case[0], "other.csv")
    assert f"there is no unit {N_NEURONS} among the {N_NEURONS} units of the memory" in line


def test_without_elephant_one_line_says_what_to_install(refused, case, monkeypatch):
    memory, raster, _ = case
    monkeypatch.setitem(sys.modules, "elephant.spike_train_surrogates", None)
    run = ("find", memory, raster, "--surrogates", "dither_spikes")
    assert "pip install 'wmdelays[patterns]'" in refused(*run)


def test_the_songs_motif_is_found_again_in_the_whole_recording(wmdelays, recordings, tmp_path):
    from wmdelays.files.raster_files import read_raster

    frame = 1 / 30
    song = read_raster(recordings / "songbird_hvc.csv")
    piece = song.slice(4.0, 9.0).bin(frame, merge_spikes=True)
    settings = dict(n_delays=10, step=frame, beta=0.5, theta=1.0)
    made = {"binning": [remembered(0, song.slice(4.0, 9.0, frame), frame)]}
    write_memory(tmp_path / "song.h5", Memory.unlearned([piece], **settings, made=made))
    run = ("find", "song.h5", recordings / "songbird_hvc.csv", "--window", "0.5s", "--draws", 20)
    done = wmdelays(*run, "--jitter", "2/30s", "--json", "-")
    values = json.loads(done.stdout)
    again = [one for one in values["occurrences"] if not 3.4 <= one["time_s"] < 9]
    # The ten pieces themselves are no news.
    assert [one["completeness"] for one in values["itself"]] == [1.0] * 10
    assert [one["time_s"] // 0.5 for one in values["itself"]] == list(range(8, 18))
    assert not any(one["itself"] for one in values["occurrences"])
    assert again and min(one["p_value"] for one in again) == 1 / 21
