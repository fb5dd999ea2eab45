"""Figures and report of `wmdelays scan`."""

import json
import textwrap
from dataclasses import replace

import numpy as np

from wmdelays.plots.curve_axes import lay_out
from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.plots.figures import plain
from wmdelays.validation.published import PUBLISHED, SETTING
from wmdelays.validation.recall.simulators import DEFAULT, simulator
from wmdelays.validation.reports.pages import drawn, write_results
from wmdelays.validation.scans.parameters import text_of, varying
from wmdelays.validation.scans.scanning import columns, summary

LABELS = {
    "neurons": "number of neurons $N$",
    "delays": "longest delay $D$ (steps)",
    "steps": "pattern length $T$ (steps)",
    "patterns": "number of patterns $M$",
    "rate": "rate $p_A$ (per neuron and step)",
    "interval": "silent interval after a spike (steps)",
    "beta_spread": "spread of time constants, part of their mean",
    "beta": "leak, part of the membrane left after a step",
    "theta": "threshold",
    "kappa": "margin (unit of the threshold, or mV)",
    "max_synapses": "most synapses onto a neuron",
    "shortest_trigger": "shortest trigger (steps)",
}
PUBLISHED_LABEL = "published (arXiv 2604.14096)"
# More curves than this in one figure cannot be told apart.
_MOST = 6

# Figures of a row that are drawn: title of the axis, factor, and how the axis is laid out. A part
# may be 0 and may span many powers of ten.
MEASURES = {
    "loss": ("loss, 1 - F1", 1, "part"),
    "unpredictable": ("part of the spikes that\nno weights can predict", 1, "part"),
    "seconds": ("time to learn (s)", 1, "size"),
    "peak_bytes": ("peak memory (GB)", 1e-9, "size"),
    "synapses": ("synapses\n(k: thousands, M: millions)", 1, "count"),
}


def scans(settings):
    """The scanned parameters, and which settings make up each curve.

    Parameters
    ----------
    settings : sequence of dict

    Returns
    -------
    dict of str to list of list of int
        For each parameter the groups of settings that differ in this parameter alone, as places
        in `settings`. Parameters without numbers are left out if there are others.
    """
    found = {}
    for name in varying(settings):
        groups = {}
        for k, setting in enumerate(settings):
            if name in setting:
                others = {other: value for other, value in setting.items() if other != name}
                groups.setdefault(json.dumps(others, sort_keys=True), []).append(k)
        curves = [group for group in groups.values() if len(group) > 1]
        if curves:
            found[name] = curves
    numbers = {
        name: curves
        for name, curves in found.items()
        if all(is_number(settings[k][name]) for group in curves for k in group)
    }
    return numbers or found or {"patterns": [[k] for k in range(len(settings))]}


def is_number(value):
    """Whether a value of a setting has a place on an axis."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def labels(settings, name):
    """What tells curves over a parameter apart: a text for one setting of each."""
    others = [{k: v for k, v in setting.items() if k != name} for setting in settings]
    names = varying(others) if len(others) > 1 else ["rule"]
    return [
        ", ".join(f"{n.replace('_', ' ')} {text_of(one[n])}" for n in names if n in one)
        for one in others
    ]


def axis(name, values):
    """Label of a parameter's axis, the values' places on it, and whether it is logarithmic."""
    label = textwrap.fill(LABELS.get(name) or plain(name.replace("_", " ")), 40)
    if not all(map(is_number, values)):
        return label, {json.dumps(value): k for k, value in enumerate(dict.fromkeys(values))}, False
    smallest = min((value for value in values if value > 0), default=0)
    logarithmic = min(values) >= 0 and smallest > 0 and max(values) >= 8 * smallest
    return label, {json.dumps(value): value for value in values}, logarithmic


def panel(found, name, groups, measure):
    """One measure against one parameter.

    Parameters
    ----------
    found : sequence of dict
        From `summary`.
    name : str
        The parameter.
    groups : list of list of int
        The curves, from `scans`.
    measure : str
        One of `MEASURES`.

    Returns
    -------
    Panel
    """
    title, factor, _ = MEASURES[measure]
    values = [found[k]["setting"][name] for group in groups for k in group]
    published = any(_as_published(found[group[0]]["setting"], name) for group in groups)
    # All measures get the axis of the loss, with room for what is published.
    label, place, logarithmic = axis(name, values + list(PUBLISHED[name] if published else ()))
    curves = []
    texts = labels([found[group[0]]["setting"] for group in groups], name)
    for text, group in zip(texts, groups):
        lines = [found[k] for k in group]
        curves.append(
            Curve(
                text,
                np.array([place[json.dumps(one["setting"][name])] for one in lines], float),
                np.array([one["mean"][measure] for one in lines], float) * factor,
                np.array([one["sd"][measure] for one in lines], float) * factor,
            )
        )
    if measure == "loss" and published:
        x, loss = (np.array(one, float) for one in zip(*PUBLISHED[name].items()))
        curves.append(Curve(PUBLISHED_LABEL, x, loss, published=True))
    return Panel(label, title, curves, logx=logarithmic)


def _as_published(setting, name):
    same = {"generator": "bernoulli", "beta": 0.7, "theta": 1.0, **SETTING}
    return name in PUBLISHED and all(
        setting.get(other) == value for other, value in same.items() if other != name
    )


def fitted(panels):
    """The panels with labels broken into lines, so that the legend is no wider than the figure."""
    n_labels = len({curve.label for one in panels for curve in one.curves})
    width = {1: 90, 2: 45, 3: 30}.get(n_labels, 22)
    return [
        replace(
            one,
            curves=[
                replace(
                    c,
                    label=textwrap.fill(c.label, width),
                    beside=c.beside and textwrap.fill(c.beside, width),
                )
                for c in one.curves
            ],
        )
        for one in panels
    ]


def figures(rows):
    """The figures of a scan: the loss of all parameters, then all measures of each.

    Parameters
    ----------
    rows : sequence of dict
        Rows of results; nothing else is needed.

    Yields
    ------
    (str, str, matplotlib.figure.Figure)
        Name, title and figure.
    """
    found = summary(rows)
    scanned = scans([one["setting"] for one in found])
    if len(scanned) > 1:
        panels = [panel(found, name, groups, "loss") for name, groups in scanned.items()]
        if len({curve.label for one in panels for curve in one.curves}) <= _MOST + 1:
            figure = curves_figure(fitted(panels))
            for axes, one in zip(figure.axes, panels):
                lay_out(axes, one, "part")
            yield "loss", "Loss against all parameters", figure
    for name, groups in scanned.items():
        n_figures = -(-len(groups) // _MOST)
        for n in range(n_figures):
            chosen = groups[n * _MOST : (n + 1) * _MOST]
            values = [found[k]["setting"][name] for group in chosen for k in group]
            texts = None
            if not all(map(is_number, values)):
                texts = [text_of(value) for value in dict.fromkeys(values)]
            panels = [panel(found, name, chosen, measure) for measure in MEASURES]
            figure = curves_figure(fitted(panels))
            for axes, one, (_, _, layout) in zip(figure.axes, panels, MEASURES.values()):
                lay_out(axes, one, layout, texts)
                axes.set_xlim(figure.axes[0].get_xlim())
            part = f", {n + 1} of {n_figures}" if n_figures > 1 else ""
            title = f"Recall and cost against {name.replace('_', ' ')}{part}"
            yield f"scan_{name}" + (f"_{n + 1}" if part else ""), title, figure


def published_table(found):
    """The published losses and ours beside them.

    Parameters
    ----------
    found : sequence of dict
        From `summary`.

    Returns
    -------
    titles : list of str
        Parameter, value, published loss, and what tells our curves apart.
    lines : list of list of str
        Our losses as mean and standard deviation over the seeds; the mean alone of one seed.
        Empty if no setting is one of the reference's.
    """
    lines, texts = {}, {}
    for name, losses in PUBLISHED.items():
        ours = [
            one
            for one in found
            if _as_published(one["setting"], name) and one["setting"][name] in losses
        ]
        for text, one in zip(labels([one["setting"] for one in ours], name), ours):
            mean, sd = one["mean"]["loss"], one["sd"]["loss"]
            shown = f"{mean:.2g}" + (f" ± {sd:.1g}" if mean and sd is not None else "")
            lines.setdefault((name, one["setting"][name]), {})[text] = shown
            texts.setdefault(text)
    titles = ["parameter", "value", "published loss", *texts]
    return titles, [
        [name, text_of(value), f"{loss:g}", *(lines[name, value].get(text, "") for text in texts)]
        for name, losses in PUBLISHED.items()
        for value, loss in losses.items()
        if (name, value) in lines
    ]


def write_report(rows, folder, command):
    """Write a report of rows: the figures, and the table beneath.

    Parameters
    ----------
    rows : sequence of dict
        Of a results file.
    folder : str or Path
    command : str
        The command line that makes the report again.

    Returns
    -------
    Path
        The page.
    """
    text = (
        "Loss is 1 - F1 (within 1 ms for neurons in continuous time) of the recall of all patterns,"
        " over all their spikes after the trigger window at once. Points are means over the seeds,"
        " bars their standard deviation. The axes"
        " of parts are logarithmic down to the lowest power of ten that is marked, and linear from"
        " there to 0: a point at 0 means that not one spike is wrong. A spike cannot be predicted"
        " by any weights if its context is empty, or the same as another one after which the neuron"
        " is silent. Time is that of learning and of one recall, without drawing the patterns;"
        " memory is the peak of the process meanwhile, libraries included. Recalls are by the"
        f" simulator {simulator(DEFAULT).shown}, the fastest."
    )
    caption = "Means over the seeds; bars are their standard deviation."
    published = (
        " Crosses are the losses that the paper reports for its network after 16 epochs of"
        " training."
    )
    pictures = []
    for name, title, figure in figures(rows):
        crosses = PUBLISHED_LABEL in _legend(figure)
        pictures.append(drawn(figure, name, title, caption + (published if crosses else "")))
    found = summary(rows)
    content = columns(found)
    tables = [("All points", list(content), list(zip(*content.values())))]
    titles, lines = published_table(found)
    if lines:
        tables.insert(0, ("Loss beside the published one", titles, lines))
    return write_results(folder, "Scan of parameters", [text], pictures, tables, rows, command)


def _legend(figure):
    return [
        " ".join(text.get_text().split())
        for legend in figure.legends
        for text in legend.get_texts()
    ]
