"""Axes of curves: where their ticks stand and what they say."""

import math

import numpy as np
from matplotlib.ticker import (
    EngFormatter,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from wmdelays.plots.figures import plain

_PLAIN = FuncFormatter(lambda value, _: f"{value:g}")


def lay_out(axes, panel, layout, names=None):
    """Lay out the y axis, and name the values of a parameter without numbers.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    panel : Panel
        What is drawn on them.
    layout : {"part", "size", "count"}
        A part goes from 0 to 1, on a logarithmic axis down to the smallest one and then on a linear
        one to 0. Sizes and counts are logarithmic where the largest is 20 times the smallest.
    names : sequence of str, optional
        Names of the places 0, 1, … on the x axis.
    """
    y = np.concatenate([curve.y for curve in panel.curves])
    if layout == "part":
        smallest = y[y > 0].min() if (y > 0).any() else 1e-4
        decade = max(min(math.floor(math.log10(smallest)), -2), -12)
        axes.set_yscale("symlog", linthresh=10.0**decade, linscale=0.6)
        axes.set_ylim(-(10.0**decade) * 0.25, 2)
        decades = range(decade, 1, 1 if decade >= -5 else 2)
        axes.set_yticks([0, *(10.0**k for k in decades)])
        axes.set_yticklabels(["0", *(f"$10^{{{k}}}$" if k else "1" for k in decades)])
        axes.yaxis.minorticks_off()
    else:
        tops = [c.y if c.spread is None else c.y + np.nan_to_num(c.spread) for c in panel.curves]
        # What was not found has no place, and nothing may have been found at all.
        top = np.nan_to_num(np.concatenate(tops)).max() or 1.0
        if (y > 0).all() and y.max() >= 20 * y.min():
            axes.set_yscale("log")
            axes.set_ylim(y.min() / 1.5, top * 1.5)
            subs = (1.0,) if y.max() >= 300 * y.min() else (1.0, 2.0, 5.0)
            axes.yaxis.set_major_locator(LogLocator(subs=subs))
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_ylim(0, top * 1.1)
        axes.yaxis.set_major_formatter(EngFormatter(sep="") if layout == "count" else _PLAIN)
    x = np.concatenate([curve.x for curve in panel.curves])
    if names is not None:
        axes.set_xticks(range(len(names)), [plain(name, 24) for name in names])
        axes.margins(x=0.2)
    elif panel.logx:
        low, high = x[x > 0].min(), x.max()
        if (x > 0).all() and high < 60 * low:
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.xaxis.set_minor_locator(NullLocator())
        if low >= 0.01:
            axes.xaxis.set_major_formatter(_PLAIN)
    elif len(set(x)) <= 4:
        axes.set_xticks(sorted(set(x)))
    elif not (x % 1).any():
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=3))


def number_repeats(axes, n):
    """Let the x axis count n repeats from 1 on.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    n : int
    """
    axes.set_xlim(0.5, n + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
