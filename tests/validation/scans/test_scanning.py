"""Scans of parameters: rows, figures and what is refused."""

import json

import numpy as np
import pytest

from wmdelays.errors import InputError
from wmdelays.patterns import bernoulli
from wmdelays.training import store
from wmdelays.validation.published import PUBLISHED
from wmdelays.validation.scans.parameters import check_settings, published_settings, settings
from wmdelays.validation.scans.scanning import columns, store_points, summary
from wmdelays.validation.work.peak_memory import peak_memory

SMALL = "bernoulli:neurons=30,steps=80,patterns=2,rate=0.03"
QUICK = {"delays": 10, "damaged_epochs": 0}


def rows_of(settings, f1=None, seeds=1, **figures):
    """Rows as a scan would have made them."""
    given = {"unpredictable": 0.0, "storable": 1.0, "seconds": 1.0, "peak_bytes": 10**9}
    given |= {"worst_pattern_f1": 1.0, "synapses": 1000}
    f1 = f1 or (lambda setting, seed: 1.0)
    return [
        {
            "setting": setting,
            "seed": seed,
            "figures": given
            | {"f1": f1(setting, seed), "loss": 1 - f1(setting, seed)}
            | {name: function(setting) for name, function in figures.items()},
            "versions": {"wmdelays": "0"},
        }
        for setting in settings
        for seed in range(seeds)
    ]


def test_a_row_has_the_figures_of_the_memory_that_its_seed_makes():
    (setting,) = settings(SMALL, options=QUICK)
    (figures,) = store_points([(setting, 3)])
    memory = store(bernoulli(30, 80, 2, 0.03, seed=3), n_delays=10, damaged_epochs=0, seed=3)
    assert figures["f1"] == memory.made["scores"]["f1"]
    assert figures["loss"] == 1 - figures["f1"]
    assert figures["synapses"] == memory.n_synapses
    assert figures["n_spikes"] == memory.made["unpredictable"]["n_spikes"]
    assert figures["open_loop_errors"] == memory.made["reached"]["open_loop_errors"]
    assert 0 < figures["seconds"] < 60
    assert 10**7 < figures["peak_bytes"] < 10**11
    json.dumps(figures, allow_nan=False)


def test_a_spread_of_time_constants_is_scanned():
    how = {"rule": "hebbian", "options": {"delays": 10}}
    points = [(one, 3) for one in settings(SMALL, {"beta_spread": [0, 0.9]}, **how)]
    same, differ = (one["f1"] for one in store_points(points))
    patterns = bernoulli(30, 80, 2, 0.03, seed=3)
    with pytest.warns(match="not complete"):
        memory = store(patterns, "hebbian", n_delays=10, beta_spread=0.9, seed=3)
    assert differ == memory.made["scores"]["f1"] != same
    # Rows of earlier scans have no such key, and are found again.
    assert "beta_spread" not in settings(SMALL, **how)[0]


def test_spikes_that_no_weights_predict_are_told_apart_from_failure():
    # With one delay a context is one step: most are empty, and many of the others alike.
    found = settings(SMALL, {"delays": [1, 20]}, rule="hebbian")
    one, twenty = store_points([(setting, 0) for setting in found])
    assert one["unpredictable"] > 0.3
    assert one["storable"] == 1 - one["unpredictable"]
    assert twenty["unpredictable"] == 0


@pytest.mark.parametrize(
    "rule, options", [("hebbian", {}), ("pseudo-inverse", {}), ("bptt", {"epochs": 3})]
)
def test_every_rule_can_be_scanned(rule, options):
    (setting,) = settings(SMALL, rule=rule, options={"delays": 10, **options})
    check_settings([setting])
    (figures,) = store_points([(setting, 0)])
    assert 0 <= figures["f1"] <= 1


def test_a_point_without_spikes_is_named():
    (setting,) = settings("bernoulli:neurons=3,steps=20,patterns=1,rate=0.0001")
    with pytest.raises(InputError, match="seed 7 of .*delays = 5.*no spikes to store"):
        store_points([(setting | {"delays": 5}, 7)])


def test_the_peak_is_that_of_the_block_alone():
    with peak_memory() as large:
        np.ones(30_000_000)
    with peak_memory() as small:
        np.ones(1_000)
    if not large.alone:
        pytest.skip("needs Linux")
    assert large.n_bytes - small.n_bytes > 200e6


def test_seeds_are_drawn_as_mean_and_standard_deviation():
    (setting,) = settings(SMALL)
    rows = rows_of([setting], f1=lambda setting, seed: [0.5, 0.7, 0.9][seed], seeds=3)
    (found,) = summary(rows)
    assert found["seeds"] == 3
    assert found["mean"]["f1"] == pytest.approx(0.7)
    assert found["sd"]["f1"] == pytest.approx(0.2)
    assert summary(rows[:1])[0]["sd"]["f1"] is None
    assert columns([found])["F1"] == ["0.7000"]


def test_each_parameter_gets_the_curves_along_which_it_moves_alone():
    from wmdelays.validation.reports.scan import scans

    grid = settings(SMALL, {"delays": [5, 10, 20], "neurons": [30, 60]})
    found = scans(grid)
    assert {name: sorted(map(len, groups)) for name, groups in found.items()} == {
        "delays": [3, 3],
        "neurons": [2, 2, 2],
    }
    found = scans(published_settings())
    assert {name: [len(group) for group in groups] for name, groups in found.items()} == {
        name: [len(losses)] for name, losses in PUBLISHED.items()
    }
    # The rule has no place on an axis where something else has one.
    both = published_settings(over={"rule": ["hebbian", "margin"]})
    assert set(scans(both)) == set(PUBLISHED) and len(scans(both)["delays"]) == 2
    assert set(scans(settings(SMALL, {"rule": ["hebbian", "margin"]}))) == {"rule"}
    assert scans(settings(SMALL)) == {"patterns": [[0]]}


def test_published_losses_stand_beside_ours_where_the_sizes_are_theirs():
    from wmdelays.validation.reports.scan import panel, scans

    def labels(found, name):
        found = summary(rows_of(found))
        groups = scans([one["setting"] for one in found])[name]
        return [c.published for c in panel(found, name, groups, "loss").curves]

    assert labels(settings(over={"delays": [10, 20]}), "delays") == [False, True]
    assert labels(settings(over={"kappa": [0.1, 0.2]}), "kappa") == [False]
    assert labels(settings(SMALL, over={"delays": [10, 20]}), "delays") == [False]
    other = settings(over={"delays": [10, 20]}, options={"beta": 0.5})
    assert labels(other, "delays") == [False]


def test_the_table_has_our_losses_beside_the_published_ones():
    from wmdelays.validation.reports.scan import published_table

    over = {"delays": [5, 12, 20], "rule": ["margin", "hebbian"]}
    rows = rows_of(settings(over=over), lambda s, seed: 0.5 + 0.1 * seed, seeds=2)
    one = settings(over={"delays": [20]}, options={"beta": 0.5})
    assert published_table(summary(rows + rows_of(one, lambda s, seed: 0.0))) == (
        ["parameter", "value", "published loss", "rule margin", "rule hebbian"],
        [["delays", n, loss, *2 * ["0.45 ± 0.07"]] for n, loss in (("5", "1"), ("20", "0.785"))],
    )
    assert published_table(summary(rows_of(one, lambda s, seed: 0.0)))[1] == []


def test_a_loss_of_nought_has_its_place_on_the_axis():
    from wmdelays.validation.reports.scan import figures

    rows = rows_of(
        settings(over={"delays": [10, 20, 41]}), lambda s, seed: 1.0 if s["delays"] > 10 else 0.5
    )
    ((_, _, figure),) = figures(rows)
    axes = figure.axes[0]
    assert axes.get_ylabel() == "loss, 1 - F1"
    low, high = axes.get_ylim()
    assert low < 0 and high > 1
    assert axes.get_yticklabels()[0].get_text() == "0"
    assert axes.get_xlabel() == "longest delay $D$ (steps)"


@pytest.mark.parametrize(
    "over",
    [
        {"rule": ["hebbian", "margin"]},
        {"prune": ["recall", "none"], "delays": [5, 10]},
        {"neurons": [20, 30, 40, 50, 60, 70, 80], "delays": [5, 10]},
        {"shortest_trigger": ["none", 3]},
        {"patterns": [2]},
        {"noise": [0, 0.1, 0.3]},
    ],
)
def test_whatever_is_scanned_has_its_figures(over):
    from wmdelays.plots.figures import figure_bytes
    from wmdelays.validation.reports.scan import figures

    found = list(figures(rows_of(settings(SMALL, over), seeds=2)))
    assert found
    for name, title, figure in found:
        assert figure_bytes(figure, "png").startswith(b"\x89PNG")


def test_scan_keeps_its_rows_and_does_not_compute_them_again(wmdelays, tmp_path, monkeypatch):
    words = ["scan", SMALL, "--over", "delays=5,10", "--set", "damaged-epochs=0", "--seeds", 2]
    words += ["--results", "rows.jsonl", "--json", "-"]
    done = wmdelays(*words, "--report", "out")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["setting"]["delays"] for one in found] == [5, 10]
    assert [one["seeds"] for one in found] == [2, 2]
    assert "All points" in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "figures" / "scan_delays.png").exists()
    before = (tmp_path / "rows.jsonl").read_bytes()
    assert len(before.splitlines()) == 5

    monkeypatch.setattr("wmdelays.validation.scans.scanning.store_points", lambda points: 1 / 0)
    again = wmdelays(*words)
    assert json.loads(again.stdout) == found
    drawn = wmdelays("scan", "--results", "rows.jsonl", "--json", "-")
    assert json.loads(drawn.stdout) == found
    assert (tmp_path / "rows.jsonl").read_bytes() == before


def test_an_interrupted_scan_keeps_what_it_has(wmdelays, tmp_path, monkeypatch):
    from wmdelays.validation.scans import scanning as module

    compute_points, calls = module.store_points, []

    def interrupted(points):
        calls.append(points)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return compute_points(points)

    words = ["scan", SMALL, "--over", "delays=5,10", "--seeds", 2, "--results", "rows.jsonl"]
    words += ["--set", "damaged_epochs=0"]
    monkeypatch.setattr(module, "store_points", interrupted)
    stopped = wmdelays(*words)
    assert stopped.returncode == 130 and stopped.stderr == "wmdelays: interrupted\n"
    assert len((tmp_path / "rows.jsonl").read_bytes().splitlines()) == 1 + 2
    assert wmdelays(*words).returncode == 0
    assert len(calls) == 3 + 2
    assert len((tmp_path / "rows.jsonl").read_bytes().splitlines()) == 1 + 4


def test_what_cannot_be_scanned_is_refused(refused, tmp_path):
    assert "name what is scanned" in refused("scan")
    assert "name what is scanned" in refused("scan", "--results", "none.jsonl")
    assert "name what is scanned" in refused("scan", SMALL, "--set", "kappa=0.1")
    for words in ([], ["--over", "delays=3"]):
        line = refused("scan", "cells.csv", *words)
        assert "there is no generator 'cells.csv'" in line and "not read" in line
    assert "not read" not in refused("scan", "bernouli", "--over", "delays=3")
    assert "bernoulli has no parameter 'kept'" in refused(
        "scan", "bernoulli:kept=1", "--over", "delays=3"
    )
    assert "bernoulli needs rate" in refused(
        "scan", "bernoulli:neurons=9,steps=99,patterns=1", "--over", "delays=3"
    )
    over = ["scan", SMALL, "--over"]
    assert "such as delays=41, not 'delays'" in refused(*over, "delays")
    assert "such as delays=41, not 'delays='" in refused(*over, "delays=")
    assert "delays has to be a whole number, not ''" in refused(*over, "delays=3,")
    assert "given twice" in refused(*over, "delays=3", "--over", "delays=4")
    assert "--seeds" in refused(*over, "seed=1,2")
    assert "there is no parameter 'depth'" in refused(*over, "depth=1,2")
    assert "--rule" in refused(*over, "delays=3", "--set", "rule=hebbian")
    assert "seeds is 0" in refused(*over, "delays=3", "--seeds", 0)
    assert "seed is -1" in refused(*over, "delays=3", "--seed", -1)
    assert "workers is 0" in refused(*over, "delays=3", "--workers", 0)
    assert "there is no folder" in refused(*over, "delays=3", "--json", "none/x.json")
    (tmp_path / "taken").write_text("a file of the user's")
    assert "taken" in refused(*over, "delays=3", "--report", "taken")
    assert "is no file of results" in refused(*over, "delays=3", "--results", "taken")
    assert (tmp_path / "taken").read_text() == "a file of the user's"
