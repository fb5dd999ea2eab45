"""Pictures of one raster, and of one recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from wmdelays.plots.figures import (
    BLUE,
    GREY,
    SHADE,
    house_style,
    label_neurons,
    label_time,
    mark_latent,
    new_figure,
    one_a_cell,
    plain,
    time_unit,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from wmdelays.raster import Raster
    from wmdelays.recalls import Recall


_MOST_MARKS, _GRID = 8000, (1100, 250)


def raster_figure(raster: Raster, *, title: str = "") -> Figure:
    """The spikes of a raster.

    Parameters
    ----------
    raster : Raster
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from wmdelays import Raster
    >>> figure = raster_figure(Raster([0, 2, 1], [0.1, 0.2, 0.4], n_neurons=3, duration=0.5))
    >>> figure.axes[0].get_xlabel()
    'time (ms)'
    """
    with house_style():
        figure = new_figure(3.0)
        axes = figure.subplots()
        _spikes(axes, raster, "|", BLUE)
        _label(axes, raster, title)
        mark_latent(axes, raster.n_latent, raster.n_neurons)
    return figure


def recall_figure(recall: Recall, *, title: str = "") -> Figure:
    """What a network emitted in a recall: what the cue forced, and what it made itself.

    Parameters
    ----------
    recall : Recall
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    cue = recall.cue
    scale, _ = time_unit(recall.emitted.duration)
    with house_style():
        figure = new_figure(3.2)
        axes = figure.subplots()
        end = (cue.clamp - 0.5) * cue.step * scale
        axes.axvspan(-end, end, color=SHADE, linewidth=0, zorder=0)
        _spikes(axes, cue.spikes, ".", GREY)
        _spikes(axes, recall.own, "|", BLUE)
        _label(axes, recall.emitted, title)
        mark_latent(axes, cue.spikes.n_latent, cue.n_neurons)
        handles = [
            Patch(facecolor=SHADE, edgecolor=GREY, linewidth=0.5, label="clamped by the cue"),
            Line2D([], [], linestyle="", marker=".", color=GREY, label="forced by the cue"),
            Line2D([], [], linestyle="", marker="|", color=BLUE, label="the network's own"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def _spikes(axes, raster, shape, colour):
    times, neurons = raster.times, raster.neurons
    if len(times) > _MOST_MARKS:
        times, neurons = one_a_cell(raster, *_GRID)
    size = float(np.clip(140 / np.sqrt(max(len(times), 1)), 1.5, 6))
    scale, _ = time_unit(raster.start + raster.duration)
    (drawn,) = axes.plot(
        times * scale,
        neurons,
        shape,
        color=colour,
        markersize=size,
        markeredgewidth=0 if shape == "." else 0.8,
        rasterized=True,
    )
    # A mark at the edge is shown whole.
    drawn.set_clip_on(False)


def _label(axes, raster, title):
    scale, unit = time_unit(raster.start + raster.duration)
    axes.set_xlim(0, raster.duration * scale)
    label_time(axes, scale, unit, raster.start or None)
    axes.set_ylim(-0.5, raster.n_neurons - 0.5)
    label_neurons(axes, raster)
    if title:
        axes.set_title(plain(title), loc="left")
