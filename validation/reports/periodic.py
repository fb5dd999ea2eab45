"""Figure and report of `wmdelays periodic`."""

import numpy as np

from wmdelays.machine.versions import versions
from wmdelays.plots.curve_axes import number_repeats
from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.plots.figures import GREY
from wmdelays.validation.recall.repeats import holding_columns, repeat_columns
from wmdelays.validation.reports.pages import drawn, write_results


def figure(result):
    """F1 of each repeat, mean and worst, a curve for each noise.

    Parameters
    ----------
    result : Repeats

    Returns
    -------
    matplotlib.figure.Figure
    """
    n_repeats = result.f1[0].shape[2]
    x, mean, worst = np.arange(1, n_repeats + 1), [], []
    for noise, f1 in zip(result.noise, result.f1):
        every = f1.reshape(-1, n_repeats)
        label = f"{result.settings['damage']} {noise:g}" if noise else "no noise"
        mean.append(Curve(label, x, every.mean(axis=0)))
        worst.append(Curve(label, x, every.min(axis=0)))
    period = result.memory.n_steps * result.memory.step
    xlabel = f"repeat (each of {period * 1e3:.4g} ms)"
    of = "patterns and draws"
    made = curves_figure(
        [
            Panel(xlabel, f"F1, mean of {of}", mean, ylim=(-0.04, 1.06)),
            Panel(xlabel, f"F1, worst of {of}", worst, ylim=(-0.04, 1.06)),
        ]
    )
    for axes in made.axes:
        axes.axhline(result.bound, color=GREY, linewidth=0.8, zorder=0)
        number_repeats(axes, n_repeats)
    return made


def write_report(result, folder, command):
    """Write a report: the curves, and the tables beneath."""
    damage = result.settings["damage"]
    compared = "at the same neurons and steps"
    if result.tempo is not None:
        compared = "within 1 ms, with the lag followed that all share"
    texts = [
        f"Each pattern is cued once, by its first {result.memory.n_delays} steps, and then goes on"
        " alone. Every repeat of the network's own spikes is compared with the pattern,"
        f" {compared}; the first from the end of the trigger window on.",
        "Noise p: every spike is lost to all synapses with probability p, and random spikes at p"
        " times the patterns' mean rate are forced on the network after the trigger window."
        if damage == "noise"
        else f"Noise is {damage} as `wmdelays robustness` has it.",
        f"A pattern holds for as many repeats as reach F1 = {result.bound:g} before the first that"
        " does not.",
    ]
    caption = (
        "F1 of each repeat. Left: the mean over patterns and draws of the noise. Right: the worst of"
        f" them. The grey line is F1 = {result.bound:g}."
    )
    picture = drawn(figure(result), "periodic", "F1 of each repeat", caption)
    tables = []
    for title, columns in (
        ("How long each pattern holds", holding_columns(result)),
        ("Every repeat", repeat_columns(result)),
    ):
        tables.append((title, list(columns), list(zip(*columns.values()))))
    rows = [{"setting": result.settings, "versions": versions(result.settings["simulator"])}]
    return write_results(
        folder, "Periodic patterns, recalled over and over", texts, [picture], tables, rows, command
    )
