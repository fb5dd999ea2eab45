"""The search for the largest number of patterns."""

import json

import pytest

from wmdelays.errors import InputError
from wmdelays.theory import capacity as theory
from wmdelays.validation.scans import limit as module
from wmdelays.validation.scans.limit import bracket, capacity, next_number, outcomes
from wmdelays.validation.scans.parameters import settings
from wmdelays.validation.work.results import Results

SMALL = "bernoulli:neurons=30,steps=80,patterns=1,rate=0.03"


def search(limit, start, precision=0.1):
    """All numbers that are tried where up to `limit` patterns can be stored."""
    stored = {}
    while (n := next_number(stored, start, precision)) is not None:
        assert n not in stored and n >= 1
        stored[n] = n <= limit
    return stored


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 16, 100, 1000, 12345])
@pytest.mark.parametrize("start", [1, 16, 500])
@pytest.mark.parametrize("precision", [0.5, 0.1, 0.001])
def test_the_search_ends_around_the_limit(limit, start, precision):
    low, high = bracket(search(limit, start, precision))
    assert low <= limit < high
    assert high <= low * (1 + precision) or high == low + 1


def test_the_search_is_short():
    assert len(search(1000, 16)) <= 12


def test_a_search_that_stores_nothing_ends_at_one():
    stored = search(0, 16)
    assert list(stored) == [16, 8, 4, 2, 1]
    assert bracket(stored) == (None, 1)


def test_the_smallest_number_that_fails_counts():
    assert bracket({4: True, 8: False, 16: True}) == (4, 8)
    assert next_number({4: True, 8: False, 16: True}, 4, 0.1) == 6


@pytest.fixture
def limited(monkeypatch):
    """Points that are stored up to a limit: 4 patterns for each delay, one less for each seed."""
    computed = []

    def store_points(points):
        computed.extend((setting["delays"], setting["patterns"], seed) for setting, seed in points)
        return [
            {
                "f1": 1.0 if setting["patterns"] <= 4 * setting["delays"] - seed else 0.5,
                "loss": 0.0 if setting["patterns"] <= 4 * setting["delays"] - seed else 0.5,
                **{"worst_pattern_f1": 0.5, "unpredictable": 0.25, "storable": 0.75},
                **{"seconds": 1.0, "peak_bytes": 10**8, "synapses": 9},
            }
            for setting, seed in points
        ]

    monkeypatch.setattr(module, "store_points", store_points)
    return computed


def test_each_setting_has_a_search_of_its_own(limited):
    found = capacity(settings(SMALL, {"delays": [5, 10]}), seeds=1, precision=0.01, start=4)
    assert [(one["setting"]["delays"], one["stored"], one["failed"]) for one in found] == [
        (5, 20, 21),
        (10, 40, 41),
    ]
    assert found[0]["theory"] == theory(30, 5, 80, 0.03)
    assert found[0]["ratio"] == 20 / found[0]["theory"]
    assert found[0]["storable"] == 0.75
    assert (found[0]["f1_stored"], found[0]["f1_failed"]) == (1.0, 0.5)
    assert "patterns" not in found[0]["setting"]


def test_the_mean_over_the_seeds_decides(limited):
    one = settings(SMALL, {"delays": [5]})
    options = {"seeds": 3, "precision": 0.01, "start": 4}
    # Seeds 0, 1 and 2 store 20, 19 and 18 patterns.
    assert capacity(one, bound=1.0, **options)[0]["stored"] == 18
    assert capacity(one, bound=0.8, **options)[0]["stored"] == 19
    assert capacity(one, bound=0.6, **options)[0]["stored"] == 20


def test_a_search_goes_on_from_its_file(limited, tmp_path):
    one = settings(SMALL, {"delays": [5]})
    with Results(tmp_path / "rows.jsonl", "capacity") as results:
        whole = capacity(one, seeds=2, start=4, results=results)
    n_points = len(limited)
    assert n_points == len(set(limited)) == len(results.rows)
    lines = (tmp_path / "rows.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "rows.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:20])
    limited.clear()
    with Results(tmp_path / "rows.jsonl", "capacity") as results:
        assert capacity(one, seeds=2, start=4, results=results) == whole
    assert len(limited) == n_points - 3
    assert outcomes(results.rows, 0.999) == whole


def test_the_search_starts_at_a_64th_of_the_theory(limited):
    (one,) = settings("bernoulli:neurons=1024,steps=1000,patterns=1,rate=0.001")
    capacity([one], seeds=1)
    assert limited[0][1] == round(theory(1024, 41, 1000, 0.001) / 64) == 81


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bound": 0}, "bound is 0"),
        ({"bound": 1.1}, "bound is 1.1"),
        ({"precision": 0}, "precision is 0"),
        ({"precision": float("nan")}, "precision is nan"),
        ({"start": 0}, "start is 0"),
        ({"seeds": 0}, "seeds is 0"),
    ],
)
def test_searches_that_make_no_sense_are_refused(limited, options, message):
    with pytest.raises(InputError, match=message):
        capacity(settings(SMALL, {"delays": [5]}), **options)
    assert not limited


def test_capacity_finds_what_the_network_stores(wmdelays, tmp_path):
    words = "capacity --neurons 24 --delays 16 --steps 60 --rate 0.05 --seeds 1 --precision 0.2"
    words += " --set damaged_epochs=0 --set kappa=0.05 --results rows.jsonl --json - --report out"
    done = wmdelays(*words.split())
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["stored"] < found["failed"] <= 1.2 * found["stored"]
    assert 0.3 < found["ratio"] < 1.5
    assert found["f1_stored"] >= 0.999 > found["f1_failed"]
    assert "theory" in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "figures" / "search.svg").exists()
    again = wmdelays(*words.split())
    assert json.loads(again.stdout) == [found]


def test_the_capacity_is_drawn_beside_the_theory(limited):
    from wmdelays.plots.figures import figure_bytes
    from wmdelays.validation.reports.capacity import figures

    results = Results(None, "capacity")
    over = {"delays": [5, 10], "neurons": [30, 60]}
    found = capacity(settings(SMALL, over), seeds=2, start=4, results=results)
    drawn = {name: figure for name, _, figure in figures(found)}
    assert set(drawn) == {"capacity_delays", "capacity_neurons", "search"}
    assert all(figure_bytes(figure, "svg") for figure in drawn.values())
    axes = drawn["capacity_delays"].axes[0]
    heights = sorted(tuple(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == 2)
    wanted = [tuple(theory(n, d, 80, 0.03) for d in (5, 10)) for n in (30, 60)]
    for one in wanted:
        assert any(one == pytest.approx(height) for height in heights)


def test_searches_are_drawn_few_at_a_time_and_those_along_a_parameter_together(limited):
    from wmdelays.validation.reports.capacity import figures

    over = {"delays": [5, 10, 15], "neurons": [30, 60]}
    found = capacity(settings(SMALL, over), seeds=2, start=4)
    drawn = {title: figure for name, title, figure in figures(found) if "search" in name}
    assert [title.partition(": ")[2] for title in drawn] == ["neurons 30", "neurons 60"]
    for figure in drawn.values():
        (legend,) = figure.legends
        assert [t.get_text() for t in legend.get_texts()] == ["delays 5", "delays 10", "delays 15"]


def test_no_search_is_left_out_of_the_figures(limited):
    from wmdelays.validation.reports.capacity import figures

    some = settings(SMALL, {"delays": [5, 10, 15, 20, 25]}) + settings(SMALL, {"neurons": [60, 61]})
    found = capacity([*some, settings(SMALL, options={"beta": 0.5, "delays": 9})[0]], start=4)
    shown = [figure for name, _, figure in figures(found) if "search" in name]
    assert sum(len(one.legends[0].get_texts()) for one in shown) == len(found) == 8


def test_a_capacity_that_cannot_be_searched_is_refused(refused):
    assert "--start is the first one" in refused("capacity", "--over", "patterns=3,4")
    assert "there is no parameter 'depth'" in refused("capacity", "--over", "depth=3,4")
    assert "takes no others, not 'cells.csv'" in refused("capacity", "cells.csv")
    assert "leave nothing to recall" in refused("capacity", "--steps", 41)
    assert "bound is 2" in refused("capacity", "--bound", 2)
    assert "rate is 0" in refused("capacity", "--rate", 0)
    assert "kappa is 3" in refused("capacity", "--set", "kappa=3")


def test_searches_that_stored_nothing_are_drawn():
    from wmdelays.validation.reports.capacity import figures

    setting = dict(generator="bernoulli", neurons=12, steps=40, patterns=1, rate=0.05, delays=3)
    names = ("worst_pattern_f1", "unpredictable", "storable", "seconds", "peak_bytes", "synapses")
    cost = dict.fromkeys(names, 0.5) | {"f1": 0.1, "loss": 0.9}
    rows = [
        {"setting": setting | {"rule": r}, "seed": 0, "figures": cost} for r in ("hebbian", "x")
    ]
    assert [name for name, *_ in figures(outcomes(rows, 0.9))] == ["capacity_rule", "search"]
