"""Figure and report of `wmdelays groups-over-time`."""

from wmdelays.polychrony.groups import which_layers
from wmdelays.validation.polychrony.tables import over_time_columns
from wmdelays.validation.reports.pages import as_table, command_line, drawn, write_results


def write_report(rows, seed, layers_of, results, folder):
    """Write a report: how many groups there are at each snapshot, and after shuffling.

    Parameters
    ----------
    rows : list of (dict, dict, dict)
        From `wmdelays.groups_over_time`.
    seed : int
        Of the shuffling.
    layers_of : str
        Which layers groups have.
    results : Results
        Has the rows.
    folder : str or Path

    Returns
    -------
    Path
        The page.
    """
    from wmdelays.plots.activity import groups_over_time_figure

    counts = [(s["seconds"], a["n_groups"], b["n_groups"]) for s, a, b in rows]
    picture = drawn(
        groups_over_time_figure(counts),
        "groups_over_time",
        "Groups over time",
        "Each time a group is found it counts.",
    )
    texts = [
        "Polychronous groups in the network as it was at each snapshot, and after its excitatory"
        " weights were shuffled: those onto excitatory neurons among themselves, and those onto"
        f" inhibitory neurons (seed {seed}). {which_layers(layers_of)}"
    ]
    tables = [as_table("Groups over time", over_time_columns(rows))]
    shown = {tuple(sorted(setting.items())) for setting, *_ in rows}
    used = [row for row in results.rows if _unshuffled(row) in shown]
    return write_results(
        folder, "Polychronous groups over time", texts, [picture], tables, used, command_line()
    )


def _unshuffled(row):
    return tuple(sorted({**row["setting"], "shuffled": False}.items()))
