"""Figure and report of `wmdelays stability`."""

import numpy as np

from wmdelays.plots.stability import stability_figure
from wmdelays.validation.reports.continuous.stability_tables import (
    answers,
    level_columns,
    memory_columns,
    off,
)
from wmdelays.validation.reports.pages import as_table, drawn, write_results

_PANELS = {"tempo_percent": "tempo (%)", "wander_ms": "wander of the lag\nin 1 s (ms)"}


def figure(results, names):
    """How jitter dies in each memory, and theory beside measurement.

    Parameters
    ----------
    results : sequence of Stability
    names : sequence of str
        Of the memories.

    Returns
    -------
    matplotlib.figure.Figure
    """
    pairs = {
        label: {
            (name, f"{level.kind} {level.value:g}"): (level.theory[value], level.measured[value])
            for name, result in zip(names, results)
            for level in result.levels
        }
        for value, label in _PANELS.items()
    }
    # What theory has as nought says nothing beside the others.
    pairs = {
        label: {key: pair for key, pair in known.items() if pair[0] != 0}
        for label, known in pairs.items()
    }
    return stability_figure(
        {name: result.fadings for name, result in zip(names, results)},
        pairs,
        {
            name: np.concatenate(result.multipliers)
            for name, result in zip(names, results)
            if result.multipliers
        },
    )


def write_report(results, names, folder, command):
    """Write a report: the figure, and the tables beneath."""
    texts = [
        *answers(results, names),
        "With delta_j how late spike j is, delta_j = sum_k a_jk delta_k + noise, where a_jk = w_jk"
        " K'(t_j - t_k - d_jk) / V'(t_j); K is what an arrival does to the membrane, V' the slope with"
        " which it crosses its threshold. The a_jk come from the neurons' equations, backwards along"
        " the course that each neuron takes in the recall. Each row sums to 1, since if all is late by"
        " the same, so is the next spike; the sums that were found are in the table.",
        *off(results),
    ]
    caption = (
        "Left: standard deviation of what is left in the network's spikes of a jitter of 1 in each"
        " spike of the cue, about the shift of all spikes that stays, in stretches of 10 ms. The"
        " others: what recalls with noise do, against what theory expects; on the grey line they are"
        " the same."
    )
    picture = drawn(figure(results, names), "stability", "What becomes of jitter", caption)
    tables = [
        as_table("What becomes of jitter", memory_columns(results, names)),
    ]
    if results[0].levels:
        tables.append(as_table("Theory and measurement", level_columns(results, names)))
    rows = [{"setting": one.settings, "versions": one.as_dict()["versions"]} for one in results]
    return write_results(folder, "Stability of the recall", texts, [picture], tables, rows, command)
