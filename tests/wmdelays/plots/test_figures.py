"""Text that comes from users and files, in figures."""

import warnings

import pytest

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
