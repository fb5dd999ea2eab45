"""Pictures of polychronous groups: how large they are, and single ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from wmdelays.plots.figures import BLUE, GREY, SHADE, VERMILLION, house_style, new_figure
from wmdelays.polychrony.group_statistics import QUANTITIES
from wmdelays.polychrony.groups import ORIGINAL, joined_spikes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from wmdelays.polychrony.group_statistics import GroupStatistics
    from wmdelays.polychrony.groups import Group


_LABELS = dict(zip(QUANTITIES, ("spikes of a group", "layers", "time span (ms)")))
_MOST_BINS = 45
# What the rows of a group may take, in inches: numbers in the marks are read down to 0.14 for each.
_HEIGHT = 12.6
# Above these numbers of neurons rows are too low for numbers in the marks, and for each name.
NUMBERED, _NAMED = 90, 110


def names_every(n_neurons):
    """1 if the picture of a group names each of its neurons, 2 if every second one, and so on."""
    return -(-n_neurons // _NAMED)


def group_sizes_figure(statistics: GroupStatistics) -> Figure:
    """How many groups there are of each size, number of layers and time span.

    Parameters
    ----------
    statistics : GroupStatistics
        With at least one group.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        figure = new_figure(2.7)
        panels = figure.subplots(1, 3, sharey=True)
        highest = 1
        for axes, name in zip(panels, QUANTITIES):
            counted, distinct = statistics.counted[name], statistics.distinct[name]
            least, most = min(counted), max(counted)
            width = max(1, -(-(most - least + 1) // _MOST_BINS))
            edges = np.arange(least, most + width + 1, width) - 0.5
            for counts, style in (
                (counted, {"facecolor": SHADE, "edgecolor": GREY, "linewidth": 0.6}),
                (distinct, {"histtype": "step", "edgecolor": BLUE, "linewidth": 1.4}),
            ):
                values = np.array(list(counts))
                height, *_ = axes.hist(values, edges, weights=list(counts.values()), **style)
                highest = max(highest, height.max())
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.set_xlabel(_LABELS[name] + (f", in bins of {width}" if width > 1 else ""))
        panels[0].set(ylabel="groups", yscale="log", ylim=(0.7, 1.5 * highest))
        handles = [
            Patch(facecolor=SHADE, edgecolor=GREY, label="each time a group is found"),
            Line2D([], [], color=BLUE, linewidth=1.4, label="distinct groups"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def group_figure(group: Group, excitatory: ArrayLike) -> Figure:
    """The spikes of a group, and its links as lines from each spike to where it arrives.

    Parameters
    ----------
    group : Group
    excitatory : bool array, shape (n_neurons,)
        Which neurons are excitatory.

    Returns
    -------
    matplotlib.figure.Figure
    """
    # A row for each neuron, in the order of first spikes.
    order = sorted(range(len(group.spikes)), key=lambda k: (group.spikes[k][1], k))
    neurons = list(dict.fromkeys(group.spikes[k][0] for k in order))
    rows = {neuron: row for row, neuron in enumerate(neurons)}
    joined = joined_spikes(group)
    layers = _layers(group, joined)
    each = float(np.clip(_HEIGHT / len(neurons), 0.055, 0.19))
    size = float(np.clip(each * 56, 4, 9.5))
    with house_style():
        figure = new_figure(1.5 + each * len(neurons))
        axes = figure.add_subplot()
        colours, norm = _shades(group.n_layers)
        _draw_links(axes, group, rows, joined, 0.7 if each > 0.1 else 0.4)
        for k, (neuron, time) in enumerate(group.spikes):
            shade = colours(norm(layers[k]))
            place = (time, rows[neuron])
            shape = "o" if excitatory[neuron] else "s"
            if (role := _role(group, k)) is not None:
                ring, colour = _RINGS[role]
                style = {"color": colour, "markeredgewidth": 1.6, "zorder": 3}
                axes.plot(*place, ring, **style, markersize=size * 1.75, fillstyle="none")
            axes.plot(
                *place,
                shape,
                markersize=size,
                markerfacecolor=shade,
                markeredgecolor="black",
                markeredgewidth=0.6,
                zorder=4,
            )
            if len(neurons) <= NUMBERED:
                axes.annotate(
                    str(layers[k]),
                    place,
                    ha="center",
                    va="center_baseline",
                    fontsize=min(6.5, size * 0.7),
                    color="white" if _is_dark(shade) else "black",
                    zorder=5,
                )
        named = range(0, len(neurons), names_every(len(neurons)))
        axes.set_yticks(named, [str(neurons[row]) for row in named])
        axes.tick_params(axis="y", length=0, labelsize=float(np.clip(each * 60, 5, 8)))
        axes.set_ylim(len(neurons) - 0.2, -0.8)
        first = min(time for _, time in group.spikes)
        axes.set_xlim(first - 0.03 * group.span_ms - 1, first + 1.03 * group.span_ms + 1)
        axes.set(xlabel="time (ms)", ylabel="neuron, in the order of first spikes")
        bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, pad=0.01, aspect=40)
        bar.set_label("layer")
        bar.ax.yaxis.set_major_locator(MaxNLocator(12, integer=True))
        bar.ax.minorticks_off()
        figure.legend(handles=_handles(), loc="outside upper center", ncols=3)
    return figure


_RINGS = {"anchor": ("o", VERMILLION), "mother": ("D", BLUE)}


def _role(group, k):
    """The role of the k-th spike of a group that has a ring, or None."""
    if k < len(group.anchors):
        return "anchor"
    return "mother" if group.spikes[k][0] == group.mother else None


def _layers(group, joined):
    first = 0 if group.layers_of == ORIGINAL else 1
    n_anchors = len(group.anchors)
    layers = [1 if k < n_anchors else first for k in range(len(group.spikes))]
    # Of the links to a spike the last has its layer, of either kind.
    for link, places in zip(group.links, joined):
        if places is not None:
            layers[places[1]] = link[3]
    return layers


def _draw_links(axes, group, rows, joined, width):
    """From each spike to its arrivals, and on to the spikes that they help to make."""
    sent, waiting, arrivals = [], [], []
    for (*_, delay, _), places in zip(group.links, joined):
        if places is not None:
            (pre, begin), (post, fired) = (group.spikes[k] for k in places)
            arrival, row = begin + delay, rows[post]
            sent.append([(begin, rows[pre]), (arrival, row)])
            waiting.append([(arrival, row), (fired, row)])
            arrivals.append((arrival, row))
    # Thousands of lines one by one would take minutes.
    style = {"colors": GREY, "linewidths": width, "zorder": 1}
    axes.add_collection(LineCollection(sent, **style), autolim=False)
    axes.add_collection(LineCollection(waiting, **style, linestyles=":"), autolim=False)
    ticks = {"color": "black", "markersize": 4, "markeredgewidth": 0.7, "zorder": 2}
    axes.plot(*np.reshape(arrivals, (-1, 2)).T, "|", **ticks)


def _shades(n_layers):
    """A step of the palette for each layer, light to dark."""
    return colormaps["cividis_r"], BoundaryNorm(np.arange(0.5, n_layers + 1), 256)


def _is_dark(colour):
    return np.dot(colour[:3], (0.3, 0.59, 0.11)) < 0.5


def _handles():
    def mark(shape, label, **style):
        return Line2D([], [], linestyle="", marker=shape, label=label, **style)

    plain = {"markerfacecolor": "white", "markeredgecolor": "black", "markersize": 6}
    rings = [
        mark(shape, name, color=colour, fillstyle="none", markersize=9, markeredgewidth=1.6)
        for name, (shape, colour) in _RINGS.items()
    ]
    return [
        mark("o", "excitatory", **plain),
        mark("s", "inhibitory", **plain),
        rings[0],
        rings[1],
        Line2D([], [], color=GREY, linewidth=0.9, label="link: from spike to arrival"),
        Line2D([], [], color=GREY, linewidth=0.9, linestyle=":", label="from arrival to spike"),
    ]
