"""Figures and report of `wmdelays robustness`."""

import textwrap
from dataclasses import replace

import numpy as np

from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.plots.figures import time_unit
from wmdelays.validation.published import REFERENCE, REFERENCE_SIZE
from wmdelays.validation.recall.damage import KINDS, THETA_MV, unit_of_potentials
from wmdelays.validation.recall.robustness import by_setting, columns, is_timed, summary
from wmdelays.validation.recall.simulators import DEFAULT
from wmdelays.validation.reports.pages import drawn, write_results


def figure(rows, steps=None):
    """F1 against each kind of damage, with the published values where the sizes are theirs.

    Of recalls in continuous time F1 is that with the lag followed, and beneath it stands the tempo.
    Where the network in discrete time is beside neurons in millivolts, its threshold is taken for 20 mV.

    Parameters
    ----------
    rows : sequence of dict
        Rows of results; nothing else is needed.
    steps : dict of str to float, optional
        Length in seconds of a step of each memory, by the name that its rows have for it. With it axes
        that count steps are in milliseconds or seconds.

    Returns
    -------
    matplotlib.figure.Figure
    """
    found = summary(rows)
    # Beside their mean, the draws themselves: a standard deviation may reach beyond 0 and 1.
    for one, (_, figures) in zip(found, by_setting(rows)):
        one["all"] = figures
    _in_time(found, steps or {})
    _name_curves(found)
    units = _units(found)
    with_tempo = {one["kind"] for one in found if is_timed(one)}
    plain, timed = {}, {}
    for one in found:
        kind = one["kind"]
        label = KINDS[kind].label(units.get(kind))
        label = label.replace("(steps)", f"({one.get('unit', 'steps')})")
        (timed if kind in with_tempo else plain).setdefault((kind, label), []).append(one)
    panels = [_panel(*key, ones, "f1", "F1", _F1) for key, ones in plain.items()]
    n_kinds = max(len(plain), len(timed))
    columns = 2 if n_kinds == 4 else min(_COLUMNS, n_kinds)
    many = not plain and n_kinds > _COLUMNS
    if many:
        columns = _MOST_COLUMNS
    if plain and timed:
        panels += [None] * (-len(panels) % columns)
    for places in _in_rows(timed.items(), columns):
        for name, label, ylim in (
            ("f1_lag_followed", "F1, lag followed", _F1),
            ("tempo_percent", "tempo (%)", None),
        ):
            panels += [_panel(*key, ones, name, label, ylim) for key, ones in places]
            panels += [None] * (-len(places) % columns)
    wide = _WIDE if columns < _MOST_COLUMNS else _NARROW
    panels = [one and replace(one, xlabel=textwrap.fill(one.xlabel, wide)) for one in panels]
    return curves_figure(panels, columns, shared=many)


_COLUMNS, _MOST_COLUMNS = 3, 4
# Letters in a line of the label of an axis.
_WIDE, _NARROW = 32, 25
_F1 = (-0.04, 1.06)
# The tempo of what is hardly there means nothing.
_HALF = 0.5


def _in_rows(values, n):
    """The values, n at a time."""
    values = list(values)
    return [values[k : k + n] for k in range(0, len(values), n)]


def _panel(kind, text, found, name, ylabel, ylim):
    """A panel of one figure against the values of a kind of damage."""
    curves = []
    for label in dict.fromkeys(one["label"] for one in found):
        points = [one for one in found if one["label"] == label]
        x = np.array([one["value"] for one in points], float)
        y = np.array([_value(name, one) for one in points], float)
        curves.append(Curve(label, x, y, draws=_draws(points, name)))
    if name == "f1" and _crosses(found, kind):
        x, f1 = map(np.array, zip(*REFERENCE[kind].items()))
        if found[0].get("unit") == "s":
            x = x / 1e3  # its steps are of 1 ms
        curves.append(Curve("the reference's code, analytic weights", x, f1, published=True))
    logarithmic, xlim = KINDS[kind].logarithmic, None
    if not logarithmic:
        # The same for panels of which some leave out points.
        x = np.concatenate([curve.x for curve in curves])
        xlim = tuple(np.array([x.min(), x.max()]) + np.array([-1, 1]) * (0.05 * np.ptp(x) or 0.5))
    return Panel(text, ylabel, curves, logx=logarithmic, ylim=ylim, xlim=xlim)


def _value(name, figures):
    """A figure of a recall or of their mean; None where it is not known or says nothing."""
    if name == "f1_lag_followed" and not is_timed(figures):
        # In discrete time a spike comes at its step or not at all.
        return figures["f1"]
    if name == "tempo_percent" and not (is_timed(figures) and figures["f1_lag_followed"] >= _HALF):
        return None
    return figures.get(name)


def _units(found):
    """The unit of membrane potentials of each kind of damage; values of one kind get the same.

    Potentials of the network in discrete time have a unit of their own, parts of its threshold. Beside
    others they are in mV.
    """
    units = {}
    for kind in {one["kind"] for one in found if KINDS[one["kind"]].in_potentials}:
        chosen = [one for one in found if one["kind"] == kind]
        own = [unit_of_potentials(one.get("neuron", "lif")) for one in chosen]
        units[kind] = own[0]
        if len(set(own)) > 1:
            units[kind] = f"mV; theta as {THETA_MV} mV"
            for one, unit in zip(chosen, own):
                if unit != "mV":
                    one["value"] *= THETA_MV
    return units


def _draws(points, name):
    """The values of a figure in every draw: where and what; None where there is one draw of each."""
    if all(one["draws"] == 1 for one in points):
        return None
    pairs = [
        (one["value"], _value(name, figures))
        for one in points
        for figures in one["all"]
        if _value(name, figures) is not None
    ]
    return tuple(np.reshape(pairs, (-1, 2)).T)


def _in_time(found, steps):
    """Count in time what a value counts in steps, where the length of all steps is known."""
    for kind in {one["kind"] for one in found if KINDS[one["kind"]].steps}:
        chosen = [one for one in found if one["kind"] == kind]
        if not all(one["memory"] in steps for one in chosen):
            continue
        longest = max(one["value"] * steps[one["memory"]] for one in chosen)
        scale, unit = time_unit(longest)
        for one in chosen:
            one["value"] *= steps[one["memory"]] * scale
            one["unit"] = unit


def _name_curves(found):
    """Give each line its `label`: the memory's name, and in brackets what it takes to tell it apart."""
    names = {one["name"] for one in found}
    enough = 1 < len(names) == len({(one["name"], one["memory"]) for one in found})
    for one in found:
        others = [] if enough else [one["rule"]]
        others += [one["simulator"]] if one["simulator"] != DEFAULT else []
        brackets = f" ({', '.join(others)})" if others else ""
        one["label"] = textwrap.fill(f"{one['name']}{brackets}", 45)


def _crosses(found, kind):
    """Whether published values belong beside what was found for this kind of damage."""
    chosen = [one for one in found if one["kind"] == kind]
    return (
        kind in REFERENCE and bool(chosen) and all(_size(one) == REFERENCE_SIZE for one in chosen)
    )


def _size(one):
    return tuple(one[name] for name in ("neurons", "delays", "patterns"))


def write_report(rows, folder, command, steps=None):
    """Write a report of rows: the curves, and the table beneath; `steps` as in `figure`."""
    text = (
        "Every pattern is cued with damage of one kind and size, or recalled by neurons that are"
        " untidy in one way, and the recall is compared with the undamaged pattern: F1, precision and"
        " recall over all patterns and all their spikes after the trigger window at once, and F1 of"
        " the pattern that is recalled worst."
    )
    before = max(row["setting"]["before"] for row in rows)
    if before:
        text += (
            f" {before} steps of random spikes at the patterns' rate come before each trigger; damage"
            " to the cue is done to them as well."
        )
    caption = "Lines are means over the draws of the damage, small dots the draws."
    made, found = figure(rows, steps), summary(rows)
    if any(_crosses(found, kind) for kind in REFERENCE):
        caption += " Crosses are what the reference's code reaches with its analytic weights."
    if any(map(is_timed, found)):
        text += (
            " Where the recall is in continuous time, F1 counts spikes within 1 ms of their times in"
            " the pattern after the lag was taken out that all share in windows of 40 ms; tempo is"
            " the slope of that lag, positive where the recall is slow, and drawn where that F1 is at"
            " least a half. Spikes that dead neurons would have are lost. In discrete time F1 counts"
            " spikes at their very step."
        )
    picture = drawn(made, "robustness", "F1 and damage", caption)
    content = columns(found)
    tables = [("All points", list(content), list(zip(*content.values())))]
    return write_results(
        folder, "Robustness of the recall", [text], [picture], tables, rows, command
    )
