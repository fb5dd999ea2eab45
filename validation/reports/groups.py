"""Figures and report of `wmdelays groups`."""

from wmdelays.machine.versions import versions
from wmdelays.plots.groups import NUMBERED, group_figure, group_sizes_figure, names_every
from wmdelays.polychrony.groups import which_layers
from wmdelays.validation.polychrony.tables import group_columns, summary_line
from wmdelays.validation.reports.pages import as_table, command_line, drawn, write_results


def write_report(network, statistics, groups, words, done, settings, folder):
    """Write a report: how large the groups are, and pictures of some.

    Parameters
    ----------
    network : DelayNetwork
    statistics : GroupStatistics
    groups : dict of int to Group
        Groups to draw, by their number in the file of groups, from 0 on.
    words : dict of int to str
        What each of them is, such as "most layers".
    done : Done
    settings : dict
    folder : str or Path

    Returns
    -------
    Path
        The page.
    """
    texts = [
        summary_line(network, statistics, done, settings["strong"], settings["n_anchors"]),
        "A polychronous group is what follows in the resting network when some strong excitatory"
        " inputs of a neuron, the anchors, fire so that their spikes reach it, the mother, together."
        " A group that is found from several sets of anchors counts each time; distinct groups differ"
        " in their spikes or the times between them.",
        which_layers(settings["layers_of"]),
        "Groups have numbers from 0 on, in the order in which they are found; a line of the file of"
        " groups is one.",
    ]
    pictures = []
    if statistics.n_groups:
        pictures.append(
            drawn(
                group_sizes_figure(statistics),
                "groups",
                "Sizes, layers and time spans",
                "The numbers of groups stand on a logarithmic axis.",
            )
        )
    for number, group in groups.items():
        pictures.append(
            drawn(
                group_figure(group, network.excitatory),
                f"group_{number}",
                f"Group {number}" + (f": {words[number]}" if words[number] else ""),
                f"{len(group.spikes)} spikes in {group.span_ms} ms, {group.n_layers} layers,"
                f" {len(group.links)} links. {_marks(group)} A line leads"
                " from a spike to where it arrives, and on, dotted, to the spike that it helps to make.",
            )
        )
    rows = [{"setting": settings, "versions": versions()}]
    # An earlier report may have shown other groups.
    return write_results(
        folder,
        "Polychronous groups",
        texts,
        pictures,
        [as_table("Groups", group_columns(statistics))],
        rows,
        command_line(),
        earlier="group_[0-9]*.*",
    )


def _marks(group):
    """What the marks and names in the picture of a group say."""
    n = len({neuron for neuron, _ in group.spikes})
    text = "Numbers and shades" if n <= NUMBERED else "Shades"
    every = names_every(n)
    left = "" if every == 1 else f" One neuron of {every} is named."
    return f"{text} of the marks are layers.{left}"
