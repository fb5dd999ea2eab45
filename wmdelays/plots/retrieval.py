"""Pictures of patterns that are cued one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from wmdelays.plots.figures import (
    BLUE,
    GREY,
    SHADE,
    VERMILLION,
    house_style,
    label_neurons,
    new_figure,
    time_unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from wmdelays.recalls import Recall
    from wmdelays.retrieval.sequences import Sequence
    from wmdelays.retrieval.uncued import Spontaneous


# Marks and points above these numbers are drawn as a picture; as lines the file would be large.
_VECTOR_MARKS, _VECTOR_POINTS = 2500, 20_000
# Above this many, one mark stands for all spikes of a cell of a grid this fine (columns, rows).
_SINGLE_MARKS, _GRID = 50_000, (1200, 250)
# So many columns of a trace are told apart on paper.
_COLUMNS = 1500
# What part of a row an F1 of 1 fills.
_FULL = 0.8
_MOST_CLOSE = 500


def retrieval_figure(
    sequence: Sequence,
    recall: Recall,
    f1: ArrayLike,
    width: int,
    spontaneous: Iterable[Spontaneous] = (),
) -> Figure:
    """All spikes of a sequence of cues, and beneath when each pattern is active.

    Parameters
    ----------
    sequence : Sequence
    recall : Recall
    f1 : float array, shape (n_patterns, n_windows)
        Of `sliding_best_f1` for each pattern.
    width : int
        Length of the window in steps.
    spontaneous : sequence of Spontaneous
        Recalls that were not cued; they are marked.

    Returns
    -------
    matplotlib.figure.Figure
    """
    step, n_patterns = sequence.cue.step, len(f1)
    scale, unit = time_unit(sequence.cue.n_steps * step)
    with house_style():
        rows = min(max(0.24 * n_patterns, 1.2), 7.0)
        figure = new_figure(2.9 + rows)
        raster, traces = figure.subplots(2, 1, sharex=True, height_ratios=[1.7, rows])
        _raster(raster, sequence, recall, scale)
        for onset in sequence.onsets:
            for axes in (raster, traces):
                axes.axvline(onset * step * scale, color=GREY, linewidth=0.5, zorder=0)
        _traces(traces, f1, width, step * scale)
        for k, onset in zip(sequence.order, sequence.onsets):
            span = np.array([onset, onset + sequence.trigger]) * step * scale
            traces.fill_between(
                span, k, k + _FULL, facecolor=SHADE, edgecolor="black", linewidth=0.6, zorder=1
            )
            traces.plot(span[0], k + _FULL / 2, ">", color="black", markersize=4, zorder=5)
        for k, one in enumerate(spontaneous):
            span = np.array([one.start, one.stop]) * step * scale
            # Bars of one pattern that overlap lie above one another.
            under = sum(
                other.pattern == one.pattern and other.stop > one.start for other in spontaneous[:k]
            )
            height = one.pattern + 0.86 + 0.05 * min(under, 2)
            traces.plot(span, [height] * 2, "|-", color=VERMILLION, markersize=5, linewidth=1.5)
        traces.set_xlim(0, sequence.cue.n_steps * step * scale)
        traces.set_ylim(-0.15, n_patterns + 0.05)
        labelled = np.arange(0, n_patterns, -(-n_patterns // 20))
        traces.set_yticks(labelled + _FULL / 2, [str(k) for k in labelled])
        traces.tick_params(axis="y", length=0)
        traces.set(xlabel=f"time ({unit})", ylabel="pattern")
        label_neurons(raster, sequence.patterns[0])
        handles = [
            *_spike_handles(),
            Patch(color=BLUE, label="F1 at the best lag, 0 to 1 in a row"),
        ]
        handles.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker=">",
                color="black",
                markersize=4,
                label="onset of a cue, trigger window",
            )
        )
        if len(spontaneous):
            handles.append(
                Line2D(
                    [],
                    [],
                    marker="|",
                    color=VERMILLION,
                    markersize=5,
                    linewidth=1.5,
                    label="spontaneous recall",
                )
            )
        figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def transition_figure(sequence: Sequence, recall: Recall, cue: int = 1) -> Figure:
    """A close view of the end of a cued pattern, the gap, and the next cue.

    Parameters
    ----------
    sequence : Sequence
    recall : Recall
    cue : int
        The cue that is looked at; the last, if there are not so many.

    Returns
    -------
    matplotlib.figure.Figure
    """
    step = sequence.cue.step
    onset = int(sequence.onsets[min(cue, len(sequence.onsets) - 1)])
    start = max(0, onset - 2 * sequence.trigger)
    stop = min(onset + 3 * sequence.trigger, sequence.cue.n_steps)
    scale, unit = time_unit(sequence.cue.n_steps * step)
    with house_style():
        figure = new_figure(3.4)
        axes = figure.add_subplot()
        spikes = _spikes(sequence, recall)
        spikes["stored"] = _expected(sequence)
        shown = {
            name: (steps[inside], neurons[inside])
            for name, (steps, neurons) in spikes.items()
            for inside in [(steps >= start) & (steps < stop)]
        }
        n_neurons = sequence.cue.n_recorded
        while n_neurons > 16 and _most(shown, n_neurons) > _MOST_CLOSE:
            n_neurons //= 2
        for one in sequence.onsets:
            axes.axvspan(
                *(np.array([one, one + sequence.trigger]) - 0.5) * step * scale,
                facecolor=SHADE,
                edgecolor=GREY,
                linewidth=0.5,
                zorder=0,
            )
        sizes = {"forced": 5, "cued": 7, "other": 5, "stored": 6}
        for name in ("stored", "forced", "cued", "other"):
            steps, neurons = shown[name]
            inside = neurons < n_neurons
            shape, colour = _MARKS[name]
            (drawn,) = axes.plot(
                steps[inside] * step * scale,
                neurons[inside],
                linestyle="",
                marker=shape,
                color=colour,
                markersize=sizes[name],
                markerfacecolor="none" if shape == "o" else colour,
                markeredgewidth=0 if shape == "." else 0.9,
            )
            drawn.set_clip_on(False)
            drawn.set_in_layout(False)
        axes.set_xlim((start - 0.5) * step * scale, (stop - 0.5) * step * scale)
        axes.set_ylim(-0.5, n_neurons - 0.5)
        axes.set_xlabel(f"time ({unit})")
        label_neurons(axes, sequence.patterns[0])
        handles = [_spike_handle("stored"), *_spike_handles()]
        handles.append(
            Patch(facecolor=SHADE, edgecolor=GREY, linewidth=0.5, label="trigger window")
        )
        figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


_MARKS = {
    "forced": (".", GREY),
    "cued": ("|", BLUE),
    "other": ("x", VERMILLION),
    "stored": ("o", GREY),
}
_LABELS = {
    "forced": "forced: cue or background",
    "cued": "spike of a pattern cued then",
    "other": "any other spike",
    "stored": "stored spike of a pattern cued then",
}


def _spike_handle(name):
    shape, colour = _MARKS[name]
    return Line2D(
        [],
        [],
        linestyle="",
        marker=shape,
        color=colour,
        markerfacecolor="none" if shape == "o" else colour,
        markersize=6,
        markeredgewidth=0 if shape == "." else 1,
        label=_LABELS[name],
    )


def _spike_handles():
    return [_spike_handle(name) for name in ("cued", "other", "forced")]


def _most(shown, n_neurons):
    return max(int((neurons < n_neurons).sum()) for _, neurons in shown.values())


def _expected(sequence):
    """Spikes of all cued patterns in their time: steps and neurons."""
    expected = [sequence.spikes(k) for k in range(len(sequence.order))]
    return tuple(np.concatenate(part) for part in zip(*expected))


def _spikes(sequence, recall):
    """Steps and neurons of the spikes of each kind."""
    step, n_neurons = sequence.cue.step, sequence.cue.n_recorded
    steps, neurons = _expected(sequence)
    # Latent neurons are no part of what is retrieved.
    own = recall.own.first_neurons(n_neurons)
    own = own.steps(step), own.neurons
    cued = np.isin(own[0] * n_neurons + own[1], steps * n_neurons + neurons)
    return {
        "forced": (sequence.cue.spikes.steps(step), sequence.cue.spikes.neurons),
        "cued": (own[0][cued], own[1][cued]),
        "other": (own[0][~cued], own[1][~cued]),
    }


def _raster(axes, sequence, recall, scale):
    """All spikes, wrong ones above the others."""
    step = sequence.cue.step
    for name, (steps, neurons) in _spikes(sequence, recall).items():
        if len(steps) > _SINGLE_MARKS:
            steps, neurons = _cells(steps, neurons, sequence.cue.n_steps, sequence.cue.n_recorded)
        shape, colour = _MARKS[name]
        size = float(np.clip(220 / np.sqrt(max(len(steps), 1)), 1.5, 5))
        axes.plot(
            steps * step * scale,
            neurons,
            linestyle="",
            marker=shape,
            color=colour,
            markersize=size,
            markeredgewidth=0 if shape == "." else 0.6,
            rasterized=len(steps) > _VECTOR_MARKS,
        )
    axes.set_ylim(-0.5, sequence.cue.n_recorded - 0.5)


def _cells(steps, neurons, n_steps, n_neurons):
    """One spike of each cell of a grid that holds any."""
    column, row = steps * _GRID[0] // n_steps, neurons * _GRID[1] // n_neurons
    _, first = np.unique(column * _GRID[1] + row, return_index=True)
    return steps[first], neurons[first]


def _traces(axes, f1, width, step):
    """A row for each pattern, filled up to F1; `step` in the unit of the axis."""
    n_windows = f1.shape[1]
    each = -(-n_windows // _COLUMNS)
    padded = np.pad(f1, ((0, 0), (0, -n_windows % each)))
    most = padded.reshape(len(f1), -1, each).max(axis=2)
    # A window is drawn at its middle.
    time = (np.arange(most.shape[1]) * each + (each - 1) / 2 + width / 2) * step
    # The first window says what there is from its beginning, the last one to its end.
    time = np.concatenate([[0.0], time, [(n_windows - 1 + width) * step]])
    most = np.pad(most, ((0, 0), (1, 1)), mode="edge")
    for k, row in enumerate(most):
        axes.axhline(k, color=GREY, linewidth=0.4, zorder=0)
        axes.fill_between(
            time,
            k,
            k + _FULL * row,
            color=BLUE,
            linewidth=0.3,
            zorder=2,
            rasterized=most.size > _VECTOR_POINTS,
        )
