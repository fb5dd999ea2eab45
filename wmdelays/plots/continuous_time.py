"""Pictures of recalls by neurons in continuous time: lag, tempo, membranes."""

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
    label_time,
    new_figure,
    plain,
    time_unit,
)
from wmdelays.words import called

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wmdelays.raster import Raster
    from wmdelays.timing import Lag

# Colour, line, mark and its filling of each set of recalls; shape tells them apart without colour.
_STYLES = ((BLUE, "-", "o", "none"), (VERMILLION, "--", "s", VERMILLION))
# Axes reach at least so far from nought, so that what is as good as nought looks so.
_LEAST_LAG, _LEAST_TEMPO = 1.0, 0.5


def timing_figure(
    lags: Mapping[str, Sequence[Lag]],
    patterns: Sequence[int],
    start: float,
    stop: float,
    begins: float | None = None,
) -> Figure:
    """The lag of recalls over time, how much of the pattern is there once it is followed, and tempo.

    Parameters
    ----------
    lags : mapping of str to sequence of Lag
        Of each pattern, by the name of who recalled them; one or two.
    patterns : sequence of int
        The number of each pattern.
    start, stop : float
        The stretch of the patterns that is scored, in seconds.
    begins : float, optional
        When the patterns begin in their recording, in seconds, where all begin at one time: the axes
        then have the recording's time.

    Returns
    -------
    matplotlib.figure.Figure
    """
    scale, unit = time_unit((begins or 0.0) + stop)
    with house_style():
        figure = new_figure(2.7)
        lag, f1, tempo = figure.subplots(1, 3)
        for (name, ones), (colour, line, mark, face) in zip(lags.items(), _STYLES):
            drawn = {"color": colour, "linestyle": line, "linewidth": 0.9}
            for one in ones:
                lag.plot(one.times * scale, one.lags * 1e3, **drawn)
                f1.plot(one.times * scale, one.f1, **drawn)
            tempo.plot(
                np.arange(len(ones)),
                [one.tempo_percent for one in ones],
                linestyle="",
                marker=mark,
                markersize=6 if face == "none" else 3,
                color=colour,
                markerfacecolor=face,
                label=name,
            )
        for axes in (lag, f1):
            axes.axvspan(0, start * scale, color=SHADE, linewidth=0)
            axes.set_xlim(0, stop * scale)
            label_time(axes, scale, unit, begins, n_ticks=3, of_several=len(patterns) > 1)
        _reach(lag, _LEAST_LAG)
        _reach(tempo, _LEAST_TEMPO)
        f1.set_ylim(-0.03, 1.05)
        lag.set_title("lag (ms)", loc="left")
        f1.set_title("F1, lag followed", loc="left")
        tempo.set_title("tempo (%)", loc="left")
        tempo.set_xlabel("pattern")
        tempo.set_xlim(-0.5, len(patterns) - 0.5)
        tempo.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        tempo.xaxis.set_major_formatter(
            lambda place, _: str(patterns[int(place)]) if 0 <= place < len(patterns) else ""
        )
        figure.legend(loc="outside upper center", ncols=2)
    return figure


def lag_panel(axes: Axes, lags: Mapping[str, Lag], scale: float) -> None:
    """Draw the lag of recalls of one pattern over time.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    lags : mapping of str to Lag
        One or two, by the name of who recalled it.
    scale : float
        Units of the time axis in a second.
    """
    for one, (colour, line, *_) in zip(lags.values(), _STYLES):
        axes.plot(one.times * scale, one.lags * 1e3, color=colour, linestyle=line, linewidth=1.2)
    _reach(axes, _LEAST_LAG)
    axes.set_ylabel("lag (ms)")


def _reach(axes, least):
    """A line at nought, and an axis that reaches at least so far from it."""
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -least), max(high, least))


def membranes_figure(
    times: np.ndarray,
    membranes: Mapping[int, np.ndarray],
    bounds: Sequence[float],
    stored: Raster,
    recalled: Raster,
    *,
    start: float,
    stop: float,
    title: str = "",
    begins: float | None = None,
) -> Figure:
    """The membranes of some neurons around their spikes, a panel each.

    Parameters
    ----------
    times : float array, shape (n_ticks,)
        In seconds.
    membranes : mapping of int to float array, shape (n_ticks,)
        The membrane of each neuron, in millivolts.
    bounds : sequence of float
        From where on each of them cannot but fire, in millivolts.
    stored, recalled : Raster
        The pattern, and the network's own spikes.
    start, stop : float
        The stretch that is drawn, in seconds.
    title : str
    begins : float, optional
        When the pattern begins in its recording, in seconds: the axis then has the recording's time.

    Returns
    -------
    matplotlib.figure.Figure
    """
    scale, unit = time_unit((begins or 0.0) + stop)
    shown = (times >= start) & (times <= stop)
    with house_style():
        figure = new_figure(0.7 + 1.15 * len(membranes))
        panels = figure.subplots(len(membranes), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (neuron, values), bound in zip(panels, membranes.items(), bounds):
            axes.axhline(bound, color=GREY, linestyle="--", linewidth=0.8, label="threshold")
            axes.plot(times[shown] * scale, values[shown], color="black", linewidth=0.9)
            axes.margins(y=0.12)
            # Above all, where no membrane is.
            for raster, mark, colour, name in (
                (stored, "o", GREY, "stored"),
                (recalled, "|", BLUE, "recalled"),
            ):
                spikes = raster.times[raster.neurons == neuron]
                spikes = spikes[(spikes >= start) & (spikes <= stop)]
                (drawn,) = axes.plot(
                    spikes * scale,
                    np.full(len(spikes), 1.04),
                    mark,
                    transform=axes.get_xaxis_transform(),
                    color=colour,
                    markerfacecolor="none",
                    markersize=6 if mark == "o" else 9,
                    label=name,
                )
                drawn.set_clip_on(False)
                drawn.set_in_layout(False)
            axes.set_ylabel(f"{plain(called(stored, neuron), 19)}\n(mV)")
        panels[-1].set_xlim(start * scale, stop * scale)
        label_time(panels[-1], scale, unit, begins)
        panels[0].set_title(plain(title), loc="left", pad=14)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure
