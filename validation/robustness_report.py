"""Figures and report of `wmdelays robustness`."""

import textwrap

import numpy as np

from wmdelays.curve_plots import Curve, Panel, curves_figure
from wmdelays.validation.pages import drawn, write_results
from wmdelays.validation.robustness import (
    KINDS,
    REFERENCE,
    REFERENCE_SIZE,
    columns,
    summary,
)


def figure(rows):
    """F1 against each kind of damage, with the published values where the sizes are theirs.

    Parameters
    ----------
    rows : sequence of dict
        Rows of results; nothing else is needed.

    Returns
    -------
    matplotlib.figure.Figure
    """
    found = summary(rows)
    panels = []
    for kind in dict.fromkeys(one["kind"] for one in found):
        chosen = [one for one in found if one["kind"] == kind]
        curves = []
        for label in dict.fromkeys(map(_label, chosen)):
            points = [one for one in chosen if _label(one) == label]
            x, f1, sd = (np.array([one[key] for one in points], float) for key in _CURVE)
            curves.append(Curve(label, x, f1, sd))
        if kind in REFERENCE and all(_size(one) == REFERENCE_SIZE for one in chosen):
            x, f1 = map(np.array, zip(*REFERENCE[kind].items()))
            curves.append(Curve("the reference's code, analytic weights", x, f1, published=True))
        text = textwrap.fill(KINDS[kind].text, 38)
        panels.append(Panel(text, "F1", curves, logx=KINDS[kind].logarithmic, ylim=(-0.04, 1.06)))
    return curves_figure(panels)


_CURVE = "value", "f1", "f1_sd"


def _label(one):
    seconds = f", {one['simulator']}" if one["simulator"] != "torch" else ""
    return f"{one['name']} ({one['rule']}{seconds})"


def _size(one):
    return tuple(one[name] for name in ("neurons", "delays", "patterns"))


def write_report(rows, folder, command):
    """Write a report of rows: the curves, and the table beneath."""
    text = (
        "F1 of the recall of all patterns, over all their spikes after the trigger window at once."
        " Points are means over the draws of the damage, bars their standard deviation."
        " Random spikes at the patterns' rate come before each trigger."
    )
    picture = drawn(figure(rows), "robustness", "F1 and damage", text)
    content = columns(summary(rows))
    tables = [("All points", list(content), list(zip(*content.values())))]
    return write_results(
        folder, "Robustness of the recall", [text], [picture], tables, rows, command
    )
