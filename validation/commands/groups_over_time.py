"""The command `wmdelays groups --over-time`: the groups of a network's snapshots."""

from wmdelays.polychrony.network_file import read_run
from wmdelays.validation.commands.terminal import console, print_columns, progress_bar
from wmdelays.validation.polychrony.over_time import columns, over_time
from wmdelays.validation.reports.groups_over_time import write_report
from wmdelays.validation.work.result_rows import GroupsFigures, GroupsSetting
from wmdelays.validation.work.results import Results


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
            page = write_report(rows, seed, settings["layers_of"], kept, report)
    print_columns(columns(rows))
    if page is not None:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)
