"""Curves with their spread, in panels side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.plots.figures import BLUE, VERMILLION, house_style, new_figure, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure


# Colour, marker and line: each tells the curves apart alone, so that grey and colour-blind
# readers see the same.
STYLES = [
    (BLUE, "o", "-"),
    (VERMILLION, "s", "--"),
    ("#009E73", "^", ":"),
    ("#000000", "D", "-."),
    ("#CC79A7", "v", (0, (5, 1, 1, 1, 1, 1))),
    ("#56B4E9", "P", (0, (1, 2))),
    ("#E69F00", "X", (0, (8, 2))),
    ("#999999", "<", (0, (3, 1, 1, 1))),
]
# With more points than this, curves without spread are marked at places of their own.
_MARKS = 12
_MOST_MARKS = 40
_LONGEST_LABEL = 160
_FEW = 4


@dataclass(frozen=True)
class Curve:
    """A line of figures.

    Attributes
    ----------
    label : str
        Curves of the same label look the same in all panels. It is shown letter by letter, unlike
        those of axes, which may have formulas.
    x, y : float arrays, shape (n,)
    spread : float array, shape (n,) or (2, n), optional
        Half the length of the error bars, or what is below and what above; NaN for none.
    draws : float arrays (x, y), shape (n_draws,), optional
        What the points are means of, drawn as small dots.
    published : bool
        Whether these are values of others, drawn as crosses alone.
    beside : str, optional
        Label of the curve that this one belongs to, as a theory to what was measured: it gets the
        same colour and marker, hollow, and a thinner line.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    spread: np.ndarray | None = None
    draws: tuple | None = None
    published: bool = False
    beside: str | None = None


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes
    ----------
    xlabel, ylabel : str
        With the unit.
    curves : list of Curve
    logx, logy : bool
        Logarithmic axes. On the x axis nought keeps its place, left of the smallest value.
    xlim, ylim : tuple, optional
    """

    xlabel: str
    ylabel: str
    curves: list = field(default_factory=list)
    logx: bool = False
    logy: bool = False
    ylim: tuple | None = None
    xlim: tuple | None = None


def curves_figure(
    panels: Sequence[Panel | None], columns: int = 3, *, shared: bool = False
) -> Figure:
    """Panels with curves, and one legend for all.

    Parameters
    ----------
    panels : sequence of Panel or None
        None leaves a place empty.
    columns : int
        Most panels in a row.
    shared : bool
        Whether an x axis that stands beneath as well, and a y axis that stands on the left as well,
        go without their labels. Panels are smaller then.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = min(columns, len(panels))
    n_rows = -(-len(panels) // columns)
    curves = [curve for panel in panels if panel is not None for curve in panel.curves]
    labels = list(dict.fromkeys(curve.label for curve in curves))
    # Those with a style of their own.
    others = {curve.label for curve in curves if curve.published or curve.beside}
    own = [label for label in labels if label not in others]
    with house_style():
        figure = new_figure(0.45 + (1.45 if shared else 2.35) * n_rows)
        axes = figure.subplots(n_rows, columns, squeeze=False).ravel()
        handles = {}
        for place, panel in zip_longest(axes, panels):
            if panel is None:
                place.set_axis_off()
            else:
                _draw(place, panel, own, handles)
        if shared:
            _leave_out_labels(axes, panels, columns)
        figure.legend(
            [handles[label] for label in labels],
            [plain(label, _LONGEST_LABEL) for label in labels],
            loc="outside upper center",
            ncols=min(len(labels), 4),
        )
    return figure


def _leave_out_labels(axes, panels, columns):
    """Leave out labels of axes that are those of the panel beneath or on the left."""
    for k, panel in enumerate(panels):
        if panel is None:
            continue
        beneath = panels[k + columns] if k + columns < len(panels) else None
        left = panels[k - 1] if k % columns else None
        if beneath is not None and (beneath.xlabel, beneath.xlim) == (panel.xlabel, panel.xlim):
            axes[k].set_xlabel("")
            axes[k].tick_params(labelbottom=False)
        if left is not None and left.ylabel == panel.ylabel:
            axes[k].set_ylabel("")
            if left.ylim == panel.ylim is not None:
                axes[k].tick_params(labelleft=False)


def _draw(axes, panel, own, handles):
    for curve in panel.curves:
        order = np.argsort(curve.x)
        x, y = np.asarray(curve.x, float)[order], np.asarray(curve.y, float)[order]
        if curve.published:
            (line,) = axes.plot(x, y, "x", color="black", markersize=6, zorder=4)
        else:
            place = own.index(curve.beside or curve.label)
            colour, marker, dashes = STYLES[place % len(STYLES)]
            spread = None if curve.spread is None else np.asarray(curve.spread, float)[..., order]
            # Marks of many points would hide those of curves at the same height.
            every = len(own) if spread is None and len(x) > _MARKS else 1
            # As many marks as a panel has room for; the line says the rest.
            every *= -(-len(x) // (_MOST_MARKS * every)) if spread is None else 1
            if curve.draws is not None:
                dots = {"markersize": 2.8, "markerfacecolor": "none", "markeredgewidth": 0.7}
                # Where there are many curves their lines come first.
                alpha = 0.7 if len(own) <= _FEW else 0.35
                axes.plot(*curve.draws, "o", color=colour, alpha=alpha, **dots)
            line = axes.errorbar(
                x,
                y,
                spread,
                color=colour,
                marker=marker,
                markersize=3.5,
                markevery=(place % every, every),
                markerfacecolor="white" if curve.beside else colour,
                linestyle=dashes,
                linewidth=0.8 if curve.beside else 1.2,
                capsize=2,
                elinewidth=0.8,
            )
        handles.setdefault(curve.label, line)
    if panel.logx:
        values = np.concatenate([curve.x for curve in panel.curves]).astype(float)
        if (values == 0).any() and (values > 0).any():
            axes.set_xscale("symlog", linthresh=values[values > 0].min())
        else:
            axes.set_xscale("log")
    if panel.logy:
        axes.set_yscale("log")
    if panel.xlim is not None:
        axes.set_xlim(*panel.xlim)
    if panel.ylim is not None:
        axes.set_ylim(*panel.ylim)
    axes.set(xlabel=panel.xlabel, ylabel=panel.ylabel)
