"""Pictures of a network: weights, delays, and the time constants of its neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from wmdelays.neurons.lif import time_constant
from wmdelays.plots.figures import BLUE, GREY, VERMILLION, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from wmdelays.memory import Memory


def delays_figure(memory: Memory) -> Figure:
    """Number and mean weight of the synapses of each delay, excitatory and inhibitory apart.

    Excitatory bars stand above the axis, inhibitory ones hang below it.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    matplotlib.figure.Figure
    """
    numbers, sums = _by_delay(memory)
    size = _unit(memory)[1]
    with house_style():
        figure = new_figure(2.4)
        number, mean = figure.subplots(1, 2, sharex=True)
        _bars_by_delay(number, memory, numbers, [numbers[0], -numbers[1]])
        _bars_by_delay(mean, memory, numbers, sums / size / np.maximum(numbers, 1))
        if memory.n_synapses:
            number.yaxis.set_major_locator(MaxNLocator(6, integer=True))
            # Those below the axis are a number too, not less than none.
            number.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
        number.set_ylabel("synapses")
        mean.set_ylabel(f"mean weight ({_unit(memory)[0]})")
    return figure


# Of more bars the gaps between are thinner than a point, and show as gaps that come and go.
_MOST_BARS = 80


def _by_delay(memory):
    """How many synapses each delay has, and the sum of their weights: a row of excitatory, one of inhibitory."""
    shape = 2, memory.n_delays
    index = memory.delay - 1 + memory.n_delays * (memory.weight < 0)
    numbers = np.bincount(index[memory.weight != 0], minlength=2 * memory.n_delays)
    sums = np.bincount(index, memory.weight, minlength=2 * memory.n_delays)
    return numbers.reshape(shape), sums.reshape(shape)


def _bars_by_delay(axes, memory, numbers, heights):
    delays = np.arange(1, memory.n_delays + 1) * memory.step * 1e3
    for number, height, colour in zip(numbers, heights, (BLUE, VERMILLION)):
        if number.any() and memory.n_delays > _MOST_BARS:
            edges = (np.arange(memory.n_delays + 1) + 0.5) * memory.step * 1e3
            axes.stairs(height, edges, fill=True, color=colour)
        elif number.any():
            axes.bar(delays, height, width=0.8 * memory.step * 1e3, color=colour)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xlim(0, (memory.n_delays + 1) * memory.step * 1e3)
    axes.margins(y=0.12)
    axes.set_xlabel("delay (ms)")
    axes.set_title(_kinds(memory), loc="left")
    if not memory.n_synapses:
        axes.set_yticks([0])


def _unit(memory):
    """The unit of weights, and how much one of it is in the memory."""
    if memory.neurons is None:
        if np.ndim(memory.theta):
            return "mean θ", float(np.mean(memory.theta))
        return "θ", memory.theta
    return memory.neurons.model.weight_unit, 1.0


def _kinds(memory):
    """Which kinds of synapses there are, and where the bars of each are."""
    names = ["▲ excitatory"] * bool((memory.weight > 0).any())
    names += ["▼ inhibitory"] * bool((memory.weight < 0).any())
    return "    ".join(names) or "no synapses"


def weights_figure(memory: Memory) -> Figure:
    """How many synapses have which weight, on a logarithmic scale.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    matplotlib.figure.Figure
    """
    unit, size = _unit(memory)
    weight = memory.weight / size
    with house_style():
        figure = new_figure(2.2)
        axes = figure.add_subplot()
        kinds = (
            (weight[weight < 0], VERMILLION, "////", "inhibitory"),
            (weight[weight > 0], BLUE, None, "excitatory"),
        )
        edges = _edges(weight)
        for values, colour, hatch, name in kinds:
            if values.size:
                label = f"{name}: {values.size:,}"
                style = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
                axes.hist(values, edges, label=label, **style)
        if weight.size:
            axes.set_yscale("log")
            axes.set_ylim(bottom=0.7)
            axes.axvline(0, color="black", linewidth=0.8)
            if memory.neurons is None and edges[0] <= 1 <= edges[-1]:
                axes.axvline(1, color=GREY, linestyle="--", label="threshold θ")
            figure.legend(loc="outside right upper")
        else:
            axes.text(0.5, 0.5, "no synapses", ha="center", va="center", transform=axes.transAxes)
        axes.set(xlabel=f"weight ({unit})", ylabel="synapses")
    return figure


def _edges(weight):
    """Edges of bins of one width, with one edge at zero so that no bin holds both signs."""
    if not weight.size:
        return np.array([0.0, 1.0])
    low, high = min(weight.min(), 0.0), max(weight.max(), 0.0)
    # Far below any weight that matters, so that the width of a bin is never zero.
    width = max(high - low, 1e-30) / 80
    return np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width


def time_constants_figure(memory: Memory) -> Figure:
    """How many neurons have which time constant of the membrane, and the mean of all.

    Parameters
    ----------
    memory : Memory
        In discrete time.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tau = time_constant(memory.each("beta"), memory.step * 1e3)
    with house_style():
        figure = new_figure(2.0)
        axes = figure.add_subplot()
        axes.hist(tau, bins="auto", color=BLUE, edgecolor="white", linewidth=0.5)
        axes.axvline(tau.mean(), color=GREY, linestyle="--", label=f"mean, {tau.mean():.3g} ms")
        axes.set(xlabel="time constant of the membrane (ms)", ylabel="neurons")
        axes.set_xlim(left=0)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        figure.legend(loc="outside right upper")
    return figure
