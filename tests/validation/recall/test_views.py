"""What results say of themselves, in one line and in a notebook."""

import re
from dataclasses import replace
from html import unescape

import pytest

import wmdelays
from wmdelays import Memory, Raster
from wmdelays.validation import Simulator, register
from wmdelays.validation.recall.simulators import SIMULATORS


@pytest.fixture(scope="module")
def memory():
    patterns = wmdelays.bernoulli(n_neurons=40, n_steps=60, n_patterns=2, rate=0.03)
    return wmdelays.store(patterns, n_delays=20)


@pytest.fixture
def forgetful():
    """A simulator, with a name that means something to HTML, that loses a spike of pattern 1."""

    def recall(memory, cues, *, dt, device, neuron, progress):
        first, second = wmdelays.recall(memory, cues)
        own = second.own
        less = Raster(own.neurons[1:], own.times[1:], own.n_neurons, own.duration)
        return [first, replace(second, own=less)]

    register(Simulator("forgetful", lambda: recall, "<b>forgetful"))
    yield "forgetful"
    del SIMULATORS["forgetful"]


def test_a_comparison_says_whether_spikes_are_the_same(memory, forgetful):
    same = wmdelays.compare(memory, ["compiled", "torch"])
    assert repr(same) == (
        "<Comparison: 2 patterns, compiled F1 1.0000, torch F1 1.0000; the same spikes>"
    )
    other = wmdelays.compare(memory, ["compiled", forgetful])
    assert repr(other).endswith("; 1 spike in one alone>")


def test_a_notebook_shows_the_pattern_in_which_simulators_differ(memory, forgetful, monkeypatch):
    from wmdelays.plots import rasters

    titles, drawn = [], rasters.overlay_figure
    monkeypatch.setattr(
        rasters,
        "overlay_figure",
        lambda *a, title, **k: titles.append(title) or drawn(*a, title=title, **k),
    )
    html = wmdelays.compare(memory, ["compiled", forgetful])._repr_html_()
    assert titles == ["pattern 1"]
    wmdelays.compare(memory, ["compiled", "torch"])._repr_html_()
    assert titles == ["pattern 1", "pattern 0"]
    assert "<b>" not in html and "F1 <b>forgetful" in unescape(html)
    rows = re.findall(r"<td>(.*?)</td>", html)
    assert len(rows) == 12 and rows[:2] == ["0", "1.0000"]


def test_other_results_say_what_came_out(memory):
    result = wmdelays.retrieve(memory, [1, 0])
    assert repr(result) == f"<Retrieval: {result.summary[:-1]}>"
    cycles = wmdelays.periodic(n_neurons=40, n_steps=60, n_patterns=1, rate=0.03)
    periodic = wmdelays.store(cycles, n_delays=20, periodic=True)
    held = wmdelays.recall_periodic(periodic, repeats=3, noise=[0.0, 1.0], draws=2)
    assert repr(held) == (
        "<Repeats: 1 pattern of 60 steps, 3 repeats; without noise all hold to the end, at noise 1"
        " 0 of 2 hold to the end>"
    )


def test_robustness_takes_memories_and_files_alike(memory, tmp_path):
    path = tmp_path / "memory.h5"
    wmdelays.write_memory(path, memory)
    options = {"damage": ["silenced"], "values": [0, 30], "draws": 2, "before": 5}
    rows = wmdelays.robustness(memory, **options)
    assert [row["figures"]["f1"] for row in rows][0] == 1.0
    kept = tmp_path / "rows.jsonl"
    of_file = wmdelays.robustness([path], results=kept, **options)
    assert [(row["setting"], row["figures"]) for row in of_file] == [
        (row["setting"], row["figures"]) for row in rows
    ]
    assert len(kept.read_text().splitlines()) == 1 + len(rows)
    two = wmdelays.robustness([memory, memory], **options)
    assert {row["setting"]["name"] for row in two} == {"memory 0", "memory 1"}


def test_nothing_is_left_of_a_memory_that_was_damaged(memory, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    silent = Memory(3, 2, 1e-3, 0.5, 1.0, [0], [1], [1], [1.0])
    with pytest.raises(wmdelays.InputError, match="no patterns"):
        wmdelays.robustness(silent)
    assert not list(tmp_path.iterdir())
