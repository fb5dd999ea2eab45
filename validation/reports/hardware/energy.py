"""Figure and report of `wmdelays energy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.hardware.prices import PARTS
from wmdelays.plots.curves import Curve, Panel, curves_figure
from wmdelays.plots.figures import GREY
from wmdelays.validation.reports.hardware.energy_tables import (
    TITLES,
    answer,
    basis,
    counts,
    memory_columns,
    part_columns,
)
from wmdelays.validation.reports.pages import as_table, drawn, write_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.validation.recall.energy import Energy

# How many times less spiking networks take than their counterparts: Lemaire et al. 2022, abstract.
PUBLISHED = 6, 8


def figure(results: Sequence[Energy]):
    """Energy of a recall, its parts, and how many times less it is, over the stored patterns.

    Parameters
    ----------
    results : sequence of Energy

    Returns
    -------
    matplotlib.figure.Figure
    """
    x = [one.memory.n_patterns for one in results]
    xlabel = "patterns stored, M"
    energies = [
        Curve("event-driven", x, [one.total for one in results]),
        Curve("dense network", x, [one.dense_total for one in results]),
    ]
    parts = [
        Curve(
            "weights and targets",
            x,
            [one.joules["weights"] + one.joules["targets"] for one in results],
        )
    ]
    parts += [Curve(TITLES[name], x, [one.joules[name] for one in results]) for name in PARTS[2:]]
    ratio = [Curve("event-driven", x, [one.ratio for one in results])]
    made = curves_figure(
        [
            Panel(xlabel, "energy of a recall (J)", energies, logx=True, logy=True),
            Panel(xlabel, "parts of it, event-driven (J)", parts, logx=True, logy=True),
            Panel(xlabel, "times less than dense", ratio, logx=True, logy=True),
        ]
    )
    mark_published(made.axes, x)
    return made


def mark_published(places, n_patterns):
    """Name numbers of patterns on all axes, and mark in the last ones what was published."""
    numbers = sorted({*n_patterns})
    for place in places:
        # They are few, and no powers of ten.
        place.set_xticks(numbers, [f"{n:,}" for n in numbers], rotation=45)
        place.minorticks_off()
    low, high = PUBLISHED
    places[-1].axhspan(low, high, color=GREY, alpha=0.4, linewidth=0)
    places[-1].set_ylim(bottom=1)
    places[-1].annotate(
        f"published: {low} to {high}",
        (0.5, high),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        fontsize=7,
    )


def write_report(results: Sequence[Energy], names: Sequence[str], folder, command: str):
    """Write a report: the figure, and the tables beneath."""
    alone = len(results) == 1
    texts = [
        answer(one) if alone else f"{name}: {answer(one)}" for one, name in zip(results, names)
    ]
    texts += [counts(results[0])] if alone else []
    texts += [
        f"Energies are {basis(results[0])}.",
        "Event-driven: a synaptic event reads a weight and the address of its target, and adds to a"
        " current; each membrane is updated at every step. Dense: all N x N D weights are multiplied by"
        " the context at every step, as the reference does.",
    ]
    caption = (
        "Left: the energy of a recall. Middle: what the event-driven one is made of. Right: how many"
        f" times less than the dense network; the grey band is {PUBLISHED[0]} to {PUBLISHED[1]}, which"
        " Lemaire et al. (2022) found for layered networks that classify."
    )
    picture = drawn(figure(results), "energy", "Energy of a recall", caption)
    tables = [as_table("Memories", memory_columns(results, names))]
    tables += [
        as_table("Parts" if alone else f"Parts, {name}", part_columns(one))
        for one, name in zip(results, names)
    ]
    rows = [{"setting": one.settings, "versions": one.as_dict()["versions"]} for one in results]
    return write_results(folder, "Energy of a recall", texts, [picture], tables, rows, command)
