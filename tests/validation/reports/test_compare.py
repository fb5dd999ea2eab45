"""The report of a comparison: what it says, what it needs, what it leaves."""

import re
import time
import xml.etree.ElementTree
from dataclasses import replace

import numpy as np
import pytest
from comparisons import build

from wmdelays import InputError, Raster, Recall
from wmdelays.contexts import Unpredictable
from wmdelays.validation.reports import compare as module
from wmdelays.validation.reports.compare import MOST_OVERLAYS, write_report
from wmdelays.validation.reports.pages import check_folder
from wmdelays.validation.work.aside import Aside
from wmdelays.words import share

COMMAND = "wmdelays compare memory.h5 --report report"


def page(comparison, folder, command=COMMAND):
    return write_report(comparison, folder, command).read_text(encoding="utf-8")


def words(text):
    """What a reader sees: the page without markup, with single spaces."""
    hidden = r"<style.*?</style>|<script.*?</script>|<[^>]*>"
    return " ".join(re.sub(hidden, " ", text, flags=re.S).split())


@pytest.fixture(scope="module")
def differing(tmp_path_factory):
    """A report with all its pictures, and its page."""
    folder = tmp_path_factory.mktemp("differing") / "new" / "report"
    return folder, page(build(lost=[1]), folder)


def test_another_process_draws_the_same(tmp_path, processors, monkeypatch):
    processors(2)
    monkeypatch.setattr(module, "_FEW", 1)
    comparison, said = build(3, lost=[1]), []
    with Aside() as aside:
        given = []
        give = aside.give
        aside.give = lambda function, overlays: [given.extend(overlays), give(function, overlays)]
        there = write_report(
            comparison, tmp_path / "there", COMMAND, aside, lambda stage, part: said.append(part)
        )
    here = write_report(comparison, tmp_path / "here", COMMAND)
    assert len(given) == 3 and said == sorted(said) and 0 < said[0] < 1 == said[-1]
    assert there.read_bytes() == here.read_bytes()
    figures = sorted(path.name for path in (tmp_path / "here" / "figures").iterdir())
    assert len(figures) > 6
    for name in figures:
        one, other = (tmp_path / folder / "figures" / name for folder in ("here", "there"))
        assert one.read_bytes() == other.read_bytes()


@pytest.fixture
def undrawn(monkeypatch):
    """Every picture is a few bytes: drawing takes its time, and many claims need no picture."""
    for name in ("overlay", "f1", "closest_call", "delays", "weights"):
        drawn = f"wmdelays.validation.reports.compare.{name}_figure"
        monkeypatch.setattr(drawn, lambda *_, **__: None)
    monkeypatch.setattr("wmdelays.plots.figures.figure_bytes", lambda _, kind: kind.encode())


def test_the_verdict_counts_the_common_spikes(undrawn, tmp_path):
    n = build().agreement().matched
    text = words(page(build(), tmp_path))
    assert (
        f"Recalled whole. All {n} stored spikes come at the very step, and no other."
        f" = The rasters agree. torch (cpu) and Brian2 (numpy) emit the same {n} spikes at dt = 0.1 ms."
        in text
    )
    assert "The rasters agree." in text and "The rasters differ." not in text


def test_the_verdict_changes_with_a_difference(differing):
    text = words(differing[1])
    at = build(lost=[1]).agreements["brian2"][1].first_difference
    assert (
        "torch (cpu) and Brian2 (numpy) differ in 1 spike at dt = 0.1 ms: 1 of torch alone" in text
    )
    assert f"the first in pattern 1 at {at:.6g} s" in text
    assert "The rasters differ." in text and "The rasters agree." not in text
    assert "≠ 1" in text and "≠ 0" not in text


def test_neurons_that_differ_have_their_distribution_drawn(undrawn, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("wmdelays.validation.reports.compare.time_constants_figure", drawn.append)
    assert "Time constants of the membranes" not in words(page(build(), tmp_path / "alike"))
    comparison = build()
    tau = np.linspace(2, 5, comparison.memory.n_neurons)
    comparison = replace(comparison, memory=replace(comparison.memory, beta=np.exp(-1 / tau)))
    text = words(page(comparison, tmp_path / "differ"))
    assert drawn == [comparison.memory] and "Time constants of the membranes" in text
    said = "time constants 2 to 5 ms, mean 3.5 ms, standard deviation 0.27 of it"
    assert text.count(said) == 2
    assert (tmp_path / "differ" / "figures" / "time_constants.png").exists()


THREE = ("torch", "compiled", "brian2")


def test_three_simulators_have_one_verdict(undrawn, tmp_path):
    n = build().agreement().matched
    text = words(page(build(simulators=THREE), tmp_path))
    assert f"torch (cpu), compiled and Brian2 (numpy) emit the same {n} spikes at dt" in text
    assert (
        "recalled in torch, compiled and Brian2" in text and "Beside torch, spike for spike" in text
    )


def test_of_three_simulators_the_one_that_differs_is_named_counted_and_drawn(tmp_path):
    comparison = build(simulators=THREE, lost=[1])
    text = words(page(comparison, tmp_path))
    n = comparison.agreement("compiled").matched
    assert f"torch (cpu) and compiled emit the same {n} spikes at dt = 0.1 ms." in text
    assert "torch (cpu) and Brian2 (numpy) differ in 1 spike at dt = 0.1 ms: 1 of torch" in text
    assert "F1 = 1.0000 in torch, 1.0000 in compiled and 0.9" in text
    assert (
        "no spike differs in compiled, 1 spike differs in Brian2. Drawn: torch and Brian2." in text
    )
    assert text.count("≠ 1") == 2 and "≠ 0" not in text
    values = comparison.as_dict()
    assert values["agreements"]["brian2"]["only_torch"] == 1 and "agreement" not in values
    assert [one["agreements"]["compiled"]["only_torch"] for one in values["patterns"]] == [0, 0]


def test_each_simulator_that_differs_has_an_overlay_of_its_own(tmp_path):
    comparison = build(n_patterns=1, simulators=("brian2", "torch", "compiled"))
    for name in ("torch", "compiled"):
        recall = comparison.simulations[name].recalls[0]
        own = recall.own
        less = Raster(own.neurons[1:], own.times[1:], own.n_neurons, own.duration)
        comparison.simulations[name].recalls[0] = Recall(recall.cue, recall.emitted, less)
    page(comparison, tmp_path)
    assert {path.stem for path in (tmp_path / "figures").glob("overlay*.png")} == {
        "overlay_pattern_0000_torch",
        "overlay_pattern_0000_compiled",
    }


def test_simulators_in_discrete_time_have_no_dt(undrawn, tmp_path):
    text = words(page(build(simulators=("torch", "compiled")), tmp_path))
    assert "torch (cpu) and compiled emit the same" in text and "dt = " not in text


def test_the_page_names_every_pattern_also_those_it_does_not_draw(undrawn, tmp_path, monkeypatch):
    monkeypatch.setattr("wmdelays.validation.reports.compare.MOST_OVERLAYS", 1)
    text = page(build(n_patterns=5, lost=[3]), tmp_path / "report")
    rows = re.findall(r'<th scope="row">(.*?)</th>', text.split("<tbody>")[1].split("</tbody>")[0])
    assert [int(re.sub(r"<[^>]*>|≠", "", row)) for row in rows] == [0, 1, 2, 3, 4]
    assert [path.name for path in (tmp_path / "report/figures").glob("overlay*.png")] == [
        "overlay_pattern_0003.png"
    ]
    assert "Left out: 0, 1, 2, 4." in words(text)
    links = set(re.findall(r'href="#(.*?)"', text))
    assert links == {"overlay_pattern_0003"} and all(f'id="{link}"' in text for link in links)


def test_a_large_closest_call_rules_rounding_out_and_a_small_one_does_not(undrawn, tmp_path):
    sure = "no order of floating point operations can change a spike"
    assert sure in words(page(build(), tmp_path))
    text = words(page(build(n_patterns=1, closest_call=1e-15), tmp_path))
    assert sure not in text and "float order may matter" in text


def test_a_closest_call_of_nought_or_none_is_no_obstacle(undrawn, tmp_path):
    text = words(page(build(n_patterns=1, closest_call=0.0), tmp_path / "nought"))
    assert "float order may matter" in text
    text = words(page(build(n_patterns=1, closest_call=None), tmp_path / "none"))
    assert "closest call was not recorded" in text


def test_text_of_the_user_is_escaped(undrawn, tmp_path):
    nasty = "<script>alert('&')</script>"
    comparison = build(
        n_patterns=1,
        made={"rule": nasty, "settings": {nasty: nasty}},
        settings={"memory_file": nasty},
    )
    text = page(comparison, tmp_path / "<b>$x_$", nasty)
    assert nasty not in text
    assert text.count("&lt;script&gt;") == 6


def test_the_page_needs_no_other_file(differing):
    # Bokeh's scripts name addresses and fetch none: test_raster.py watches a browser.
    text = re.sub(r"<script>.*?</script>", "", differing[1], flags=re.S)
    assert "http" not in re.sub('base64,[^"]*', "", text)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text) + re.findall(r"url\((.*?)\)", text)
    assert len(sources) > 5
    assert all(source.startswith(("data:image/", "#")) for source in sources)
    assert not re.search(r"<(link|iframe|object)\b", text)
    assert re.findall(r"<script[^>]*>", text) == ['<script type="application/json" id="spikes">']


def test_every_figure_is_there_as_png_and_svg(differing):
    folder, text = differing
    shown = set(re.findall(r'<figure id="(.*?)"', text))
    assert {f"overlay_pattern_000{k}" for k in range(2)} < shown
    assert {"f1_over_time", "closest_calls", "weights_by_delay", "weight_distribution"} < shown
    files = {path.name for path in (folder / "figures").iterdir()}
    assert files == {f"{name}.{kind}" for name in shown for kind in ("png", "svg")}
    for path in (folder / "figures").iterdir():
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG")
        else:
            xml.etree.ElementTree.parse(path)
    assert sorted(path.name for path in folder.iterdir()) == ["figures", "report.html"]


def test_the_same_comparison_gives_the_same_bytes(differing, tmp_path):
    page(build(lost=[1]), tmp_path)
    for path in differing[0].rglob("*.*"):
        again = tmp_path / path.relative_to(differing[0])
        assert again.read_bytes() == path.read_bytes(), path.name


def test_an_older_report_is_replaced_and_other_files_stay(undrawn, tmp_path):
    page(build(n_patterns=3), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "figures" / "overlay_of_mine.png").write_text("mine")
    text = page(build(n_patterns=1, lost=[0]), tmp_path)
    assert "The rasters differ." in text
    overlays = {path.name for path in (tmp_path / "figures").glob("overlay*")}
    assert overlays == {
        "overlay_pattern_0000.png",
        "overlay_pattern_0000.svg",
        "overlay_of_mine.png",
    }
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("taken", ["", "figures"])
def test_a_file_in_the_way_ends_in_one_line_and_stays_as_it_was(undrawn, tmp_path, taken):
    folder = tmp_path / "report"
    if taken:
        folder.mkdir()
    (folder / taken).write_text("mine")
    for attempt in (check_folder, lambda folder: write_report(build(1), folder, COMMAND)):
        with pytest.raises(InputError, match="is no folder") as raised:
            attempt(folder)
        assert str(folder) in str(raised.value) and "\n" not in str(raised.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / taken]
    assert (folder / taken).read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_refused(undrawn, tmp_path):
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file" / "report", "/proc/no/report"):
        with pytest.raises(InputError):
            write_report(build(1), folder, COMMAND)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_failure_half_way_leaves_nothing_new_and_nothing_changed(undrawn, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    old = tmp_path / "old"
    page(build(1), old)
    before = {path: path.read_bytes() for path in old.rglob("*.*")}
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    for folder in (old, tmp_path / "new" / "report"):
        with pytest.raises(InputError, match="No space left on device"):
            write_report(build(1, lost=[0]), folder, COMMAND)
    assert not (tmp_path / "new").exists()
    assert {path: path.read_bytes() for path in old.rglob("*.*")} == before
    assert sorted(path.name for path in old.iterdir()) == ["figures", "report.html"]


def test_an_exploded_recall_keeps_time_and_sizes_bounded(tmp_path):
    comparison = build(n_patterns=1, n_neurons=512, n_steps=600, explode=True, lost=[0])
    started = time.process_time()
    text = page(comparison, tmp_path)
    assert time.process_time() - started < 10
    assert len(text) < 4e6
    assert all(path.stat().st_size < 2e6 for path in (tmp_path / "figures").iterdir())
    assert "too many spikes to draw each" in words(text)


@pytest.mark.parametrize(
    "case",
    [
        {"silent": True, "n_synapses": 0, "closest_call": 1.0},
        {"n_neurons": 5, "step": 1 / 30, "n_steps": 11, "n_synapses": 3},
        {"n_neurons": 1, "n_synapses": 1},
    ],
)
def test_unusual_networks_have_a_report_too(tmp_path, case, recwarn):
    text = words(page(build(**{"n_patterns": 1, **case}), tmp_path))
    assert "Pattern 0" in text
    assert not recwarn.list
    if case.get("silent"):
        assert "Neither torch (cpu) nor Brian2 (numpy) emits a spike of its own" in text


def test_unpredictable_spikes_are_explained(undrawn, tmp_path, monkeypatch):
    found = Unpredictable(40, [(0, 60, 1)] * 3, [(0, 70, 1, 0, 80)] * 5)
    monkeypatch.setattr(
        "wmdelays.validation.reports.memory.unpredictable_spikes", lambda *of: found
    )
    text = words(page(build(n_patterns=1), tmp_path))
    assert "Of the 40 stored spikes after the trigger window, 8 (20 %)" in text
    assert "3 have an empty context" in text and "5 have a context that is followed by" in text


def test_a_share_below_one_is_never_shown_as_one():
    assert share(1.0) == "1.0000"
    assert share(0.5) == "0.5000"
    assert share(0.99999) == "0.999990"


def test_sixteen_overlays_are_drawn_at_most():
    assert MOST_OVERLAYS == 16


def test_simulators_that_agree_share_a_panel_of_f1(undrawn, tmp_path, monkeypatch):
    panels = []
    monkeypatch.setattr(
        "wmdelays.validation.reports.compare.f1_figure",
        lambda recalls, *_: panels.append(list(recalls)),
    )
    page(build(), tmp_path)
    page(build(simulators=THREE, lost=[1]), tmp_path)
    assert panels == [["torch and Brian2"], ["torch and compiled", "Brian2"]]
