"""Pictures of templates in a raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from wmdelays.find.occurrences import Coverage
from wmdelays.plots.figures import (
    BLUE,
    GREY,
    VERMILLION,
    house_style,
    label_neurons,
    new_figure,
    one_a_cell,
    plain,
    time_unit,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from wmdelays.find.found import Findings
    from wmdelays.raster import Raster


# Above so many spikes, one mark stands for all in a cell of a grid this fine (columns, rows).
_MOST_MARKS, _GRID = 8000, (1100, 250)
# So many columns of a trace are told apart on paper.
_COLUMNS = 1500
_MOST_ROWS, _MOST_CLOSE = 6, 4


def occurrences_figure(findings: Findings, raster: Raster, start: float = 0.0) -> Figure:
    """All spikes, and beneath them the completeness of templates over time.

    Parameters
    ----------
    findings : Findings
    raster : Raster
    start : float
        When the raster begins in the recording, in seconds.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = chosen_templates(findings)
    scale, unit = time_unit(start + raster.duration)
    coverage = Coverage(raster, findings.step, findings.jitter)
    stored = [one for one in findings.itself if one not in findings.occurrences]
    with house_style():
        figure = new_figure(2.3 + 0.95 * len(rows))
        panels = figure.subplots(
            1 + len(rows), 1, sharex=True, height_ratios=[1.9, *[1] * len(rows)]
        )
        above = panels[0]
        _all_spikes(above, raster, start, scale)
        label_neurons(above, raster)
        above.set_ylabel("unit")
        for axes, tested in zip(panels[1:], rows):
            first, _ = coverage.offsets(int(tested.steps[-1]))
            part = coverage.matched(tested.neurons, tested.steps) / len(tested.steps)
            high = part.max()
            time, most = _columns(part)
            axes.fill_between(
                (start + (time + first) * findings.step) * scale,
                most,
                color=BLUE,
                linewidth=0.4,
                rasterized=True,
            )
            level = tested.least_matched / len(tested.steps)
            if level <= 1:
                axes.axhline(level, color=VERMILLION, linewidth=1, linestyle="--")
            axes.set_ylim(0, max(1.0, high) * 1.22)
            axes.set_yticks([0, 0.5, 1])
            axes.set_ylabel("completeness", fontsize=7)
            name = plain(findings.templates[tested.number].label)
            axes.set_title(f"{name}, {len(tested.steps)} spikes", loc="left", pad=2)
            here = [o for o in findings.occurrences if o.template == tested.number]
            for one in here:
                where = (start + one.onset * findings.step) * scale
                axes.plot(where, 1.1, **_triangle(one))
            for one in stored:
                if one.template == tested.number:
                    axes.plot((start + one.onset * findings.step) * scale, 1.1, **_triangle(one))
        for one in (*findings.occurrences, *stored):
            where = (start + one.onset * findings.step) * scale
            above.plot(where, raster.n_neurons, **_triangle(one))
        above.set_ylim(-0.8, raster.n_neurons)
        ticks = np.unique(np.linspace(0, raster.n_neurons - 1, 4).astype(int))
        above.set_yticks(ticks, [plain(raster.unit(n)) for n in ticks])
        panels[-1].set_xlabel(f"time ({unit})")
        panels[-1].set_xlim(start * scale, (start + raster.duration) * scale)
        figure.legend(
            handles=[
                Line2D(
                    [],
                    [],
                    linestyle="",
                    marker="v",
                    color="black",
                    markersize=4,
                    label="occurrence",
                ),
                *[
                    Line2D(
                        [],
                        [],
                        linestyle="",
                        marker="v",
                        color="black",
                        markerfacecolor="white",
                        markersize=4,
                        label="the stored stretch itself",
                    )
                ][: len(findings.itself)],
                Patch(color=BLUE, label="completeness"),
                Line2D(
                    [],
                    [],
                    color=VERMILLION,
                    linestyle="--",
                    linewidth=1,
                    label="what an occurrence needs",
                ),
            ],
            loc="outside upper center",
            ncols=3 + bool(findings.itself),
        )
    return figure


def _triangle(one):
    face = "white" if one.itself else "black"
    return {
        "marker": "v",
        "color": "black",
        "markerfacecolor": face,
        "markersize": 4,
        "clip_on": False,
    }


def chosen_templates(findings, most=_MOST_ROWS):
    """The templates to be shown: most occurrences first, then the best matched."""
    number = {one.number: 0 for one in findings.tested}
    for one in findings.occurrences:
        number[one.template] += 1
    return sorted(
        findings.tested,
        key=lambda one: (-number[one.number], -one.best / len(one.steps), one.number),
    )[:most]


def close_figure(findings: Findings, raster: Raster, start: float = 0.0) -> Figure | None:
    """The occurrences with the highest and the lowest scores, spike by spike.

    Parameters
    ----------
    findings, raster, start
        See `occurrences_figure`.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there is no occurrence.
    """
    shown = sorted(findings.occurrences, key=lambda one: -one.score)
    if not shown:
        return None
    if len(shown) > _MOST_CLOSE:
        shown = shown[: _MOST_CLOSE // 2] + shown[-_MOST_CLOSE // 2 :]
    tested = {one.number: one for one in findings.tested}
    coverage = Coverage(raster, findings.step, findings.jitter)
    with house_style():
        n_rows = -(-len(shown) // 2)
        figure = new_figure(0.4 + 2.9 * n_rows)
        panels = figure.subplots(n_rows, min(2, len(shown)), squeeze=False).ravel()
        for axes, one in zip(panels, shown):
            _close(axes, one, tested[one.template], findings, raster, start, coverage)
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        figure.legend(
            handles=[
                _mark("|", GREY, "spike of the raster"),
                _mark("o", BLUE, "spike of the template, matched", "none"),
                _mark("x", VERMILLION, "missing"),
            ],
            loc="outside upper center",
            ncols=3,
        )
    return figure


def maxima_figure(findings: Findings) -> Figure:
    """The highest scores in the surrogates, and those of the occurrences.

    Parameters
    ----------
    findings : Findings

    Returns
    -------
    matplotlib.figure.Figure
    """
    scores = np.array([one.score for one in findings.occurrences] or [findings.best_score])
    chance = findings.chance_score
    edges = np.linspace(
        min(chance.min(), scores.min()), max(chance.max(), scores.max(), chance.min() + 1), 41
    )
    with house_style():
        figure = new_figure(2.6)
        axes = figure.add_subplot()
        axes.hist(chance, edges, color=GREY, label="highest score in each surrogate")
        axes.hist(
            scores,
            edges,
            histtype="step",
            color=BLUE,
            linewidth=1.4,
            hatch="///",
            label="occurrences in the raster"
            if findings.occurrences
            else "highest score in the raster",
        )
        if findings.least_score is not None:
            axes.axvline(
                findings.least_score,
                color=VERMILLION,
                linestyle="--",
                linewidth=1,
                label="what an occurrence needs",
            )
        axes.set(
            xlabel="score: matched spikes above the best by chance, in standard deviations",
            ylabel="number",
        )
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside upper center", ncols=3)
    return figure


def _mark(shape, colour, label, face=None):
    return Line2D(
        [],
        [],
        linestyle="",
        marker=shape,
        color=colour,
        markerfacecolor=colour if face is None else face,
        markersize=6,
        label=label,
    )


def _all_spikes(axes, raster, start, scale):
    times, neurons = raster.times, raster.neurons
    if len(times) > _MOST_MARKS:
        times, neurons = one_a_cell(raster, *_GRID)
    size = float(np.clip(140 / np.sqrt(max(len(times), 1)), 1.2, 5))
    axes.plot(
        (start + times) * scale,
        neurons,
        "|",
        color=GREY,
        markersize=size,
        markeredgewidth=0.6,
        rasterized=True,
    )


def _columns(part):
    """A trace in as many columns as paper has: places of their middles, and their maxima."""
    each = -(-len(part) // _COLUMNS)
    padded = np.pad(part, (0, -len(part) % each))
    most = padded.reshape(-1, each).max(axis=1)
    return np.arange(len(most)) * each + (each - 1) / 2, most


def _close(axes, one, tested, findings, raster, start, coverage):
    """One occurrence; units in the order in which the template has them."""
    step = findings.step
    span = max(int(tested.steps[-1]), 1)
    low, high = one.onset - 0.1 * span - 2, one.onset + 1.1 * span + 2
    order = np.argsort(tested.steps, kind="stable")
    rank = {int(n): k for k, n in enumerate(dict.fromkeys(tested.neurons[order].tolist()))}
    scale, unit = (1e3, "ms") if span * step < 2 else (1.0, "s")
    origin = one.onset * step
    steps = raster.steps(step)
    inside = (steps >= low) & (steps <= high) & np.isin(raster.neurons, list(rank))
    axes.plot(
        (steps[inside] * step - origin) * scale,
        [rank[n] for n in raster.neurons[inside].tolist()],
        "|",
        color=GREY,
        markersize=7,
        markeredgewidth=1.2,
    )
    deviations = coverage.deviations(tested.neurons, tested.steps, one.onset)
    matched = np.abs(deviations) <= findings.jitter
    place = np.array([rank[n] for n in tested.neurons.tolist()])
    size = float(np.clip(60 / np.sqrt(len(place)), 3, 6))
    for chosen, shape, colour, face in (
        (matched, "o", BLUE, "none"),
        (~matched, "x", VERMILLION, VERMILLION),
    ):
        axes.plot(
            tested.steps[chosen] * step * scale,
            place[chosen],
            linestyle="",
            marker=shape,
            color=colour,
            markerfacecolor=face,
            markersize=size,
            markeredgewidth=0.9,
        )
    name = plain(findings.templates[tested.number].label)
    axes.set_title(
        f"{name}: {one.n_matched} of {len(place)} at {start + origin:.3f} s", loc="left", pad=3
    )
    names = list(rank)
    each = -(-len(names) // 12)
    axes.set_yticks(range(0, len(names), each), [plain(raster.unit(n)) for n in names[::each]])
    axes.set_xlim((low - one.onset) * step * scale, (high - one.onset) * step * scale)
    axes.set(xlabel=f"time from the occurrence ({unit})", ylabel="unit, in the template's order")
