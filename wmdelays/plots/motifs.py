"""Pictures of motifs: their sizes and contexts, what patterns share, one motif, synapses in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from wmdelays.plots.figures import (
    BLUE,
    GREY,
    SHADE,
    VERMILLION,
    house_style,
    label_neurons,
    mark_latent,
    new_figure,
    plain,
    time_unit,
)
from wmdelays.words import called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from wmdelays.memory import Memory
    from wmdelays.motifs.motifs import Motifs
    from wmdelays.motifs.use import SynapseUse


# Above this many patterns a number no longer fits into a cell of a matrix.
_MOST_NUMBERS = 8
# Widths of the lines of the weakest and of the strongest link, in points.
_WIDTHS = 0.4, 3.0


def motif_sizes_figure(motifs: Sequence[Motifs], step: float, n_delays: int) -> Figure:
    """How large motifs are and how far they reach back: all together, and each pattern.

    Parameters
    ----------
    motifs : sequence of Motifs
    step : float
        Training time step in seconds.
    n_delays : int
        Longest delay in steps, D.

    Returns
    -------
    matplotlib.figure.Figure
    """
    size = [one.size[one.held] for one in motifs]
    longest = max([n_delays, *(int(one.context.max(initial=0)) for one in motifs)])
    scale, unit = time_unit(longest * step)
    scale *= step
    context = [one.context[one.held] * scale for one in motifs]
    with house_style():
        rows = len(motifs) > 1
        figure = new_figure(2.6 + 2.0 * rows)
        axes = figure.subplots(1 + rows, 2, squeeze=False, height_ratios=[1.3, 1][: 1 + rows])
        above, below = axes[0], axes[-1]
        most = max((int(one.max(initial=1)) for one in size), default=1)
        each = -(-most // 60)
        bounds = np.arange(0.5, most + each + 0.5, each)
        above[0].hist(np.concatenate(size), bounds, color=BLUE)
        each = -(-longest // 60)
        edges = (np.arange(0, longest + each, each) + 0.5) * scale
        above[1].hist(np.concatenate(context), edges, color=BLUE)
        name = f"longest delay, {n_delays * scale:.4g} {unit}"
        for place in {above[1], below[1]}:
            place.axvline(n_delays * scale, color="black", linestyle="--", linewidth=1, label=name)
        above[1].legend(loc="upper left")
        if rows:
            for place, values in zip(below, (size, context)):
                _ranges(place, values, [one.pattern for one in motifs])
            below[0].set_ylabel("pattern")
        labels = "links of a motif", f"context: earliest spike of the motif, {unit} before"
        for column, (label, last) in enumerate(zip(labels, (bounds[-1], edges[-1]))):
            if rows:
                above[column].sharex(below[column])
            below[column].set_xlabel(label)
            # Of the few largest no bar can be seen, but that there are some.
            below[column].set_xlim(0, 1.02 * last)
        above[0].set_ylabel("spikes")
    return figure


def _ranges(axes, values, names):
    """The median of each pattern as a point, and from 5 % to 95 % of its spikes as a line."""
    for place, one in enumerate(values):
        if len(one):
            low, middle, high = np.percentile(one, [5, 50, 95])
            axes.plot([low, high], [place] * 2, color=GREY, linewidth=1.2)
            axes.plot(middle, place, "o", color=BLUE, markersize=4)
    shown = np.arange(0, len(values), -(-len(values) // 9))
    axes.set_yticks(shown, [str(names[k]) for k in shown])
    axes.set_ylim(len(values) - 0.3, -0.7)


def shared_figure(neurons, synapses, names):
    """How many neurons and synapses the motifs of any two patterns have in common.

    Parameters
    ----------
    neurons, synapses : int arrays, shape (n_patterns, n_patterns)
        From `wmdelays.motifs.motifs.shared`.
    names : sequence of int
        The patterns.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        figure = new_figure(3.6)
        for axes, counts, what in zip(
            figure.subplots(1, 2), (neurons, synapses), ("neurons", "synapses")
        ):
            _matrix(axes, counts, what, names)
            figure.colorbar(
                axes.images[0], ax=axes, label=f"{what} in motifs of both patterns", shrink=0.9
            )
    return figure


def _matrix(axes, counts, what, names):
    """A matrix of counts in colours; the diagonal, which says something else, stays grey."""
    n = len(counts)
    between = np.ma.array(counts, mask=np.eye(n, dtype=bool))
    axes.set_facecolor(SHADE)
    # A picture's palette holds this many colours well.
    colours = colormaps["cividis"].resampled(16)
    image = axes.imshow(between, cmap=colours, vmin=0, vmax=max(1, between.max()))
    if n <= _MOST_NUMBERS:
        for row, column in np.ndindex(n, n):
            # The colours are dark at the lower end.
            dark = row != column and counts[row, column] < 0.5 * image.get_clim()[1]
            axes.text(
                column,
                row,
                f"{counts[row, column]}",
                ha="center",
                va="center",
                fontsize=7,
                color="white" if dark else "black",
            )
    own = np.diagonal(counts)
    spread = " to ".join(f"{number:,}" for number in dict.fromkeys([own.min(), own.max()]))
    axes.set_title(f"{what}; a pattern alone has {spread}", loc="left")
    shown = np.arange(0, n, -(-n // 16))
    axes.set_xticks(shown, [str(names[k]) for k in shown])
    axes.set_yticks(shown, [str(names[k]) for k in shown])
    axes.spines[:].set_visible(False)
    axes.set(xlabel="pattern", ylabel="pattern")


def typical_spike(motifs):
    """The first spike whose motif has the median number of links; None if no spike is held."""
    held = np.flatnonzero(motifs.held)
    if not len(held):
        return None
    size = motifs.size[held]
    middle = np.sort(size)[(len(size) - 1) // 2]
    return int(held[np.argmax(size == middle)])


def motif_figure(memory: Memory, motifs: Motifs, spike: int) -> Figure:
    """One motif in the raster, and how its links bring the membrane to theta.

    Parameters
    ----------
    memory : Memory
    motifs : Motifs
    spike : int
        A spike that is held.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        figure = new_figure(3.8)
        raster, sums = figure.subplots(1, 2, width_ratios=[2.6, 1])
        _drawn_links(raster, memory, motifs, spike)
        _sums(sums, memory.each("theta")[motifs.neuron[spike]], motifs, spike)
        handles = [
            _handle(".", GREY, "spike of the pattern"),
            _handle("o", BLUE, "spike of the motif"),
            _handle("*", VERMILLION, "the spike they make", 9),
            Line2D(
                [], [], color=BLUE, linewidth=2, label="link, from spike to arrival; wide: strong"
            ),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _handle(marker, colour, label, size=5):
    return Line2D([], [], linestyle="", marker=marker, color=colour, markersize=size, label=label)


def _drawn_links(axes, memory, motifs, spike):
    """The spikes before a spike, and its links as lines from each spike to where it arrives."""
    step, part = memory.step, motifs.links(spike)
    t, j = int(motifs.step[spike]), int(motifs.neuron[spike])
    pre, pre_step, delay = motifs.pre[part], motifs.pre_step[part], motifs.delay[part]
    start = min(int(pre_step.min()), t - memory.n_delays) - 1
    scale, unit = time_unit(memory.n_steps * step)
    scale *= step
    pattern = memory.patterns[motifs.pattern]
    steps, neurons = pattern.steps(step), pattern.neurons
    if memory.periodic:
        # A motif may reach across the beginning, into the cycles before.
        cycles = np.arange(start // memory.n_steps, 1)[:, None] * memory.n_steps
        steps, neurons = (steps + cycles).ravel(), np.tile(neurons, len(cycles))
    inside = (steps >= start) & (steps <= t)
    axes.plot(steps[inside] * scale, neurons[inside], ".", color=GREY, markersize=4, zorder=2)
    part_of_all = motifs.contribution[part] / motifs.contribution[part].max()
    for k in range(len(pre)):
        axes.plot(
            [pre_step[k] * scale, (pre_step[k] + delay[k]) * scale],
            [pre[k], j],
            color=BLUE,
            linewidth=_WIDTHS[0] + (_WIDTHS[1] - _WIDTHS[0]) * part_of_all[k],
            solid_capstyle="round",
            zorder=1,
        )
    axes.plot(pre_step * scale, pre, "o", color=BLUE, markersize=5, zorder=3)
    axes.plot(t * scale, j, "*", color=VERMILLION, markersize=12, zorder=4, clip_on=False)
    axes.set_xlim((start - 0.5) * scale, (t + 0.5) * scale)
    axes.set_ylim(-0.02 * memory.n_neurons - 0.5, 1.02 * memory.n_neurons - 0.5)
    label_neurons(axes, memory)
    mark_latent(axes, memory.n_latent, memory.n_neurons)
    axes.set_xlabel(f"time in pattern {motifs.pattern} ({unit})")
    axes.set_title(
        f"{plain(called(memory, j))} at {t * scale:.6g} {unit}: {len(pre)} links, context"
        f" {motifs.context[spike] * scale:.4g} {unit}",
        loc="left",
    )


def _sums(axes, theta, motifs, spike):
    """The membrane as the links are added, the strongest first, to all inhibition."""
    contribution = motifs.contribution[motifs.links(spike)]
    sums = motifs.inhibition[spike] + np.concatenate([[0.0], np.cumsum(contribution)])
    axes.plot(np.arange(len(sums)), sums / theta, ".-", color=BLUE, linewidth=1, markersize=4)
    axes.axhline(1, color="black", linestyle="--", linewidth=1)
    axes.axhline(motifs.membrane[spike] / theta, color=GREY, linestyle=":", linewidth=1.2)
    right = axes.get_yaxis_transform()
    for height, text in (
        (1, "threshold θ"),
        (motifs.membrane[spike] / theta, "with all contributions"),
    ):
        axes.text(0.02, height, text, transform=right, va="bottom", fontsize=8)
    axes.margins(y=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set(xlabel="links, strongest first", ylabel="membrane (θ)")


def synapse_use_figure(memory: Memory, use: SynapseUse, in_motif: ArrayLike) -> Figure:
    """How many synapses are used, and the delays of those that are in motifs.

    Parameters
    ----------
    memory : Memory
    use : SynapseUse
    in_motif : bool array, shape (n_synapses,)
        The synapses of all links.

    Returns
    -------
    matplotlib.figure.Figure
    """
    excitatory, used = use.excitatory, use.used
    kinds = (
        ("in a motif", in_motif & used, BLUE, ""),
        ("used, in no motif", used & ~in_motif, "#56B4E9", "////"),
        ("not used", ~used, "white", ""),
    )
    with house_style():
        figure = new_figure(2.7)
        bars, delays = figure.subplots(1, 2)
        for place, rows in enumerate((excitatory, ~excitatory)):
            left = 0
            for _, chosen, colour, hatch in kinds:
                number = int((chosen & rows).sum())
                bars.barh(
                    place,
                    number,
                    0.6,
                    left,
                    color=colour,
                    hatch=hatch,
                    edgecolor="black",
                    linewidth=0.6,
                )
                left += number
        bars.set_yticks([0, 1], ["excitatory", "inhibitory"])
        bars.set_ylim(1.6, -0.6)
        bars.tick_params(axis="y", length=0)
        bars.xaxis.set_major_locator(MaxNLocator(4))
        bars.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        bars.set_xlabel("synapses")
        edges = np.arange(1, memory.n_delays + 2) - 0.5
        delays.hist(
            memory.delay[in_motif] * memory.step * 1e3, edges * memory.step * 1e3, color=BLUE
        )
        delays.set(xlabel="delay (ms)", ylabel="synapses in a motif")
        handles = [
            Patch(facecolor=colour, hatch=hatch, edgecolor="black", linewidth=0.6, label=name)
            for name, _, colour, hatch in kinds
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure
