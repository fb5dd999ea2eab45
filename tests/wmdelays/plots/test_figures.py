"""Text that comes from users and files, in figures."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from wmdelays import Raster, recall, retrieve, store
from wmdelays.motifs.motifs import find_motifs
from wmdelays.plots import (
    membranes_figure,
    motif_figure,
    overlay_figure,
    raster_figure,
    retrieval_figure,
    transition_figure,
)
from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.plots.figures import figure_bytes, house_style, new_figure, plain

# Formulas that are none, half a formula, what no font has, what is no text, what steers a terminal.
NAMES = ["$\\frac$", "$a_{$", "a $ b", "\\$5$", "[b]$x$[/b]", "記憶", "\udcff.h5", "\x1b[31m\x00"]


@pytest.mark.parametrize("name", [*NAMES, "n" * 250])
def test_any_name_can_be_drawn(name):
    figure = curves_figure([Panel(plain(name), "F1", [Curve(name, [1, 2], [0, 1])])])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("png", "svg"):
            assert figure_bytes(figure, kind)


def test_a_png_has_a_palette_and_keeps_white_and_what_is_rare():
    curves = [Curve("a", np.arange(200), np.arange(200) ** 2), Curve("b", [7], [3e4])]
    picture = Image.open(io.BytesIO(figure_bytes(curves_figure([Panel("x", "y", curves)]), "png")))
    assert picture.mode == "P"
    colours = picture.convert("RGB").getcolors(256)
    assert max(colours)[1] == (255, 255, 255)
    reds = [(r, g, b) for _, (r, g, b) in colours if r > 190 and g < 120 and b < 40]
    assert reds  # a single marker


@pytest.mark.parametrize("name", ["$x$", "a $ b", "\\$5$", "$$", "[b]"])
def test_it_is_shown_letter_by_letter(name):
    with house_style():
        text = new_figure(1).text(0, 0, plain(name))
    # What matplotlib makes of it: the text, and whether it is a formula.
    assert text._preprocess_math(text.get_text()) == (name, False)


def test_the_formulas_of_axes_stay_formulas():
    figure = curves_figure([Panel("number of neurons $N$", "F1", [Curve("a", [1, 2], [0, 1])])])
    text = figure.axes[0].xaxis.label
    assert text._preprocess_math(text.get_text())[1]


def test_a_long_name_loses_its_middle():
    shown = plain("a" * 100 + "b" * 100, most=30)
    assert len(shown) == 30 and shown.startswith("aaa") and shown.endswith("bbb") and "…" in shown


def test_curves_whose_long_names_look_alike_stay_apart():
    curves = [Curve("n" * 300 + end + "n" * 300, [1, 2], [k, 1]) for k, end in enumerate("ab")]
    figure = curves_figure([Panel("x", "y", curves)])
    assert len(figure.legends[0].get_texts()) == 2


def test_neurons_are_called_by_the_names_of_their_units_in_all_figures():
    units = [f"CA1-{3 * k + 2}" for k in range(12)]
    rng = np.random.default_rng(0)
    steps, neurons = np.divmod(rng.choice(100 * 12, 60, False), 12)
    pattern = Raster.from_steps(neurons, steps, 12, 100, 1e-3, units=units)
    memory = store(pattern, n_delays=20, epochs=20, damaged_epochs=0)
    recalled = recall(memory, memory.cues()[0])
    cued = retrieve(memory)
    (one,) = find_motifs(memory)
    made = [
        raster_figure(pattern),
        overlay_figure(pattern, {"compiled": recalled}),
        retrieval_figure(cued.sequence, cued.recall, np.ones((1, 50)), 20),
        transition_figure(cued.sequence, cued.recall),
        motif_figure(memory, one, 0),
    ]
    for figure in made:
        assert figure_bytes(figure, "png")
        axes = figure.axes[0]
        low, high = axes.get_ylim()
        ticks = zip(axes.get_yticks(), axes.yaxis.get_ticklabels())
        shown = {int(y): label.get_text() for y, label in ticks if low <= y <= high}
        assert axes.get_ylabel() == "unit"
        assert len(shown) > 2 and all(units[k] == name for k, name in shown.items())
    title = made[-1].axes[0].get_title(loc="left")
    assert title.startswith(f"unit {units[one.neuron[0]]} at")
    panels = membranes_figure(
        np.arange(5) * 1e-3, {7: np.zeros(5)}, [1.0], pattern, pattern, start=0, stop=0.005
    )
    assert panels.axes[0].get_ylabel() == f"unit {units[7]}\n(mV)"
