"""`wmdelays groups --over-time`: polychronous groups in the snapshots of a simulated network."""

from wmdelays.errors import InputError
from wmdelays.group_statistics import GroupStatistics, summary
from wmdelays.network_file import read_run
from wmdelays.polychronous_groups import ARRIVED, which_layers
from wmdelays.validation.group_run import COMPILED
from wmdelays.validation.pages import drawn, write_results
from wmdelays.validation.points import compute
from wmdelays.validation.result_rows import GroupsFigures, GroupsSetting
from wmdelays.validation.results import Results
from wmdelays.validation.terminal import command_line, console, print_columns, progress_bar


def over_time(run, settings, *, every=None, seed=0, threads=None, results=None, progress=None):
    """Count the groups at each snapshot, and those left when the weights are shuffled.

    Parameters
    ----------
    run : NetworkRun
    settings : dict
        `strong`, `n_anchors`, `least_layers` and `layers_of`, see
        `wmdelays.validation.group_search.search`.
    every : int, optional
        Snapshots at multiples of this time in seconds are taken; by default all.
    seed : int
        Of the shuffling.
    threads : int, optional
        By default the number of cores.
    results : Results, optional
        Gets the rows; what it has is not searched again.
    progress : callable, optional
        Called with what is being done (str) and the part of it that is done (float).

    Returns
    -------
    list of (dict, dict, dict)
        For each snapshot its row's setting, the figures as learned, and those after shuffling.

    Raises
    ------
    InputError
        If a setting makes no sense.
    """
    results = Results(None, "groups") if results is None else results
    if every is not None and (every < 1 or every % run.snapshot_s):
        raise InputError(
            f"every is {every} s; snapshots were taken every {run.snapshot_s} s, so take a multiple"
        )
    times = [int(t) for t in run.snapshot_times if every is None or t % every == 0]
    say = progress or (lambda text, part: None)
    say(f"preparing ({COMPILED})", None)
    from wmdelays.validation.group_search import Search

    # Mistakes show before the first search; this one takes no time.
    Search(run.network_at(0), **settings)
    # Rows of earlier versions, which had one kind of layers, do not name it.
    named = {k: v for k, v in settings.items() if (k, v) != ("layers_of", ARRIVED)}
    points = []
    for seconds in times:
        network = run.network_at(seconds).fingerprint()
        common = {"network": network, "seconds": seconds, **named}
        points.append(({**common, "shuffled": False}, 0))
        points.append(({**common, "shuffled": True}, seed))

    def searched(chunk):
        found = []
        for setting, shuffle in chunk:
            network = run.network_at(setting["seconds"])
            network = network.shuffled(shuffle) if setting["shuffled"] else network
            found.append(_figures(Search(network, **settings), threads))
        return found

    def tell(text, part):
        before = not any(row["figures"]["n_sets"] for row in results.rows)
        say(f"{text} ({COMPILED})" if before else text, part)

    compute(searched, points, results, progress=tell)
    figures = [results.get(*point)["figures"] for point in points]
    return [(points[k][0], figures[k], figures[k + 1]) for k in range(0, len(points), 2)]


def _figures(search, threads):
    statistics = GroupStatistics(
        groups.without_links(k)
        for groups, _ in search.run(threads=threads)
        for k in range(len(groups))
    )
    return {
        "n_sets": search.n_sets,
        "n_groups": statistics.n_groups,
        "n_distinct": statistics.n_distinct,
        "n_mothers": statistics.n_mothers,
        **{
            f"median_{name}": summary(counts)[0] if counts else None
            for name, counts in statistics.counted.items()
        },
    }


def run(path, every, seed, settings, results, report):
    """Do what the command does: search, print the table, write the report.

    Parameters
    ----------
    path : str or Path
        A file of `wmdelays izhikevich`.
    every, seed
        See `over_time`.
    settings : dict
        Of the search, with `threads`.
    results, report : Path, optional
        Where rows and report go.
    """
    simulated = read_run(path)
    settings = dict(settings)
    threads = settings.pop("threads")
    with progress_bar() as say, Results(results, "groups", GroupsSetting, GroupsFigures) as kept:
        rows = over_time(
            simulated,
            settings,
            every=every,
            seed=seed,
            threads=threads,
            results=kept,
            progress=say,
        )
        page = None
        if report is not None:
            say("drawing the report", None)
            page = _write_report(rows, seed, settings["layers_of"], kept, report)
    print_columns(columns(rows))
    if page is not None:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)


def columns(rows):
    """Titles of the table of groups over time and what stands beneath."""
    content = {"time (s)": [str(setting["seconds"]) for setting, *_ in rows]}
    for k, word in enumerate(("", ", shuffled"), 1):
        for title, name in (("sets", "n_sets"), ("groups", "n_groups"), ("distinct", "n_distinct")):
            content[title + word] = [f"{row[k][name]:,}" for row in rows]
    return content


def _write_report(rows, seed, layers_of, results, folder):
    from wmdelays.activity_plots import groups_figure

    counts = [(s["seconds"], a["n_groups"], b["n_groups"]) for s, a, b in rows]
    picture = drawn(
        groups_figure(counts),
        "groups_over_time",
        "Groups over time",
        "Each time a group is found it counts.",
    )
    texts = [
        "Polychronous groups in the network as it was at each snapshot, and after its excitatory"
        " weights were shuffled: those onto excitatory neurons among themselves, and those onto"
        f" inhibitory neurons (seed {seed}). {which_layers(layers_of)}"
    ]
    content = columns(rows)
    tables = [("Groups over time", list(content), list(zip(*content.values())))]
    shown = {tuple(sorted(setting.items())) for setting, *_ in rows}
    used = [row for row in results.rows if _unshuffled(row) in shown]
    return write_results(
        folder, "Polychronous groups over time", texts, [picture], tables, used, command_line()
    )


def _unshuffled(row):
    return tuple(sorted({**row["setting"], "shuffled": False}.items()))
