"""Figures and report of `wmdelays izhikevich`."""

from wmdelays.plots.activity import activity_figure, last_seconds_figure, weights_over_time_figure
from wmdelays.validation.polychrony.simulation import columns
from wmdelays.validation.reports.pages import as_table, drawn, write_results


def write_report(outcome, folder, command):
    """Write a report: activity over time, the last spikes, and weights.

    Parameters
    ----------
    outcome : Outcome
    folder : str or Path
    command : str
        The command line that makes this report again.

    Returns
    -------
    Path
        The page.
    """
    run, active = outcome.run, outcome.activity
    texts = [
        outcome.summary,
        "Izhikevich's polychronization network: spikes travel for 1 to 20 ms, synapses of excitatory"
        " neurons learn by the times of spikes, and in each millisecond one neuron gets a random"
        " input.",
    ]
    pictures = []
    if len(active.times):
        texts.append(
            f"Each line of the table is a window of {active.window_s} s. Delta and gamma are how much the"
            " excitatory neurons' mean rate goes up and down between 2 and 4 Hz and between 30 and 100 Hz"
            " (r.m.s.), and peak is the frequency from 25 to 100 Hz at which it does so most. E→E and"
            " E→I are synapses from excitatory neurons onto excitatory and onto inhibitory ones: the"
            " share of their weights above 0.95 of the maximum, and at the maximum, at the last snapshot"
            " until then."
        )
        pictures.append(
            drawn(
                activity_figure(active, run, outcome.ceiling),
                "activity",
                "Rates, rhythms and weights",
                f"Above: mean rates in windows of {active.window_s} s. Middle: power spectrum of the"
                " excitatory neurons' mean rate in each window; dotted lines bound delta (2 to 4 Hz)"
                " and gamma (30 to 100 Hz). Below: share of the excitatory synapses whose weight is"
                " at the maximum, or close to it, by the kind of neuron that they reach.",
            )
        )
    pictures.append(
        drawn(
            last_seconds_figure(run),
            "raster",
            "The last spikes",
            "Inhibitory neurons are those above the line.",
        )
    )
    pictures.append(
        drawn(
            weights_over_time_figure(run),
            "weights",
            "Weights",
            "How the weights of excitatory synapses are distributed, in bins of a 40th of the"
            " maximum, at several times.",
        )
    )
    tables = []
    content = columns(outcome, most=60)
    if content:
        tables.append(as_table("Over time", content))
    settings = {"seconds": run.state.seconds, "seed": run.seed, "snapshot_s": run.snapshot_s}
    rows = [{"setting": settings, "versions": outcome.as_dict()["versions"]}]
    return write_results(folder, "Izhikevich's network", texts, pictures, tables, rows, command)
