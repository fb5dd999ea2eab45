"""Figures and report of `wmdelays robustness`."""

import textwrap

import numpy as np

from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.validation.published import REFERENCE, REFERENCE_SIZE
from wmdelays.validation.recall.damage import KINDS
from wmdelays.validation.recall.robustness import columns, summary
from wmdelays.validation.recall.simulators import DEFAULT
from wmdelays.validation.reports.pages import drawn, write_results


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
        if _crosses(found, kind):
            x, f1 = map(np.array, zip(*REFERENCE[kind].items()))
            curves.append(Curve("the reference's code, analytic weights", x, f1, published=True))
        text = textwrap.fill(KINDS[kind].text, 38)
        panels.append(Panel(text, "F1", curves, logx=KINDS[kind].logarithmic, ylim=(-0.04, 1.06)))
    return curves_figure(panels)


_CURVE = "value", "f1", "f1_sd"


def _label(one):
    by = f", {one['simulator']}" if one["simulator"] != DEFAULT else ""
    return textwrap.fill(f"{one['name']} ({one['rule']}{by})", 45)


def _crosses(found, kind):
    """Whether published values belong beside what was found for this kind of damage."""
    chosen = [one for one in found if one["kind"] == kind]
    return (
        kind in REFERENCE and bool(chosen) and all(_size(one) == REFERENCE_SIZE for one in chosen)
    )


def _size(one):
    return tuple(one[name] for name in ("neurons", "delays", "patterns"))


def write_report(rows, folder, command):
    """Write a report of rows: the curves, and the table beneath."""
    text = (
        "Every pattern is cued with damage of one kind and size, and the recall is compared with the"
        " undamaged pattern: F1, precision and recall over all patterns and all their spikes after"
        " the trigger window at once, and F1 of the pattern that is recalled worst."
    )
    before = max(row["setting"]["before"] for row in rows)
    if before:
        text += (
            f" {before} steps of random spikes at the patterns' rate come before each trigger; damage"
            " to the cue is done to them as well."
        )
    caption = "Points are means over the draws of the damage, bars their standard deviation."
    made, found = figure(rows), summary(rows)
    if any(_crosses(found, kind) for kind in REFERENCE):
        caption += " Crosses are what the reference's code reaches with its analytic weights."
    picture = drawn(made, "robustness", "F1 and damage", caption)
    content = columns(found)
    tables = [("All points", list(content), list(zip(*content.values())))]
    return write_results(
        folder, "Robustness of the recall", [text], [picture], tables, rows, command
    )
