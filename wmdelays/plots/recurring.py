"""Pictures of patterns that recur in a raster, and of events that keep an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from wmdelays.plots.figures import (
    BLUE,
    GREY,
    SHADE,
    VERMILLION,
    house_style,
    new_figure,
    plain,
    time_unit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from wmdelays.find.replay import Replay
    from wmdelays.find.unknown.patterns import Unknown
    from wmdelays.raster import Raster


MOST_PATTERNS, MOST_TYPES = 12, 6
_MOST_EVENTS, _MOST_NAMES = 4, 16


def recurring_figure(patterns: Sequence, raster: Raster, start: float = 0.0) -> Figure | None:
    """Recurring patterns: their spikes, and when they occur.

    Parameters
    ----------
    patterns : sequence
        With `neurons`, `lags` and `times` in seconds; the first ones are drawn.
    raster : Raster
    start : float
        When the raster begins in the recording, in seconds.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if there are no patterns.
    """
    shown = list(patterns)[:MOST_PATTERNS]
    if not shown:
        return None
    if shown[0].widths is not None:
        return _sequences_figure(shown[:MOST_TYPES], raster, start)
    longest = max(one.lags[-1] for one in shown)
    scale, unit = time_unit(start + raster.duration)
    with house_style():
        figure = new_figure(1.2 + 0.42 * len(shown))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.25, 2])
        for row, one in enumerate(shown):
            if row % 2:
                for axes in (left, right):
                    axes.axhspan(row - 0.5, row + 0.5, color=SHADE, alpha=0.45, linewidth=0)
            lags = np.array(one.lags) * 1e3
            left.plot(lags, [row] * len(lags), "|", color="black", markersize=7)
            for lag in np.unique(lags):
                units = ", ".join(
                    plain(raster.unit(n)) for n, t in zip(one.neurons, lags) if t == lag
                )
                left.annotate(
                    units,
                    (lag, row),
                    (2, 0),
                    textcoords="offset points",
                    fontsize=7.5,
                    va="center",
                )
            times = (np.array(one.times) + start) * scale
            right.plot(times, [row] * len(times), "|", color=BLUE, markersize=9)
            right.annotate(
                str(len(times)),
                (1.01, row),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
            )
        left.set_ylim(len(shown) - 0.5, -0.5)
        left.set_yticks(range(len(shown)), [str(k + 1) for k in range(len(shown))])
        left.set_xlim(-0.03 * longest * 1e3 - 0.5, longest * 1e3 * 1.3 + 1)
        left.set(xlabel="lag (ms), units beside their spikes", ylabel="pattern")
        right.set_xlim(start * scale, (start + raster.duration) * scale)
        right.set_xlabel(f"time ({unit}); at the right the number of occurrences")
    return figure


def _sequences_figure(shown, raster, start):
    """Types of sequences: when each unit fires, how precisely, and when they occur."""
    scale, unit = time_unit(start + raster.duration)
    longest = max(one.lags[-1] + max(one.widths) for one in shown) * 1e3
    with house_style():
        heights = [1.0 + 0.16 * len(one.neurons) for one in shown]
        figure = new_figure(0.4 + sum(heights))
        panels = figure.subplots(
            len(shown), 2, squeeze=False, width_ratios=[1.6, 2], height_ratios=heights
        )
        for (left, right), one in zip(panels, shown):
            rows = np.arange(len(one.neurons))
            lags, widths = np.array(one.lags) * 1e3, np.array(one.widths) * 1e3
            left.hlines(rows, lags - widths, lags + widths, color=GREY)
            left.plot(lags, rows, "|", color="black", markersize=7)
            left.set_yticks(rows, [plain(raster.unit(n), 12) for n in one.neurons], fontsize=7.5)
            left.set_ylim(len(rows) - 0.4, -0.6)
            left.set_xlim(-0.05 * longest - max(widths[0], 1), 1.05 * longest)
            left.set_ylabel("unit")
            times = (np.array(one.times) + start) * scale
            place = np.full(raster.n_neurons, -1)
            place[list(one.neurons)] = rows
            theirs = place[raster.neurons]
            when = (raster.times[theirs >= 0] + start) * scale
            right.plot(when, theirs[theirs >= 0], "|", color=GREY, markersize=3)
            right.vlines(times, -0.6, len(rows) - 0.4, color=BLUE, linewidth=0.8)
            right.set_title(f"{len(times)} occurrences", loc="left", pad=3, color=BLUE)
            right.set_ylim(left.get_ylim())
            right.set_yticks([])
            right.set_xlim(start * scale, (start + raster.duration) * scale)
        panels[-1, 0].set_xlabel("lag (ms), ± standard deviation")
        panels[-1, 1].set_xlabel(f"time ({unit})")
    return figure


def chance_figure(unknown: Unknown) -> Figure:
    """How many patterns there are, in the raster and in its surrogates.

    Parameters
    ----------
    unknown : Unknown
        See `wmdelays.find.unknown.patterns`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    n, chance = len(unknown.patterns), np.array(unknown.chance)
    if "scores" in unknown.tested:
        return _scores_figure(unknown.tested)
    with house_style():
        figure = new_figure(2.5)
        panels = figure.subplots(1, 1 + bool(unknown.candidates), squeeze=False)[0]
        edges = np.arange(-0.5, max(n, chance.max()) + 1.5, max(1, max(n, chance.max()) // 40))
        if edges[-1] < max(n, chance.max()):
            edges = np.append(edges, edges[-1] + edges[1] - edges[0])
        panels[-1].hist(chance, edges, color=GREY, label="surrogates")
        panels[-1].axvline(n, color=BLUE, linewidth=1.6, linestyle="--", label="raster")
        panels[-1].set(xlabel="significant patterns", ylabel="surrogates")
        panels[-1].yaxis.set_major_locator(MaxNLocator(integer=True))
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[-1].legend()
        if unknown.candidates:
            sizes, found, mean = (np.array(part) for part in zip(*unknown.candidates))
            panels[0].bar(sizes - 0.2, found, 0.4, color=BLUE, label="raster")
            panels[0].bar(sizes + 0.2, mean, 0.4, color=GREY, hatch="///", label="surrogates, mean")
            panels[0].set_yscale("symlog", linthresh=1)
            panels[0].set(xlabel="spikes of a pattern", ylabel="recurring patterns")
            panels[0].xaxis.set_major_locator(MaxNLocator(integer=True))
            panels[0].legend()
    return figure


def _scores_figure(tested):
    """The scores of types of sequences, and that of the best type of each surrogate."""
    scores, chance = tested["scores"], tested["scores_by_chance"]
    with house_style():
        figure = new_figure(2.5)
        axes = figure.add_subplot()
        axes.plot(
            chance, [0] * len(chance), "|", color=GREY, markersize=14, label="surrogates, best"
        )
        significant = [score for score in scores if score > max(chance)]
        other = [score for score in scores if score <= max(chance)]
        axes.plot(significant, [1] * len(significant), "o", color=BLUE, label="raster, types")
        axes.plot(other, [1] * len(other), "o", color=BLUE, markerfacecolor="none")
        axes.set_ylim(-0.6, 1.6)
        axes.set_yticks([0, 1], ["surrogates", "raster"])
        axes.set_xlim(min([0.0, *scores, *chance]) - 0.5, 1.05 * max([10.0, *scores, *chance]))
        axes.set_xlabel("score (nats)")
    return figure


def replay_figure(
    order: Sequence[int], replay: Replay, raster: Raster, start: float = 0.0
) -> Figure | None:
    """The events that keep the order best, spike by spike.

    Parameters
    ----------
    order : sequence of int
        The template's units.
    replay : Replay
    raster : Raster
    start : float
        When the raster begins in the recording, in seconds.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if no event has units enough.
    """
    shown = sorted(replay.events, key=lambda one: (one.p_value, -abs(one.correlation)))
    shown = shown[:_MOST_EVENTS]
    if not shown:
        return None
    place = np.full(raster.n_neurons, -1)
    place[np.asarray(order)] = np.arange(len(order))
    each = -(-len(order) // _MOST_NAMES)
    with house_style():
        n_rows = -(-len(shown) // 2)
        figure = new_figure(0.3 + 2.7 * n_rows)
        panels = figure.subplots(n_rows, min(2, len(shown)), squeeze=False, sharey=True).ravel()
        for axes, one in zip(panels, shown):
            inside = (raster.times >= one.start) & (raster.times < one.stop)
            inside &= place[raster.neurons] >= 0
            times = (raster.times[inside] - one.start) * 1e3
            rows = place[raster.neurons[inside]]
            axes.plot(times, rows, "|", color=GREY, markersize=6, markeredgewidth=1.2)
            rows, first = np.unique(rows, return_index=True)
            colour = BLUE if one.correlation > 0 else VERMILLION
            axes.plot(times[first], rows, "o", color=colour, markerfacecolor="none", markersize=6)
            way = "forwards" if one.correlation > 0 else "backwards"
            axes.set_title(
                f"{start + one.start:.3f} s, {way}: {one.correlation:.2f}, p = {one.p_value:.2g}",
                loc="left",
                pad=3,
            )
            axes.set_xlabel("time in the event (ms)")
            axes.set_yticks(
                range(0, len(order), each), [plain(raster.unit(k), 12) for k in order[::each]]
            )
            axes.set_ylim(-0.7, len(order) - 0.3)
        for axes in panels[:: min(2, len(shown))]:
            axes.set_ylabel("unit, in the template's order")
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
    return figure


def shuffles_figure(replay: Replay) -> Figure:
    """How many events keep the order, and how many that of shuffled templates.

    Parameters
    ----------
    replay : Replay

    Returns
    -------
    matplotlib.figure.Figure
    """
    n, chance = len(replay.counted), replay.chance.sum(axis=1)
    most = max(n, int(chance.max()))
    edges = np.arange(-0.5, most + 1.5 + max(1, most // 40), max(1, most // 40))
    with house_style():
        figure = new_figure(2.5)
        axes = figure.add_subplot()
        axes.hist(chance, edges, color=GREY, label="shuffled templates")
        axes.axvline(n, color=BLUE, linewidth=1.6, linestyle="--", label="the template")
        axes.set(xlabel="events that keep the order", ylabel="shuffled templates")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside upper center", ncols=2)
    return figure
