"""Figures and report of `wmdelays capacity`."""

import json

import numpy as np

from wmdelays.plots.curve_axes import lay_out
from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.validation.recall.simulators import DEFAULT, simulator
from wmdelays.validation.reports.pages import drawn, write_results
from wmdelays.validation.reports.scan import MEASURES, axis, fitted, is_number, labels, scans
from wmdelays.validation.scans.limit import columns, outcomes
from wmdelays.validation.scans.parameters import text_of, varying

# More searches than this in one figure cannot be told apart: each has one curve where its numbers
# of patterns are drawn, and two beside the theory.
_SEARCHES, _CURVES = 4, 3


def search_figure(found):
    """Loss and cost against the number of patterns, a curve for each search.

    Parameters
    ----------
    found : sequence of dict
        From `outcomes`, four at most.

    Returns
    -------
    matplotlib.figure.Figure
    """
    panels = []
    for measure in MEASURES:
        title, factor, _ = MEASURES[measure]
        curves = []
        for text, one in zip(labels([one["setting"] for one in found], "patterns"), found):
            m = np.array([tried["setting"]["patterns"] for tried in one["tried"]], float)
            y, sd = (
                np.array([tried[part][measure] for tried in one["tried"]], float) * factor
                for part in ("mean", "sd")
            )
            curves.append(Curve(text, m, y, sd))
        panels.append(Panel("number of patterns $M$", title, curves, logx=True))
    figure = curves_figure(fitted(panels))
    for axes, panel, (_, _, layout) in zip(figure.axes, panels, MEASURES.values()):
        lay_out(axes, panel, layout)
    return figure


def capacity_figure(found, name, groups):
    """The numbers of patterns that were stored and that failed against a parameter.

    Parameters
    ----------
    found : sequence of dict
        From `outcomes`.
    name : str
        The parameter.
    groups : list of list of int
        Places in `found` that make up each curve, three at most.

    Returns
    -------
    matplotlib.figure.Figure
    """
    values = [found[k]["setting"][name] for group in groups for k in group]
    label, place, logarithmic = axis(name, values)
    stored, parts = [], []
    texts = labels([found[group[0]]["setting"] for group in groups], name)
    for text, group in zip(texts, groups):
        of = f", {text}" if len(groups) > 1 else ""
        lines = [found[k] for k in group]
        x = np.array([place[json.dumps(one["setting"][name])] for one in lines], float)
        for title, key in (("stored", "stored"), ("theory", "theory")):
            # On a logarithmic axis there is no place for searches that found nothing.
            y = np.array([one[key] or np.nan for one in lines], float)
            stored.append(
                Curve(title + of, x, y, beside=None if key == "stored" else "stored" + of)
            )
        if len(groups) == 1:
            y = np.array([one["failed"] or np.nan for one in lines], float)
            stored.insert(1, Curve("failed", x, y))
        ratio = np.array([one["ratio"] for one in lines], float)
        parts.append(Curve("stored" + of, x, ratio))
    panels = [
        Panel(label, "number of patterns $M$", stored, logx=logarithmic),
        Panel(label, "largest number stored,\nas a part of the theory's", parts, logx=logarithmic),
    ]
    figure = curves_figure(fitted(panels))
    names = None
    if not all(map(is_number, values)):
        names = [text_of(value) for value in dict.fromkeys(values)]
    for axes, panel in zip(figure.axes, panels):
        lay_out(axes, panel, "size", names)
    return figure


def figures(found):
    """The figures of searches.

    Parameters
    ----------
    found : sequence of dict
        From `outcomes`.

    Yields
    ------
    (str, str, matplotlib.figure.Figure)
        Name, title and figure.
    """
    if len(found) > 1:
        for name, groups in scans([one["setting"] for one in found]).items():
            if name == "patterns":
                continue
            for n in range(0, len(groups), _CURVES):
                part = f"_{n // _CURVES + 1}" if len(groups) > _CURVES else ""
                figure = capacity_figure(found, name, groups[n : n + _CURVES])
                title = f"Patterns stored against {name.replace('_', ' ')}"
                yield f"capacity_{name}{part}", title, figure
    names, chunks = varying([one["setting"] for one in found]), _together(found)
    for n, chunk in enumerate(chunks, 1):
        moving = varying([one["setting"] for one in chunk])
        same = {name: chunk[0]["setting"].get(name) for name in names if name not in moving}
        of = ", ".join(f"{name.replace('_', ' ')} {text_of(value)}" for name, value in same.items())
        title = "Recall and cost against the number of patterns"
        if len(chunks) > 1:
            title += f": {of}" if of else f", {n} of {len(chunks)}"
        part = f"_{n}" if len(chunks) > 1 else ""
        yield f"search{part}", title, search_figure(chunk)


def _together(found):
    """The searches of each figure: those in which one parameter moves, of many values the most."""
    if len(found) <= _SEARCHES:
        return [found]
    scanned = scans([one["setting"] for one in found]).values()
    groups = max(scanned, key=lambda groups: max(map(len, groups)))
    alone = set(range(len(found))).difference(*groups)
    return [
        [found[k] for k in group[n : n + _SEARCHES]]
        for group in [*groups, sorted(alone)]
        for n in range(0, len(group), _SEARCHES)
    ]


def write_report(rows, bound, folder, command):
    """Write a report of rows: the figures, and the table beneath.

    Parameters
    ----------
    rows : sequence of dict
        Of a results file.
    bound : float
        F1 from which on patterns are stored.
    folder : str or Path
    command : str
        The command line that makes the report again.

    Returns
    -------
    Path
        The page.
    """
    found = outcomes(rows, bound)
    text = (
        f"Patterns are stored if the mean of F1 over the seeds is at least {bound:g}; for neurons in"
        " continuous time that is F1 within 1 ms. The theory is"
        " Gardner's capacity of a perceptron: M = alpha(p_A) N D / (T - D), without leak, reset,"
        " margin and closed loop. Axes of parts are logarithmic down to the lowest power of ten"
        " that is marked, and linear from there to 0. Recalls are by the simulator"
        f" {simulator(DEFAULT).shown}, the fastest."
    )
    pictures = []
    for name, title, figure in figures(found):
        caption = (
            "Each point is one number of patterns, with the mean over the seeds; bars are their"
            " standard deviation."
        )
        if not name.startswith("search"):
            legend = " ".join(text.get_text() for text in figure.legends[0].get_texts())
            failed = ", the smallest that failed" if "failed" in legend else ""
            caption = f"The largest number that is stored{failed}, and the theory (Gardner 1988)."
        pictures.append(drawn(figure, name, title, caption))
    content = columns(found)
    tables = [("All searches", list(content), list(zip(*content.values())))]
    return write_results(folder, "Capacity", [text], pictures, tables, rows, command)
