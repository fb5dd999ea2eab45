"""Curves in panels: what tells them apart."""

import numpy as np

from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.plots.figures import figure_bytes


def marks(line):
    first, step = line.get_markevery()
    return set(np.arange(len(line.get_xdata()))[first::step])


def lines_of(curves):
    figure = curves_figure([Panel("repeat", "F1", curves)])
    assert figure_bytes(figure, "png")
    (axes,) = figure.axes
    return [container.lines[0] for container in axes.containers]


def test_curves_at_the_same_height_are_marked_at_places_of_their_own():
    x = np.arange(30.0)
    first, second = map(marks, lines_of([Curve(name, x, np.ones(30)) for name in "ab"]))
    assert first and second and not first & second


def test_every_point_with_a_spread_is_marked():
    x = np.arange(30.0)
    for line in lines_of([Curve(name, x, x, np.ones(30)) for name in "ab"]):
        assert marks(line) == set(range(30))


def test_a_spread_below_and_above_belongs_to_its_point_whatever_the_order():
    x, y = np.array([2.0, 1.0]), np.array([0.5, 1.0])
    figure = curves_figure(
        [Panel("x", "F1", [Curve("a", x, y, np.array([[0.1, 0.4], [0.2, 0.0]]))])]
    )
    (bars,) = figure.axes[0].containers[0].lines[2]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert np.allclose(ends, [[0.6, 1.0], [0.4, 0.7]])


def test_a_theory_looks_like_what_it_belongs_to_but_hollow():
    x = np.arange(3.0)
    lines = lines_of(
        [
            Curve("stored, small", x, x),
            Curve("theory, small", x, x + 1, beside="stored, small"),
            Curve("stored, large", x, x + 2),
            Curve("theory, large", x, x + 3, beside="stored, large"),
        ]
    )
    looks = [(line.get_color(), line.get_marker()) for line in lines]
    assert looks[0] == looks[1] != looks[2] == looks[3]
    assert [line.get_markerfacecolor() == "white" for line in lines] == [False, True] * 2


def test_draws_are_drawn_beside_their_mean():
    x, draws = np.arange(3.0), (np.repeat(np.arange(3.0), 2), np.array([0, 1, 0.5, 1, 1, 1.0]))
    figure = curves_figure([Panel("damage", "F1", [Curve("a", x, x, draws=draws)])])
    dots = figure.axes[0].lines[0]
    assert np.array_equal(dots.get_xydata(), np.transpose(draws))


def test_a_line_of_many_points_is_not_a_chain_of_marks():
    x = np.arange(121.0)
    (line,) = lines_of([Curve("a", x, x)])
    assert 20 <= len(marks(line)) <= 40
