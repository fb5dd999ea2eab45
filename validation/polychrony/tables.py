"""Groups in tables and in a sentence."""

from wmdelays.polychrony.group_statistics import QUANTITIES, summary
from wmdelays.validation.polychrony.group_run import anchored


def group_columns(statistics):
    """Titles of the table of a file of groups and what stands beneath."""
    content = {"": ["groups"], "each time found": [f"{statistics.n_groups:,}"]}
    content["distinct"] = [f"{statistics.n_distinct:,}"]
    if statistics.n_groups:
        for name in QUANTITIES:
            content[""].append(f"{name.replace('_ms', ' (ms)')}: median, range")
            for title, counts in (
                ("each time found", statistics.counted[name]),
                ("distinct", statistics.distinct[name]),
            ):
                middle, least, most = summary(counts)
                content[title].append(f"{middle:g}, {least:g}…{most:g}")
    return content


def summary_line(network, statistics, done, strong, n_anchors):
    """The outcome in one sentence."""
    n_mothers = anchored(network, strong, n_anchors)
    if not n_mothers:
        largest = network.weight[network.excitatory[network.pre]].max(initial=0)
        return (
            f"No excitatory neuron has {n_anchors} strong inputs, so there is nothing to search: strong"
            f" is above {strong * network.max_weight:g}, and the largest excitatory weight is"
            f" {largest:g}."
        )
    return (
        f"{statistics.n_groups:,} groups, {statistics.n_distinct:,} distinct, of"
        f" {statistics.n_mothers:,} of {n_mothers:,} mothers; {done.n_sets:,} sets of {n_anchors}"
        f" anchors searched in {done.seconds:.1f} s."
    )


def over_time_columns(rows):
    """Titles of the table of groups over time and what stands beneath."""
    content = {"time (s)": [str(setting["seconds"]) for setting, *_ in rows]}
    for k, word in enumerate(("", ", shuffled"), 1):
        for title, name in (("sets", "n_sets"), ("groups", "n_groups"), ("distinct", "n_distinct")):
            content[title + word] = [f"{row[k][name]:,}" for row in rows]
    return content
