"""The command `wmdelays groups`: the polychronous groups of a network."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import GROUPS
from wmdelays.files.output import check_writable
from wmdelays.polychrony.delay_network import STRONG
from wmdelays.polychrony.groups import ARRIVED, LAYERS_OF
from wmdelays.polychrony.network_file import KIND
from wmdelays.quantities import whole, whole_seconds
from wmdelays.validation.commands.options import Report, ResultsFile, check_outputs
from wmdelays.validation.commands.terminal import (
    console,
    end_interrupted,
    print_columns,
    progress_bar,
)
from wmdelays.validation.polychrony.group_run import columns, find_groups, summary_line
from wmdelays.validation.polychrony.network_input import kind_of_network, read_any_network

_LARGEST = 2**31 - 1


def command(
    network: Annotated[
        Path,
        typer.Argument(
            metavar="NETWORK",
            help="A .csv file with pre,post,delay_ms,weight, a memory file, or a file of"
            " wmdelays izhikevich.",
        ),
    ],
    excitatory: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="csv: neurons below this number are excitatory; by default those without negative"
            " weights.",
        ),
    ] = None,
    neurons: Annotated[
        int | None,
        typer.Option(metavar="N", help="csv: number of neurons; by default those that occur."),
    ] = None,
    max_weight: Annotated[
        float | None,
        typer.Option(
            metavar="MV", help="csv, memory: the ceiling of excitatory weights; by default 10."
        ),
    ] = None,
    max_delay: Annotated[
        int | None,
        typer.Option(
            metavar="MS", help="csv: the longest delay allowed, up to 979; by default 20."
        ),
    ] = None,
    strong: Annotated[
        float,
        typer.Option(metavar="X", help="A weight is strong above this fraction of the ceiling."),
    ] = STRONG,
    anchors: Annotated[int, typer.Option(metavar="N", help="Number of anchors.")] = 3,
    layers: Annotated[int, typer.Option(metavar="N", help="Least number of layers.")] = 7,
    layers_of: Annotated[
        str,
        typer.Option(
            metavar="|".join(LAYERS_OF),
            help="Whose layer counts at the other end of a link: that of the spike that arrived, or,"
            " as in the original program, the highest of all earlier spikes of its neuron.",
        ),
    ] = ARRIVED,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Of wmdelays izhikevich: a snapshot; by default the end."
        ),
    ] = None,
    shuffle: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="Shuffle the excitatory weights before the search."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="By default the number of cores.")
    ] = None,
    over_time: Annotated[
        bool,
        typer.Option(
            "--over-time",
            help="Of wmdelays izhikevich: search all snapshots, and each with shuffled weights.",
        ),
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="--over-time: take the snapshots at multiples of this."),
    ] = None,
    results: ResultsFile = None,
    draw: Annotated[
        str | None,
        typer.Option(
            metavar="1,7,20", help="--report: groups to draw, by their line; by default three."
        ),
    ] = None,
    report: Report = None,
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write each group as a line of JSON as it is found; - for the terminal. If a search"
            " was interrupted, it goes on.",
        ),
    ] = None,
):
    """Find the polychronous groups of a network."""
    check_outputs(json_file, report, network, results, json_kind=GROUPS)
    places = _check_options(over_time, every, results, at, draw, report, json_file)
    at_s = None if at is None else whole_seconds(at, "--at")
    seed = None if shuffle is None else whole("shuffle", shuffle, 0, _LARGEST)
    threads = None if threads is None else whole("threads", threads, 1)
    settings = {
        "strong": strong,
        "n_anchors": anchors,
        "least_layers": layers,
        "layers_of": layers_of,
        "threads": threads,
    }
    if over_time:
        if kind_of_network(network) != KIND:
            raise InputError(f"--over-time goes with a file of wmdelays izhikevich, not {network}")
        for name, value in (
            ("excitatory", excitatory),
            ("neurons", neurons),
            ("max-weight", max_weight),
            ("max-delay", max_delay),
        ):
            if value is not None:
                raise InputError(f"--{name} does not go with a file of wmdelays izhikevich")
        from wmdelays.validation.commands.groups_over_time import run

        every_s = None if every is None else whole_seconds(every, "--every", 1)
        try:
            run(network, every_s, seed or 0, settings, results, report)
        except KeyboardInterrupt:
            end_interrupted(results is not None and results.exists())
        return
    found = read_any_network(
        network,
        n_excitatory=excitatory,
        n_neurons=neurons,
        max_weight=max_weight,
        max_delay=max_delay,
        at=at_s,
    )
    if seed is not None:
        found = found.shuffled(seed)
    said = {"network": str(network), "at_s": at_s, "shuffle": seed, **settings}
    path = None if json_file in (None, "-") else Path(json_file)
    try:
        _search_and_tell(found, path, json_file == "-", settings, report, places, said)
    except KeyboardInterrupt:
        end_interrupted(path is not None and Path(f"{path}.unfinished").exists())


def _search_and_tell(network, path, echo, settings, report, places, said):
    strong, n_anchors = settings["strong"], settings["n_anchors"]
    with progress_bar() as say:
        done, statistics, drawn = find_groups(
            network,
            path,
            **settings,
            draw=None if report is None else places,
            echo=sys.stdout.buffer if echo else None,
            tell=_print,
            progress=say,
        )
        page = None
        wanted = dict.fromkeys(places, "") if places else statistics.chosen()
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.groups import write_report

            drawn = {place: drawn[place] for place in sorted(wanted) if place in drawn}
            page = write_report(network, statistics, drawn, wanted, done, said, report)
    print_columns(columns(statistics))
    lines = [summary_line(network, statistics, done, strong, n_anchors)]
    missing = [str(k) for k in wanted if k > statistics.n_groups]
    if missing and report is not None:
        lines.append(f"not drawn, for there is no such group: {', '.join(missing)}")
    if page is not None:
        lines.append(f"report: {page}")
    for line in lines:
        _print(line)


def _print(line):
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _check_options(over_time, every, results, at, draw, report, json_file):
    """Refuse options that do not fit each other; the groups to draw."""
    if over_time:
        for name, value in (("at", at), ("draw", draw), ("json", json_file)):
            if value is not None:
                raise InputError(f"--{name} does not go with --over-time")
        if results is not None:
            check_writable(results)
        return ()
    for name, value in (("every", every), ("results", results)):
        if value is not None:
            raise InputError(f"--{name} goes with --over-time alone")
    if draw is None:
        return ()
    if report is None:
        raise InputError("--draw says what the report shows; name a folder with --report")
    try:
        places = [int(word) for word in draw.split(",")]
    except ValueError:
        places = [0]
    if min(places) < 1:
        raise InputError(f"--draw takes numbers of lines from 1 on, such as 1,7,20, not {draw!r}")
    return tuple(dict.fromkeys(places))
