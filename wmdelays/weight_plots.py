"""Pictures of what was learned: weights and delays."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from wmdelays.plots import BLUE, GREY, VERMILLION, house_style, new_figure


def delays_figure(memory):
    """Number and mean weight of the synapses of each delay, excitatory and inhibitory apart.

    Excitatory bars stand above the axis, inhibitory ones hang below it.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        figure = new_figure(2.7)
        number, mean = figure.subplots(1, 2, sharex=True)
        _bars_by_delay(number, memory, mean=False)
        _bars_by_delay(mean, memory, mean=True)
        number.set_ylabel("synapses")
        mean.set_ylabel("mean weight (θ)")
    return figure


def _bars_by_delay(axes, memory, mean):
    delays = np.arange(1, memory.n_delays + 1) * memory.step * 1e3
    # A logical zero line between the two kinds; both are drawn even if one is empty.
    kinds = ((memory.weight > 0, 1, BLUE, "excitatory"), (memory.weight < 0, -1, VERMILLION, "inhibitory"))
    for chosen, sign, colour, name in kinds:
        index = memory.delay[chosen] - 1
        height = np.bincount(index, minlength=memory.n_delays).astype(np.float64)
        if mean:
            total = np.bincount(index, memory.weight[chosen], minlength=memory.n_delays)
            height = total / memory.theta / np.maximum(height, 1)
        else:
            height *= sign
        if chosen.any():
            axes.bar(delays, height, width=0.8 * memory.step * 1e3, color=colour)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xlim(0, (memory.n_delays + 1) * memory.step * 1e3)
    axes.margins(y=0.12)
    axes.set_xlabel("delay (ms)")
    _name_kinds(axes, memory)
    if not mean:
        # Those below the line are a number too, not less than none.
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")


def _name_kinds(axes, memory):
    excitatory, inhibitory = (memory.weight > 0).any(), (memory.weight < 0).any()
    names = []
    if excitatory:
        names.append("▲ excitatory")
    if inhibitory:
        names.append("▼ inhibitory")
    axes.set_title("    ".join(names) or "no synapses", loc="left")


def weights_figure(memory):
    """How many synapses have which weight, on a logarithmic scale.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    matplotlib.figure.Figure
    """
    weight = memory.weight / memory.theta
    with house_style():
        figure = new_figure(2.5)
        axes = figure.add_subplot()
        kinds = (
            (weight[weight < 0], VERMILLION, "////", "inhibitory"),
            (weight[weight > 0], BLUE, None, "excitatory"),
        )
        edges = _edges(weight)
        for values, colour, hatch, name in kinds:
            if values.size:
                label = f"{name}: {values.size:,}"
                axes.hist(
                    values, edges, color=colour, hatch=hatch, edgecolor="white", linewidth=0, label=label
                )
        if weight.size:
            axes.set_yscale("log")
            axes.set_ylim(bottom=0.7)
            axes.axvline(0, color="black", linewidth=0.8)
            if edges[0] <= 1 <= edges[-1]:
                axes.axvline(1, color=GREY, linestyle="--", label="threshold θ")
            figure.legend(loc="outside right upper")
        else:
            axes.text(0.5, 0.5, "no synapses", ha="center", va="center", transform=axes.transAxes)
        axes.set(xlabel="weight (θ)", ylabel="synapses")
    return figure


def _edges(weight):
    """Edges of bins of one width, with one edge at zero so that no bin holds both signs."""
    if not weight.size:
        return np.array([0.0, 1.0])
    low, high = min(weight.min(), 0.0), max(weight.max(), 0.0)
    width = (high - low) / 80
    return np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width
