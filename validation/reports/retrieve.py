"""Figures and report of `wmdelays retrieve`."""

import numpy as np

from wmdelays.machine.versions import versions
from wmdelays.plots.retrieval import retrieval_figure, transition_figure
from wmdelays.retrieval.alignment import LEAST_MATCHED, sliding_best_f1
from wmdelays.validation.recall.retrieval import cue_columns, spontaneous_columns
from wmdelays.validation.reports.pages import drawn, write_results


def traces(result):
    """The sliding F1 of every stored pattern, float of shape (n_patterns, n_windows)."""
    memory, window = result.memory, result.settings["window"]
    own = result.recall.own.first_neurons(result.memory.n_recorded)
    return np.array(
        [
            sliding_best_f1(own, pattern.recorded(), window, memory.step, memory.periodic)[0]
            for pattern in memory.patterns
        ]
    )


def write_report(result, folder, command):
    """Write a report: spikes and F1 over time, a close view, and the tables beneath."""
    memory, made = result.memory, result.sequence
    window = f"{result.settings['window'] * memory.step * 1e3:.4g} ms"
    trigger = f"{made.trigger * memory.step * 1e3:.4g} ms"
    texts = [
        result.summary,
        f"The first {trigger} of each pattern are forced on the network, which is not clamped. Between"
        f" the patterns random spikes are forced with probability {made.background:.3g} for each"
        " neuron and step. All is one simulation.",
        "F1 of a cue compares the network's own spikes, from the end of the trigger window to the end"
        " of the pattern, with the pattern at its place. Spikes of another pattern that is cued at"
        " the same time count neither for nor against; precision is the part of the spikes that"
        " belongs to any pattern cued then. A pattern is recalled if it is the one that these spikes"
        f" resemble most, at any lag, with F1 of at least {result.settings['bound']:g}; the shift is by"
        " how much later than the cue it begins.",
        "A recall is spontaneous if spikes that belong to no pattern cued then resemble a pattern as"
        f" much in a window of {window}, at any lag.",
    ]
    overview = retrieval_figure(
        made, result.recall, traces(result), result.settings["window"], result.spontaneous
    )
    pictures = [
        drawn(
            overview,
            "retrieval",
            "Which pattern is active when",
            "Above: all spikes. Below: F1 of the network's spikes against each stored pattern in a"
            f" window of {window}, drawn at its middle, with the pattern at the lag that fits best;"
            f" 0 where fewer than {LEAST_MATCHED} spikes match. Spikes of patterns active at the same"
            " time lower one another's F1 here. Grey vertical lines and arrow heads mark cue onsets,"
            " boxes the trigger windows of the cued pattern.",
        ),
        drawn(
            transition_figure(made, result.recall),
            "transition",
            "A cue, close by",
            "Circles are stored spikes of the patterns cued then; one with a line through it is"
            " recalled.",
        ),
    ]
    tables = []
    for title, columns in (
        ("Cues", cue_columns(result)),
        ("Spontaneous recalls", spontaneous_columns(result)),
    ):
        lines = list(zip(*columns.values()))
        if lines:
            tables.append((title, list(columns), lines))
    rows = [{"setting": result.settings, "versions": versions(result.settings["simulator"])}]
    return write_results(
        folder, "Patterns cued one after another", texts, pictures, tables, rows, command
    )
