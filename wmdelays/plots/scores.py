"""Pictures of how well patterns are recalled, and how close to another outcome."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from wmdelays.plots.figures import (
    BLUE,
    GREY,
    SHADE,
    VERMILLION,
    house_style,
    label_time,
    new_figure,
    plain,
    time_unit,
)
from wmdelays.scores import sliding_f1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from wmdelays.raster import Raster
    from wmdelays.recalls import Recall


# Lines of more points than this together would make a large vector file.
_VECTOR_POINTS = 20_000
# Panels of simulators in a row; more would have no room for their legends.
_MOST_BESIDE = 3


def f1_figure(
    recalls: Mapping[str, Sequence[Recall]],
    patterns: Sequence[Raster],
    width: int,
    begins: float | None = None,
) -> Figure:
    """F1 in a window that slides over the recall, a panel for each simulator.

    Parameters
    ----------
    recalls : mapping of str to sequence of Recall
        The recalls of the patterns, by the name of who made them.
    patterns : sequence of Raster
    width : int
        Length of the window in steps.
    begins : float, optional
        When the patterns begin in their recording, in seconds, where all begin at one time: the axis
        then has the recording's time.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        n_columns = min(len(recalls), _MOST_BESIDE)
        n_rows = -(-len(recalls) // n_columns)
        figure = new_figure(2.4 * n_rows)
        panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
        for axes, (name, ones) in zip(panels.flat, recalls.items()):
            _f1_panel(axes, name, ones, patterns, width, begins, 8 // n_columns)
        for axes in list(panels.flat)[len(recalls) :]:
            axes.set_visible(False)
        for axes in panels[:, 0]:
            axes.set_ylabel("F1 in the window")
        panels[0, 0].set_ylim(-0.03, 1.05)
    return figure


def _f1_panel(axes, name, recalls, patterns, width, begins, n_ticks):
    cue = recalls[0].cue
    scale, unit = time_unit((begins or 0.0) + cue.n_steps * cue.step)
    curves = [sliding_f1(one, pattern, width) for one, pattern in zip(recalls, patterns)]
    time, f1 = curves[0][0] * scale, np.array([values for _, values in curves])
    if len(f1) > 1:
        axes.plot(time, f1.T, color=GREY, linewidth=0.6, rasterized=f1.size > _VECTOR_POINTS)
        axes.lines[0].set_label("each pattern")
    with warnings.catch_warnings():
        # A window in which nothing is stored or recalled has no F1: a gap in the line.
        warnings.simplefilter("ignore", RuntimeWarning)
        mean = np.nanmean(f1, axis=0)
    label = f"mean of {len(f1)} patterns" if len(f1) > 1 else "the pattern"
    axes.plot(time, mean, color=BLUE, linewidth=2.2, label=label)
    end = (cue.scored_from - cue.onset) * cue.step * scale
    axes.axvspan(0, end, facecolor=SHADE, edgecolor=GREY, linewidth=0.5, label="trigger window")
    axes.set_xlim(0, (cue.n_steps - cue.onset) * cue.step * scale)
    label_time(axes, scale, unit, begins, n_ticks=n_ticks, of_several=len(f1) > 1)
    axes.set_title(name, loc="left")
    # A perfect recall runs along the top; the middle is where curves seldom are.
    axes.legend(loc="center right" if np.nanmean(np.nan_to_num(mean, nan=1)) > 0.8 else "best")


def closest_call_figure(
    calls: Sequence[float], bound: float | None, patterns: Sequence[int], unit: str = ""
) -> Figure:
    """How near each recall came to another spike, beside what rounding can change.

    Parameters
    ----------
    calls : sequence of float
        The smallest abs(u - theta) of each recall.
    bound : float or None
        How far float order can move a membrane, see `wmdelays.rounding.rounding_bound`; None where
        that is not known.
    patterns : sequence of int
        The number of each pattern.
    unit : str
        The unit of both; by default that of theta, which has none.

    Returns
    -------
    matplotlib.figure.Figure
    """
    calls = np.asarray(calls, dtype=np.float64)
    shown = np.concatenate([calls[calls > 0], [bound] if bound else []])
    low, high = (shown.min(), shown.max()) if shown.size else (1e-3, 1.0)
    floor = low / 30
    with house_style():
        figure = new_figure(1.9)
        axes = figure.add_subplot()
        axes.set_yscale("log")
        axes.set_ylim(floor / 3, high * 10)
        if bound:
            axes.axhspan(floor / 3, bound, color=SHADE, linewidth=0, zorder=0)
            axes.axhline(bound, color="black", linestyle="--", label="bound on rounding")
        places = np.arange(len(calls))
        axes.plot(places, np.where(calls > 0, calls, np.nan), "o", color=BLUE, label="closest call")
        if (calls == 0).any():
            # A logarithm has no place for nought: an arrow at the foot of the axis.
            zero = np.flatnonzero(calls == 0)
            label = "exactly on the threshold"
            axes.plot(zero, np.full(len(zero), floor), "v", color="black", label=label)
        axes.set_xlim(-0.5, len(calls) - 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(16, integer=True, min_n_ticks=1))
        axes.xaxis.set_major_formatter(
            lambda place, _: str(patterns[int(place)]) if 0 <= place < len(patterns) else ""
        )
        smallest = f"smallest distance ({unit})" if unit else "smallest |u − θ|"
        axes.set(xlabel="pattern", ylabel=smallest)
        figure.legend(loc="outside right upper")
    return figure


@dataclass(frozen=True)
class ScoreLine:
    """A score beside others: its value, an interval, and the single ones that it sums up.

    Attributes
    ----------
    label : str
    value, low, high : float
        The score and the ends of its interval.
    each : float array, shape (n,)
        Single scores.
    marked : bool
        Whether it is what the figure is about.
    """

    label: str
    value: float
    low: float
    high: float
    each: np.ndarray
    marked: bool = False


def score_lines_figure(lines: Sequence[ScoreLine | None], xlabel: str) -> Figure:
    """Scores one below the other, each with its interval and the single scores.

    Parameters
    ----------
    lines : sequence of ScoreLine or None
        None draws a rule between two groups.
    xlabel : str
        What is scored, from 0 to 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        figure = new_figure(0.75 + 0.36 * len(lines))
        axes = figure.add_subplot()
        places = []
        for place, line in enumerate(lines):
            if line is None:
                axes.axhline(place, color=GREY, linewidth=0.8)
                continue
            places.append(place)
            colour, marker = (VERMILLION, "D") if line.marked else (BLUE, "o")
            # Single scores that are equal stand beside one another.
            spread = place + 0.24 * np.linspace(-1, 1, len(line.each)) * (len(line.each) > 1)
            axes.plot(line.each, spread, ".", color=GREY, markersize=4, zorder=2, clip_on=False)
            axes.plot([line.low, line.high], [place] * 2, color=colour, linewidth=2.4, zorder=3)
            axes.plot(
                line.value, place, marker, color=colour, markersize=7, zorder=4, clip_on=False
            )
        axes.set_yticks(places, [plain(line.label, 60) for line in lines if line is not None])
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.grid(axis="x", color=SHADE, linewidth=0.6, zorder=0)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel=xlabel)
    return figure
