"""Pictures of what becomes of jitter in recalls, and of theory beside measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from wmdelays.plots.curves import STYLES
from wmdelays.plots.figures import GREY, house_style, new_figure, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from wmdelays.timing import Fading

# The jitter that is left is drawn for so many ms at a time, and down to so little.
_BIN_MS, _LEAST = 10.0, 1e-6
# What is filled tells kinds apart, the shape memories.
_FILLINGS = ("full", "none", "left", "bottom")


def stability_figure(
    fadings: Mapping[str, Sequence[Fading]],
    pairs: Mapping[str, Mapping[tuple[str, str], tuple[float, float]]],
    multipliers: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """How jitter of a cue dies, for several memories, and theory beside measurement.

    Parameters
    ----------
    fadings : mapping of str to sequence of Fading
        Of each pattern, by the name of the memory.
    pairs : mapping of str to mapping of (str, str) to (float, float)
        By the label of a panel, such as ``"tempo (%)"``: theory and measurement for each memory and
        each kind of untidiness. What is not known is NaN and left out.
    multipliers : mapping of str to complex array, optional
        Of periodic patterns, by the name of the memory.

    Returns
    -------
    matplotlib.figure.Figure
    """
    panels = [
        label
        for label, known in pairs.items()
        if any(np.isfinite(one).all() for one in known.values())
    ]
    n = 1 + len(panels) + bool(multipliers)
    names = list(fadings)
    style = {name: STYLES[k % len(STYLES)] for k, name in enumerate(names)}
    with house_style():
        figure = new_figure(3.5)
        left, *others = figure.subplots(1, n, squeeze=False)[0]
        handles = [_draw_fading(left, ones, style[name]) for name, ones in fadings.items()]
        left.set(xlabel="time after the cue (ms)", yscale="log", ylim=(_LEAST, 1))
        left.set_title("jitter that is left\nof 1 in the cue", loc="left")
        left.set_xlim(left=0)
        for axes, label in zip(others, panels):
            _draw_pairs(axes, label, pairs[label], style)
        if multipliers:
            _draw_multipliers(others[-1], multipliers, style)
        shown = [plain(name, 24) for name in names]
        columns = min(len(names), 7)
        figure.legend(handles, shown, loc="outside upper center", ncols=columns, columnspacing=1)
    return figure


def _draw_fading(axes, ones, style):
    """Draw the mean over patterns and over bins of time; gives what stands in the legend."""
    colour, marker, dashes = style
    time = np.concatenate([1e3 * (one.times - one.times[0]) for one in ones])
    wobble = np.concatenate([one.wobble for one in ones])
    place = (time // _BIN_MS).astype(int)
    counts = np.bincount(place)
    known = counts > 0
    mean = np.sqrt(np.bincount(place, wobble**2)[known] / counts[known])
    middle = (np.flatnonzero(known) + 0.5) * _BIN_MS
    (line,) = axes.plot(
        middle,
        np.maximum(mean, _LEAST / 10),
        color=colour,
        linestyle=dashes,
        linewidth=1.2,
        marker=marker,
        markersize=3.5,
        markevery=max(len(mean) // 8, 1),
    )
    return line


def _draw_pairs(axes, label, known, style):
    """Measurement against theory, with the line on which they agree."""
    kinds = list(
        dict.fromkeys(kind for (_, kind), pair in known.items() if np.isfinite(pair).all())
    )
    for (name, kind), pair in known.items():
        if np.isfinite(pair).all():
            colour, marker, _ = style[name]
            filling = _FILLINGS[kinds.index(kind) % len(_FILLINGS)]
            axes.plot(*pair, marker=marker, color=colour, fillstyle=filling, markersize=6)
    values = np.array([pair for pair in known.values() if np.isfinite(pair).all()])
    low, high = min(values.min(), 0), max(values.max(), 0)
    room = 0.07 * (high - low or 1)
    limits = low - room, high + room
    axes.plot(limits, limits, color=GREY, linewidth=0.8, zorder=0)
    axes.set(xlim=limits, ylim=limits, xlabel="theory", ylabel="measured", aspect="equal")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(label, loc="left")
    marks = [
        Line2D([], [], linestyle="", marker="o", color="black", fillstyle=_FILLINGS[k % 4])
        for k in range(len(kinds))
    ]
    axes.legend(
        marks,
        [plain(kind, 24) for kind in kinds],
        loc="lower right",
        fontsize=7.5,
        handletextpad=0.2,
        borderaxespad=0.1,
    )


def _draw_multipliers(axes, multipliers, style):
    """Multipliers of a cycle in the complex plane, with the unit circle."""
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angle), np.sin(angle), color=GREY, linewidth=0.8)
    for name, values in multipliers.items():
        colour, marker, _ = style[name]
        axes.plot(values.real, values.imag, marker, color=colour, markersize=4, fillstyle="none")
    axes.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
    axes.set_title("multipliers of a cycle", loc="left")
