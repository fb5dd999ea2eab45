"""Pictures of a simulated network with plastic synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.plots.figures import BLUE, GREY, VERMILLION, house_style, new_figure
from wmdelays.polychrony.activity import DELTA, GAMMA
from wmdelays.polychrony.delay_network import STRONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from wmdelays.polychrony.activity import Activity, Ceiling
    from wmdelays.polychrony.network_state import NetworkRun


_HIGHEST = 120.0
# The synapses whose weights are shown apart, and about how many marks a line of theirs has.
_ONTO, _MARKS = ((BLUE, "o", "onto excitatory"), (VERMILLION, "s", "onto inhibitory")), 15
# Lines of the distributions, early to late: lighter to darker, and each with its own dashes.
_DASHES = (":", "-.", "--", (0, (5, 1, 1, 1, 1, 1)), "-")


def time_axis(seconds):
    """The unit in which a time axis of this many seconds reads well: (seconds in one, name)."""
    if seconds < 180:
        return 1, "s"
    return (60, "min") if seconds <= 3 * 3600 else (3600, "h")


def activity_figure(activity: Activity, run: NetworkRun, ceiling: Ceiling) -> Figure:
    """Rates, rhythms and the share of strong weights over time.

    Parameters
    ----------
    activity : Activity
    run : NetworkRun
    ceiling : Ceiling

    Returns
    -------
    matplotlib.figure.Figure
    """
    unit, name = time_axis(run.state.seconds)
    middle = (activity.times - activity.window_s / 2) / unit
    with house_style():
        figure = new_figure(6.2)
        rates, spectrum, weights = figure.subplots(3, 1, sharex=True, height_ratios=[2, 3, 2])
        for values, style, label in zip(
            activity.rates,
            ({"color": BLUE}, {"color": VERMILLION, "linestyle": "--"}),
            ("excitatory", "inhibitory"),
        ):
            rates.plot(middle, values, label=label, **style)
        rates.set(ylabel="mean rate (Hz)", ylim=(0, None))
        _legend(rates)

        shown = (activity.frequencies > 0) & (activity.frequencies <= _HIGHEST)
        edges = np.append(activity.times - activity.window_s, activity.times[-1:]) / unit
        frequencies = activity.frequencies[shown]
        width = frequencies[0]
        power = np.maximum(activity.spectra[shown], 1e-12)
        image = spectrum.pcolormesh(
            edges,
            np.append(frequencies - width / 2, frequencies[-1] + width / 2),
            power,
            norm=LogNorm(*np.percentile(power, [2, 99.8])),
            cmap="cividis",
            rasterized=True,
        )
        spectrum.set_yscale("log")
        spectrum.set_yticks([1, 2, 4, 10, 30, 100], ["1", "2", "4", "10", "30", "100"])
        spectrum.minorticks_off()
        spectrum.set(ylabel="frequency (Hz)", ylim=(frequencies[0] - width / 2, _HIGHEST))
        for band, word in ((DELTA, "delta"), (GAMMA, "gamma")):
            for edge in band:
                spectrum.axhline(edge, color="white", linewidth=0.6, linestyle=":")
            place = (0.006, np.sqrt(band[0] * band[1]))
            spectrum.text(
                *place,
                word,
                color="white",
                va="center",
                fontsize=8,
                path_effects=[withStroke(linewidth=1.6, foreground="black")],
                transform=spectrum.get_yaxis_transform(),
            )
        bar = figure.colorbar(image, ax=spectrum, pad=0.01)
        bar.set_label("power of the rate (Hz²/Hz)")

        times = run.snapshot_times / unit
        # Dashes tell the levels apart, marks the kinds of neurons, also without colours.
        for shares, (colour, marker, _) in zip(
            (ceiling.to_excitatory, ceiling.to_inhibitory), _ONTO
        ):
            for values, dashes in zip(shares, ("--", "-")):
                every = -(-len(times) // _MARKS)
                style = {"marker": marker, "markersize": 4, "markevery": every}
                weights.plot(times, values, color=colour, linestyle=dashes, **style)
        weights.set(xlabel=f"time ({name})", ylabel="share of synapses", ylim=(0, 1.02))
        weights.set_xlim(0, run.state.seconds / unit)
        handles = [
            *(Line2D([], [], color=c, marker=m, markersize=4, label=word) for c, m, word in _ONTO),
            Line2D([], [], color=GREY, linestyle="--", label=f"above {STRONG:g} of max."),
            Line2D([], [], color=GREY, label="at max."),
        ]
        _legend(weights, handles=handles)
    return figure


def _legend(axes, **content):
    """Above the axes, so that it hides nothing and all of them are as wide."""
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.1}
    axes.legend(**content, **place, ncols=4, fontsize=8)


def last_seconds_figure(run: NetworkRun) -> Figure:
    """The spikes of the last seconds, and how many there are in each millisecond.

    Parameters
    ----------
    run : NetworkRun

    Returns
    -------
    matplotlib.figure.Figure
    """
    network = run.state.network
    n_ms = 1000 * run.state.seconds
    begin = max(0, n_ms - 2000)
    neurons, times = (values[run.spikes[1] >= begin] for values in run.spikes)
    with house_style():
        figure = new_figure(4.2)
        raster, number = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        for chosen, colour, shape in (
            (neurons < network.n_excitatory, BLUE, "."),
            (neurons >= network.n_excitatory, VERMILLION, "|"),
        ):
            raster.plot(
                times[chosen] - begin,
                neurons[chosen],
                shape,
                color=colour,
                markersize=2.2,
                markeredgewidth=0 if shape == "." else 0.6,
                rasterized=True,
            )
        raster.axhline(network.n_excitatory - 0.5, color=GREY, linewidth=0.5)
        raster.set(ylabel="neuron", ylim=(-0.5, network.n_neurons - 0.5))
        both = run.counts[:, begin:].sum(axis=0)
        number.fill_between(np.arange(len(both)), both, step="mid", color=GREY, linewidth=0)
        number.set(
            ylabel="spikes\nper ms", xlabel=f"time since {begin / 1000:g} s (ms)", ylim=(0, None)
        )
        number.set_xlim(0, max(n_ms - begin, 1))
        handles = [
            Line2D([], [], color=BLUE, marker=".", linestyle="", label="excitatory"),
            Line2D([], [], color=VERMILLION, marker="|", linestyle="", label="inhibitory"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def weights_over_time_figure(run: NetworkRun, most: int = 5) -> Figure:
    """Distributions of the excitatory weights at several snapshots.

    Parameters
    ----------
    run : NetworkRun
    most : int
        Number of snapshots shown, at most 5.

    Returns
    -------
    matplotlib.figure.Figure
    """
    network = run.state.network
    inhibitory = ~network.excitatory[network.post[run.state.excitatory]]
    weights = [*run.snapshots, network.weight[run.state.excitatory]]
    times = np.append(run.snapshot_times, run.state.seconds)
    # The weights change most in the beginning. The last snapshot is often the end.
    last = len(weights) - (2 if run.state.seconds == times[-2] else 1)
    chosen = [0, *np.unique(np.geomspace(1, last, most - 1).round().astype(int))]
    unit, name = time_axis(run.state.seconds)
    edges = np.linspace(0, network.max_weight, 41)
    with house_style():
        figure = new_figure(2.6)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, mask, whose in (
            (panels[0], ~inhibitory, "excitatory"),
            (panels[1], inhibitory, "inhibitory"),
        ):
            for k, dashes, shade in zip(chosen, _DASHES, np.linspace(0.65, 0, len(chosen))):
                number, _ = np.histogram(weights[k][mask], edges)
                (line,) = axes.plot(
                    (edges[:-1] + edges[1:]) / 2,
                    np.where(number > 0, number, np.nan) / max(mask.sum(), 1),
                    color=str(shade),
                    linestyle=dashes,
                    linewidth=1.3,
                    # All weights are the same at first: a line of one point is not seen.
                    marker="o" if np.count_nonzero(number) == 1 else None,
                    markersize=4,
                )
                if axes is panels[0]:
                    line.set_label(f"{times[k] / unit:.3g} {name}")
            axes.set_yscale("log")
            axes.set(xlabel="weight (mV)", title=f"onto {whose} neurons")
            axes.set(xlim=(0, network.max_weight))
        panels[0].set_ylim(top=1.5)
        panels[0].set_ylabel("share of synapses")
        figure.legend(loc="outside right center")
    return figure


def groups_over_time_figure(rows: Sequence[tuple[int, int, int]]) -> Figure:
    """The number of polychronous groups over time, and after shuffling the weights.

    Parameters
    ----------
    rows : sequence of (int, int, int)
        Time of a snapshot in seconds, the number of groups, and their number once the weights
        are shuffled.

    Returns
    -------
    matplotlib.figure.Figure
    """
    seconds, groups, shuffled = np.array(rows, dtype=float).T
    unit, name = time_axis(seconds.max())
    curves = [
        Curve("as learned", seconds / unit, groups),
        Curve("weights shuffled", seconds / unit, shuffled),
    ]
    return curves_figure([Panel(f"time ({name})", "polychronous groups", curves, ylim=(0, None))])
